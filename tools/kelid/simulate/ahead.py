"""What of a run can still be read: by its own steps, by those that wait for it, and by channels that come of it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any, NamedTuple

from kelid.simulate.applications.dial import answered_dial
from kelid.simulate.case import Case
from kelid.simulate.languages import Node
from kelid.simulate.live import Before, Live
from kelid.simulate.live import Key as Place
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.reach import Reach
from kelid.simulate.remembered import Remembered
from kelid.simulate.run import Run
from kelid.simulate.symbols import ATOM, FIRST, Shared

_WORDS = re.compile(r"[,^()@|]")


class Alive(NamedTuple):
    """Names that can still be read of a channel.

    ``frames`` has those of each Gosub's own variables, the innermost last: its arguments, and the others, which subroutines
    of it see too.
    """

    names: frozenset[str]
    frames: tuple[tuple[frozenset[str], frozenset[str]], ...]


class Ahead(NamedTuple):
    """What of a run can still be read.

    ``far`` and ``near`` are masks of Live, with the families of astdb that arguments name put in; ``alive`` by the identity
    of the channel, as ``nears``: what of ``near`` is its own.
    """

    far: int
    near: int
    names: frozenset[str]
    alive: dict[int, Alive]
    nears: dict[int, int]


class Reading:
    """Says what can still be read of runs of one dial plan, or of two."""

    def __init__(
        self,
        shared: Shared,
        plans: Sequence[SymbolicDialplan],
        lives: Sequence[Live],
        reaches: Sequence[Reach],
    ) -> None:
        """Given what is known of the dial plans, prepare."""
        self._shared = shared
        self._plans = plans
        self._lives = lives
        self._reaches = reaches
        self._named: list[dict[str, int]] = [{} for _ in lives]
        self._before: dict[Hashable, Before] = {}
        self._later = Remembered()

    def ahead(self, case: Case, run: Run, index: int) -> Ahead:
        """Return what of a run can still be read."""
        live = self._lives[index]
        back = ~live.bit("GOSUB_RETVAL")  # coming back sets it: what it holds now is not what is read there
        far = near = 0
        masks: dict[int, list[int]] = {}
        nears: dict[int, int] = {}
        for at, level in enumerate(run.levels):
            channel = level.channel
            others, near = near, 0
            row = masks.get(id(channel))
            first = row is None
            if row is None:
                row = masks[id(channel)] = []
                resumed = 0
                for index_of, frame in enumerate(channel.frames):
                    if frame.predial and level.kind == "gosub":
                        row.append(0)  # it was called: it has no way of its own to come back to
                        continue
                    there = self.before(case, run, index, (frame.context, frame.exten, frame.priority))
                    if frame.predial:
                        # What an application goes on with when its subroutine is over.
                        resumed |= self.before(
                            case, run, index, (frame.context, frame.exten, frame.priority + 1)
                        ).far
                    given = channel.frames[index_of - 1].variables if index_of else {}
                    row.append(self._resolved(live, there.far & back, given))
                    near |= self._resolved(live, there.near, given)
                here = self._here(case, run, index, at)
                given = channel.frames[-1].variables if channel.frames else {}
                row.append(self._resolved(live, here.far | resumed, given))
                near |= self._resolved(live, here.near, given)
                far |= self._of_later(
                    channel.hooks.get("CHANNEL/hangup_handlers", "").replace("\n", ","), index
                )
            if level.saved and not (first and level.kind == "gosub"):
                context, exten, priority, *_ = level.saved
                there = self.before(case, run, index, (context, exten, priority))
                far |= there.far
                near |= there.near
            far |= self._later.of(level.then, index, partial(self._of_later, level.then, index))
            nears[id(channel)] = nears.get(id(channel), 0) | near
            near |= others
        for row in masks.values():
            for mask in row:
                far |= mask
        alive: dict[int, Alive] = {}
        for number, row in masks.items():
            # Channels that it makes inherit from it, and it from them.
            every = far if len(run.levels) > 1 else 0
            for mask in row:
                every |= mask
            frames: list[tuple[frozenset[str], frozenset[str]]] = []
            inner = 0
            for mask in reversed(row[1:]):
                inner |= mask
                frames.append((live.names(mask), live.names(inner)))
            alive[number] = Alive(live.names(every), tuple(reversed(frames)))
        far = live.whole(far)
        return Ahead(far, near, live.names(far), alive, nears)

    def _here(self, case: Case, run: Run, index: int, at: int) -> Before:
        """Return what is live at the step where the channel of a level is: what that step reads, too, if it isn't over."""
        level, above = run.levels[at], run.levels[at + 1 :]
        place = (level.channel.context, level.channel.exten, max(level.channel.priority, 1))
        here = self.before(case, run, index, place)
        if level.channel is run.levels[-1].channel and run.levels[-1].again is None:
            return here
        following = self.before(case, run, index, (*place[:2], place[2] + 1))
        if above and level.again is None and answered_dial(above[0]) is not None:
            return following
        return self._lives[index].joined((here, following))

    def before(self, case: Case, run: Run, index: int, place: Place) -> Before:
        """Return what is live before a step; of an extension that isn't decided, before those that it may be.

        Where one run stands for both sides, that is what is live on either.
        """
        if not case.joined:
            return self._before_of(case, run, index, place)
        both = [self._before_of(case, run, side, place) for side in (0, 1)]
        return both[0] if both[0] == both[1] else self._lives[0].joined(both)

    def _before_of(self, case: Case, run: Run, index: int, place: Place) -> Before:
        live = self._lives[index]
        context, exten, priority = place
        if exten.isascii():
            return live.look(context, exten, priority)
        node = self.texts_of(case, exten)
        wanted = priority if context in live.continued else 1
        found = self._plans[index].found_for(run, context, node, wanted) if node is not None else None
        if found is None:
            return live.look(context, "", priority)
        key = (index, context, found, priority)
        made = self._before.get(key)
        if made is None:
            # Who finds no further step has come to the end of an extension, and not to none.
            nowhere = "" if priority == 1 else exten
            made = self._before[key] = live.joined(
                live.at(context, one, name or nowhere, priority) for one, name in found
            )
        return made

    def texts_of(self, case: Case, text: str) -> Node | None:
        """Return the set of what a text may be, None where that isn't simple: one whole variable, and constants."""
        automaton = self._shared.automaton
        if len(text) == 1 and ATOM.match(text):
            variable, view = case.store.resolve(*self._shared.atoms[ord(text) - FIRST])
            if not view:
                return case.store.domains[variable]
        made: Node | None = None
        pieces = case.store.pieces(text)
        if sum(piece.variable >= 0 for piece in pieces) > 1 or any(piece.view for piece in pieces):
            return None
        for piece in reversed(pieces):
            part = case.store.domains[piece.variable] if piece.variable >= 0 else automaton.texts(piece.text)
            made = part if made is None else automaton.concatenated(part, made)
        return made

    def image_of(self, case: Case, text: str) -> Node | None:
        """Return the set of what a text may be, or a set that has it: also of a part of a variable (``Shared.image``)."""
        node = self.texts_of(case, text)
        if node is None:
            pieces = case.store.pieces(text)
            if len(pieces) == 1 and pieces[0].variable >= 0:
                node = self._shared.image(case.store.domains[pieces[0].variable], pieces[0].view)
        return node

    @staticmethod
    def _resolved(live: Live, mask: int, given: dict[str, str]) -> int:
        """Put in the families of astdb that the arguments of the subroutine name."""
        if not mask & live.arguments:
            return mask
        for name, bit in live.argument_bits:
            if mask & bit:
                text = given.get(name, "")
                mask = mask & ~bit | live.family_bit(text.partition("/")[0] if text.isascii() else "")
        return mask

    def _of_later(self, then: Any, index: int) -> int:
        """Return what is live in the contexts that the texts of what is to be done later name."""
        if isinstance(then, str):
            found = self._named[index].get(then)
            if found is None:
                found = 0
                for word in _WORDS.split(then):
                    for live, reach in zip(self._lives, self._reaches, strict=True):
                        if word in reach.contexts:
                            found |= live.anywhere(word)
                self._named[index][then] = found
            return found
        mask = 0
        if isinstance(then, tuple | list):
            for part in then:
                mask |= self._of_later(part, index)
        return mask
