"""What a call does: Asterisk's dial plan, interpreted by Asterisk's own rules, without an Asterisk."""

from __future__ import annotations

from typing import Any

from kelid.model.call import Call, World
from kelid.model.pbx import Pbx
from kelid.model.trace import Event, Trace
from kelid.simulate.run import Run
from kelid.simulate.world import Answers

MOST_STEPS = 20_000
"""Steps after which a call counts as one without an end."""

LOOKS_FOR_LOOPS = 150
"""Steps after which each point of the call is compared with the ones before: shorter calls need not pay for it."""


def simulate(pbx: Pbx, call: Call, world: World) -> Trace:
    """Return what the call does in that world.

    The same again without an end is found and shown once: ``end`` is "loop". What the oracle does not know ends the trace
    with "unknown"; it is never guessed.
    """
    answers = Answers(world)
    run = answers.run = Run(pbx, call, answers)
    step = run.step
    count = 0
    points: dict[Any, tuple[int, int]] = {}
    while step():
        count += 1
        if count < LOOKS_FOR_LOOPS:
            continue
        point = (run.key(), min(answers.waits, len(world.presses)))
        if point in points:
            _show_loop(run, *points[point])
            break
        points[point] = (len(run.steps), len(run.events))
        if count >= MOST_STEPS:
            run.end = "loop"
            run.note("loop", f"no end within {MOST_STEPS} steps")
            del run.steps[LOOKS_FOR_LOOPS:], run.events[LOOKS_FOR_LOOPS:-1]
            break
    return Trace(
        call=call,
        world=world,
        steps=tuple(run.steps),
        events=tuple(run.events),
        asked=tuple(answers.asked),
        end=run.end,
        unknown=run.unknown,
    )


def _show_loop(run: Any, steps: int, events: int) -> None:
    """End the run with the loop that goes from that many steps and events to where it is now."""
    loop = run.steps[steps:]
    names = list(dict.fromkeys(f"{one.context},{one.exten}" for one in loop))
    run.end = "loop"
    run.events.append(
        Event(
            "loop", " -> ".join(names), (("steps", str(len(loop))), ("from", str(steps))), len(run.steps) - 1
        )
    )
