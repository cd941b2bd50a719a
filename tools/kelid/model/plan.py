"""What a change does to a PBX, as a value: shown, printed as JSON or Markdown, and tied to the apply by its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from kelid.findings import NOWHERE, Where

JOINED = " | "
"""What stands between the values of an option that an object has several times."""


class Action(Enum):
    """What happens to an object."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Detail:
    """One changed property of an object: ``before`` or ``after`` is None where there is none."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChange:
    """One object that is added, changed or removed: an endpoint, a queue, an extension of a context."""

    action: Action
    kind: str
    name: str
    details: tuple[Detail, ...] = ()
    where: Where = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One rendered file that differs, as a unified diff (tokens stand where secrets go)."""

    path: str
    action: Action
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs between two rendered PBXs."""

    objects: tuple[ObjectChange, ...] = ()
    files: tuple[FileChange, ...] = ()

    @property
    def empty(self) -> bool:
        """Return True if nothing differs."""
        return not self.objects and not self.files


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """A file that only a start of Asterisk puts in force, and why."""

    file: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What happens on the server at this moment, which a plan tells and does not promise.

    ``channels`` are active, ``waiting`` is queue -> callers who wait in it; ``armed`` says that a change before this one
    still waits to be confirmed, ``running`` that Asterisk runs; ``went_back`` is the story of a way back that nobody was
    told of yet; ``hardened`` that releases' firewalls are put in force there (a server that doesn't say counts as such).
    """

    channels: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    running: bool = True
    armed: bool = False
    went_back: str = ""
    hardened: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an apply (or a rollback) would do to one server.

    ``base`` is the release that the server has now ("" for none) and ``state`` a digest of its bytes on the disk there;
    ``release`` is the one that it would get. ``drift`` names files on the server whose bytes are not those of its release;
    ``secrets`` the names of secrets whose values changed. ``reloads`` are the commands that Asterisk gets, in order;
    ``restart`` what only a restart can apply; ``notices`` what callers may notice (``model/reloads.py``, NOTICED).
    ``touched`` is what an override must name: its name -> what happens to it.
    """

    site: str
    server: str = "primary"
    verb: str = "apply"
    commit: str
    dirty: bool
    base: str
    state: str = ""
    release: str
    comparison: Comparison
    secrets: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    reloads: tuple[str, ...] = ()
    restart: tuple[Restart, ...] = ()
    notices: tuple[str, ...] = ()
    touched: Mapping[str, str] = field(default_factory=dict)
    not_staged: tuple[str, ...] = ()
    tool_before: str = ""
    tool: str = ""
    now: Now = field(default_factory=Now)

    @property
    def empty(self) -> bool:
        """Return True if the apply would change nothing on the server."""
        return self.base == self.release and not self.drift and not self.now.armed

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain data for JSON; the same plan gives the same data."""
        return {
            "site": self.site,
            "server": self.server,
            "verb": self.verb,
            "commit": self.commit,
            "dirty": self.dirty,
            "base": self.base,
            "state": self.state,
            "release": self.release,
            "objects": [change_as_dict(change) for change in self.comparison.objects],
            "files": [
                {"path": change.path, "action": change.action.value, "diff": change.diff}
                for change in self.comparison.files
            ],
            "secrets": list(self.secrets),
            "drift": list(self.drift),
            "reloads": list(self.reloads),
            "restart": [{"file": item.file, "why": item.why} for item in self.restart],
            "not_staged": list(self.not_staged),
            "touched": dict(self.touched),
            "tool_before": self.tool_before,
            "tool": self.tool,
            "risk": {
                "notices": list(self.notices),
                "channels": self.now.channels,
                "waiting": dict(self.now.waiting),
                "running": self.now.running,
                "armed": self.now.armed,
                "went_back": self.now.went_back,
            },
        }

    @property
    def digest(self) -> str:
        """Return sha256 of what would be done: not of what merely happens to be true now, such as running calls.

        The commit isn't in it: another one that makes the same release of this site changes nothing here.
        """
        data = self.as_dict()
        for key in ("risk", "commit", "dirty"):
            del data[key]
        for change in data["objects"]:
            del change["where"]
        return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def change_as_dict(change: ObjectChange) -> dict[str, Any]:
    """Return an object's change as plain data for JSON."""
    return {
        "action": change.action.value,
        "kind": change.kind,
        "name": change.name,
        "details": [{"key": item.key, "before": item.before, "after": item.after} for item in change.details],
        "where": str(change.where),
    }
