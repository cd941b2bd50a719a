"""What stands in a step for something else: ``${VARIABLE}``, ``${FUNCTION(arguments)}``, ``${...:2:-1}``, ``$[expression]``.

A text is taken apart once and kept as a list of constants and of functions of the run. As main/pbx_variables.c does it
(pbx_substitute_variables_helper_full_location), byte by byte of UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate import clock
from kelid.simulate.arguments import leading_integer
from kelid.simulate.expression import evaluate
from kelid.simulate.octets import from_octets, to_octets, whole
from kelid.simulate.registry import find as find_function
from kelid.simulate.unknown import UnknownHere
from kelid.simulate.versions import BOTH, exists

if TYPE_CHECKING:
    from kelid.simulate.run import Run

Part = Callable[["Run"], str]
"""Gives a piece of the text when the call is there."""

TABLE = "KELID-TABLE"
"""Stands in a step for what differs among extensions that are walked as one; no dial plan can name it."""

EVERYTHING = (1 << 31) - 1
"""The length of ``${VARIABLE}``: all of it."""

VALUE_LIMIT = 4096
"""Bytes of the buffer for one variable or function (VAR_BUF_SIZE in main/pbx_private.h), with its end."""

TEXT_LIMIT = 8192
"""Bytes of the buffer for a step's arguments (EXT_DATA_SIZE), with its end."""


class Template:
    """A text with variables, taken apart. ``constant`` is the text itself where there are none, None otherwise."""

    __slots__ = ("_calls", "_layout", "constant", "parts", "text")

    def __init__(self, text: str, limit: int = TEXT_LIMIT) -> None:
        """Take the text apart."""
        self.text = text
        parts = _take_apart(text)
        self.parts: tuple[Part | str, ...] = tuple(parts)
        self._calls: list[Part] = [part for part in parts if not isinstance(part, str)]
        self._layout = "".join(part.replace("%", "%%") if isinstance(part, str) else "%s" for part in parts)
        self.constant: str | None = None
        if not parts:
            self.constant = ""
        elif len(parts) == 1 and isinstance(parts[0], str):
            self.constant = cut_bytes(parts[0], limit)

    def __call__(self, run: Run) -> str:
        """Return the text as it is for the call now. Raise UnknownHere where the oracle can't tell."""
        if self.constant is not None:
            return self.constant
        if self._layout == "%s":
            return self._calls[0](run)
        made = self._layout % tuple([call(run) for call in self._calls])
        if len(made) < TEXT_LIMIT // 4 and made.isascii():
            return made
        return cut_bytes(whole(made), TEXT_LIMIT)


@lru_cache(maxsize=1 << 16)
def template(text: str) -> Template:
    """Return the text taken apart; the same text is taken apart once only."""
    return Template(text)


def cut_bytes(text: str, limit: int) -> str:
    """Return what of the text fits into a buffer of that many bytes."""
    if len(text) * 4 < limit:
        return text
    octets = to_octets(text)
    return text if len(octets) < limit else from_octets(octets[: limit - 1])


def _take_apart(text: str) -> list[Part | str]:
    """Return constants and functions of the run; constants that follow each other are one."""
    parts: list[Part | str] = []
    literal: list[str] = []
    at = 0
    while (found := text.find("$", at)) >= 0:
        literal.append(text[at:found])
        kind = text[found + 1 : found + 2]
        if kind == "{":
            inside, at, nested, closed = _inside(text, found + 2, "{", "}")
            part: Part = _variable_part(inside, nested)
        elif kind == "[":
            inside, at, nested, closed = _inside(text, found + 2, "[", "]")
            part = _expression_part(inside, nested)
        else:
            literal.append("$")
            at = found + 1
            continue
        if any(literal):
            parts.append("".join(literal))
        literal.clear()
        if not closed:
            part = _unclosed(part, kind)
        parts.append(part)
    literal.append(text[at:])
    if any(literal):
        parts.append("".join(literal))
    return parts


