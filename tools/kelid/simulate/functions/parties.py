"""Who calls, who is connected, who has redirected the call: main/callerid.c and the functions of funcs/func_callerid.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.simulate.arguments import split_arguments, strip, strip_quoted
from kelid.simulate.registry import reads, writes
from kelid.simulate.undecided import settled

if TYPE_CHECKING:
    from kelid.simulate.run import Run
    from kelid.simulate.state import Channel

PRESENTATIONS = (
    "allowed_not_screened", "allowed_passed_screen", "allowed_failed_screen", "allowed", "prohib_not_screened",
    "prohib_passed_screen", "prohib_failed_screen", "prohib", "unavailable",
)  # fmt: skip
"""Names of presentations (pres_types in main/callerid.c)."""


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


def _items(arguments: str) -> list[str]:
    member = split_arguments(arguments, 2)
    return [item.lower() for item in split_arguments(member[0], 10, "-")] if member else []


def _extra(channel: Channel, party: str, item: str) -> str:
    return channel.hooks.get(f"{party}/{item}", "")


def _number_presentation(channel: Channel) -> str:
    if not channel.caller and not _extra(channel, "CALLERID", "num-pres"):
        return "unavailable" if not channel.caller_name else channel.caller_pres
    return channel.caller_pres


@reads("CALLERID")
def caller_id(run: Run, arguments: str) -> str | None:
    """Return something of the caller: ``num``, ``name``, ``all``, ``ani``, ``dnid``, ``rdnis``, ``pres``..."""
    channel = run.channel
    items = _items(arguments)
    kind = items[0] if items else ""
    rest = items[1:]
    if kind in ("num", "number"):
        return _number_part(channel.caller, channel, rest, "CALLERID", "num")
    if kind == "name":
        return _name_part(channel.caller_name, channel, rest, "CALLERID", "name")
    if kind == "all" and not rest:
        return f'"{channel.caller_name}" <{channel.caller}>'
    if kind == "ani":
        if not rest or rest[0] in ("num", "number"):
            return channel.ani
        if rest == ["all"]:
            return f'"{_extra(channel, "CALLERID", "ani-name")}" <{channel.ani}>'
        return _extra(channel, "CALLERID", "-".join(items))
    if kind == "dnid":
        return channel.dnid if not rest else _extra(channel, "CALLERID", "-".join(items)) or _zero(rest)
    if kind == "rdnis" and not rest:
        return channel.rdnis
    if kind == "pres" and not rest:
        return _number_presentation(channel)
    if kind in ("ani2", "ton", "tns"):
        return _extra(channel, "CALLERID", kind) or "0"
    if kind in ("tag", "subaddr", "priv"):
        return _extra(channel, "CALLERID", "-".join(items))
    run.warn(f"Unknown callerid data type '{arguments}'.")
    return None


def _zero(rest: list[str]) -> str:
    return "0" if rest[-1] in ("plan", "valid", "odd") else ""


def _number_part(number: str, channel: Channel, rest: list[str], party: str, prefix: str) -> str:
    if not rest:
        return number
    if rest[0] == "valid":
        return "1" if number or f"{party}/{prefix}" in channel.hooks else "0"
    if rest[0] == "pres":
        return _extra(channel, party, f"{prefix}-pres") or "allowed_not_screened"
    if rest[0] == "plan":
        return _extra(channel, party, f"{prefix}-plan") or "0"
    return ""


def _name_part(name: str, channel: Channel, rest: list[str], party: str, prefix: str) -> str:
    if not rest:
        return name
    if rest[0] == "valid":
        return "1" if name or f"{party}/{prefix}" in channel.hooks else "0"
    if rest[0] == "charset":
        return _extra(channel, party, f"{prefix}-charset") or "iso8859-1"
    if rest[0] == "pres":
        return _extra(channel, party, f"{prefix}-pres") or "allowed_not_screened"
    return ""


@writes("CALLERID")
def set_caller_id(run: Run, arguments: str, value: str) -> None:
    """Set something of the caller."""
    channel = run.channel
    items = _items(arguments)
    kind = items[0] if items else ""
    rest = items[1:]
    value = strip(value)
    if kind in ("num", "number") and not rest:
        channel.caller = value
    elif kind == "name" and not rest:
        channel.caller_name = value
    elif kind == "all" and not rest:
        channel.caller_name, channel.caller = split_caller(settled(run, value))
        channel.ani = channel.ani or channel.caller
    elif kind == "ani" and (not rest or rest[0] in ("num", "number")):
        channel.ani = value
    elif kind == "dnid" and not rest:
        channel.dnid = value
    elif kind == "rdnis" and not rest:
        channel.rdnis = value
    elif kind == "pres" or (rest and rest[-1] == "pres"):
        name = settled(run, value)
        if name in PRESENTATIONS:
            _set_presentation(channel, kind, name)
        else:
            run.warn(f"Unknown presentation '{value}', value unchanged")
    elif kind in ("num", "number", "name", "ani", "dnid", "ani2", "ton", "tns", "tag", "subaddr", "priv"):
        channel.hooks[f"CALLERID/{'-'.join(items)}"] = value
    else:
        run.warn(f"Unknown callerid data type '{arguments}'.")


def _set_presentation(channel: Channel, kind: str, name: str) -> None:
    for part in ("num", "name") if kind == "pres" else (kind,):
        channel.hooks[f"CALLERID/{part}-pres"] = name
    if kind in ("pres", "num", "number"):
        channel.caller_pres = name


@reads("CALLERPRES")
def caller_presentation(run: Run, arguments: str) -> str:
    """Return how the caller's number is presented (Asterisk 16)."""
    return _number_presentation(run.channel)


