"""Who calls, who is connected, who has redirected the call: main/callerid.c and the functions of funcs/func_callerid.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.simulate.arguments import atoi, split_arguments, strip, strip_quoted
from kelid.simulate.registry import reads, writes
from kelid.simulate.state import TOLD
from kelid.simulate.undecided import settled

if TYPE_CHECKING:
    from kelid.simulate.run import Run
    from kelid.simulate.state import Channel

PRESENTATIONS = {
    "allowed_not_screened": 0x00, "allowed_passed_screen": 0x01, "allowed_failed_screen": 0x02, "allowed": 0x03,
    "prohib_not_screened": 0x20, "prohib_passed_screen": 0x21, "prohib_failed_screen": 0x22, "prohib": 0x23,
    "unavailable": 0x43,
}  # fmt: skip
"""Name -> number of a presentation (pres_types in main/callerid.c)."""

_PRESENTATION_NAMES = {number: name for name, number in PRESENTATIONS.items()}
_UNAVAILABLE, _RESTRICTION, _SCREENING = 0x43, 0x60, 0x03
_PRIORITY = {0x20: 0, 0x00: 1, 0x40: 2}
"""Which presentation wins where name and number differ: what is withheld, then what may be shown."""


def shrink_number(number: str) -> str:
    """Return a phone number without parentheses, blanks, dashes and full stops (ast_shrink_phone_number)."""
    made: list[str] = []
    brackets = 0
    for at, character in enumerate(number):
        if character == "[":
            brackets += 1
        elif character == "]":
            brackets -= 1
        elif character == "-":
            if not brackets:
                continue
        elif (character == "." and at + 1 < len(number)) or character in "( )":
            continue
        made.append(character)
    return "".join(made)


def is_phone_number(text: str) -> bool:
    """Return True for digits, ``*``, ``#`` and ``+`` (ast_isphonenumber)."""
    return bool(text) and all(character in "0123456789*#+" for character in text)


def split_caller(text: str) -> tuple[str, str]:
    """Return name and number of ``"name" <number>`` (ast_callerid_split)."""
    inner = strip_quoted(text)
    unquoted = inner != text
    start = inner.rfind("<")
    if start >= 0:
        number = inner[start + 1 :]
        end = number.rfind(">")
        number = number[:end] if end >= 0 else number
        name = strip_quoted(inner[:start])
    else:
        shrunk = shrink_number(inner)
        if not unquoted and is_phone_number(shrunk):
            name, number = "", shrunk
        else:
            name, number = strip_quoted(inner), ""
    return _unescaped(name), shrink_number(number)


def _unescaped(text: str) -> str:
    """Return the text without the backslashes that shield characters (ast_unescape_quoted)."""
    made: list[str] = []
    shielded = False
    for character in text:
        if not shielded and character == "\\":
            shielded = True
            continue
        shielded = False
        made.append(character)
    return "".join(made)