def _inside(text: str, start: int, opening: str, closing: str) -> tuple[str, int, bool, bool]:
    """Return the text up to the bracket that closes, where it goes on, whether it is to be substituted, and if it closes.

    Only brackets of the one kind are counted: Asterisk doesn't see that ``${A$[}]`` is crooked.
    """
    depth, at, end = 1, start, len(text)
    nested = False
    other = "$[" if opening == "{" else "${"
    same = "$" + opening
    while depth and at < end:
        if text.startswith(same, at):
            nested = True
            depth += 1
            at += 1
        elif text[at] == opening:
            depth += 1
        elif text[at] == closing:
            depth -= 1
        elif text.startswith(other, at):
            nested = True
            at += 1
        at += 1
    at = min(at, end)
    return (text[start : at - 1], at, nested, True) if depth == 0 else (text[start:at], at, nested, False)


def _unclosed(part: Part, kind: str) -> Part:
    missing = {"{": "}", "[": "]"}[kind]

    def warned(run: Run) -> str:
        run.warn(f"Error in extension logic (missing '{missing}')")
        return part(run)

    return warned


def _expression_part(inside: str, nested: bool) -> Part:
    """Return what gives the value of ``$[inside]``."""
    if not nested:
        text = cut_bytes(inside, VALUE_LIMIT)
        return lambda run: evaluate(run, text)
    inner = template(inside)
    return lambda run: evaluate(run, cut_bytes(inner(run), VALUE_LIMIT))


def _variable_part(inside: str, nested: bool) -> Part:
    """Return what gives the value of ``${inside}``."""
    if not nested:
        return named(cut_bytes(inside, VALUE_LIMIT))
    inner = template(inside)
    start = inner.parts[0]
    if isinstance(start, str) and "(" in start and ":" not in start.split("(", 1)[0]:
        return _function_part(start.split("(", 1)[0], inner)
    return lambda run: named(cut_bytes(inner(run), VALUE_LIMIT))(run)


def _function_part(name: str, inner: Template) -> Part:
    """Return what gives the value of a function whose name is known before the call, its arguments are not."""
    read = _reader(name)
    skip = len(name) + 1

    def part(run: Run) -> str:
        text = cut_bytes(inner(run), VALUE_LIMIT)
        if ":" in text:
            function, offset, length = split_name(text)
            value = read(run, _arguments(run, function, skip))
            return value if (offset, length) == (0, EVERYTHING) else part_of(run, value, offset, length)
        if text[-1] == ")":
            return read(run, text[skip:-1])
        return read(run, _arguments(run, text, skip))

    return part


def split_name(text: str) -> tuple[str, int, int]:
    """Return what stands before the colon, and offset and length after it: ``NAME:2:-1`` (parse_variable_name).

    A colon within parentheses is the function's own.
    """
    depth = 0
    for at, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == ":" and depth == 0:
            rest = text[at + 1 :]
            offset, length = 0, EVERYTHING
            found = leading_integer(rest)
            if found is not None:
                offset, end = found
                if rest[end : end + 1] == ":" and (second := leading_integer(rest[end + 1 :])) is not None:
                    length = second[0]
            return text[:at], offset, length
    return text, 0, EVERYTHING


def part_of(run: Run, value: str, offset: int, length: int) -> str:
    """Return a part of a value, which may not be decided yet."""
    if run.symbols is not None and run.symbols.within(value):
        return run.symbols.substring(value, offset, length)
    return substring(value, offset, length)


def substring(value: str, offset: int, length: int) -> str:
    """Return bytes from ``offset`` (below 0: from the end), ``length`` of them (below 0: without the last ones)."""
    octets = to_octets(value)
    size = len(octets)
    if offset < 0:
        offset = max(0, size + offset)
    if offset >= size:
        return ""
    if length >= 0:
        made = octets[offset : offset + length]
    elif size > offset - length:
        made = octets[offset : size + length]
    else:
        return ""
    return made if octets is value else from_octets(made)


