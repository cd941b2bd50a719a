"""What may be anything where one run stands for two dial plans: what people notice of it isn't compared there.

Two dial plans that are at the same point and have the same steps before them can't part until a step comes that isn't the
same. On the way there, it makes no difference in which language something is said, or with which cause a call would end.
When a call was made, to which number, by whom and from which phone is kept apart from the points, as the labels of the ways
there (``Pairs.changes``), so that these may be anything again where a call comes to an extension.
"""

from __future__ import annotations

from collections.abc import Sequence

from kelid.simulate.ahead import Ahead
from kelid.simulate.applications.dial import STATUSES
from kelid.simulate.applications.queues import POSITIONS
from kelid.simulate.case import Case
from kelid.simulate.languages import ANY, Node
from kelid.simulate.live import CAUSE, Live
from kelid.simulate.reach import HEARD, QUEUE, Reach
from kelid.simulate.state import ANY_CAUSE, LEFT_BEHIND, Channel
from kelid.simulate.symbolic import Explored
from kelid.simulate.symbols import ATOM, FIRST, LONGEST, Shared


class Joining:
    """Puts what may be anything in the place of what only people notice, in cases that are joined."""

    def __init__(self, shared: Shared, lives: Sequence[Live], reaches: Sequence[Reach]) -> None:
        """Given what is known of the dial plans, prepare."""
        self._shared = shared
        self._lives = lives
        self._statuses = shared.automaton.texts("", *STATUSES)
        marked = frozenset().union(*(live.marked_names for live in lives))
        self._heard = {name: self._values(reaches, name) for name in HEARD if name not in marked}
        self._limited = any(reach.follows_limits for reach in reaches)
        self._queue = {name: self._values(reaches, name) for name in QUEUE if name not in marked}
        if "QUEUEPOSITION" not in marked:
            self._queue["QUEUEPOSITION"] = shared.automaton.texts("", *POSITIONS)
        self._connected = (
            shared.automaton.repeated(ANY, 0, LONGEST) if "connectedline" not in marked else None
        )

    def _values(self, reaches: Sequence[Reach], name: str) -> Node | None:
        """Return what a channel may have there; None where that can't be told, or it is always the same."""
        values: set[str] = set()
        for reach in reaches:
            given = reach.heard(name) if name in HEARD else reach.assigned.get(name, set())
            values |= {"", *given} if name != "language" else given
        if len(values) < 2 or any("$" in text for text in values):
            return None
        return self._shared.automaton.texts(*values)

    def anywhere(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Let go of what is only noticed at the end of a call: its cause, and the status of the last Dial."""
        (run,), (one,), live = case.runs, ahead, self._lives[0]
        for level in run.levels:
            channel = level.channel
            if (
                channel.hangup_cause in LEFT_BEHIND
                and channel.answered is not True
                and one.far & live.bit(CAUSE)
                and not one.far & live.bit("HANGUPCAUSE")
            ):
                channel.hangup_cause = ANY_CAUSE
            if "DIALSTATUS" in channel.variables and not one.far & live.bit("DIALSTATUS"):
                self._open(case, channel, "DIALSTATUS", self._statuses)

    def arrive(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Let a call that comes to an extension be as one that came by any other way."""
        (run,), (one,) = case.runs, ahead
        channel = run.channel
        self._any_time(case)
        for name, node in self._heard.items():
            if node is not None and self._is_among(case, getattr(channel, name), node):
                setattr(channel, name, case.store.new("heard", name, node))
        if not self._limited:
            channel.timeouts.clear()  # whom a limit cuts off can't come to anything any more
        if self._connected is not None and "CONNECTEDLINE" in one.names:
            # To whom he was connected before, as it is shown or becomes a part of a name.
            for name in ("connected", "connected_name"):
                text = getattr(channel, name)
                if not case.store.carries(text) and not self._is_open(case, text, self._connected):
                    setattr(channel, name, case.store.new("heard", name, self._connected))
        for name, node in self._queue.items():
            given = channel.variables.get(name, "")
            if node is not None and name in one.names and self._is_among(case, given, node):
                self._open(case, channel, name, node)

    def _is_among(self, case: Case, text: str, node: Node) -> bool:
        """Return True if the text is one of the set, or isn't decided: what came from elsewhere stays as it is.

        So does what both sides have otherwise.
        """
        text = case.store.plain(text)
        if case.store.carries(text):
            return False
        return not text.isascii() or self._shared.automaton.has(node, text)

    def _any_time(self, case: Case) -> None:
        symbols = case.runs[0].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        variable, _ = case.store.resolve(*self._shared.atoms[ord(symbols.moment) - FIRST])
        case.store.domains[variable] = symbols.every_moment

    def _open(self, case: Case, channel: Channel, name: str, node: Node) -> None:
        """Let a variable be any text of the set, but for what both sides have otherwise."""
        text = case.store.plain(channel.variables.get(name, ""))
        if case.store.carries(text):
            return
        if not self._is_open(case, text, node):
            channel.variables[name] = case.store.new("heard", name, node)

    def _is_open(self, case: Case, text: str, node: Node) -> bool:
        """Return True if the text is a variable of its own already that may be all of the set."""
        if len(text) != 1 or not ATOM.match(text):
            return False
        variable, view = case.store.resolve(*self._shared.atoms[ord(text) - FIRST])
        return not view and case.store.domains[variable] == node