class Party:
    """A party of the call: number and name, and what Asterisk keeps beside them, in the channel (struct ast_party_id).

    ``number`` and ``name`` name the channel's own fields for them, where it has any; all else is in its ``hooks``.
    """

    __slots__ = ("channel", "key", "name_field", "number_field")

    def __init__(self, channel: Channel, key: str, number: str = "", name: str = "") -> None:
        """Know where it is kept."""
        self.channel = channel
        self.key = key
        self.number_field = number
        self.name_field = name

    def kept(self, item: str) -> str:
        """Return what is kept, "" without."""
        return self.channel.hooks.get(f"{self.key}/{item}", "")

    def keep(self, item: str, value: str) -> None:
        """Keep a value."""
        self.channel.hooks[f"{self.key}/{item}"] = value

    @property
    def number(self) -> str:
        """Return the number."""
        return str(getattr(self.channel, self.number_field)) if self.number_field else self.kept("num")

    @number.setter
    def number(self, value: str) -> None:
        if self.number_field:
            setattr(self.channel, self.number_field, value)
        else:
            self.keep("num", value)
        self.keep("num-valid", "1")

    @property
    def name(self) -> str:
        """Return the name."""
        return str(getattr(self.channel, self.name_field)) if self.name_field else self.kept("name")

    @name.setter
    def name(self, value: str) -> None:
        if self.name_field:
            setattr(self.channel, self.name_field, value)
        else:
            self.keep("name", value)
        self.keep("name-valid", "1")

    def is_valid(self, part: str) -> bool:
        """Return whether there is a number ("num") or a name, be it an empty one."""
        return bool(self.kept(f"{part}-valid") or (self.number if part == "num" else self.name))

    def _presentation(self, part: str) -> int:
        kept = self.kept(f"{part}-pres")
        if not kept and part == "num" and self.number_field == "caller":
            return PRESENTATIONS.get(self.channel.caller_pres, 0)
        return int(kept or "0")

    def presentation(self) -> int:
        """Return how the party is presented as a whole (ast_party_id_presentation in main/channel.c)."""
        values = {}
        for part in ("num", "name"):
            shown = self._presentation(part) & _RESTRICTION if self.is_valid(part) else -1
            values[part] = (_PRIORITY.get(shown, 3), shown if shown in _PRIORITY else 0x40)
        screening = self._presentation("num") & _SCREENING if self.is_valid("num") else 0
        value = values["name"][1] if values["name"][0] < values["num"][0] else values["num"][1]
        return _UNAVAILABLE if value == 0x40 else value | screening

    def read(self, items: list[str]) -> str | None:
        """Return what the items name: ``num``, ``num-pres``, ``name``, ``all``, ``tag``...; None for what there isn't."""
        kind, rest = items[0] if items else "", items[1] if len(items) > 1 else ""
        if kind == "all" and not rest:
            return f'"{self.name}" <{self.number}>'
        if kind == "pres" and not rest:
            return _shown(self.presentation())
        if kind in ("num", "number"):
            return self._part("num", rest, {"plan": self.kept("num-plan") or "0"})
        if kind == "name":
            return self._part("name", rest, {"charset": self.kept("name-charset") or "iso8859-1"})
        if kind == "subaddr":
            known = {
                "": self.kept("subaddr"),
                "valid": self.kept("subaddr-valid") or "0",
                "odd": self.kept("subaddr-odd") or "0",
            }
            return known.get(rest, self.kept("subaddr-type") or "0" if rest == "type" else None)
        if kind == "tag" and not rest:
            return self.kept("tag")
        return None

    def _part(self, part: str, item: str, own: dict[str, str]) -> str | None:
        if not item:
            return self.number if part == "num" else self.name
        if item == "valid":
            return "1" if self.is_valid(part) else "0"
        if item == "pres":
            return _shown(self._presentation(part))
        return own.get(item)

    def write(self, run: Run, items: list[str], value: str) -> bool:
        """Set what the items name. Return False for what there isn't."""
        kind, rest = items[0] if items else "", items[1] if len(items) > 1 else ""
        value = strip(value)
        if kind == "all" and not rest:
            self.name, self.number = split_caller(settled(run, value))
        elif kind == "pres" and not rest:
            self._set_presentation(run, value, ("num", "name"))
        elif kind in ("num", "number", "name"):
            return self._write_part(run, "name" if kind == "name" else "num", rest, value)
        elif kind == "subaddr" and rest in ("", "type", "odd", "valid"):
            self.keep(f"subaddr-{rest}" if rest else "subaddr", value)
        elif kind == "tag" and not rest:
            self.keep("tag", value)
        else:
            return False
        return True

    def _write_part(self, run: Run, part: str, item: str, value: str) -> bool:
        if not item and part == "num":
            self.number = value
        elif not item:
            self.name = value
        elif item == "pres":
            self._set_presentation(run, value, (part,))
        elif item in ("plan", "charset"):
            self.keep(f"{part}-{item}", value)
        elif item == "valid":
            self.keep(f"{part}-valid", "1" if atoi(settled(run, value)) else "")
        else:
            return False
        return True

    def _set_presentation(self, run: Run, value: str, parts: tuple[str, ...]) -> None:
        name = settled(run, value)
        number = atoi(name) if name[:1].isdigit() else PRESENTATIONS.get(name, -1)
        if number < 0:
            run.warn(f"Unknown combined presentation '{name}', value unchanged")
            return
        for part in parts:
            self.keep(f"{part}-pres", str(number))
        if "num" in parts and self.number_field == "caller":
            self.channel.caller_pres = _shown(number)


