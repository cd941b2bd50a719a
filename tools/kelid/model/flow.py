"""The call flow of a PBX as a graph: places where a call can be, and the ways between them."""

from __future__ import annotations

from typing import NamedTuple

from kelid.findings import NOWHERE, Where
from kelid.model.record import EMPTY, Record
from kelid.model.site.base import Names

PLACES = {
    "trunk": "calls come in from a telephone company or another site",
    "phone": "a phone calls",
    "class": "phones of a permission class call",
    "anonymous": "calls of strangers come in",
    "schedule": "the clock decides",
    "ivr": "a menu",
    "announcement": "a sound is played",
    "queue": "callers wait",
    "ring_group": "a group is rung",
    "extension": "an extension is rung",
    "phones": "phones ring, and nothing more",
    "voicemail": "a message is left",
    "external": "a number outside is called",
    "route": "an outbound route",
    "line": "a trunk that is called",
    "inside": "any internal number",
    "conference": "a conference",
    "parking": "a parking lot",
    "page": "loudspeakers",
    "disa": "a caller dials on",
    "callback": "a caller is called back",
    "fax": "a fax is taken",
    "directory": "names are spelled",
    "custom": "a part of the site's own dial plan",
    "step": "an extension of a dial plan",
    "hangup": "the call ends",
    "busy": "the busy tone",
    "refused": "the call is refused",
    "unknown": "what can't be told",
}
"""Kind of place -> what it is."""


class Place(NamedTuple):
    """A place where a call can be. ``key`` is its own alone: ``ivr:main``; places that stand for several have any.

    ``facts`` are pairs of a word (``seconds``, ``numbers``, ``members``, ``prompt``, ``pin``) and a text.
    """

    key: str
    kind: str
    name: str
    names: Names = EMPTY
    facts: tuple[tuple[str, str], ...] = ()
    where: Where = NOWHERE


WHYS = {
    "number": "the number that is called",
    "other": "any other number",
    "fax_heard": "a fax machine is heard",
    "blacklisted": "the caller is on the blacklist",
    "hidden": "the caller hides the number",
    "full_trunk": "the trunk has no line left for calls in",
    "open": "open",
    "closed": "closed",
    "holiday": "on holidays and in closures",
    "night": "night mode",
    "key": "a key is pressed",
    "nothing": "nothing is pressed",
    "wrong": "something wrong is pressed",
    "dials": "a number is dialled in the menu",
    "then": "afterwards",
    "rings": "these ring",
    "waited": "who has waited long enough; where nobody can answer, or the queue is full, if that has no way of its own",
    "full": "the queue is full",
    "empty": "nobody can answer",
    "no_answer": "nobody answers",
    "is_busy": "busy",
    "unavailable": "no phone can be reached",
    "secretary": "the secretary is rung first",
    "follow": "the owner is looked for",
    "operator": "0 is pressed",
    "found": "somebody is found",
    "nobody": "nobody is found, or nothing is pressed",
    "unfetched": "nobody fetches the call",
    "called_back": "the caller is called back",
    "not_called_back": "the caller isn't one who is called back",
    "may_not": "the caller, the hour or the PIN is wrong",
    "pays": "paid by a class",
    "inside": "an internal number is dialled",
    "no_number": "no such number",
    "line": "by this trunk",
    "next_line": "by the next trunk, where the one before can't",
    "out_of_hours": "outside of the route's hours",
    "goes": "goes on",
    "includes": "may be here too",
    "subroutine": "a subroutine, which comes back",
    "if": "if a condition holds",
    "time": "at certain times",
    "dial": "called",
}
"""Why a call takes a way -> what that means."""


class Link(NamedTuple):
    """A way from one place to another; ``why`` is one of WHYS, ``detail`` its key, number or condition."""

    source: str
    target: str
    why: str
    detail: str = ""
    where: Where = NOWHERE


class Flow(Record):
    """A call flow. ``language`` is that of the site, or "" for a tree; places and links are in the order of the files.

    ``notes`` say what was left out.
    """

    title: str
    names: Names = EMPTY
    language: str = ""
    places: tuple[Place, ...]
    links: tuple[Link, ...]
    notes: tuple[str, ...] = ()

    def place(self, key: str) -> Place:
        """Return the place of that key. Raise KeyError if there is none."""
        for item in self.places:
            if item.key == key:
                return item
        raise KeyError(key)
