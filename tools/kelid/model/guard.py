"""What a release has that no change may touch unasked: extensions in numbers, trunks, emergency routes.

The agent compares this of two releases on the server, under its lock (roles/pbx_install/files/agent/guard.py), and refuses
what no override names; a plan compares the same before anything is sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kelid.model.pbx import SECRET, Context, Pbx, Section

SHARE = 0.3
"""More than this share of the extensions gone in one change is more likely a slip than a wish."""

EMERGENCY = "emergency"
"""The context that includes the routes of emergency numbers."""

_CARD_FILES = ("chan_dahdi.conf", "dahdi-system.list")


def guard(
    pbx: Pbx, *, extensions: Iterable[str], trunks: Mapping[str, str], secrets: Mapping[str, str]
) -> dict[str, Any]:
    """Given a PBX, its extensions, its trunks (name -> kind) and digests of its secrets, return what is guarded.

    ``trunks`` and ``emergency`` of the result are name -> digest of what Asterisk gets for it: the objects of the trunk with
    its password, the dial plan of the emergency route.
    """
    return {
        "extensions": sorted(extensions),
        "trunks": {name: _digest(_trunk(pbx, name, kind), secrets) for name, kind in sorted(trunks.items())},
        "emergency": {name: _digest(_route(pbx, name), secrets) for name in sorted(_emergency_routes(pbx))},
    }


def touched(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Given what two releases guard, return what a change between them touches: name of the override -> what happens to it.

    What is new is not touched, and without a release before it nothing is.
    """
    found = {}
    had, has = set(before.get("extensions") or ()), set(after.get("extensions") or ())
    gone = sorted(had - has)
    if had and len(gone) > SHARE * len(had):
        names = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
        found["extensions"] = f"{len(gone)} of {len(had)} extensions go away: {names}"
    for kind, one, what in (("trunks", "trunk", "trunk"), ("emergency", "emergency", "emergency route")):
        now = after.get(kind) or {}
        for name, digest in sorted((before.get(kind) or {}).items()):
            if name not in now:
                found[f"{one}:{name}"] = f"{what} {name} goes away"
            elif now[name] != digest:
                found[f"{one}:{name}"] = f"{what} {name} changes"
    return found


def _trunk(pbx: Pbx, name: str, kind: str) -> Iterator[Any]:
    if kind == "dahdi":  # the ports of all cards stand in the same files
        yield from (_section(section) for section in pbx.sections(_CARD_FILES[0]))
        yield from ([line.text for line in rows.lines] for rows in pbx.lists if rows.path in _CARD_FILES)
        return
    for path in ("pjsip.conf", "iax.conf"):
        for section in pbx.sections(path):
            # A trunk with several hosts has name.2, name.3 beside its own; no trunk's name has a dot.
            if section.name.partition(".")[0] == name:
                yield _section(section)


def _emergency_routes(pbx: Pbx) -> Iterator[str]:
    for context in pbx.contexts:
        if context.name == EMERGENCY:
            yield from (item.context.removeprefix("outbound-") for item in context.includes)


def _route(pbx: Pbx, name: str) -> Iterator[Any]:
    for context in pbx.contexts:
        if context.name in {f"outbound-{name}", f"route-{name}"}:
            yield _context(context)


def _section(section: Section) -> list[Any]:
    return [section.name, [[option.key, option.value] for option in section.options]]


def _context(context: Context) -> list[Any]:
    return [
        context.name,
        [
            [exten.name, exten.caller, [[number, step.app, step.data] for number, step in exten.numbered]]
            for exten in context.extens
        ],
    ]


def _digest(parts: Iterable[Any], secrets: Mapping[str, str]) -> str:
    text = json.dumps(list(parts), ensure_ascii=False)
    named = sorted({found[1] for found in SECRET.finditer(text)})
    whole = json.dumps([text, [[name, secrets.get(name, "")] for name in named]], ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()[:32]
