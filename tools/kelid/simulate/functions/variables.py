"""Variables elsewhere: global ones, those of subroutines and of other channels (func_global.c, app_stack.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.simulate.arguments import atoi, split_arguments
from kelid.simulate.registry import reads, writes
from kelid.simulate.substitute import (
    get_variable,
    global_variable,
    set_local,
    set_variable,
    stored_variable,
    template,
    unset_variable,
)

if TYPE_CHECKING:
    from kelid.simulate.run import Run


@reads("GLOBAL")
def global_value(run: Run, arguments: str) -> str:
    """Return a global variable, whatever the channel has under that name."""
    return global_variable(run, arguments)


@writes("GLOBAL")
def set_global(run: Run, arguments: str, value: str) -> None:
    """Set a global variable."""
    if arguments.endswith(")"):
        set_variable(run, arguments, value)
    else:
        run.globals[arguments[2:] if arguments.startswith("__") else arguments.removeprefix("_")] = value


@writes("GLOBAL_DELETE")
def delete_global(run: Run, arguments: str, value: str) -> None:
    """Take a global variable away."""
    run.globals.pop(arguments, None)


@reads("GLOBAL_EXISTS")
def global_exists(run: Run, arguments: str) -> str:
    """Return 1 if there is such a global variable."""
    return "1" if arguments in run.globals else "0"


@writes("DELETE")
def delete(run: Run, arguments: str, value: str) -> None:
    """Take a variable of the channel away."""
    unset_variable(run, arguments)


@reads("VARIABLE_EXISTS")
def variable_exists(run: Run, arguments: str) -> str:
    """Return 1 if there is such a variable, of the channel or a global one."""
    return "1" if stored_variable(run, arguments) is not None else "0"


@reads("LOCAL")
def local(run: Run, arguments: str) -> str:
    """Return a variable that the subroutine has of its own; "" for any other."""
    frames = run.channel.frames
    return frames[-1].variables.get(arguments, "") if frames else ""


@writes("LOCAL")
def write_local(run: Run, arguments: str, value: str) -> None:
    """Set a variable of the subroutine."""
    if run.channel.frames:
        set_local(run, arguments, value)
    else:
        run.warn(f"Tried to set LOCAL({arguments}), but we aren't within a Gosub routine")


@reads("LOCAL_PEEK")
def local_peek(run: Run, arguments: str) -> str | None:
    """Return a variable as the subroutine some levels above has it."""
    given = split_arguments(arguments, 2)
    if len(given) < 2:
        run.warn("LOCAL_PEEK requires parameters n and varname")
        return None
    frames = run.channel.frames
    up = atoi(given[0])
    if not 0 <= up <= len(frames):
        return ""
    # what the topmost levels have of their own is passed over
    for frame in reversed(frames[: len(frames) - up]):
        if given[1] in frame.variables:
            return frame.variables[given[1]]
    value = run.channel.variables.get(given[1])
    return value if value is not None else run.globals.get(given[1], "")


@reads("STACK_PEEK")
def stack_peek(run: Run, arguments: str) -> str | None:
    """Return where a subroutine was called: ``l`` all of it, ``c``, ``e`` or ``p``."""
    given = split_arguments(arguments, 3)
    frames = run.channel.frames
    if not frames:
        run.warn("STACK_PEEK must be called within a Gosub routine")
        return None
    if len(given) < 2:
        run.warn("STACK_PEEK requires parameters n and which")
        return None
    up = atoi(given[0])
    if up <= 0:
        run.warn(f"STACK_PEEK must be called with a positive peek value, not {up}")
        return None
    if up > len(frames):
        if len(given) < 3 or given[2].lower() not in ("1", "true", "yes", "y", "t", "on"):
            run.warn("Stack peek of '{up}' is more stack frames than I have")
        return None
    frame = frames[-up]
    called = str(frame.priority - 1)
    which = given[1][:1]
    if which == "l":
        return f"{frame.context},{frame.exten},{called}"
    if which in ("c", "e", "p"):
        return {"c": frame.context, "e": frame.exten, "p": called}[which]
    run.warn(f"Unknown argument '{which}' to STACK_PEEK")
    return None


@reads("SHARED")
def shared(run: Run, arguments: str) -> str | None:
    """Return a variable that other channels may see."""
    given = split_arguments(arguments, 2)
    if not given or not given[0]:
        run.warn("SHARED() requires an argument: SHARED(<var>[,<chan>])")
        return None
    return run.shared.get(_shared_name(run, given), "")


@writes("SHARED")
def set_shared(run: Run, arguments: str, value: str) -> None:
    """Set a variable that other channels may see."""
    given = split_arguments(arguments, 2)
    if not given or not given[0]:
        run.warn("SHARED() requires an argument: SHARED(<var>[,<chan>])")
        return
    run.shared[_shared_name(run, given)] = value


def _shared_name(run: Run, given: list[str]) -> str:
    channel = given[1] if len(given) > 1 and given[1] else run.channel.name
    return f"{channel}/{given[0]}"


@reads("MASTER_CHANNEL")
def master(run: Run, arguments: str) -> str:
    """Return a variable of the channel with which the call began."""
    mine = run.channel
    run.channel = run.levels[0].channel if run.levels else mine
    try:
        return template(f"${{{arguments}}}")(run)
    finally:
        run.channel = mine


@writes("MASTER_CHANNEL")
def set_master(run: Run, arguments: str, value: str) -> None:
    """Set a variable of the channel with which the call began."""
    mine = run.channel
    run.channel = run.levels[0].channel if run.levels else mine
    try:
        set_variable(run, arguments, value)
    finally:
        run.channel = mine


@writes("EXPORT")
def export(run: Run, arguments: str, value: str) -> None:
    """Set a variable of another channel of this call; nothing where no channel is called so."""
    given = split_arguments(arguments, 2)
    if len(given) < 2 or not given[1]:
        run.warn("EXPORT requires a channel and a variable")
        return
    mine = run.channel
    for level in run.levels:
        if level.channel.name == given[0]:
            run.channel = level.channel
            try:
                set_variable(run, given[1], value)
            finally:
                run.channel = mine
            return


__all__ = ["get_variable"]
