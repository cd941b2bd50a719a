"""What Asterisk's command line prints, read into names."""

from __future__ import annotations

import re
from typing import Any

from .cli import END_OF_NAMES, NO_NAMES

MEMBER_EVENTS = frozenset(("ADDMEMBER", "REMOVEMEMBER", "PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL"))
"""Events of queue_log by which a member does something to itself (apps/app_queue.c)."""


def parse_names(text: str) -> list[str]:
    """Return the words that Asterisk offers for a place in a command (see cli.names); a name with a space comes as two."""
    return [] if text == NO_NAMES else sorted(set(text.split()) - {END_OF_NAMES})


def parse_contexts(text: str) -> list[str]:
    """Return the contexts of ``dialplan show`` that a file made (Asterisk makes some of its own: parking, features)."""
    return sorted(set(re.findall(r"^\[ Context '([^']+)' created by 'pbx_config' \]", text, re.MULTILINE)))


def parse_endpoints(text: str) -> list[str]:
    """Return the names in ``pjsip show endpoints``; the line that explains the columns is none."""
    return sorted(set(re.findall(r"^ Endpoint:  (?!<Endpoint/)([^\s/]+)", text, re.MULTILINE)))


def parse_queues(text: str) -> list[str]:
    """Return the names in ``queue show``."""
    return sorted(set(re.findall(r"^(\S+)\s+has \d+ calls", text, re.MULTILINE)))


def parse_waiting(text: str) -> dict[str, int]:
    """Return queue -> callers who wait in it, of ``queue show``."""
    return {name: int(count) for name, count in re.findall(r"^(\S+)\s+has (\d+) calls", text, re.MULTILINE)}


def parse_mailboxes(text: str) -> list[str]:
    """Return ``mailbox@context`` of each line of ``voicemail show users``, whose columns are context, mailbox, name."""
    found = set()
    for line in text.splitlines():
        parts = line.split()
        if len(parts) >= 3 and parts[-1].isdigit() and not line.startswith("Context"):
            found.add(f"{parts[1]}@{parts[0]}")
    return sorted(found)


def parse_registrations(text: str) -> dict[str, str]:
    """Return name -> state (``Registered``, ``Unregistered``, ``Rejected``) of ``pjsip show registrations``."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"^ (?!<)([^\s/=]+)/sips?:\S+\s+.*?\b(Registered|Unregistered|Rejected|Stopped)\b", line)
        if match:
            found[match.group(1)] = match.group(2)
    return found


def parse_contacts(text: str) -> list[str]:
    """Return ``aor/uri`` of every contact in ``pjsip show contacts``."""
    return sorted(set(re.findall(r"^  Contact:  (?!<Aor/)(\S+?/sips?:\S+)", text, re.MULTILINE)))


def parse_applications(text: str) -> set[str]:
    """Return the names in ``core show applications``, in small letters (Asterisk doesn't tell them apart)."""
    return {name.lower() for name in re.findall(r"^\s*([A-Za-z_]\w*): ", text, re.MULTILINE)}


def parse_functions(text: str) -> set[str]:
    """Return the names in ``core show functions``; Asterisk 16 prints 20 characters of each."""
    return set(re.findall(r"^([A-Z][A-Z0-9_]*) ", text, re.MULTILINE))


def parse_objects(text: str, word: str) -> set[str]:
    """Return the names in ``pjsip show auths``, ``aors``, ``transports``, ``identifies``; ``word`` begins their lines."""
    return set(re.findall(rf"^ *{word}:  (?!<)([^\s/]+)", text, re.MULTILINE))


def parse_modules(text: str) -> dict[str, bool]:
    """Return name -> whether it runs, of each module in ``module show``."""
    rows = re.findall(r"^(\S+\.so)\s.*?\s(Not Running|Running)\s", text, re.MULTILINE)
    return {name: state == "Running" for name, state in rows}


def parse_classes(text: str) -> set[str]:
    """Return the music classes in ``moh show classes``."""
    return set(re.findall(r"^Class: (.+?)\s*$", text, re.MULTILINE))


def parse_listeners(text: str) -> dict[tuple[str, int], str]:
    """Return protocol and port -> program of each listener in ``ss -H -lntup`` that isn't Asterisk's."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"(udp|tcp)\s+\S+\s+\d+\s+\d+\s+\S+:(\d+)\s", line)
        program = re.search(r'users:\(\("([^"]*)"', line)
        if match and program and program.group(1) != "asterisk":
            found[match.group(1), int(match.group(2))] = program.group(1)
    return found


def parse_peers(text: str) -> set[str]:
    """Return the names in ``iax2 show peers``: ``name/username``, then the address."""
    rows = re.findall(r"^(\S+?)(?:/\S+)?\s+(?:\(|\d|[0-9a-f]*:)", text, re.MULTILINE)
    return {name for name in rows if name != "Name"}


def parse_channels(text: str) -> dict[str, int]:
    """Return the channels of ``core show channels concise``: unique id -> seconds since it was made.

    Fields are parted by ``!``: name, context, extension, priority, state, application, data, caller, account, peer account,
    AMA flags, seconds, bridge, unique id. Data may hold the same sign, so the last are counted from the end.
    """
    found = {}
    for line in text.splitlines():
        parts = line.split("!")
        if len(parts) >= 14 and re.fullmatch(r"\S+-?\d+\.\d+", parts[-1]):
            found[parts[-1]] = int(parts[-3]) if parts[-3].isdigit() else 0
    return found


def parse_left(text: str, since: float) -> list[list[str]]:
    """Given queue_log, return [queue, member] of whoever logged in or out, or paused or went on, at that time or later.

    Each line: seconds since 1970, unique id, queue, member's name or interface, event, and more.
    """
    found = []
    for line in text.splitlines():
        parts = line.split("|")
        if len(parts) >= 5 and parts[4] in MEMBER_EVENTS and parts[0].isdigit() and int(parts[0]) >= int(since):
            found.append([parts[2], parts[3]])
    return found


def parse_members(text: str) -> list[dict[str, Any]]:
    """Return the members in ``queue show``: queue, interface, name, penalty, whether dynamic, whether paused and why.

    ``state`` is what the queue watches instead of the interface itself, "" where it doesn't.
    """
    found = []
    queue = ""
    for line in text.splitlines():
        head = re.match(r"^(\S+)\s+has \d+ calls", line)
        if head:
            queue = head.group(1)
            continue
        bare = re.sub(r"\x1b\[[0-9;]*m", "", line)
        member = re.match(
            r"^      (.*?)(?: \(([^()]*/[^()]*?)(?: from ([^()]*))?\))?(?: with penalty (\d+))? \(ringinuse",
            bare,
        )
        if member and queue:
            paused = re.search(r"\(paused(?::(.*?))? was \d", bare) or re.search(r"\(paused()", bare)
            name, interface = member.group(1), member.group(2) or member.group(1)
            found.append(
                {
                    "queue": queue,
                    "interface": interface,
                    "name": name,
                    "penalty": int(member.group(4) or 0),
                    "dynamic": "(dynamic)" in bare,
                    "state": member.group(3) or "",
                    "paused": paused is not None,
                    "reason": (paused and paused.group(1)) or "",
                }
            )
    return found