def _shown(presentation: int) -> str:
    return _PRESENTATION_NAMES.get(presentation, "unknown")


def _items(arguments: str) -> tuple[list[str], str | None]:
    """Return the items of ``num-pres,x``, and the second argument."""
    given = split_arguments(arguments, 2)
    items = [item.lower() for item in split_arguments(given[0], 10, "-")] if given else []
    return items, given[1] if len(given) > 1 else None


def caller(channel: Channel) -> Party:
    """Return the caller."""
    return Party(channel, "CALLERID", "caller", "caller_name")


def _of_caller(channel: Channel, items: list[str]) -> tuple[Party, list[str]] | None:
    """Return the party that CALLERID's items mean, and those of it."""
    if items and items[0] == "ani":
        return Party(channel, "CALLERID/ani", "ani"), items[1:] or ["num"]
    if items and items[0] == "priv":
        return Party(channel, "CALLERID/priv"), items[1:]
    return caller(channel), items


_PLAIN_CALLER = {"ani2": "0", "tns": "0"}


@reads("CALLERID")
def caller_id(run: Run, arguments: str) -> str | None:
    """Return something of the caller: ``num``, ``name``, ``all``, ``ani``, ``dnid``, ``rdnis``, ``pres``..."""
    channel = run.channel
    if arguments == "num":
        return channel.caller
    if arguments == "name":
        return channel.caller_name
    items, other = _items(arguments)
    if other is not None and items in (["all"], ["name"], ["num"], ["number"]):
        name, number = split_caller(settled(run, other))
        return {"all": f'"{name}" <{number}>', "name": name}.get(items[0], number)
    joined = "-".join(items)
    if joined == "rdnis":
        return channel.rdnis
    if joined == "ton":
        return caller(channel).kept("num-plan") or "0"
    if joined in _PLAIN_CALLER:
        return caller(channel).kept(joined) or _PLAIN_CALLER[joined]
    if items[:1] == ["dnid"]:
        if len(items) == 1:
            return channel.dnid
        if joined == "dnid-num-plan":
            return caller(channel).kept(joined) or "0"
        return Party(channel, "CALLERID/dnid").read(items[1:])
    party = _of_caller(channel, items)
    value = party[0].read(party[1]) if party else None
    if value is None:
        run.warn(f"Unknown callerid data type '{arguments}'.")
    return value


@writes("CALLERID")
def set_caller_id(run: Run, arguments: str, value: str) -> None:
    """Set something of the caller."""
    channel = run.channel
    items, _ = _items(arguments)
    joined = "-".join(items)
    if joined == "rdnis":
        channel.rdnis = strip(value)
    elif joined == "dnid":
        channel.dnid = strip(value)
    elif joined == "ton":
        caller(channel).keep("num-plan", strip(value))
    elif joined in _PLAIN_CALLER or joined == "dnid-num-plan":
        caller(channel).keep(joined, strip(value))
    elif items[:1] == ["dnid"]:
        Party(channel, "CALLERID/dnid").write(run, items[1:], value)
    else:
        party = _of_caller(channel, items)
        if party is None or not party[0].write(run, party[1], value):
            run.warn(f"Unknown callerid data type '{arguments}'.")


@reads("CALLERPRES")
def caller_presentation(run: Run, arguments: str) -> str:
    """Return how the caller is presented (Asterisk 16)."""
    return _shown(caller(run.channel).presentation())


@writes("CALLERPRES")
def set_caller_presentation(run: Run, arguments: str, value: str) -> None:
    """Set how the caller is presented (Asterisk 16)."""
    set_caller_id(run, "pres", value)


