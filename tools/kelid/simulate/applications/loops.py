"""While and what belongs to it, with the variables in which Asterisk remembers the loops. As apps/app_while.c."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from kelid.simulate.jumps import condition, goto
from kelid.simulate.state import GO_ON

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def _open_loops(run: Run) -> int:
    """Return how many loops are open."""
    return next(number for number in count() if not run.get(f"WHILE_{number}"))


def _end_of(run: Run) -> int | None:
    """Return the priority of the EndWhile that belongs to the step, or None (find_matching_endwhile)."""
    channel = run.channel
    depth = 1
    for priority in count(channel.priority + 1):
        entry = run.dialplan.entry(run, channel.context, channel.exten, priority, channel.caller)
        if entry is None:
            return None
        name = entry.raw()[priority].app.lower()
        depth += (name == "while") - (name == "endwhile")
        if depth == 0:
            return priority
    return None


def while_(run: Run, data: str) -> int | str:
    """Go on if the condition is true, else behind the EndWhile."""
    name, number = _name(run, _open_loops(run))
    if not condition(run, data):
        return _leave(run, name, number)
    if run.get(f"WHILE_{number}") is None:
        channel = run.channel
        run.set(f"WHILE_{number}", f"{channel.context},{channel.exten},{channel.priority}")
    return GO_ON


def _name(run: Run, new: int) -> tuple[str, str]:
    """Return the variable of this While, and the number of its loop, which is written down."""
    channel = run.channel
    name = f"{channel.context}_{channel.exten}_{channel.priority}"
    number = run.get(name)
    if number is None:
        number = str(new)
        run.set(name, number)
    return name, number


def _leave(run: Run, name: str, number: str) -> int | str:
    run.set(f"WHILE_{number}", None)
    if name:
        run.set(name, None)
    behind = run.get(f"END_WHILE_{number}")
    if behind is not None:
        goto(run, behind)
        run.set(f"END_WHILE_{number}", None)
        return GO_ON
    end = _end_of(run)
    channel = run.channel
    if end is None:
        run.warn(
            f"Couldn't find matching EndWhile? (While at {channel.context}@{channel.exten} priority {channel.priority})"
        )
    else:
        channel.priority = end
    return GO_ON


def end_while(run: Run, data: str) -> int | str:
    """Go back to the While."""
    number = _open_loops(run) - 1
    start = run.get(f"WHILE_{number}")
    if start is not None:
        channel = run.channel
        if not run.get(f"END_WHILE_{number}"):
            run.set(f"END_WHILE_{number}", f"{channel.context},{channel.exten},{channel.priority + 1}")
        goto(run, start)
    return GO_ON


def exit_while(run: Run, data: str) -> int | str:
    """Go behind the EndWhile of the loop."""
    return _leave(
        run, f"{run.channel.context}_{run.channel.exten}_{run.channel.priority}", str(_open_loops(run) - 1)
    )


def continue_while(run: Run, data: str) -> int | str:
    """Go back to the While of the loop."""
    start = run.get(f"WHILE_{_open_loops(run) - 1}")
    if start is not None:
        goto(run, start)
    return GO_ON


APPLICATIONS = {
    "ContinueWhile": continue_while,
    "EndWhile": end_while,
    "ExitWhile": exit_while,
    "While": while_,
}
