"""Where a call is, as far as a step will still ask.

Once a call talks outside, it makes no difference how the number was written, with a prefix or without one: any that comes
to the same extension takes its place. Of extensions that are one number each and go on with the same steps, the first stands
for all. So it is with the context: whoever comes to an extension that several contexts include goes on as all others do,
where none of its steps asks which one it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kelid.simulate.ahead import Reading
from kelid.simulate.applications.dial import answered_dial, option_letters
from kelid.simulate.case import Case
from kelid.simulate.languages import Node
from kelid.simulate.live import RESULT, Live
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.run import Run
from kelid.simulate.state import Channel, Frame, Level
from kelid.simulate.symbols import ATOM, FIRST, Shared

LEFT = "some extension"
"""The kind of what stands for a number that nobody asks for."""


class Whereabouts:
    """Lets go of numbers, and of contexts, that nobody asks for any more."""

    def __init__(
        self, shared: Shared, plans: Sequence[SymbolicDialplan], lives: Sequence[Live], reading: Reading
    ) -> None:
        """Given what is known of the dial plans, prepare."""
        self._shared = shared
        self._plans = plans
        self._lives = lives
        self._reading = reading
        self._twinned = frozenset.intersection(*(live.twinned for live in lives))
        self._twins: dict[tuple[str, Node, tuple[int, ...]], str | None] = {}

    def hush(self, case: Case) -> None:
        """Let the numbers of all channels, and of those that they come back to, be any where nobody asks for them."""
        for index, run in enumerate(case.runs):
            for at, level in enumerate(run.levels):
                channel, others = level.channel, run.levels[at + 1 :]
                if any(one.channel is channel for one in others):
                    continue  # it is further on, in what it waits for
                called = next(one for one in run.levels if one.channel is channel).kind == "gosub"
                for frame in channel.frames:
                    self._let_go(case, run, index, frame, _back(frame, called=called))
                if others or not channel.frames or not channel.frames[-1].predial:
                    self._let_go(case, run, index, channel, self._following(case, run, index, at))
                if called and level.kind == "gosub":
                    context, exten, *rest = level.saved
                    level.saved = (context, self._left(case, run, index, context, exten), *rest)

    def _following(self, case: Case, run: Run, index: int, at: int) -> tuple[int, ...]:
        """Return the steps with which the channel of a level may go on: those in which it asks for its number first."""
        level, others = run.levels[at], run.levels[at + 1 :]
        priority = max(level.channel.priority, 1)
        if not others and level.again is None:
            return (priority,)
        dialling = answered_dial(others[0]) if others and level.again is None else None
        if dialling is None:
            return (priority, priority + 1)
        result = self._lives[index].bit(RESULT)
        goes_on = "g" in option_letters(dialling) or any(
            self._reading.before(case, run, index, (spot.context, spot.exten, number)).far & result
            for spot in _places(others)
            for number in (max(spot.priority, 1), max(spot.priority, 1) + 1)
        )
        return (priority + 1,) if goes_on else ()

    def _let_go(
        self, case: Case, run: Run, index: int, spot: Channel | Frame, priorities: tuple[int, ...]
    ) -> None:
        """Let the number of a place be any, unless it is asked for at one of these steps or after it."""
        places = [(spot.context, spot.exten, number) for number in priorities]
        rows = [self._reading.before(case, run, index, place) for place in places]
        if not any(row.number for row in rows):
            spot.exten = self._left(case, run, index, spot.context, spot.exten)
        else:
            spot.exten = self._twin(case, run, spot, priorities)
        if not any(row.home for row in rows):
            spot.context = self._home(case, run, spot)

    def _twin(self, case: Case, run: Run, spot: Channel | Frame, priorities: tuple[int, ...]) -> str:
        """Return the first of the extensions that go on with the same steps as this one, all of one number each."""
        context, exten = spot.context, spot.exten
        if context not in self._twinned or case.store.carries(exten):
            return exten
        node = self._reading.image_of(case, exten)
        if node is None:
            return exten
        key = (context, node, priorities)
        if key not in self._twins:
            sides = range(len(self._lives))
            twins = {one for side in sides for one in self._twins_of(run, side, context, node, priorities)}
            self._twins[key] = twins.pop() if len(twins) == 1 else None
        return self._twins[key] or exten

    def _twins_of(
        self, run: Run, side: int, context: str, node: Node, priorities: tuple[int, ...]
    ) -> Iterator[str | None]:
        """Yield the twins of each extension that texts of a set come to; None for what isn't one of the context itself."""
        found = self._plans[side].found_for(run, context, node)
        for where, name in found or (("", ""),):
            for number in priorities:
                yield self._lives[side].twin(context, name, number) if name and where == context else None

    def _home(self, case: Case, run: Run, spot: Channel | Frame) -> str:
        """Return the context that an extension is in, where it makes no difference from which one a call has come there."""
        node = self._reading.texts_of(case, spot.exten)
        if node is None:
            return spot.context
        homes = {plan.home_of(run, spot.context, node) for plan in self._plans}
        return (homes.pop() if len(homes) == 1 else None) or spot.context

    def _left(self, case: Case, run: Run, index: int, context: str, exten: str) -> str:
        """Return what stands for any number that comes to the same extension; the number itself where that can't be told."""
        node = None if case.store.carries(exten) else self._reading.texts_of(case, exten)
        if node is None or any(context in live.continued for live in self._lives):
            return exten  # where extensions go on in others, each step is looked for by the number
        sides = range(len(self._plans)) if case.joined else (index,)
        every = {self._plans[side].meant(run, context, node) for side in sides}
        wider = every.pop()
        if every or wider is None or (wider == node and self._is_left(case, exten)):
            return exten
        return case.store.new(LEFT, "", wider)

    def _is_left(self, case: Case, exten: str) -> bool:
        """Return True for a variable that was made here: it stands nowhere else."""
        if len(exten) != 1 or not ATOM.match(exten):
            return False
        variable, view = case.store.resolve(*self._shared.atoms[ord(exten) - FIRST])
        return not view and case.store.variables[variable].kind == LEFT


def _back(frame: Frame, *, called: bool) -> tuple[int, ...]:
    """Return the steps with which a channel goes on when it comes back from a subroutine.

    Whoever was ``called`` has nothing left to do then; a caller goes on with the step that called.
    """
    if not frame.predial:
        return (frame.priority,)
    return () if called else (frame.priority, frame.priority + 1)


def _places(levels: Sequence[Level]) -> Iterator[Channel | Frame]:
    for level in levels:
        yield level.channel
        yield from level.channel.frames
