"""What people notice of a call in a world: a phone that can't be reached doesn't ring, whatever it would have shown.

Dial tells who is to ring, how long, and what they see, before it is known who can be reached (``applications/dial.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kelid.model.call import ANSWERS, NO_ANSWER, UNAVAILABLE, World
from kelid.model.trace import Event
from kelid.simulate.world import STATUS, device_of

_STATES = {status: state for state, status in STATUS.items()}


def noticed(events: Iterable[Event], world: World) -> Iterator[Event]:
    """Yield the events of a call as people notice them in its world.

    Phones and lines that can't be reached are left out of what rings, and how long it may ring where somebody ends that
    sooner: chan_pjsip makes no channel for an endpoint without a contact, and nobody learns what would have been said.
    """
    reached = True
    for event in events:
        if event.kind in ("rings", "calls-out"):
            states = _states(event, world)
            legs = [leg for leg, state in states.items() if state != UNAVAILABLE]
            reached = bool(legs)
            if reached:
                subject = "&".join(legs) if event.kind == "rings" else event.subject
                details = event.details
                if ANSWERS in states.values() or NO_ANSWER not in states.values():
                    details = tuple(row for row in details if row[0] != "seconds")
                yield event._replace(subject=subject, details=details)
        elif event.kind == "queue" and _rings_nobody(event, world):
            yield event._replace(details=tuple(row for row in event.details if row[0] not in _SHOWN))
        elif reached or event.kind != "tone":
            yield event


_SHOWN = frozenset({"number", "name"})
"""What a queue shows to its members."""


def _rings_nobody(event: Event, world: World) -> bool:
    """Return True for a queue whose members are all phones that can't be reached: what they would have seen nobody sees."""
    if any(name.partition(":")[0] == "queue" for name in world.answers):
        return False  # what comes of it is said, and not found out
    members = [text.partition(",")[0] for key, text in event.details if key == "member"]
    return bool(members) and all(
        not member.upper().startswith("LOCAL/") and _state(member, world) == UNAVAILABLE for member in members
    )


def _states(event: Event, world: World) -> dict[str, str]:
    """Return what each phone that is called does; for a call out, the line."""
    if event.kind == "rings":
        return {leg: _state(leg, world) for leg in event.subject.split("&")}
    number = dict(event.details).get("number", "")
    # A number has a state of its own where the world says so (``witnesses``).
    names = [*world.devices, *(leg for name in world.answers for leg in _forced(name))]
    own = (name for name in names if name != event.subject and device_of(name) == event.subject)
    return {event.subject: _state(next((name for name in own if number in name), event.subject), world)}


def _state(leg: str, world: World) -> str:
    """Return what a device does when it is called; an answer to the Dial itself comes first, as in a run."""
    for name, answer in world.answers.items():
        if leg in _forced(name):
            return _STATES.get(answer.partition(" ")[0], answer)
    found = world.devices.get(leg)
    return world.devices.get(device_of(leg), world.otherwise) if found is None else found


def _forced(name: str) -> list[str]:
    kind, _, subject = name.partition(":")
    return subject.split("&") if kind == "dial" else []
