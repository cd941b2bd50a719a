"""Macro and what belongs to it, which Asterisk has up to version 20. As apps/app_macro.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.simulate.arguments import atoi
from kelid.simulate.jumps import condition
from kelid.simulate.state import GO_ON, HANG_UP, SUSPENDED, Level, Result

if TYPE_CHECKING:
    from kelid.simulate.run import Run
    from kelid.simulate.state import Channel, Then

DEEPEST = 7
"""Macros within macros, where MACRO_RECURSION doesn't say."""

_KEPT = ("MACRO_EXTEN", "MACRO_CONTEXT", "MACRO_PRIORITY", "MACRO_OFFSET")


def macro(run: Run, data: str) -> int | str:
    """Run the macro: the extension ``s`` of ``macro-NAME``, with ARG1, ARG2..."""
    name, *arguments = data.split(",") if data else [""]
    if not name:
        run.warn('Macro() requires arguments. See "core show application macro" for help.')
        return HANG_UP
    return _enter(run, run.channel, name, arguments, ())


def enter_for_dial(run: Run, peer: Channel, data: str, then: tuple[Then, ...]) -> Result:
    """Run a macro on a called channel (option M of Dial); ``then`` gets 0 when it has ended."""
    name, *arguments = data.split(",")
    before = run.channel
    run.channel = peer
    result = _enter(run, peer, name, arguments, then)
    if result != SUSPENDED:
        run.channel = before
        function, given = then[0]
        return function(run, Level(peer), given, HANG_UP)
    return result


def _enter(run: Run, channel: Channel, name: str, arguments: list[str], then: tuple[Then, ...]) -> Result:
    depth = _number(run, "MACRO_DEPTH")
    if depth >= (_number(run, "MACRO_RECURSION") or DEEPEST):
        run.warn("Macro():  possible infinite loop detected.  Returning early.")
        return GO_ON
    context = f"macro-{name}"
    if not run.dialplan.exists(run, context, "s", 1, channel.caller):
        run.warn(f"No such context '{context}' for macro '{name}', or it lacks 's' extension, priority 1")
        return GO_ON
    saved = (
        channel.context,
        channel.exten,
        channel.priority,
        context,
        depth,
        len(channel.frames),
        tuple((kept, run.get(kept)) for kept in _KEPT),
        tuple((f"ARG{at + 1}", run.get(f"ARG{at + 1}")) for at in range(len(arguments))),
    )
    run.set("MACRO_DEPTH", str(depth + 1))
    run.set("MACRO_EXTEN", channel.exten)
    run.set("MACRO_CONTEXT", channel.context)
    run.set("MACRO_PRIORITY", str(channel.priority))
    run.set("MACRO_OFFSET", None)
    for at, argument in enumerate(arguments):
        run.set(f"ARG{at + 1}", argument)
    channel.context, channel.exten, channel.priority = context, "s", 1
    run.push(Level(channel, "macro", then or ((_left, None),), saved=saved))
    return SUSPENDED


def _number(run: Run, name: str) -> int:
    """Return the number that a variable holds, 0 for none. It is decided where it is open."""
    return atoi(run.settle(run.get(name) or "0"))


def _left(run: Run, ended: Level, data: None, outcome: Result) -> Result:
    return outcome


def after(run: Run, level: Level, result: Result) -> None:
    """Go on after an application within a macro."""
    channel = level.channel
    if result == _EXIT:
        _leave(run, level, GO_ON)
    elif result != GO_ON:
        _leave(
            run, level, result
        )  # a key that was pressed goes to whoever called the macro, and so does an end
    elif channel.context.lower() != level.saved[3].lower() and len(channel.frames) <= level.saved[5]:
        _leave(run, level, GO_ON)  # it has jumped out
    elif channel.hungup and not any(other.kind == "h" for other in run.levels):
        _leave(run, level, GO_ON)
    else:
        channel.priority += 1


def nothing_there(run: Run, level: Level) -> None:
    """End the macro where it has no further step."""
    _leave(run, level, GO_ON)


def _leave(run: Run, level: Level, outcome: Result) -> None:
    channel = level.channel
    context, exten, priority, mine, depth, _, kept, arguments = level.saved
    offset = _number(run, "MACRO_OFFSET")
    run.set("MACRO_DEPTH", str(depth))
    for name, text in (*kept, *arguments):
        run.set(name, text)
    if channel.context.lower() == mine.lower():
        channel.context, channel.exten, channel.priority = context, exten, priority
        if offset and run.exists(context, exten, priority + offset + 1):
            channel.priority = priority + offset
    run.end_level(level, outcome)


_EXIT = -200
"""What MacroExit gives: leave the macro, and go on behind it."""


def macro_exit(run: Run, data: str) -> int | str:
    """Leave the macro."""
    return _EXIT if run.levels[-1].kind == "macro" else GO_ON


def macro_if(run: Run, data: str) -> int | str:
    """Run one of two macros: ``condition?yes,arguments:no,arguments``."""
    tested, question, rest = data.partition("?")
    if not question:
        run.warn("Invalid synatax. See 'MacroIf' documentation for proper syntax.")
        return HANG_UP
    first, _, second = rest.partition(":")
    chosen = first if condition(run, tested) else second
    return macro(run, chosen) if chosen else GO_ON


APPLICATIONS = {"Macro": macro, "MacroExclusive": macro, "MacroExit": macro_exit, "MacroIf": macro_if}
