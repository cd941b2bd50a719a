"""Who works in a queue by queues.conf, and in which order Asterisk calls them (apps/app_queue.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kelid.model.pbx import Pbx, Section
from kelid.simulate.arguments import atoi

_NEVER = frozenset(("no", "false", "n", "f", "0", "off"))
_IN_ORDER = frozenset(("linear", "rrordered"))
"""Strategies whose members stand in a list, in the order of the file; all others keep theirs in a table (init_queue)."""
_AT_ONCE = "ringall"
_STAYS = frozenset(("leastrecent", "fewestcalls"))
"""Strategies that call the same member again as long as nobody has answered."""
_TABLE = 37
"""Places of that table."""


class Member(NamedTuple):
    """Somebody who works in a queue. ``in_use`` is True where a phone is called that has a call already (ringinuse)."""

    interface: str
    penalty: int = 0
    name: str = ""
    in_use: bool = True


def place(interface: str) -> int:
    """Return the place of a member in the table (member_hash_fn): lists of members are in that order."""
    at = interface.find("/")
    text = interface[max(at, 0) :][:5]
    found = 0
    for index, letter in enumerate(text):
        code = ord(letter)
        found += (0 if code < 32 else code - 64 if code > 96 else code - 32) << (index * 6)
    return abs(found) % _TABLE


def in_order(section: Section | None, interfaces: Iterable[str]) -> list[str]:
    """Return members in the order in which Asterisk goes through those of a queue."""
    strategy = (section.get("strategy") or "") if section is not None else ""
    listed = list(interfaces)
    return listed if strategy.strip().lower() in _IN_ORDER else sorted(listed, key=place)


def members(pbx: Pbx, queue: str) -> list[Member]:
    """Return who works in a queue, those first who are called first while nobody has been called yet.

    By penalty, then as Asterisk goes through them: calc_metric tells others apart by the calls that they have had, or by
    chance.
    """
    section = next((one for one in pbx.sections("queues.conf") if one.name == queue), None)
    if section is None:
        return []
    known: dict[str, Member] = {}
    everybody = (section.get("ringinuse") or "").strip().lower() not in _NEVER
    for option in section.options:
        if option.key == "member":
            interface, penalty, name, _, in_use, *_ = [
                *(part.strip() for part in option.value.split(",")),
                *[""] * 5,
            ]
            known[interface] = Member(
                interface, atoi(penalty), name, in_use.lower() not in _NEVER if in_use else everybody
            )
    return sorted((known[one] for one in in_order(section, known)), key=lambda one: one.penalty)


def last_called(
    section: Section, working: list[Member], rings: Callable[[Member], bool | None], seconds: float
) -> str:
    """Return the interface of who is called last while a caller waits so long in vain, "" for nobody in particular.

    ``rings`` says for each member whether the phone rings (True), refuses the call (False), or can't be called (None).
    As ring_one and wait_for_answer: who refuses is passed over at once, who rings does so for the queue's ``timeout``.
    """
    strategy = (section.get("strategy") or _AT_ONCE).strip().lower()
    called = [one for one in working if rings(one) is not None]
    if strategy == _AT_ONCE or not called:
        return called[0].interface if len(called) == 1 else ""
    ringing = [one for one in called if rings(one)]
    if not ringing:
        return called[-1].interface
    least = min(one.penalty for one in ringing)
    ringing = [one for one in ringing if one.penalty == least]
    if strategy in _STAYS:
        return ringing[0].interface
    each = (atoi(section.get("timeout") or "15") or seconds) + (atoi(section.get("retry") or "5") or 5)
    rounds = max(0, int((seconds - 0.001) // each))
    return ringing[rounds % len(ringing)].interface
