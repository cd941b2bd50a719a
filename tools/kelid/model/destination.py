"""Where a call can be sent: one shape, ``kind:name``, and one table of the kinds.

The schema's pattern, the rules and the documents are made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kelid.findings import NOWHERE, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of destination: its word, what must follow the colon ("" for nothing), and what it means."""

    word: str
    argument: str
    meaning: str
    only_in: str = ""


KINDS: dict[str, Kind] = {
    kind.word: kind
    for kind in (
        Kind(
            word="extension",
            argument="number",
            meaning="ring an extension, with its own way on if nobody answers",
        ),
        Kind(word="queue", argument="name", meaning="wait in a queue"),
        Kind(word="ivr", argument="name", meaning="hear a menu"),
        Kind(word="voicemail", argument="number", meaning="leave a message in an extension's mailbox"),
        Kind(word="schedule", argument="name", meaning="go where the hours say"),
        Kind(word="announcement", argument="name", meaning="hear an announcement, then go on"),
        Kind(
            word="external",
            argument="number",
            meaning="call a number outside; always names the class that pays for it",
        ),
        Kind(word="hangup", argument="", meaning="end the call"),
        Kind(word="busy", argument="", meaning="hear the busy tone"),
        Kind(word="repeat", argument="", meaning="hear the same menu again", only_in="ivr"),
        Kind(word="parent", argument="", meaning="go back to the menu before", only_in="ivr"),
    )
}


@dataclass(frozen=True, slots=True)
class Destination:
    """A place to send a call to. ``name`` is "" for kinds that take none; ``permission_class`` only with ``external``.

    Written ``queue:sales``, ``hangup``, ``external:02188001234@national`` (the class that pays stands after the at sign).
    """

    kind: str
    name: str = ""
    permission_class: str = ""
    where: Where = field(default=NOWHERE, compare=False, repr=False)

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
            raise ValueError(
                f"write it as {kind}:{known.argument}" if known.argument else f"{kind} takes no name"
            )
        name, _, permission_class = rest.partition("@")
        if bool(permission_class) != (kind == "external"):
            way_out = (
                "write it as external:number@permission_class"
                if kind == "external"
                else f"{kind} takes no class"
            )
            raise ValueError(way_out)
        return cls(kind, name, permission_class, where)


def pattern(*, in_ivr: bool = False) -> str:
    r"""Return the regular expression of a destination, for the schemas.

    It ends in ``\Z``-like certainty only together with the loader, which refuses control characters (a trailing newline
    would pass ``$``).
    """
    parts = []
    for kind in KINDS.values():
        if kind.only_in and not (in_ivr and kind.only_in == "ivr"):
            continue
        argument = {
            "number": ":[0-9]{1,40}",
            "name": ":[a-z][a-z0-9_-]{0,39}",
            "": "",
        }[kind.argument]
        if kind.word == "external":
            argument = ":[0-9*#+]{1,40}@[a-z][a-z0-9_-]{0,39}"
        parts.append(kind.word + argument)
    return "^(" + "|".join(parts) + ")$"
