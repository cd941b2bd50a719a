"""What tells the points of all calls apart: all that can still be read there, and nothing else.

What nobody reads any more is forgotten, also in the state itself: the cause of an answered call, the caller's number where
it is only handed on, what astdb was found to hold for an extension that the call has left. So a call that comes to
a place by one way goes on as one that came by another. Where this forgets what could matter after all (a call that is
forwarded back to the extension it left), more calls are looked at than there are, never fewer.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

from kelid.simulate.ahead import Ahead, Reading
from kelid.simulate.applications.dial import Dialling
from kelid.simulate.carried import ATTRIBUTES
from kelid.simulate.case import Case, is_arrival
from kelid.simulate.forgetting import Forgetting, settle_answered
from kelid.simulate.joining import Joining
from kelid.simulate.languages import NOTHING, Node
from kelid.simulate.limits import AT, LAST
from kelid.simulate.live import TIME, Before, Live
from kelid.simulate.live import Key as Place
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.reach import Reach
from kelid.simulate.remembered import Remembered
from kelid.simulate.run import Run
from kelid.simulate.state import CAUSE_DECIDED, Channel, Moment
from kelid.simulate.symbolic import Explored
from kelid.simulate.symbols import ATOM, CARRIED, FIRST, Shared, Store
from kelid.simulate.whereabouts import Whereabouts
from kelid.simulate.widening import Widening

_FIELDS = tuple(one.name for one in fields(Channel))
MET = (
    "caller", "caller_name", "language", "musicclass", "connected", "connected_name", "ani", "dnid", "rdnis", "account",
)  # fmt: skip
"""Texts of a channel itself that may be made to be any of several (``meeting.py``)."""

_ATOMS = re.compile(f"({ATOM.pattern})")
_SUFFIX = re.compile(r"-[0-9a-f]{8}\b")


class Points:
    """Makes the key of a case: equal keys go equal ways."""

    def __init__(
        self,
        shared: Shared,
        plans: Sequence[SymbolicDialplan],
        lives: Sequence[Live],
        reaches: Sequence[Reach],
    ) -> None:
        """Given what is known of the dial plans, prepare."""
        self._shared = shared
        self._lives = lives
        self._reading = Reading(shared, plans, lives, reaches)
        self._forgetting = Forgetting(lives, reaches)
        self._widening = Widening(shared, lives, reaches, self._reading)
        self._joining = Joining(shared, lives, reaches)
        self._whereabouts = Whereabouts(shared, plans, lives, self._reading)
        self._later = Remembered()
        self.tells_limits = any(reach.tells_limits for reach in reaches)
        """Whether a dial plan asks how much time is left: then nobody may have any."""

    def key(self, case: Case) -> Hashable:
        """Return what tells this point from others: all that can still be read, with atoms numbered as they come."""
        ahead = self.normal(case)
        parts: list[str] = ["joined" if case.joined else f"door {case.door[0]}" if case.door else ""]
        if case.found:
            parts.append("found")
        parts += map(str, case.noticed or ())
        if case.aside is not None:
            parts.append("aside")
        hows: list[Hashable] = []
        for run, one in zip(case.runs, ahead, strict=True):
            self.describe(run, one, parts, hows, limits=False)
        if len(case.runs) > 1:
            for side in (*case.heads, (case.door[1],) if case.door else ()):
                for event in side:
                    parts += [
                        event.kind,
                        event.subject,
                        *(part for detail in event.details for part in detail),
                    ]
                    parts.append("\x1c")
                parts.append("\x1d")
            for (kind, subject), row in sorted(case.answers.items()):
                parts += [kind, subject, *row, str(case.behind[kind, subject])]
            parts.append(str(case.store.decided.get(CAUSE_DECIDED, "")))
        store = case.store
        self._forgetting.forget(case, ahead)
        for index, run in enumerate(case.runs):
            for name, value in sorted(run.database.items()):
                parts += [str(index), name, "\x1d" if value is None else value]
        for (kind, subject), answer in sorted(store.facts.items()):
            parts += [kind, subject, answer]
        symbols = case.runs[0].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        if any(one.far & live.bit(TIME) for one, live in zip(ahead, self._lives, strict=False)):
            parts.append(symbols.moment)
        if len(case.runs) > 1:
            parts += self._made_by_one(store, parts)
        return (*self._numbered(case, symbols, "\x1f".join(parts)), tuple(hows))

    def normal(self, case: Case) -> list[Ahead]:
        """Take away from a case what makes no difference any more, and return what is ahead of its runs."""
        settle_answered(case)
        ahead = [self.ahead(case, run, index) for index, run in enumerate(case.runs)]
        for run, one, live in zip(case.runs, ahead, self._lives, strict=False):
            if not one.far & live.bit(TIME):
                run.looked, run.decided, run.later = (
                    None,
                    NOTHING,
                    False,
                )  # nobody looks at the clock any more
        self._forgetting.drop(case, ahead)
        self._widening.collect(case, ahead)
        about_caller = self._forgetting.hush(case, ahead)
        arrived = not case.found and not case.is_waiting() and all(map(is_arrival, case.runs))
        if case.joined:
            self._joining.anywhere(case, ahead)
            if arrived:
                self._joining.arrive(case, ahead)
        self._widening.hush(case, about_caller=about_caller)
        self._widening.count(case, ahead)
        self._whereabouts.hush(case)
        if arrived:
            self._widening.arrive(case, ahead)
        return ahead

    def ahead(self, case: Case, run: Run, index: int) -> Ahead:
        """Return what of a run can still be read."""
        return self._reading.ahead(case, run, index)

    def before(self, case: Case, run: Run, index: int, place: Place) -> Before:
        """Return what is live before a step (``Reading.before``)."""
        return self._reading.before(case, run, index, place)

    def image_of(self, case: Case, text: str) -> Node | None:
        """Return the set of what a text may be, or one that has it (``Reading.image_of``)."""
        return self._reading.image_of(case, text)

    def texts_of(self, case: Case, text: str) -> Node | None:
        """Return the set of what a text may be (``Reading.texts_of``)."""
        return self._reading.texts_of(case, text)

    @staticmethod
    def _made_by_one(store: Store, parts: Sequence[str]) -> list[str]:
        """Return what one run has made of unknown texts that are still there: the other makes the same of them."""

        def variables(text: str) -> set[int]:
            return {store.resolve(*store.shared.atoms[ord(one) - FIRST])[0] for one in ATOM.findall(text)}

        there = variables("".join(part for part in parts if not part.isascii()))
        made: list[str] = []
        for fact, answer in store.decided.items():
            if (
                fact[0] == "number"
                and isinstance(answer, str)
                and variables("".join(map(str, fact[2:]))) <= there
            ):
                made += [str(fact[1]), *map(str, fact[2:]), answer]
                there |= variables(answer)
        return made

    def _numbered(self, case: Case, symbols: Explored, text: str) -> tuple[Hashable, ...]:
        """Return the text with its variables numbered as they come, and what is known of them; the others are dropped."""
        store = case.store
        atoms = self._shared.atoms
        numbers: dict[int, int] = {}
        settled: set[int] = set()
        names: dict[str, str] = {}
        if store.bases:
            self._widening.tables(case, text)
        self._widening.shown(case, text)

        def named(atom: str) -> str:
            made = names.get(atom)
            if made is None:
                variable, view = store.resolve(*atoms[ord(atom) - FIRST])
                known = store.known(variable)
                if known is not None:
                    settled.add(variable)
                    made = self._shared.apply(view, known)
                else:
                    place = numbers.setdefault(variable, len(numbers))
                    made = f"\x1e{place}{view!r}\x1e" if view else f"\x1e{place}\x1e"
                names[atom] = made
            return made

        def all_named(text: str) -> str:
            parts = _ATOMS.split(text)
            parts[1::2] = map(named, parts[1::2])
            return "".join(parts)

        text = all_named(text)
        decided: list[Hashable] = []
        for fact, answer in store.decided.items():
            if isinstance(fact, tuple) and fact[0] != "number":
                about = {
                    store.resolve(*atoms[ord(one) - FIRST])[0] for one in ATOM.findall("".join(fact[1:]))
                }
                if about and about <= numbers.keys():
                    decided.append((fact[0], tuple(all_named(str(part)) for part in fact[1:]), answer))
        moment = store.resolve(*atoms[ord(symbols.moment) - FIRST])[0]
        store.drop({*numbers.keys(), *settled, moment})
        unequal = tuple(
            sorted(
                tuple(sorted((numbers[a], numbers[b])))
                for a, b in store.unequal
                if a in numbers and b in numbers
            )
        )
        domains = tuple(
            (store.domains[variable], store.variables[variable].subject)
            if store.variables[variable].kind == CARRIED
            else store.domains[variable]
            for variable in numbers
        )
        return text, domains, unequal, tuple(sorted(decided, key=repr))

    def describe(
        self,
        run: Run,
        ahead: Ahead,
        parts: list[str],
        hows: list[Hashable],
        *,
        whole: bool = True,
        limits: bool = True,
    ) -> None:
        """Add what of the run can still be read; if not ``whole``, without what may be any of several (``meeting.py``), and
        of limits only that there are some if not ``limits``.
        """
        names = ahead.names
        parts += [run.end, _clock(run)]
        seen: dict[int, int] = {}
        for level in run.levels:
            channel = level.channel
            at = run.elapsed
            hows.append(
                (
                    level.kind,
                    *(
                        self._later.of(then, ("how", at), partial(_how, then, at))
                        for then in (level.then, level.on_answer, level.verdict)
                    ),
                )
            )
            parts.append(level.again or "")
            absolute = channel.timeouts.get(AT)
            parts.append("" if level.deadline is None else f"{level.deadline - run.elapsed:g}")
            if absolute is None:
                parts.append("")
            elif limits:
                last = channel.timeouts.get(LAST, absolute)
                parts.append(f"{absolute - run.elapsed:g} to {last - run.elapsed:g}")
            else:
                parts.append("limited")
            parts += _all_of(level.saved)
            for then in (level.then, level.verdict):
                parts += self._later.of(then, ("texts", whole), partial(_texts_of, then, whole=whole))
            if id(channel) in seen:
                parts.append(f"as {seen[id(channel)]}")
                continue
            seen[id(channel)] = len(seen)
            _describe_channel(channel, names, parts)
            if whole:
                _describe_texts(channel, parts)
        parts.append("\x1d")
        for name, text in sorted(run.globals.items()):
            if name in names:
                parts += [name, text]
        for name, text in sorted(run.shared.items()):
            parts += [name, text]


def _clock(run: Run) -> str:
    """Return what of the time that has passed makes a difference to those who look at the clock."""
    if run.later:
        return "later"
    if run.looked is None:
        return ""
    return "waited" if run.has_waited() else f"looked {run.decided}"


def texts_elsewhere(run: Run) -> list[str]:
    """Return the texts of a run that nothing may be carried in (``carried.py``), whoever may still read them."""
    parts: list[str] = []
    for level in run.levels:
        parts.append(level.again or "")
        _texts(level.saved, parts)
        _texts(level.then, parts)
        _texts(level.on_answer, parts)
        _texts(level.verdict, parts)
    for channel in {id(level.channel): level.channel for level in run.levels}.values():
        *plain, _, _, frames, groups, _, hooks = channel.key()
        for at, part in enumerate(plain):
            if isinstance(part, str) and _FIELDS[at] not in ATTRIBUTES:
                parts.append(part)
        parts += [str(part) for frame in frames for part in frame[:2]]
        parts += [part for row in (*groups, *hooks) for part in row]
    for table in (run.globals, run.shared, run.database, run.known):
        parts += [str(part) for row in table.items() for part in row]
    return parts


def _describe_channel(channel: Channel, names: frozenset[str], parts: list[str]) -> None:
    """Add what stays as it is where calls meet."""
    known = "channel" in names or "CHANNEL" in names
    parts += [
        _SUFFIX.sub("", channel.name) if known else channel.technology,
        channel.endpoint if known else "",
        channel.context,
        str(channel.priority),
        channel.caller_pres,
        "1" if channel.hungup else "0",
    ]
    for frame in channel.frames:
        parts += [frame.context, str(frame.priority), str(frame.predial), *sorted(frame.variables), "\x1d"]
    for name, text in sorted(channel.groups.items()):
        parts += [name, text]
    for name, seconds in sorted(channel.timeouts.items()):
        if name not in (AT, LAST):
            parts += [name, f"{seconds:g}"]
    for name, text in sorted(channel.hooks.items()):
        parts += [name, text]


def _describe_texts(channel: Channel, parts: list[str]) -> None:
    """Add what may be any of several where calls meet."""
    parts += [
        channel.exten,
        str(channel.answered) if isinstance(channel.answered, bool) else "either way",
        str(channel.hangup_cause),
    ]
    parts += [getattr(channel, name) for name in MET]
    for name, text in sorted(channel.variables.items()):
        parts += [name, text, str(channel.inherited.get(name, 0))]
    parts.append("\x1d")
    for frame in channel.frames:
        parts.append(frame.exten)
        parts += [text for _, text in sorted(frame.variables.items())]


def _without(then: Any) -> Any:
    """Return what is to be done later without the texts of channels that a Dial holds."""
    if isinstance(then, Dialling):
        peers = tuple((name, _held_without(key)) for name, key in then.peers)
        return then._replace(local=_held_without(then.local), peers=peers)
    if type(then) is tuple:
        return tuple(map(_without, then))
    return then


def _held_without(key: tuple[Any, ...]) -> tuple[Any, ...]:
    if not key:
        return key
    channel = Channel.of(key)
    for name in MET:
        setattr(channel, name, "")
    channel.variables = dict.fromkeys(channel.variables, "")
    return channel.key()


def _how(then: Any, now: float) -> Hashable:
    """Return the functions of what is to be done later, without their texts. ``now``: the seconds of the run."""
    if callable(then):
        return getattr(then, "__qualname__", repr(then))
    if isinstance(then, tuple | list):
        return tuple(_how(part, now) for part in then)
    if isinstance(then, Moment):
        return then - now
    if isinstance(then, int | float | bool):
        return then
    return None


def _texts_of(then: Any, *, whole: bool) -> list[str]:
    """Return the texts of what is to be done later."""
    parts: list[str] = []
    _texts(then if whole else _without(then), parts)
    return parts


def _all_of(saved: Any) -> list[str]:
    """Return all that a level holds of where its channel was before, and of what it puts back."""
    if isinstance(saved, tuple):
        return [text for part in saved for text in _all_of(part)]
    return [str(saved)]


def _texts(then: Any, parts: list[str]) -> None:
    if isinstance(then, str):
        parts.append(then)
    elif isinstance(then, tuple | list):
        for part in then:
            _texts(part, parts)