@writes("CALLERPRES")
def set_caller_presentation(run: Run, arguments: str, value: str) -> None:
    """Set how the caller's number is presented (Asterisk 16)."""
    set_caller_id(run, "pres", value)


@reads("CONNECTEDLINE")
def connected_line(run: Run, arguments: str) -> str | None:
    """Return something of the party at the other end."""
    channel = run.channel
    items = _items(arguments)
    kind = items[0] if items else ""
    rest = items[1:]
    if kind in ("num", "number"):
        return _number_part(channel.connected, channel, rest, "CONNECTEDLINE", "num")
    if kind == "name":
        return _name_part(channel.connected_name, channel, rest, "CONNECTEDLINE", "name")
    if kind == "all" and not rest:
        return f'"{channel.connected_name}" <{channel.connected}>'
    if kind == "source":
        return _extra(channel, "CONNECTEDLINE", "source") or "unknown"
    if kind in ("tag", "subaddr", "priv", "pres"):
        return _extra(channel, "CONNECTEDLINE", "-".join(items))
    run.warn(f"Unknown connectedline data type '{arguments}'.")
    return None


@writes("CONNECTEDLINE")
def set_connected_line(run: Run, arguments: str, value: str) -> None:
    """Set something of the party at the other end."""
    channel = run.channel
    items = _items(arguments)
    kind = items[0] if items else ""
    rest = items[1:]
    value = strip(value)
    if kind in ("num", "number") and not rest:
        channel.connected = value
    elif kind == "name" and not rest:
        channel.connected_name = value
    elif kind == "all" and not rest:
        channel.connected_name, channel.connected = split_caller(settled(run, value))
    elif kind in ("num", "number", "name", "source", "tag", "subaddr", "priv", "pres"):
        channel.hooks[f"CONNECTEDLINE/{'-'.join(items)}"] = value
    else:
        run.warn(f"Unknown connectedline data type '{arguments}'.")


_REDIRECTING = ("from", "to", "orig", "priv")


@reads("REDIRECTING")
def redirecting(run: Run, arguments: str) -> str | None:
    """Return something of those who have redirected the call, as far as the dial plan has set it."""
    channel = run.channel
    items = _items(arguments)
    kind = items[0] if items else ""
    if kind in ("reason", "orig-reason"):
        return _extra(channel, "REDIRECTING", "-".join(items)) or "unknown"
    if kind == "count":
        return _extra(channel, "REDIRECTING", "count") or "0"
    if kind in ("from", "to", "orig", "priv"):
        name = "-".join(items)
        if name == "from-num" and channel.rdnis:
            return channel.rdnis
        if items[-1] == "all":
            base = "-".join(items[:-1])
            return f'"{_extra(channel, "REDIRECTING", base + "-name")}" <{_extra(channel, "REDIRECTING", base + "-num")}>'
        if items[-1] == "reason":
            return _extra(channel, "REDIRECTING", name) or "unknown"
        return _extra(channel, "REDIRECTING", name)
    run.warn(f"Unknown redirecting data type '{arguments}'.")
    return None


@writes("REDIRECTING")
def set_redirecting(run: Run, arguments: str, value: str) -> None:
    """Set something of those who have redirected the call."""
    channel = run.channel
    items = _items(arguments)
    kind = items[0] if items else ""
    value = strip(value)
    if kind in (*_REDIRECTING, "reason", "count", "pres"):
        if items[-1] == "all":
            base = "-".join(items[:-1])
            name, number = split_caller(settled(run, value))
            channel.hooks[f"REDIRECTING/{base}-name"] = name
            channel.hooks[f"REDIRECTING/{base}-num"] = number
        else:
            channel.hooks[f"REDIRECTING/{'-'.join(items)}"] = value
            if items[:2] == ["from", "num"] and len(items) == 2:
                channel.rdnis = value
    else:
        run.warn(f"Unknown redirecting data type '{arguments}'.")
