"""What a call does: Asterisk's dial plan, interpreted by Asterisk's own rules, without an Asterisk."""

from __future__ import annotations

from collections.abc import Iterable

from kelid.model.call import Call, World
from kelid.model.pbx import Pbx
from kelid.model.trace import Event, Trace, TraceStep
from kelid.simulate.run import Run
from kelid.simulate.world import Answers

MOST_STEPS = 20_000
"""Steps after which a call counts as one without an end."""

DEEPEST = 300
"""Subroutines within subroutines after which none of them is expected to return."""

LOOKS_FOR_LOOPS = 150
"""Steps after which each point of the call is compared with the ones before: shorter calls need not pay for it."""


def simulate(pbx: Pbx, call: Call, world: World, *, slow: float = 0.0) -> Trace:
    """Return what the call does in that world. Keys are pressed at once, or after ``slow`` seconds each.

    The same again without an end is found and shown once: ``end`` is "loop". What the oracle does not know ends the trace
    with "unknown"; it is never guessed.
    """
    answers = Answers(world, slow)
    run = answers.run = Run(pbx, call, answers)
    step = run.step
    count = 0
    points: dict[int, int] = {}
    rounds: dict[int, int] = {}
    """Where the run was the same but for what the clock shows: it may go on otherwise, some day."""
    while step():
        count += 1
        if count < LOOKS_FOR_LOOPS:
            continue
        if len(run.channel.frames) > DEEPEST:
            names = dict.fromkeys(f"{frame.context},{frame.exten}" for frame in run.channel.frames[-20:])
            _cut(run, "subroutines that never return: " + " -> ".join(names))
            break
        # the digest of a point is enough: 20,000 of them are far from two that are equal by chance
        place = hash((run.key(), min(answers.waits, len(world.presses))))
        point = hash((place, run.looked))
        if point in points:
            _show_loop(run, points[point])
            break
        points[point] = len(run.steps)
        if count >= MOST_STEPS:
            _cut(
                run,
                _places(run.steps[rounds[place] :])
                if place in rounds
                else f"no end within {MOST_STEPS} steps",
            )
            break
        rounds[place] = len(run.steps)
    return Trace(
        call=call,
        world=world,
        steps=tuple(run.steps),
        events=tuple(run.events),
        asked=tuple(answers.asked),
        end=run.end,
        unknown=run.unknown,
    )


def _cut(run: Run, why: str) -> None:
    """End the run as a loop of which only the beginning is shown."""
    run.end = "loop"
    del run.steps[LOOKS_FOR_LOOPS:]
    run.events[:] = [event for event in run.events if event.step < LOOKS_FOR_LOOPS]
    run.events.append(Event("loop", why, (), LOOKS_FOR_LOOPS - 1))


def _show_loop(run: Run, begin: int) -> None:
    """End the run with the loop that goes from that many steps to where it is now."""
    loop = run.steps[begin:]
    details = (("steps", str(len(loop))), ("from", str(begin)))
    run.end = "loop"
    run.events.append(Event("loop", _places(loop), details, len(run.steps) - 1))


def _places(steps: Iterable[TraceStep]) -> str:
    return " -> ".join(dict.fromkeys(f"{one.context},{one.exten}" for one in steps))
