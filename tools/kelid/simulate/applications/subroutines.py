"""Gosub and what belongs to it. As apps/app_stack.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.simulate.arguments import split_arguments
from kelid.simulate.jumps import condition, enter
from kelid.simulate.state import GO_ON, HANG_UP

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def gosub(run: Run, data: str) -> int | str:
    """Go into a subroutine."""
    if not data:
        run.warn("Gosub requires an argument: Gosub([[context,]exten,]priority[(arg1[,...][,argN])])")
        return HANG_UP
    return enter(run, data)


def gosub_if(run: Run, data: str) -> int | str:
    """Go into one of two subroutines: ``condition?yes:no``."""
    parts = split_arguments(data, 2, "?", keep=True)
    if len(parts) != 2:
        run.warn("GosubIf requires an argument: GosubIf(cond?label1(args):label2(args)")
        return GO_ON
    branches = split_arguments(parts[1], 2, ":", keep=True)
    if condition(run, parts[0]):
        return enter(run, branches[0]) if branches and branches[0] else GO_ON
    return enter(run, branches[1]) if len(branches) > 1 and branches[1] else GO_ON


def return_(run: Run, data: str) -> int | str:
    """Go back behind the Gosub, with a value for GOSUB_RETVAL."""
    channel = run.channel
    if not channel.frames:
        run.warn("Return without Gosub: stack is empty")
        return HANG_UP
    frame = channel.frames.pop()
    channel.context, channel.exten, channel.priority = frame.context, frame.exten, frame.priority - 1
    run.set("GOSUB_RETVAL", data)
    return HANG_UP if frame.predial else GO_ON


def stack_pop(run: Run, data: str) -> int | str:
    """Forget where the last Gosub came from."""
    frames = run.channel.frames
    if not frames:
        return GO_ON
    if frames[-1].predial:
        return HANG_UP
    frames.pop()
    return GO_ON


APPLICATIONS = {"Gosub": gosub, "GosubIf": gosub_if, "Return": return_, "StackPop": stack_pop}