@lru_cache(maxsize=1 << 16)
def named(inside: str) -> Part:
    """Return what gives the value of ``${inside}``, where nothing in it is to be substituted any more."""
    text, offset, length = split_name(inside)
    if "(" in text:
        name = text.split("(", 1)[0]
        read = _reader(name)
        if text[-1] == ")":
            arguments = text[len(name) + 1 : -1]

            def part(run: Run) -> str:
                return read(run, arguments)

        else:

            def part(run: Run) -> str:
                return read(run, _arguments(run, text, len(name) + 1))

    else:
        part = _variable(text)  # type: ignore[assignment]
    if (offset, length) == (0, EVERYTHING):
        return part
    return lambda run: part_of(run, part(run), offset, length)


def _arguments(run: Run, function: str, skip: int) -> str:
    """Return what stands up to the last closing parenthesis (func_args in main/pbx_functions.c)."""
    text = function[skip:]
    end = text.rfind(")")
    if end < 0:
        run.warn(f"Can't find trailing parenthesis for function '{function}'?")
        return text
    return text[:end]


def _reader(name: str) -> Callable[[Run, str], str]:
    """Return what reads the function of that name: "" where it fails, as Asterisk puts nothing in its place then."""
    if name == TABLE:
        return lambda run, arguments: run.dialplan.table_text(run, arguments)
    function = find_function(name)
    if function is None or function.read is None:
        return lambda run, arguments: cannot_read(run, name)
    reads = function.read
    everywhere = name in BOTH

    def read(run: Run, arguments: str) -> str:
        if not everywhere and not exists(run, name):
            return cannot_read(run, name)
        value = (
            reads(run, arguments)
            if run.symbols is None
            else run.symbols.function(run, name, arguments, reads)
        )
        return "" if value is None else cut_bytes(value, VALUE_LIMIT)

    return read


def cannot_read(run: Run, name: str) -> str:
    """Return "" for a function that Asterisk doesn't have or can't read. Raise UnknownHere for one that we lack."""
    if not exists(run, name):
        run.warn(f"Function {name} not registered")
        return ""
    if find_function(name) is None:
        raise UnknownHere(f"function {name}")
    run.warn(f"Function {name} cannot be read")
    return ""


# -- variables


def _hint(run: Run) -> str:
    hint = run.dialplan.hint(run, run.channel.context, run.channel.exten)
    return hint.device if hint else ""


def _presentation(run: Run) -> str:
    from kelid.simulate.functions.parties import caller  # noqa: PLC0415 - that module imports this one

    return str(caller(run.channel).presentation())


def _kept(name: str) -> Part:
    """Return what gives a number that CALLERID keeps of the caller."""
    return lambda run: run.channel.hooks.get(f"CALLERID/{name}") or "0"


BUILT_IN: dict[str, Part] = {
    "EXTEN": lambda run: run.channel.exten,
    "CONTEXT": lambda run: run.channel.context,
    "PRIORITY": lambda run: str(run.channel.priority),
    "CHANNEL": lambda run: run.channel.name,
    "UNIQUEID": lambda run: run.channel.unique_id,
    "HANGUPCAUSE": lambda run: str(run.channel.hangup_cause),
    "CALLINGPRES": _presentation,
    "CALLINGANI2": _kept("ani2"),
    "CALLINGTON": _kept("num-plan"),
    "CALLINGTNS": _kept("tns"),
    "HINT": _hint,
    "HINTNAME": lambda run: "",
    "EPOCH": clock.epoch_text,
    "SYSTEMNAME": lambda run: "",
    "ASTCACHEDIR": lambda run: "/var/cache/asterisk",
    "ASTETCDIR": lambda run: "/etc/asterisk",
    "ASTMODDIR": lambda run: "/usr/lib/x86_64-linux-gnu/asterisk/modules",
    "ASTVARLIBDIR": lambda run: "/var/lib/asterisk",
    "ASTDBDIR": lambda run: "/var/lib/asterisk/astdb",  # the file, not its folder
    "ASTKEYDIR": lambda run: "/var/lib/asterisk/keys",
    "ASTDATADIR": lambda run: "/usr/share/asterisk",
    "ASTAGIDIR": lambda run: "/usr/share/asterisk/agi-bin",
    "ASTSPOOLDIR": lambda run: "/var/spool/asterisk",
    "ASTRUNDIR": lambda run: "/run/asterisk",
    "ASTLOGDIR": lambda run: "/var/log/asterisk",
    "ASTSBINDIR": lambda run: "/usr/sbin",
    "ENTITYID": lambda run: "00:00:00:00:00:00",
}
"""What ast_str_retrieve_variable knows by itself. The folders are those of Debian's package."""


