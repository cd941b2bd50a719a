"""What a server has otherwise than its last release, and than git says now: a value to be shown, or written into the YAML.

Whatever came from the server is printable text without secrets by the time it stands here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from kelid.findings import NOWHERE, Finding, Where
from kelid.model.plan import Comparison, ObjectChange, change_as_dict


class Git(Enum):
    """What git says now of an object that was changed on the server."""

    BEFORE = "before"
    """What the release says: an apply puts it back."""
    SAME = "same"
    """What the server has: somebody has written it down."""
    OTHER = "other"
    """Something else again."""
    UNKNOWN = "unknown"
    """The site in git is not valid, or wasn't asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One object that was changed on the server: ``change.where`` is its line there, ``yaml`` the line behind it in git."""

    change: ObjectChange
    git: Git = Git.UNKNOWN
    yaml: Where = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What differs on one server.

    ``changed`` are objects and ``lines`` text, from the release to the server (nothing of either where the server has no
    release of kelid's: ``release`` is "" or the adopted one); ``apply`` goes from the server to what git says now.
    ``spelling`` are files in which nothing differs but comments, blanks or order of what Asterisk reads alike; ``gone``,
    ``odd`` files that are missing or were not read (path -> why). ``secrets`` and ``unsure`` are names of secrets that
    were changed on the server, or of which that can't be told. ``running`` is what Asterisk has otherwise than its files
    should give it, ``unmodelled`` findings of lines of the server that no object stands for, ``notes`` what else there is.
    ``problem`` says why git could not be asked.
    """

    site: str
    host: str
    release: str
    commit: str
    changed: tuple[Changed, ...] = ()
    lines: Comparison = field(default_factory=Comparison)
    apply: Comparison = field(default_factory=Comparison)
    spelling: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    odd: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    unmodelled: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def by_hand(self) -> bool:
        """Return True if the server isn't what its release says."""
        return bool(
            self.changed
            or not self.lines.empty
            or self.spelling
            or self.gone
            or self.odd
            or self.secrets
            or self.running
            or self.notes
        )

    @property
    def empty(self) -> bool:
        """Return True if the server is what its release and git say, as far as both could be asked."""
        return not self.by_hand and self.apply.empty

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return {
            "site": self.site,
            "host": self.host,
            "release": self.release,
            "commit": self.commit,
            "drift": not self.empty,
            "by_hand": self.by_hand,
            "changed": [
                {**change_as_dict(item.change), "git": item.git.value, "yaml": str(item.yaml)}
                for item in self.changed
            ],
            "files": [
                {"path": change.path, "action": change.action.value, "diff": change.diff}
                for change in self.lines.files
            ],
            "apply": [change_as_dict(change) for change in self.apply.objects],
            "spelling": list(self.spelling),
            "gone": list(self.gone),
            "odd": dict(self.odd),
            "secrets": list(self.secrets),
            "unsure": list(self.unsure),
            "running": list(self.running),
            "unmodelled": [str(finding) for finding in self.unmodelled],
            "notes": list(self.notes),
            "problem": self.problem,
        }
