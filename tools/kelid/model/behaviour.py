"""All that the calls of a PBX do, as a graph; and which calls do something else after a change."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from kelid.model.call import World
from kelid.model.record import Record
from kelid.model.trace import Event


class WayIn(Record):
    """Where calls begin. ``kind`` is one of WAYS_IN, ``name`` the endpoint (or context) that stands for all of them.

    ``names`` are all endpoints for which the same holds but for their own names. ``context`` is where their calls begin.
    """

    kind: str
    name: str
    names: tuple[str, ...]
    context: str

    @property
    def words(self) -> str:
        """Return what people call it."""
        if self.kind == "phone" and len(self.names) > 1:
            return f"{len(self.names)} phones of {self.context} ({_some(self.names)})"
        return f"{self.kind} {self.name}"


WAYS_IN = {
    "phone": "a phone, with a number of its own that it shows",
    "trunk": "a line to the outside, whose callers show any number",
    "anonymous": "whoever calls without being known",
    "context": "a context that was asked for",
}
"""Every kind of way in."""


class Condition(NamedTuple):
    """What must be so for a call to go this way. ``about`` is one of ABOUT."""

    about: str
    subject: str
    value: str


ABOUT = {
    "dialled": "the number that was dialled",
    "caller": "the number that the caller shows",
    "phone": "which of the phones calls",
    "time": "the moment of the call",
    "answer": "an answer of the world to a question",
    "value": "a text that only the world knows: what astdb holds, what is pressed",
    "free": "what no set of texts can tell",
}
"""Every kind of condition."""


class Way(NamedTuple):
    """One way on from a node: what must be so, what happens at once, and the node that follows."""

    condition: Condition
    events: tuple[Event, ...]
    target: int


class Node(NamedTuple):
    """A point that calls come to: what happens, then the ways on; none where the call ends (``end`` as in trace.ENDS)."""

    events: tuple[Event, ...]
    ways: tuple[Way, ...]
    end: str = ""


class Behaviour(Record):
    """The graph of all calls. ``roots`` are the ways in with the number of the node in which their calls begin.

    ``not_covered`` says what wasn't looked at; empty means that nothing was left out.
    """

    site: str
    zone: str
    roots: tuple[tuple[WayIn, int], ...]
    nodes: tuple[Node, ...]
    not_covered: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the graph as plain data for JSON; the same behaviour gives the same data."""
        return {
            "site": self.site,
            "zone": self.zone,
            "ways_in": [
                {
                    "kind": way.kind,
                    "name": way.name,
                    "stands_for": list(way.names),
                    "context": way.context,
                    "node": root,
                }
                for way, root in self.roots
            ],
            "nodes": [
                {
                    "events": [event_as_dict(event) for event in node.events],
                    **({"end": node.end} if node.end else {}),
                    **(
                        {
                            "ways": [
                                {
                                    "if": {
                                        "about": way.condition.about,
                                        "subject": way.condition.subject,
                                        "is": way.condition.value,
                                    },
                                    "events": [event_as_dict(event) for event in way.events],
                                    "node": way.target,
                                }
                                for way in node.ways
                            ]
                        }
                        if node.ways
                        else {}
                    ),
                }
                for node in self.nodes
            ],
            "not_covered": list(self.not_covered),
        }


def event_as_dict(event: Event) -> dict[str, Any]:
    """Return an event as plain data."""
    data: dict[str, Any] = {"kind": event.kind}
    if event.subject:
        data["subject"] = event.subject
    if event.details:
        data["details"] = {key: value for key, value in event.details if value}
    return data


class Witness(Record):
    """One call in one world that was really followed through both dial plans, with nothing left open, and parts as told.

    ``start``, ``number``, ``caller`` and ``caller_name`` are as ``kelid trace`` takes them (``--from``; in a tree also
    ``context:NAME``, for ``--context``), "" where nothing is given. ``before`` and ``after`` are the events of each side
    from where they part up to the end of the call. ``command`` are the words behind ``kelid`` that follow the call as
    it is now, ``earlier`` those for what it was.
    """

    start: str
    number: str
    caller: str
    at: datetime
    world: World
    before: tuple[Event, ...] = ()
    after: tuple[Event, ...] = ()
    command: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    caller_name: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        world = self.world
        return {
            "from": self.start,
            "dialled": self.number,
            "caller": self.caller,
            "caller_name": self.caller_name,
            "at": self.at.isoformat(),
            "press": list(world.presses),
            "world": {
                "otherwise": world.otherwise,
                "devices": dict(world.devices),
                "in_use": sorted(world.in_use),
                "database": dict(world.database),
                "answers": dict(world.answers),
            },
            "before": [event_as_dict(event) for event in self.before],
            "after": [event_as_dict(event) for event in self.after],
            "command": ["kelid", *self.command],
            "command_before": ["kelid", *self.earlier],
        }


class CallChange(Record):
    """Calls that do something else: where they come from, when, under which conditions; what they did, and what they do now.

    ``before`` and ``after`` are events up to the end of an ordinary call; empty where the way in isn't there on that side.
    ``since`` are the events that both have in common up to where they part. ``example`` are the decisions on a way there,
    parts of which may be open; ``witness`` is one call that really does so, None where none was found: the conditions may
    be such as never come together.
    """

    way_in: WayIn
    dialled: str = ""
    caller: str = ""
    time: str = ""
    conditions: tuple[Condition, ...] = ()
    since: tuple[Event, ...] = ()
    before: tuple[Event, ...] = ()
    after: tuple[Event, ...] = ()
    example: tuple[tuple[str, str], ...] = ()
    witness: Witness | None = None


class BehaviourChange(Record):
    """What a change does to calls: nothing (``none``), these, or what could not be decided, and why."""

    changes: tuple[CallChange, ...] = ()
    undecided: tuple[str, ...] = ()
    added: tuple[WayIn, ...] = ()
    removed: tuple[WayIn, ...] = ()

    @property
    def none(self) -> bool:
        """Return True if no call does anything else, for certain."""
        return not (self.changes or self.undecided or self.added or self.removed)


def _some(names: tuple[str, ...], most: int = 3) -> str:
    shown = ", ".join(names[:most])
    return f"{shown}, ..." if len(names) > most else shown