def _variable(name: str) -> Part:
    """Return what gives the value of the variable, "" without one."""
    built_in = BUILT_IN.get(name)
    if built_in is not None:
        return built_in

    def part(run: Run) -> str:
        channel = run.channel
        for frame in reversed(channel.frames):
            if name in frame.variables:
                return frame.variables[name]
        value = channel.variables.get(name)
        if value is not None:
            return value
        value = run.globals.get(name)
        return value if value is not None else global_variable(run, name)

    return part


def global_variable(run: Run, name: str) -> str:
    """Return a global variable; one that calls set is what earlier ones have left."""
    value = run.globals.get(name)
    if value is None:
        value = run.learn(Question("global", name)) if run.dialplan.mentions(f"GLOBAL({name})=") else ""
    return value


def stored_variable(run: Run, name: str) -> str | None:
    """Return a variable that was set, of the channel or a global one: what pbx_builtin_getvar_helper gives."""
    channel = run.channel
    for frame in reversed(channel.frames):
        if name in frame.variables:
            return frame.variables[name]
    value = channel.variables.get(name)
    return value if value is not None else run.globals.get(name)


def get_variable(run: Run, name: str) -> str | None:
    """Return the value of a variable, a built-in one too; None where there is none."""
    built_in = BUILT_IN.get(name)
    return built_in(run) if built_in is not None else stored_variable(run, name)


def set_variable(run: Run, name: str, value: str) -> None:
    """Set a variable, or write a function: ``NAME``, ``_NAME``, ``__NAME``, ``FUNCTION(arguments)``.

    As pbx_builtin_setvar_helper: a variable that a subroutine has of its own (LOCAL) is changed there.
    """
    if name.endswith(")"):
        write_function(run, name, value)
        return
    tail = name[_underscores(name) :]
    channel = run.channel
    for frame in reversed(channel.frames):
        if tail in frame.variables:
            frame.variables[tail] = value
            break
    else:
        channel.variables[tail] = value
    _inherit(run, name, tail)


def _underscores(name: str) -> int:
    return 2 if name.startswith("__") else 1 if name.startswith("_") else 0


def _inherit(run: Run, name: str, tail: str) -> None:
    inherited = run.channel.inherited
    if len(name) != len(tail):
        inherited[tail] = len(name) - len(tail)
    elif tail in inherited:
        del inherited[tail]


def set_local(run: Run, name: str, value: str) -> None:
    """Set a variable of the subroutine that runs; outside of one it is a plain one (frame_set_var in apps/app_stack.c)."""
    if name.endswith(")"):
        run.warn("Cannot push a value onto a function")
        write_function(run, name, value)
        return
    if not run.channel.frames:
        set_variable(run, name, value)
        return
    run.channel.frames[-1].variables[name[_underscores(name) :]] = value


def unset_variable(run: Run, name: str) -> None:
    """Take a variable away: what pbx_builtin_setvar_helper does with no value."""
    channel = run.channel
    for frame in reversed(channel.frames):
        if name in frame.variables:
            del frame.variables[name]
            return
    channel.variables.pop(name, None)
    channel.inherited.pop(name, None)


def write_function(run: Run, call: str, value: str) -> None:
    """Write a function: ``CALLERID(num)``. As ast_func_write."""
    name, _, rest = call.partition("(")
    if not exists(run, name):
        run.warn(f"Function {name} not registered")
        return
    function = find_function(name)
    if function is None:
        raise UnknownHere(f"function {name}")
    if function.write is None:
        run.warn(f"Function {name} cannot be written to")
        return
    end = rest.rfind(")")
    function.write(run, rest[:end] if end >= 0 else rest, value)


# The functions register themselves; their modules need what stands above.
import kelid.simulate.functions  # noqa: E402, F401
