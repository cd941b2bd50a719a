"""On whose account a change is made, and its receipt as a note beside the commit."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kelid.findings import KelidError
from kelid.load import load_about
from kelid.model.receipt import Account
from kelid.model.site import MaintenanceWindow
from kelid.model.windows import closes
from kelid.records import git, notes, receipts

WHO = ("KELID_WHO", "GITLAB_USER_LOGIN", "GITHUB_ACTOR", "BUILD_USER_ID")
"""Variables that name the person behind a change where a machine makes it: ours, GitLab's, GitHub's, Jenkins'."""


def account(
    sites: Path,
    site: str,
    server: str = "primary",
    *,
    who: str = "",
    commit: str = "",
    dirty: bool = False,
    plan: str = "",
    when: str = "",
    overrides: Mapping[str, str] | None = None,
) -> Account:
    """Return on whose account a change of a site's machine is made from here; ``who`` is better known than what git says."""
    named = next((os.environ[name] for name in WHO if os.environ.get(name)), "")
    try:
        login = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        login = str(os.getuid())
    return Account(
        change=secrets.token_hex(8),
        site=site,
        server=server,
        who=who or named or git.who(sites) or login,
        login=login,
        machine=socket.gethostname(),
        commit=commit,
        dirty=dirty,
        plan=plan,
        when=when,
        overrides=overrides or {},
    )


def note(sites: Path, site: str, line: str) -> str:
    """Put a receipt beside its commit in git; return "" or why that can't be."""
    if not line:
        return ""
    commit = str(receipts.entry_of(line).get("commit") or "")
    if not commit:
        return ""  # refused before a commit was known, or back to what was there before kelid
    try:
        notes.add(sites / site, commit, [line])
    except KelidError as problem:
        return f"{problem}; the server's own journal has the receipt (kelid receipts {site} --notes writes the note later)"
    return ""


def notes_of(sites: Path, site: str, server: str = "primary") -> list[str]:
    """Return the receipts of a site's machine that git keeps."""
    return notes.lines_of(sites / site, site, server)


def write_notes(sites: Path, site: str, lines: Sequence[str]) -> list[str]:
    """Write the notes of receipts, each on its commit where one is known; return why some could not be written."""
    commits: dict[str, list[str]] = {}
    for line in lines:
        commit = receipts.entry_of(line).get("commit")
        if commit:
            commits.setdefault(str(commit), []).append(line)
    failures = []
    for commit, found in commits.items():
        try:
            notes.add(sites / site, commit, found)
        except KelidError as problem:
            failures.append(str(problem))
    return failures


def time_zone(sites: Path, site: str) -> str:
    """Return the zone by which a site's people tell the time; UTC where its files don't say."""
    about = load_about(sites / site)
    return about.time_zone if about else "UTC"


def window_left(sites: Path, site: str) -> float:
    """Return for how many seconds the site's maintenance window is still open; 0 where none is."""
    zone, windows = maintenance(sites, site)
    now = datetime.now(ZoneInfo(zone))
    end = closes(windows, now)
    return (end - now).total_seconds() if end else 0.0


def maintenance(sites: Path, site: str) -> tuple[str, tuple[MaintenanceWindow, ...]]:
    """Return a site's time zone and the windows in which its Asterisk may be restarted."""
    about = load_about(sites / site)
    return (about.time_zone, about.maintenance) if about else ("UTC", ())
