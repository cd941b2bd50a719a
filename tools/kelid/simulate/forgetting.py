"""What nobody reads any more leaves a case: variables, causes, times for digits, what astdb was found to hold."""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Sequence
from typing import Any

from kelid.simulate.ahead import Ahead
from kelid.simulate.applications.dial import Dialling
from kelid.simulate.case import Case, is_arrival
from kelid.simulate.limits import AT
from kelid.simulate.live import CALLER, CAUSE, GROUP, LIMITED, LOOPS, QUEUES, TIMEOUTS, Live
from kelid.simulate.reach import Reach
from kelid.simulate.run import Run
from kelid.simulate.state import Channel, EitherWay, Frame
from kelid.simulate.symbolic import ANSWERED
from kelid.simulate.symbols import ATOM

_LOOP = re.compile(r"(?:END_)?WHILE_[0-9]+|.+_.+_[0-9]+", re.DOTALL)
"""Variables in which While remembers its loops (apps/app_while.c)."""


class Forgetting:
    """Takes away from cases what makes no difference any more."""

    def __init__(self, lives: Sequence[Live], reaches: Sequence[Reach]) -> None:
        """Given what is known of the dial plans, prepare."""
        self._lives = lives
        self._reaches = reaches

    def drop(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Take away variables and what else channels hold that nobody reads any more."""
        # Whether a call is a member itself is kept until both of two have counted: they count the same then.
        counts = case.is_quiet() and not case.is_in_step()
        for run, one, live in zip(case.runs, ahead, self._lives, strict=False):
            groups = [level.channel.groups for level in run.levels]
            _drop(run, one, live)
            if counts:
                for level, row in zip(run.levels, groups, strict=True):
                    level.channel.groups = row

    def hush(self, case: Case, ahead: Sequence[Ahead]) -> bool:
        """Let go of causes and times for digits. Return whether anything is still decided by who it is that calls."""
        about_caller = False
        for run, one, live in zip(case.runs, ahead, self._lives, strict=False):
            cause, ends = live.bit("HANGUPCAUSE"), live.bit(CAUSE)
            about_caller |= bool(one.far & live.bit(CALLER))
            for level in run.levels:
                channel = level.channel
                if not one.far & cause:
                    if channel.answered is True:
                        channel.hangup_cause = 16
                    elif not one.far & ends:
                        channel.hangup_cause = 0
                for name, what in TIMEOUTS.items():
                    if not one.far & live.bit(what) or (
                        channel is run.levels[0].channel
                        and AT not in channel.timeouts
                        and not one.far & live.bit(LIMITED[name])
                    ):
                        channel.timeouts.pop(name, None)
        return about_caller

    def forget(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Forget what astdb was found to hold, or was given, where nobody reads it any more, or only by a long way round.

        A key that the dial plan makes of a number is kept as long as the call is with the same extension and the key may be
        read there. A call that comes back to the extension later may then find another value there: that is more
        than there is, not less.
        """
        store, plain = case.store, case.store.plain
        for run in case.runs:
            if not all(key.isascii() for key in run.database):
                # What was given to a number that is known by now has its name: the same key isn't kept many times.
                run.database = {plain(key): value for key, value in run.database.items()}
        case.rename()
        if store.facts or any(run.database for run in case.runs):
            there: set[str] = set()
            nears: list[dict[str, int]] = []
            for run, one in zip(case.runs, ahead, strict=True):
                near: dict[str, int] = {}
                for level in run.levels:
                    places: list[Channel | Frame] = [level.channel, *level.channel.frames]
                    for place in places:
                        exten = plain(place.exten)
                        there.add(f"{place.context},{exten}")
                        near[exten] = near.get(exten, 0) | one.nears[id(level.channel)]
                nears.append(near)
            asked, count = store.asked, len(case.runs)
            arrived = all(map(is_arrival, case.runs))
            kept = {
                key: answer
                for key, answer in store.facts.items()
                if self._may_be_asked(
                    case,
                    asked[key][0].partition(",")[2],
                    {
                        side
                        for side in set(range(count)) - asked[key][1]
                        if not key[0].startswith("database") or self._is_read(key[1], side, ahead[side])
                    },
                )
                or (
                    any(
                        self._is_kept(key[1], at, one, nears[at], arrived=arrived)
                        for at, one in enumerate(ahead)
                    )
                    if key[0].startswith("database")
                    else store.knows(asked[key][0])
                    and plain(asked[key][0]) in there
                    and (key[0] != "queue-info" or self._asks_of_queues(ahead))
                )
            }
            store.asked = {key: asked[key] for key in kept}
            store.facts = kept
            for at, (run, one) in enumerate(zip(case.runs, ahead, strict=True)):
                for key in list(run.database):
                    if not self._is_kept(key, at, one, nears[at], arrived=arrived):
                        del run.database[key]
        for asks in [one for one in case.answers if one[0] == "group"]:
            if not self._may_be_asked(case, asks[1].partition("@")[0], {case.behind[asks]}):
                del case.answers[asks], case.behind[asks]
        for run in case.runs:
            run.known.clear()

    def _asks_of_queues(self, ahead: Sequence[Ahead]) -> bool:
        """Return True if somebody may ask about a queue before the call goes on to another extension."""
        return any(one.near & live.bit(QUEUES) for one, live in zip(ahead, self._lives, strict=False))

    def _may_be_asked(self, case: Case, number: str, sides: Collection[int]) -> bool:
        """Return True if one of two runs may still ask about a number what the other has been answered: it is at its
        extension, or at one that names it.

        What nobody asks before the call goes on to another extension is forgotten, as it is where both have asked.
        """
        plain = case.store.plain
        if case.store.knows(number):
            number = plain(number)
        for side in sides:
            for level in case.runs[side].levels:
                places: list[Channel | Frame] = [level.channel, *level.channel.frames]
                for place in places:
                    exten = plain(place.exten)
                    if exten in ("", number) or not (exten.isascii() and number.isascii()):
                        return True
                    if self._lives[side].names_number(place.context, exten, number):
                        return True
        return False

    def _is_read(self, key: str, index: int, ahead: Ahead) -> bool:
        """Return True if a run may ever read a key of the family of a key of astdb."""
        live = self._lives[index]
        return bool(ahead.far & (live.family_bit(key.partition("/")[0]) | live.family_bit("")))

    def _is_kept(self, key: str, index: int, ahead: Ahead, nears: dict[str, int], *, arrived: bool) -> bool:
        """Return True if somebody may read the key of astdb before the call goes on to another extension.

        ``nears`` says for each extension at which a channel is what that channel may still read.
        """
        live = self._lives[index]
        family, _, rest = key.partition("/")
        families = live.family_bit(family) | live.family_bit("")
        if nears.get(rest, 0) & families:
            return True
        if rest.isdecimal():
            # The key of another extension is forgotten like those that are made of its number, but where it is named itself.
            return not arrived and bool(ahead.near & live.key_bit(key))
        return self._reaches[index].names_key(key) and bool(ahead.near & families)


def settle_answered(case: Case) -> None:
    """Say at all channels what was decided: whether the caller had been answered before."""
    answered = case.store.decided.pop((ANSWERED[0],), None)
    if answered is not None:
        for run in case.runs:
            for level in run.levels:
                if isinstance(level.channel.answered, EitherWay):
                    level.channel.answered = bool(answered)


def _drop(run: Run, ahead: Ahead, live: Live) -> None:
    """Take away what nobody reads any more."""
    for level in run.levels:
        channel = level.channel
        alive = ahead.alive[id(channel)]
        _drop_of(channel, alive.names, ahead, live)
        for frame, (own, inner) in zip(channel.frames, alive.frames, strict=True):
            for name in [
                name for name in frame.variables if name not in (own if name.startswith("ARG") else inner)
            ]:
                frame.variables[name] = ""  # it stays its own: what is set later is set there
        if any(_waits_for_dial(then) for then in (*level.then, level.on_answer)):
            level.then = _dropped(level.then, ahead, live)
            level.on_answer = _dropped(level.on_answer, ahead, live)


def _drop_of(channel: Channel, alive: frozenset[str], ahead: Ahead, live: Live) -> None:
    """Take away of a channel what nobody reads any more; ``alive`` are the names that can still be read of it."""
    names = ahead.names
    if "channel" not in names and "CHANNEL" not in names and not channel.name.isascii():
        channel.name = ATOM.sub("", channel.name)
        channel.endpoint = ""
    if "CONNECTEDLINE" not in names:
        channel.connected = channel.connected_name = ""
    if "ani" not in names:
        channel.ani = ""
    if "dnid" not in names:
        channel.dnid = ""
    if "rdnis" not in names:
        channel.rdnis = ""
    if "accountcode" not in names and "CDR" not in names:
        channel.account = ""
    if channel.groups and not ahead.far & live.bit(GROUP):
        channel.groups = {
            name: text for name, text in channel.groups.items() if ahead.far & live.bit(GROUP + name.lower())
        }
    loops = LOOPS in alive
    for name in [
        name for name in channel.variables if name not in alive and not (loops and _LOOP.fullmatch(name))
    ]:
        del channel.variables[name]
        channel.inherited.pop(name, None)
    channel.hooks = {
        name: text
        for name, text in channel.hooks.items()
        if text
        and (name.partition("/")[0] in names or name.startswith("CHANNEL/"))
        and not (name.endswith("-valid") and names.isdisjoint(("valid", "pres", "CALLERPRES")))
    }


def _waits_for_dial(then: Any) -> bool:
    """Return True if a Dial that holds channels is among what is to be done later."""
    if isinstance(then, Dialling):
        return bool(then.local or then.peers)
    return isinstance(then, tuple) and any(map(_waits_for_dial, then))


def _dropped(then: Any, ahead: Ahead, live: Live) -> Any:
    """Return what is to be done later with what can still be read of the channels that a Dial holds."""
    if isinstance(then, Dialling):
        local = _dropped_channel(then.local, ahead, live, called="CONNECTEDLINE" in ahead.names)
        peers = tuple((one, _dropped_channel(key, ahead, live)) for one, key in then.peers)
        return then if (local, peers) == (then.local, then.peers) else then._replace(local=local, peers=peers)
    if type(then) is tuple:
        made = tuple([_dropped(part, ahead, live) for part in then])
        return then if all(map(operator.is_, made, then)) else made  # the same one is remembered
    return then


def _dropped_channel(
    key: tuple[Any, ...], ahead: Ahead, live: Live, *, called: bool = True
) -> tuple[Any, ...]:
    """Return the key of a channel without what nobody reads any more; ``called`` is False where nobody asks who it is."""
    if not key:
        return key
    channel = Channel.of(key)
    _drop_of(channel, ahead.names, ahead, live)
    if not called:
        channel.caller = channel.caller_name = ""
    return channel.key()
