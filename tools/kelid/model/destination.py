"""Where a call can be sent: one shape, ``kind:name``, and one table of the kinds.

The schema's pattern, the rules and the documents are made from this table.
"""

from __future__ import annotations

from typing import Final

from kelid.findings import NOWHERE, Where
from kelid.model.record import Record

_NAME = "[a-z][a-z0-9_-]{0,39}"

ARGUMENTS: dict[str, tuple[str, str]] = {
    "": ("", ""),
    "name": (f":{_NAME}", ":main"),
    "number": (":[0-9]{1,40}", ":101"),
    "outside": (f":[0-9*#+]{{1,40}}@{_NAME}", ":02188001234@national"),
    "place": (":[A-Za-z0-9][A-Za-z0-9_-]{0,78},[A-Za-z0-9*#_-]{1,40}", ":from-door,s"),
}
"""What follows a kind's word: its regular expression, and an example. ``name`` and ``number`` name an object of the site."""


class Kind(Record):
    """One kind of destination: its word, what must follow the word (a key of ``ARGUMENTS``), and what it means."""

    word: str
    argument: str
    meaning: str
    only_in: str = ""

    @property
    def names_object(self) -> bool:
        """Return True if the argument names an object of the site."""
        return self.argument in {"name", "number"}

    @property
    def example(self) -> str:
        """Return the kind as it is written in YAML."""
        return self.word + ARGUMENTS[self.argument][1]


KINDS: dict[str, Kind] = {
    kind.word: kind
    for kind in (
        Kind(
            word="extension",
            argument="number",
            meaning="ring an extension, with its own way on if nobody answers",
        ),
        Kind(word="ring_group", argument="name", meaning="ring several extensions, by the group's strategy"),
        Kind(word="queue", argument="name", meaning="wait in a queue"),
        Kind(word="ivr", argument="name", meaning="hear a menu"),
        Kind(word="voicemail", argument="number", meaning="leave a message in an extension's mailbox"),
        Kind(word="schedule", argument="name", meaning="go where the hours say"),
        Kind(word="conference", argument="name", meaning="enter a conference, with its PIN if it has one"),
        Kind(word="announcement", argument="name", meaning="hear an announcement, then go on"),
        Kind(
            word="external",
            argument="outside",
            meaning="call a number outside; always names the class that pays for it",
        ),
        Kind(
            word="parking", argument="name", meaning="wait in a parking lot until somebody picks the call up"
        ),
        Kind(word="page", argument="name", meaning="speak through the loudspeakers of a group of phones"),
        Kind(word="disa", argument="name", meaning="dial on from inside, after a PIN"),
        Kind(word="callback", argument="name", meaning="be called back"),
        Kind(word="fax", argument="name", meaning="send a fax, which is kept on the server"),
        Kind(word="directory", argument="name", meaning="find an extension by its owner's name"),
        Kind(word="hangup", argument="", meaning="end the call"),
        Kind(word="busy", argument="", meaning="hear the busy tone"),
        Kind(
            word="custom",
            argument="place",
            meaning="go on in the site's own dial plan (custom/*.conf): context, extension",
        ),
        Kind(word="repeat", argument="", meaning="hear the same menu again", only_in="ivr"),
        Kind(word="parent", argument="", meaning="go back to the menu before", only_in="ivr"),
    )
}


class Destination:
    """A place to send a call to. ``name`` is "" for kinds that take none; ``permission_class`` only with ``external``.

    Written ``queue:sales``, ``hangup``, ``external:02188001234@national`` (the class that pays stands after the at sign).
    """

    __slots__ = ("kind", "name", "permission_class", "where")

    def __init__(self, kind: str, name: str = "", permission_class: str = "", where: Where = NOWHERE) -> None:
        """Keep the parts; where it is written takes no part in equality."""
        self.kind: Final = kind
        self.name: Final = name
        self.permission_class: Final = permission_class
        self.where: Final = where

    def __eq__(self, other: object) -> bool:
        """Return True for the same place to send a call to."""
        if not isinstance(other, Destination):
            return NotImplemented
        mine = (self.kind, self.name, self.permission_class)
        return mine == (other.kind, other.name, other.permission_class)

    def __hash__(self) -> int:
        """Return the hash of the compared parts."""
        return hash((self.kind, self.name, self.permission_class))

    def __repr__(self) -> str:
        """Return the text that stands in YAML, marked as a destination."""
        return f"Destination({str(self)!r})"

    def __str__(self) -> str:
        """Return the text that stands in YAML."""
        text = f"{self.kind}:{self.name}" if self.name else self.kind
        return f"{text}@{self.permission_class}" if self.permission_class else text

    @classmethod
    def parse(cls, text: str, where: Where = NOWHERE) -> Destination:
        """Given the text of a destination that fits the schema, return it.

        Raise ValueError if the kind is unknown or its argument is missing or superfluous.
        """
        kind, colon, rest = text.partition(":")
        known = KINDS.get(kind)
        if known is None:
            raise ValueError(f"no destination is called {kind!r}; known are {', '.join(KINDS)}")
        if bool(known.argument) != bool(colon and rest):
            raise ValueError(f"write it as {known.example}" if known.argument else f"{kind} takes no name")
        name, _, permission_class = rest.partition("@")
        if bool(permission_class) != (known.argument == "outside"):
            way_out = (
                "write it as external:number@permission_class"
                if known.argument == "outside"
                else f"{kind} takes no class"
            )
            raise ValueError(way_out)
        return cls(kind, name, permission_class, where)


def pattern(*, in_ivr: bool = False) -> str:
    r"""Return the regular expression of a destination, for the schemas.

    It ends in ``\Z``-like certainty only together with the loader, which refuses control characters (a trailing newline
    would pass ``$``).
    """
    parts = [
        kind.word + ARGUMENTS[kind.argument][0]
        for kind in KINDS.values()
        if not kind.only_in or (in_ivr and kind.only_in == "ivr")
    ]
    return "^(" + "|".join(parts) + ")$"
