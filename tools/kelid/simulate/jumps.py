"""Where the dial plan goes next: places, conditions, subroutines. As main/pbx.c and apps/app_stack.c."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kelid.simulate.arguments import leading_integer, split_arguments
from kelid.simulate.state import GO_ON, HANG_UP, Frame
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run

_WHOLE = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)\s*$")


@lru_cache(16384)
def _place(text: str) -> tuple[str | None, str | None, str, int | None]:
    """Return context, extension and priority as they are given, and the priority as a number if it is one."""
    parts = text.split(",", 3)
    context = exten = None
    if len(parts) == 1:
        priority = parts[0]
    elif len(parts) == 2:
        exten, priority = parts
    else:
        context, exten, priority = parts[:3]
    return context, exten, priority, int(priority) if priority.isdecimal() and priority.isascii() else None


def goto(run: Run, data: str) -> int | str:
    """Go to ``[[context,]exten,]priority``; the priority may be a label or ``+n``. As pbx_parseable_goto in main/pbx.c."""
    channel = run.channel
    if not data:
        run.warn("Goto requires an argument ([[context,]exten,]priority)")
        return HANG_UP
    context, exten, priority, number = _place(data)
    counted = number
    if number is None:
        priority = run.settle(priority)
        sign = 0
        if priority[:1] in ("+", "-"):
            sign = 1 if priority[0] == "+" else -1
            priority = priority[1:]
        found = _WHOLE.match(priority)
        if found:
            number = int(found[1])
            if sign:
                number = channel.priority + number * sign
            counted = number
        else:
            number = run.dialplan.label(
                run,
                channel.context if context is None else run.settle(context),
                channel.exten if exten is None else exten,
                priority,
            )
            if number is None:
                run.warn(f"Priority '{priority}' must be a number > 0, or valid label")
                return HANG_UP
    if run.dialplan.aligned and counted is not None and counted > 1:
        raise UnknownHere(
            f"a jump to priority {counted}, counted in a dial plan that got steps of no effect,"
        )
    if context:
        channel.context = context if run.symbols is None else run.settle(context)
    if exten and not run.equal(exten, ""):
        channel.exten = exten
    if number is not None and number > -1:
        channel.priority = number - 1
    return GO_ON


def condition(run: Run, text: str) -> bool:
    """Return what pbx_checkcondition makes of the text: nothing and zero are false, other numbers and texts true."""
    if run.symbols is not None and run.symbols.within(text):
        return run.symbols.holds(text)
    if not text:
        return False
    if text == "1":
        return True
    if text == "0":
        return False
    number = leading_integer(text)
    return number is None or number[0] != 0


_MOST_ARGUMENTS = 100


@lru_cache(16384)
def _call(data: str) -> tuple[str, tuple[str, ...]]:
    """Return the place of a subroutine and its arguments."""
    label, parenthesis, rest = data.partition("(")
    if not parenthesis:
        return label, ()
    end = rest.rfind(")")
    return label, tuple(split_arguments(rest[:end] if end >= 0 else rest, _MOST_ARGUMENTS, keep=True))


def enter(run: Run, data: str) -> int:
    """Go into a subroutine, ``[[context,]exten,]priority[(arguments)]``. Return -1 where there is no such place."""
    channel = run.channel
    label, arguments = _call(data)
    before = (channel.context, channel.exten, channel.priority)
    if goto(run, label) != GO_ON:
        run.warn(f"Gosub address is invalid: '{data}'")
        return HANG_UP
    if not run.exists(channel.context, channel.exten, channel.priority + 1):
        run.warn(
            f"Attempt to reach a non-existent destination for Gosub: (Context:{channel.context}, "
            f"Extension:{channel.exten}, Priority:{channel.priority + 1})"
        )
        channel.context, channel.exten, channel.priority = before
        return HANG_UP
    frames = channel.frames
    count = len(arguments)
    shown = max(count, frames[-1].argument_count) if frames else count
    variables: dict[str, str] = {}
    for at in range(shown):
        variables[f"ARG{at + 1}"] = arguments[at] if at < count else ""
    variables["ARGC"] = str(count)
    frames.append(Frame(before[0], before[1], before[2] + 1, variables, shown))
    return GO_ON