_SOURCES = {"transfer": "transfer_active", "diversion": "transfer"}


def _connected(channel: Channel, items: list[str]) -> tuple[Party, list[str]]:
    if items[:1] == ["priv"] and len(items) > 1:
        return Party(channel, "CONNECTEDLINE/priv"), items[1:]
    return Party(channel, "CONNECTEDLINE", "connected", "connected_name"), items


@reads("CONNECTEDLINE")
def connected_line(run: Run, arguments: str) -> str | None:
    """Return something of the party at the other end."""
    items, _ = _items(arguments)
    party, items = _connected(run.channel, items)
    value = party.kept("source") or "unknown" if items == ["source"] else party.read(items)
    if value is None:
        run.warn(f"Unknown connectedline data type '{arguments}'.")
    return value


@writes("CONNECTEDLINE")
def set_connected_line(run: Run, arguments: str, value: str) -> None:
    """Set something of the party at the other end; it is told unless ``i`` follows."""
    items, option = _items(arguments)
    party, items = _connected(run.channel, items)
    if items == ["source"]:
        name = strip(value)
        party.keep("source", _SOURCES.get(name, name))
    elif not party.write(run, items, value):
        run.warn(f"Unknown connectedline data type '{arguments}'.")
        return
    if run.channel.number and "i" not in (option or ""):
        run.channel.hooks[TOLD] = ""


_REASONS = frozenset((
    "unknown", "cfb", "cfnr", "unavailable", "time_of_day", "dnd", "deflection", "follow_me", "out_of_order", "away",
    "cf_dte", "cfu", "send_to_vm",
))  # fmt: skip
"""Why a call was redirected (redirecting_reason_types in main/callerid.c); other words stand for themselves."""


def _redirecting(channel: Channel, items: list[str]) -> tuple[Party, list[str]] | None:
    """Return the party that REDIRECTING's items mean: ``from``, ``to``, ``orig``, each with a private side."""
    private = items[:1] == ["priv"]
    rest = items[1:] if private else items
    if rest[:1] in (["from"], ["to"], ["orig"]):
        key = f"REDIRECTING/{'priv-' if private else ''}{rest[0]}"
        number = "rdnis" if key == "REDIRECTING/from" else ""
        return Party(channel, key, number), rest[1:]
    return None


@reads("REDIRECTING")
def redirecting(run: Run, arguments: str) -> str | None:
    """Return something of those who have redirected the call, as far as the dial plan has set it."""
    channel = run.channel
    items, _ = _items(arguments)
    joined = "-".join(items)
    if joined in ("reason", "orig-reason"):
        return channel.hooks.get(f"REDIRECTING/{joined}") or "unknown"
    if joined == "count":
        return channel.hooks.get("REDIRECTING/count") or "0"
    if joined == "pres":
        return _shown(Party(channel, "REDIRECTING/from", "rdnis").presentation())
    party = _redirecting(channel, items)
    value = party[0].read(party[1]) if party else None
    if value is None:
        run.warn(f"Unknown redirecting data type '{arguments}'.")
    return value


@writes("REDIRECTING")
def set_redirecting(run: Run, arguments: str, value: str) -> None:
    """Set something of those who have redirected the call."""
    channel = run.channel
    items, _ = _items(arguments)
    joined = "-".join(items)
    if joined in ("reason", "orig-reason"):
        word = strip(value)
        if word not in _REASONS:
            run.warn(f"Unknown redirecting reason '{word}', defaulting to unknown")
        channel.hooks[f"REDIRECTING/{joined}"] = word
    elif joined == "count":
        channel.hooks["REDIRECTING/count"] = str(atoi(strip(settled(run, value))))
    elif joined == "pres":
        Party(channel, "REDIRECTING/from", "rdnis").write(run, ["pres"], value)
        Party(channel, "REDIRECTING/to").write(run, ["pres"], value)
    else:
        party = _redirecting(channel, items)
        if party is None or not party[0].write(run, party[1], value):
            run.warn(f"Unknown redirecting data type '{arguments}'.")
