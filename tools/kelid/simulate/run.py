"""One call on its way through the dial plan: the state, the questions that it puts to the world, and the PBX's loop.

A step is a function of the state before it and of the answers to its questions. Whoever wants to know what else could
happen copies the run before a step (``copy``), takes the step with one answer, and takes it again from the copy with
another.
``key`` tells whether two runs are at the same point. As __ast_pbx_run, ast_pbx_h_exten_run and collect_digits in main/pbx.c.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from kelid.model.call import Call, Question
from kelid.model.pbx import Pbx
from kelid.model.trace import Event, TraceStep
from kelid.simulate.applications import macro
from kelid.simulate.dialplan import MATCH_MORE, Dialplan, dialplan
from kelid.simulate.jumps import enter
from kelid.simulate.languages import NOTHING, Node
from kelid.simulate.limits import AT, GIVEN, LAST, over_at
from kelid.simulate.state import (
    ANY_CAUSE,
    CALLED,
    DIGIT_TIMEOUT,
    ELSEWHERE,
    ERROR,
    GO_ON,
    HANG_UP,
    INCOMPLETE,
    KEYS,
    LEAVES,
    LEFT_BEHIND,
    LOST,
    RESPONSE_TIMEOUT,
    SUSPENDED,
    Channel,
    Level,
    Result,
    Then,
)
from kelid.simulate.substitute import set_variable
from kelid.simulate.timing import Timing
from kelid.simulate.undecided import equal, one_of
from kelid.simulate.unknown import UnknownHere

_new_step = tuple.__new__
"""Makes a TraceStep in half the time of its own constructor."""

_TREE = "astdb-without/"
"""What ``Run.shared`` has for each part of astdb that was deleted as a whole."""

SPOKEN = frozenset({"queue", "voicemail", "mailbox", "conference", "directory", "park"})
"""Kinds of events in which something is said in the caller's language."""

UNSPOKEN = frozenset({"music", "echo", "keys", "stream", "milliwatt"})
"""What is heard of which there is only one, whatever the language."""

LONGEST_CALL = 366 * 86400.0
"""Seconds after which the clock of a call stands still."""

MOST_DIGITS = 255
"""Digits that are collected (dst_exten of main/pbx.c)."""


class Symbols(Protocol):
    """Characters that stand for something not yet decided: the third key, any digit, the moment of the call.

    Each is one private-use character of plane 15 (U+F0000...), so that texts with them can be cut, joined and handed on as
    any text. Code that looks at the characters themselves asks here first; each answer may split the case in two.
    An ordinary run has none (``Run.symbols`` is None).
    """

    def within(self, text: str) -> bool:
        """Return True if the text has such characters."""

    def is_in(self, character: str, characters: frozenset[str]) -> bool:
        """Decide whether the character is one of these (characters that are none of ours are just looked at)."""

    def one_of(self, text: str, names: frozenset[str]) -> bool:
        """Decide whether a text is one of these, and not which."""

    def may_have(self, text: str, character: str) -> bool:
        """Return True if the character may be in what isn't decided of a text."""

    def equal(self, one: str, other: str) -> bool:
        """Decide whether two texts are the same."""

    def settle(self, text: str) -> str:
        """Decide all of them, and return the text without any: for whoever must know every character."""

    def plain(self, text: str) -> str:
        """Return the text with what is known by now put in."""

    def holds(self, text: str) -> bool:
        """Decide whether a condition holds (pbx_checkcondition)."""

    def either(self, condition: str, yes: str, no: str) -> str | None:
        """Return a number that is one of two where none of it is known; None where the condition must be decided."""

    def substring(self, text: str, offset: int, length: int) -> str:
        """Return what ``${NAME:offset:length}`` gives of the text."""

    def function(
        self, run: Run, name: str, arguments: str, reads: Callable[[Run, str], str | None]
    ) -> str | None:
        """Return what a function of the dial plan gives, by ``reads`` where that need not know more."""

    def expression(self, run: Run, text: str) -> str:
        """Return the value of an expression."""

    def looked_up(
        self, text: str, name: Hashable, table: Mapping[str, str], otherwise: str | None = None
    ) -> str:
        """Return what a table has for a text, ``otherwise`` for one that isn't in it."""

    def some_row(self, text: str, name: Hashable, table: Mapping[str, str], otherwise: str) -> str:
        """Return what a table has for a text, or any that it has where that isn't decided."""

    def lamp(self, exten: str, own: str, states: Sequence[str]) -> str | None:
        """Return any state for an extension that is made of several things that are open; None for another one."""

    def derived(self, text: str, name: Hashable, function: Callable[[str], str]) -> str:
        """Return what a function makes of a text, without deciding more than must be."""

    def decide(self, key: str, texts: Sequence[str], answers: Sequence[Hashable] = (False, True)) -> Hashable:
        """Decide freely, but the same for the same texts."""

    def every_item(self, text: str) -> str:
        """Return a text with each list in it that was gathered on the way as the longest that it may be."""

    def is_time(self, run: Run, spec: Timing) -> bool:
        """Decide whether it is within the specification now."""

    def epoch(self) -> str:
        """Return what stands for the moment of the call, in seconds since 1970."""

    def time_text(self, run: Run, zone: str, layout: str) -> str:
        """Return what ``STRFTIME(${EPOCH},zone,layout)`` gives, or what stands for it."""


class Again(Exception):  # noqa: N818 - no error: the step is taken once more when what it waits for has ended
    """Raised where a step must wait for a level on top before it can go on: nothing of it has happened yet."""


class Run:
    """A call on its way. Applications and functions get it, read and change ``channel``, ask and tell.

    ``globals`` are the global variables, ``database`` what this call has written to astdb (None: deleted) over what the
    world has. ``known`` are answers that stay true while the call lasts. ``elapsed`` are the seconds since it came in, as
    far as the dial plan waits for something, ``looked`` as many when it last looked at the clock (None: never). Where the
    moment is open, it may be past the border before which the call came in (``symbolic.py``): ``later`` tells that it is,
    ``decided`` for which moments it wasn't at that look. ``steps`` and ``events`` only grow; whoever follows many runs
    takes them away after each step (``step_count`` goes on counting).
    """

    __slots__ = (
        "ask",
        "call",
        "channel",
        "database",
        "decided",
        "dialplan",
        "elapsed",
        "end",
        "events",
        "globals",
        "known",
        "later",
        "levels",
        "looked",
        "made",
        "pbx",
        "shared",
        "step_count",
        "steps",
        "symbols",
        "unknown",
        "warnings",
    )

    pbx: Pbx
    dialplan: Dialplan
    call: Call
    channel: Channel
    levels: list[Level]
    globals: dict[str, str]
    database: dict[str, str | None]
    known: dict[tuple[str, str], str]
    shared: dict[str, str]
    elapsed: float
    looked: float | None
    decided: Node
    later: bool
    made: int
    symbols: Symbols | None
    ask: Callable[[Question], str]
    steps: list[TraceStep]
    events: list[Event]
    step_count: int
    end: str
    unknown: str
    warnings: dict[str, None]

    def __init__(
        self, pbx: Pbx, call: Call, ask: Callable[[Question], str], symbols: Symbols | None = None
    ) -> None:
        """Begin a call: its channel stands before its first step."""
        self.pbx = pbx
        self.dialplan = dialplan(pbx)
        self.call = call
        self.globals = {option.key: option.value for option in pbx.globals}
        self.database = {}
        self.known = {}
        self.shared = {}
        self.elapsed = 0.0
        self.looked = None
        self.decided = NOTHING
        self.later = False
        self.made = 0
        self.symbols = symbols
        self.ask = ask
        self.steps = []
        self.events = []
        self.step_count = 0
        self.end = ""
        self.unknown = ""
        self.warnings = {}
        self.levels = []
        technology = call.technology
        name = f"{technology}/{call.endpoint}-00000001" if technology != "Local" else ""
        channel = Channel(
            name or f"Local/{call.exten}@{call.context}-00000001;2",
            technology,
            call.endpoint,
            call.context,
            call.exten or "s",
            1,
            0,
            str(int(call.at.timestamp())) + ".1",
            call.caller,
            call.caller_name,
        )
        channel.ani = call.caller if technology != "Local" else ""  # what Asterisk makes itself has none
        channel.dnid = call.exten if technology != "Local" else ""
        if technology == "Local":  # whoever makes a call gives it a caller ID for both of its halves
            channel.connected, channel.connected_name = call.caller, call.caller_name
        channel.language = call.language or self.dialplan.language
        channel.account = call.account
        self.push(Level(channel))
        for variable, text in call.variables.items():
            if variable.endswith(")"):  # set_var may write a function: GROUP(phone)=101
                set_variable(self, variable, text)
            else:
                self.give(channel, variable, text)

    @staticmethod
    def give(channel: Channel, name: str, text: str) -> None:
        """Set a variable of the channel; ``_`` and ``__`` before its name let channels that it makes inherit it."""
        if name.startswith("_"):
            depth = 2 if name.startswith("__") else 1
            name = name[depth:]
            channel.inherited[name] = depth
        channel.variables[name] = text

    def now(self) -> datetime:
        """Return what the clock shows: the moment of the call, and what was waited since."""
        at = self.call.at
        self.looked = self.elapsed
        if not self.elapsed:
            return at
        return (at.astimezone(UTC) + timedelta(seconds=min(self.elapsed, LONGEST_CALL))).astimezone(at.tzinfo)

    def has_waited(self) -> bool:
        """Return True if time has passed since the clock was looked at."""
        return self.looked is not None and self.elapsed > self.looked

    def may_have_waited(self) -> None:
        """Let time have passed since the clock was looked at."""
        if self.looked is not None:
            self.looked = -1.0

    # ---- the state -----------------------------------------------------------------------------------------------------

    def copy(self) -> Run:
        """Return the run at the same point, to go another way. Steps and events are copied as far as they are kept."""
        made: Run = Run.__new__(Run)
        made.pbx, made.dialplan, made.call = self.pbx, self.dialplan, self.call
        made.elapsed, made.made, made.step_count = self.elapsed, self.made, self.step_count
        made.looked, made.decided, made.later = self.looked, self.decided, self.later
        made.symbols, made.ask = self.symbols, self.ask
        made.end, made.unknown, made.warnings = self.end, self.unknown, self.warnings
        made.globals = self.globals.copy()
        made.database = self.database.copy()
        made.known = self.known.copy()
        made.shared = self.shared.copy()
        made.steps, made.events = self.steps.copy(), self.events.copy()
        channels: dict[int, Channel] = {}
        made.levels = []
        for level in self.levels:
            channel = channels.get(id(level.channel))
            if channel is None:
                channel = channels[id(level.channel)] = level.channel.copy()
            made.levels.append(
                Level(
                    channel,
                    level.kind,
                    level.then,
                    level.deadline,
                    level.on_answer,
                    level.verdict,
                    level.again,
                    level.saved,
                )
            )
        made.channel = made.levels[-1].channel if made.levels else self.channel.copy()
        return made

    def key(self) -> tuple[Any, ...]:
        """Return what decides how the run goes on, to be compared: equal keys go equal ways.

        Steps, events and the time that has passed are not in it, but for how much is left where somebody gives up.
        """
        levels: list[tuple[Any, ...]] = []
        seen: set[int] = set()
        for level in self.levels:
            channel = level.channel
            left = None if level.deadline is None else level.deadline - self.elapsed
            absolute = channel.timeouts.get(AT)
            levels.append(
                (
                    level.key(),
                    left,
                    None if absolute is None else absolute - self.elapsed,
                    channel.number if id(channel) in seen else channel.key(),
                )
            )
            seen.add(id(channel))
        return (
            tuple(levels),
            tuple(sorted(self.globals.items())),
            tuple(sorted(self.database.items(), key=lambda item: item[0])),
            tuple(sorted(self.known.items())),
            tuple(sorted(self.shared.items())),
            self.end,
        )

    def push(self, level: Level) -> None:
        """Put a level on top: the next step is one of its channel."""
        self.levels.append(level)
        self.channel = level.channel

    def new_number(self) -> int:
        """Return the number of a channel that is made now; where all calls are looked at, the first that no channel has."""
        if self.symbols is not None:
            self.made = max(level.channel.number for level in self.levels)
        self.made += 1
        return self.made

    # ---- what applications and functions ask and say --------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Add an event, of the step that is being taken."""
        self.events.append(event if event.step >= 0 else event._replace(step=self.step_count - 1))

    def note(self, kind: str, subject: str = "", *details: tuple[str, str]) -> None:
        """Add an event of that kind. Where something is said in it, the caller's language is one of its details.

        Where all calls are looked at, which keys are pressed is a decision, and no event: only that they are waited for.
        """
        if kind == "keys" and self.symbols is not None:
            subject = ""
        if kind in SPOKEN or (kind == "hears" and self._is_spoken(subject, dict(details).get("said", ""))):
            details = (*details, ("language", self.channel.language))
        self.events.append(Event(kind, subject, details, self.step_count - 1))

    def _is_spoken(self, files: str, what: str) -> bool:
        """Return True if what is heard depends on the caller's language: recordings, which are looked for in its folder
        first (fileexists_test in main/file.c), and what is said of numbers.
        """
        return what not in UNSPOKEN and not (what == "" and self.dialplan.has_no_language(files))

    def warn(self, text: str) -> None:
        """Keep what Asterisk would log as a warning or an error."""
        self.warnings[text] = None

    def learn(self, question: Question) -> str:
        """Return the answer to a question about something that stays as it is while the call lasts: it is asked once."""
        key = (question.kind, question.subject)
        answer = self.known.get(key)
        if answer is None:
            answer = self.known[key] = self.ask(question)
        return answer

    def database_get(self, key: str) -> str | None:
        """Return the value of a key in astdb (``CFU/101``), None where there is none."""
        if key in self.database:
            return self.database[key]
        if self.shared and any(
            name.startswith(_TREE) and key.startswith(name[len(_TREE) :]) for name in self.shared
        ):
            return None
        if self.learn(Question("database-has", key, ("0", "1"))) != "1":
            return None
        return self.learn(Question("database", key, (), 0))

    def database_set(self, key: str, value: str) -> None:
        """Put a value into astdb, and tell it."""
        self.database[key] = value
        self.note("keeps", key, ("value", value))

    def database_delete(self, key: str) -> str | None:
        """Take a key out of astdb, tell it where it was there, and return its value."""
        value = self.database_get(key)
        if value is not None:
            self.database[key] = None
            self.note("keeps", key, ("deleted", "yes"))
        return value

    def database_delete_tree(self, tree: str) -> None:
        """Take everything below a family or key out of astdb, and tell it."""
        prefix = f"{tree}/"
        for key in self.database:
            if key.startswith(prefix):
                self.database[key] = None
        self.shared[_TREE + prefix] = ""
        self.note("keeps", tree, ("deleted", "with all below"))

    def is_time(self, spec: Timing) -> bool:
        """Return True if the call is within the time."""
        for problem in spec.problems:
            self.warn(problem)
        if self.symbols is not None:
            return self.symbols.is_time(self, spec)
        return spec.matches(self.now())

    def exists(self, context: str, exten: str, priority: int = 1) -> bool:
        """Return True if the dial plan has the step for the channel's caller."""
        return self.dialplan.exists(self, context, exten, priority)

    def settle(self, text: str) -> str:
        """Return the text with every character decided."""
        if self.symbols is not None and self.symbols.within(text):
            return self.symbols.settle(text)
        return text

    def equal(self, one: str, other: str) -> bool:
        """Return True if the texts are the same."""
        if self.symbols is not None and (self.symbols.within(one) or self.symbols.within(other)):
            return self.symbols.equal(one, other)
        return one == other

    def get(self, name: str) -> str | None:
        """Return a variable of the channel or a global one, as pbx_builtin_getvar_helper: no functions, no built-in ones."""
        channel = self.channel
        for frame in reversed(channel.frames):
            if name in frame.variables:
                return frame.variables[name]
        text = channel.variables.get(name)
        return self.globals.get(name) if text is None else text

    def set(self, name: str, text: str | None) -> None:
        """Set a plain variable of the channel, in the Gosub that has it as its own; None takes it away."""
        channel = self.channel
        for frame in reversed(channel.frames):
            if name in frame.variables:
                if text is None:
                    del frame.variables[name]
                else:
                    frame.variables[name] = text
                return
        if text is None:
            channel.variables.pop(name, None)
            channel.inherited.pop(name, None)
        else:
            channel.variables[name] = text

    def assign(self, name: str, text: str) -> None:
        """Set a variable whose name the dial plan gives: a function too, or one with ``_`` before its name."""
        set_variable(self, name, text)

    def press(self, place: int = 0, *, keys: tuple[str, ...] = KEYS) -> str:
        """Return the key that is pressed before the time is over, "" for none; the caller may hang up meanwhile.

        ``place`` is which one it is of those that are waited for at once: the first (0), the next...
        """
        subject = self.waits_at()
        key = self.ask(Question("key", f"{subject}+{place}" if place else subject, keys, 1))
        if key != LEAVES:
            return key
        self.leave()
        return ""

    def waits_at(self) -> str:
        """Return what a question for keys is about: the step that waits for them, and whether the caller presses them."""
        channel = self.channel
        place = f"{channel.context},{channel.exten},{channel.priority}"
        # Whoever was called presses, not the caller.
        return f"{CALLED}{place}" if channel.number and not channel.name.endswith(";2") else place

    def leave(self, step: int = -1) -> None:
        """Let the caller hang up, in that step of the trace (-1: this one): all that waits for somebody is over."""
        first = self.levels[0].channel
        cause = self.cause_of_leaving()
        for level in self.levels:
            channel = level.channel
            channel.hungup = True
            if channel is not first:
                channel.hangup_cause = cause or 16  # AST_CAUSE_NORMAL_CLEARING
            else:
                channel.hangup_cause = self.cause_of(channel) or cause
        self.tell(Event("leaves", "", (), step))

    def cause_of(self, channel: Channel) -> int:
        """Return the cause with which the channel would end now, 0 for none."""
        if channel.hangup_cause == ANY_CAUSE and self.symbols is not None:
            # Who was answered ends as usual.
            cause = 16 if channel.answered else self.symbols.decide("cause", (), LEFT_BEHIND)
            assert isinstance(cause, int)  # noqa: S101 - for type checkers: it can be nothing else
            channel.hangup_cause = cause
        return channel.hangup_cause

    def cause_of_leaving(self) -> int:
        """Return the cause that the caller leaves behind who hangs up now.

        A phone that takes its call back before it was answered gives AST_CAUSE_INTERWORKING: hangup_sip2cause knows no 487.
        """
        first = self.levels[0].channel
        return 127 if first.technology == "PJSIP" and not first.answered else 0

    def spend(self, seconds: float) -> bool:
        """Let time pass. Return False if somebody has given up meanwhile: the channel is hung up then."""
        if self.channel.hungup:
            return False
        self.left(seconds)
        self.elapsed += seconds
        left = self.left()
        if left < 0 or any(self.is_cut_off(level.channel) for level in self.levels):
            self.elapsed += left
            self.give_up()
            return False
        return True

    def is_cut_off(self, channel: Channel) -> bool:
        """Return True if all that TIMEOUT(absolute) gave to a channel is over: it is before whatever was waited for."""
        at = channel.timeouts.get(AT)
        return at is not None and at <= self.elapsed and LAST not in channel.timeouts

    def give_up(self) -> None:
        """Hang the channel up, as whoever waits for its answer has lost patience, or somebody else has answered."""
        self.channel.hungup = True
        for level in self.levels:
            if level.channel is self.channel and level.verdict[:1] == (LOST,):
                level.channel.hangup_cause = level.verdict[1]

    def left(self, within: float = 0.0) -> float:
        """Return the seconds until a caller who waits for an answer gives up, or until TIMEOUT(absolute) ends the call.

        Negative if that has passed. Whoever waits says how long, ``within``: how much is left may be open (``limits.py``).
        """
        left = float("inf")
        for level in self.levels:
            if level.deadline is not None:
                left = min(left, level.deadline - self.elapsed)
            if AT in level.channel.timeouts:
                left = min(left, over_at(self, level.channel, within) - self.elapsed)
        return left

    def answer(self, then: Then | None = None, channel: Channel | None = None) -> Result:
        """Answer the channel, or another one of the run.

        Where somebody waits for that answer and has something to be done first (Dial's U), SUSPENDED is returned and
        ``then`` goes on after it; without ``then`` the step is taken again.
        """
        channel = channel or self.channel
        if channel.answered or channel.hungup:
            return GO_ON
        channel.answered = True
        if channel.number == 0:
            self.note("answered")
        depth = len(self.levels)
        for level in self.levels[:]:
            if level.channel is channel:
                level.deadline = None
                if level.on_answer is not None:
                    function, data = level.on_answer
                    level.on_answer = None
                    function(self, level, data, GO_ON)
        if len(self.levels) == depth:
            return GO_ON
        if then is None:
            raise Again
        bottom = self.levels[depth]
        bottom.then = (*bottom.then, then)
        return SUSPENDED

    # ---- the loop ------------------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Take one step. Return False when the call has ended: ``end`` and ``unknown`` say how.

        Whatever ``ask`` or ``symbols`` raise goes through; the run is spoiled then, and the step is to be taken from a copy.
        """
        levels = self.levels
        if not levels:
            return False
        level = levels[-1]
        channel = self.channel
        try:
            if not self.step_count and (cause := self._refused(channel)):
                self.note("hangup", "", ("cause", str(cause)))
                self.end_level(level, HANG_UP)
                return False
            ready = self.dialplan.find(self, channel.context, channel.exten, channel.priority, channel.caller)
            if ready is None:
                self._nothing_there(level)
            else:
                if level.again is not None:
                    data, level.again = level.again, None
                else:
                    template = ready.template
                    data = ready.constant if template is None else template(self)
                    self.steps.append(
                        _new_step(
                            TraceStep,
                            (
                                channel.context,
                                channel.exten,
                                channel.priority,
                                ready.app,
                                data,
                                channel.number,
                                ready.where,
                            ),
                        )
                    )
                    self.step_count += 1
                try:
                    result = ready.function(self, data)
                except Again:
                    level.again = data
                else:
                    if result != SUSPENDED:
                        self._after(self.levels[-1], result)
        except UnknownHere as unknown:
            place = f"{channel.context},{channel.exten},{channel.priority}"
            self.end, self.unknown = "unknown", f"{unknown.what} at {place}"
            self.note("unknown", unknown.what, ("at", place))
            self.levels.clear()
            return False
        return bool(levels)

    def _refused(self, channel: Channel) -> int:
        """Return the cause with which the call is refused before it takes a step, 0 where it comes in.

        An extension must be there: res_pjsip_session.c (get_destination) asks for nobody's caller ID in particular,
        core_local.c for the caller's. A phone's call to ``pickupexten`` of features.conf takes a ringing call of its groups
        and never sees the dial plan (call_pickup_incoming_request in chan_pjsip.c).
        """
        by_sip = self.call.technology == "PJSIP"
        if by_sip and self.equal(channel.exten, self._pickup_code()):
            answer = self.ask(Question("pickup", "group", ("none", "fetched")))
            self.note("pickup", "group", ("answer", answer))
            return 21 if answer == "none" else 16
        caller = "" if by_sip else channel.caller
        return 0 if self.dialplan.find(self, channel.context, channel.exten, 1, caller) is not None else 1

    def _pickup_code(self) -> str:
        """Return what phones dial to take a ringing call of their groups (main/features_config.c)."""
        for section in self.pbx.sections("features.conf"):
            if section.name == "general" and (code := section.get("pickupexten")) is not None:
                return code
        return "*8"

    def _after(self, level: Level, result: Result) -> None:
        """Go on after an application of the level."""
        channel = level.channel
        kind = level.kind
        if kind == "pbx":
            if result == GO_ON:
                if not channel.hungup:
                    channel.priority += 1
                elif not self._timed_out(channel):
                    self._hang_up(level)
            elif isinstance(result, str):
                self._collect(level, result, result)
            elif result == INCOMPLETE:
                if self.dialplan.partly(self, channel.context, channel.exten, MATCH_MORE):
                    self._collect(level, channel.exten, "incomplete")
                else:
                    self._invalid(level, channel.exten)
            elif result == ERROR and channel.exten != "e" and self.exists(channel.context, "e"):
                self.raise_exception("ERROR", 1)
            elif not self._timed_out(channel):
                self._hang_up(level)
        elif kind == "h":
            if result == GO_ON:
                channel.priority += 1
            else:
                self._finish(level, HANG_UP)
        elif kind == "macro":
            macro.after(self, level, result)
        elif result == GO_ON and not (channel.hungup and self._is_waited_for(channel)):
            channel.priority += 1
        else:
            self._leave_gosub(level)

    def _is_waited_for(self, channel: Channel) -> bool:
        """Return False for a channel that is at its end already: its hangup handlers are run all the same."""
        return all(level.kind != "h" or level.channel is not channel for level in self.levels)

    def _nothing_there(self, level: Level) -> None:
        """Go on where the dial plan has no such step."""
        channel = level.channel
        if level.kind == "h":
            self._finish(level, HANG_UP)
        elif level.kind == "macro":
            macro.nothing_there(self, level)
        elif level.kind == "gosub":
            self._leave_gosub(level)
        elif not self.exists(channel.context, channel.exten):
            self._invalid(level, channel.exten)
        elif self.dialplan.autofallthrough:
            self._fall_through(level)
        else:
            self._collect(level, "", "")

    def _fall_through(self, level: Level) -> None:
        """End the call by the state that it is in: after the last step, with autofallthrough."""
        status = (self.get("DIALSTATUS") or "UNKNOWN").upper()
        if one_of(self, status, frozenset({"CONGESTION", "CHANUNAVAIL"})):
            self.indicate_congestion()
        elif equal(self, status, "BUSY"):
            self.indicate_busy()
        self._hang_up(level)

    def indicate_busy(self) -> None:
        """Let the caller hear that it is busy."""
        self.note("tone", "busy")
        if not self.channel.answered:
            self.channel.hangup_cause = 26 if ELSEWHERE in self.channel.hooks else 17
            self.channel.hooks["indicated"] = "17"

    def indicate_congestion(self) -> None:
        """Let the caller hear that there is no way."""
        self.note("tone", "congestion")
        if not self.channel.answered:
            self.channel.hangup_cause = 26 if ELSEWHERE in self.channel.hooks else 34
            self.channel.hooks["indicated"] = "34"

    def _collect(self, level: Level, digits: str, first: str) -> None:
        """Wait for digits until they can't become another extension, and go there."""
        channel = level.channel
        wait = channel.timeouts.get("digit", DIGIT_TIMEOUT) if first else self._response_timeout()
        place = 1 if first else 0
        while self.dialplan.partly(self, channel.context, digits, MATCH_MORE):
            if (dialled := self.dialplan.collect(self, channel.context, digits, place)) is not None:
                digits, more = dialled
                if not first and self.equal(digits, ""):
                    digits = ""
                elif not first:
                    wait = channel.timeouts.get("digit", DIGIT_TIMEOUT)
                if more and not self.spend(wait):
                    self._hang_up(level)
                    return
                break
            key = self.press(place)
            place += 1
            if not key:
                if channel.hungup or not self.spend(wait):
                    self._hang_up(level)
                    return
                break
            if len(digits) < MOST_DIGITS:
                digits += key
            wait = channel.timeouts.get("digit", DIGIT_TIMEOUT)
        if first != "incomplete" or not self.equal(digits, channel.exten):
            if digits:
                self.note("keys", digits)
            if digits and self.exists(channel.context, digits):
                channel.exten, channel.priority = digits, 1
                return
            if digits:
                self._invalid(level, digits)
                return
        if self.exists(channel.context, "t"):
            channel.exten, channel.priority = "t", 1
        elif self.exists(channel.context, "e"):
            self.raise_exception("RESPONSETIMEOUT", 1)
        else:
            self.warn(f"Timeout, but no rule 't' or 'e' in context '{channel.context}'")
            self._hang_up(level)

    def _response_timeout(self) -> float:
        return self.channel.timeouts.get("response", RESPONSE_TIMEOUT)

    def _invalid(self, level: Level, exten: str) -> None:
        """Go to the extension for invalid ones."""
        channel = level.channel
        if self.exists(channel.context, "i"):
            self.set("INVALID_EXTEN", exten)
            channel.exten, channel.priority = "i", 1
        elif self.exists(channel.context, "e"):
            self.raise_exception("INVALID", 1)
        else:
            self.warn(
                f"sent to invalid extension but no invalid handler: context,exten,priority={channel.context},"
                f"{exten},{channel.priority}"
            )
            self._hang_up(level)

    def raise_exception(self, reason: str, priority: int) -> None:
        """Go to the extension ``e``, which may read EXCEPTION(reason)."""
        channel = self.channel
        channel.hooks["EXCEPTION/reason"] = reason
        channel.hooks["EXCEPTION/context"] = channel.context
        channel.hooks["EXCEPTION/exten"] = channel.exten
        channel.hooks["EXCEPTION/priority"] = str(channel.priority)
        channel.exten, channel.priority = "e", priority

    def _timed_out(self, channel: Channel) -> bool:
        """Return True if it was TIMEOUT(absolute) that ended the call, and the dial plan has something for that."""
        if not channel.hungup or not self.is_cut_off(channel):
            return False
        if self.exists(channel.context, "T"):
            channel.exten, channel.priority = "T", 1
        elif self.exists(channel.context, "e"):
            self.raise_exception("ABSOLUTETIMEOUT", 1)
        else:
            return False
        channel.timeouts.pop(AT)
        channel.timeouts[GIVEN] = 0.0
        channel.hungup = False
        return True

    def _hang_up(self, level: Level) -> None:
        """End the channel's call: what it has for its end (``h``, hangup handlers) is done first."""
        channel = level.channel
        channel.hungup = True
        if channel.number == 0:
            # Where all calls are looked at, nobody notices with which cause one ends that was answered.
            usual = self.symbols is not None and channel.answered is True
            cause = 16 if usual else self.cause_of(channel) or 16
            self.note("hangup", "", ("cause", str(cause)))
        if self.exists(channel.context, "h"):
            channel.exten, channel.priority = "h", 1
            level.kind = "h"
        else:
            self._finish(level, HANG_UP)

    def _finish(self, level: Level, outcome: Result) -> None:
        """Take the level off, after its hangup handlers, and go on with what waits for it."""
        channel = level.channel
        if level.kind in ("pbx", "h"):
            while handler := self._next_handler(channel):
                level.kind = "h"
                if self.run_gosub(channel, handler, ((_after_handler, None),)) == SUSPENDED:
                    return
        self.end_level(level, outcome)

    @staticmethod
    def _next_handler(channel: Channel) -> str:
        waiting = channel.hooks.get("CHANNEL/hangup_handlers", "")
        first, _, rest = waiting.partition("\n")
        if first:
            channel.hooks["CHANNEL/hangup_handlers"] = rest
        return first

    def end_level(self, level: Level, outcome: Result) -> None:
        """Take the level off and go on with what waits for it."""
        while self.levels[-1] is not level:
            self.levels.pop()
        self.levels.pop()
        if not self.levels:
            self.end = self.end or "hangup"
            return
        self.channel = self.levels[-1].channel
        self.go_on(level, level.then, outcome)

    def go_on(self, ended: Level, then: tuple[Then, ...], outcome: Result) -> None:
        """Do what was to be done after a level, one after the other."""
        for at, (function, data) in enumerate(then):
            depth = len(self.levels)
            outcome = function(self, ended, data, outcome)
            if outcome == SUSPENDED:
                if at + 1 < len(then):
                    top = self.levels[depth]
                    top.then = (*top.then, *then[at + 1 :])
                return
        if then and self.levels[-1].again is None:
            self._after(self.levels[-1], outcome)

    # ---- subroutines that an application runs -----------------------------------------------------------------------------

    def run_gosub(self, channel: Channel, arguments: str, then: tuple[Then, ...]) -> Result:
        """Run a subroutine on a channel, ``context,exten,priority(arguments)``; ``then`` gets 0 if it returned, -1 if not.

        Return SUSPENDED, or -1 if there is no such place (``then`` isn't done then). As gosub_run in apps/app_stack.c.
        """
        saved = (channel.context, channel.exten, channel.priority)
        level = Level(channel, "gosub", then, saved=saved)
        before = self.channel
        self.channel = channel
        if enter(self, arguments) != GO_ON:
            self.channel = before
            return HANG_UP
        channel.frames[-1].predial = True
        channel.priority += 1
        self.push(level)
        return SUSPENDED

    def _leave_gosub(self, level: Level) -> None:
        channel = level.channel
        outcome = GO_ON
        at = next((i for i in range(len(channel.frames) - 1, -1, -1) if channel.frames[i].predial), -1)
        mine = sum(1 for other in self.levels if other.kind == "gosub" and other.channel is channel)
        if sum(frame.predial for frame in channel.frames) >= mine:
            # it did not come to its Return: its frames go
            del channel.frames[at:]
            self.set("GOSUB_RETVAL", "")
            outcome = HANG_UP
        channel.context, channel.exten, channel.priority = level.saved
        self.end_level(level, outcome)


def _after_handler(run: Run, ended: Level, data: None, outcome: Result) -> Result:
    """Go on with the next hangup handler, or end."""
    return HANG_UP
