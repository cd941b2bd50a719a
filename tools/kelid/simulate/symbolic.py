"""What functions and expressions give where a text isn't decided yet, with no more decided than must be.

Most functions only hand their arguments on (DB, GROUP, CALLERID); these do so here too. Those that look at characters either
become a view of the variable (a part, a filter, a field), or are asked text by text where a variable may be few texts; two
unknown texts that are compared by size are decided freely.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kelid.model.call import Question
from kelid.simulate import numbers
from kelid.simulate.arguments import leading_integer, split_arguments
from kelid.simulate.clock import shown as written
from kelid.simulate.clock import zone as zone_of
from kelid.simulate.expression import FALSE, NUMBER, STRING, TRUE, Value, _Parser, make_text
from kelid.simulate.expression import evaluate as evaluate_plain
from kelid.simulate.functions.strings import _allowed, variable
from kelid.simulate.languages import ANY, BIT, NOTHING, OTHER, In, Machine, Node, characters_of, mask_of
from kelid.simulate.octets import to_octets
from kelid.simulate.registry import FUNCTIONS
from kelid.simulate.state import EitherWay
from kelid.simulate.symbols import FIRST, LISTED, LONGEST, Chosen, Piece, Store, Symbols, Undecided
from kelid.simulate.times import Times
from kelid.simulate.timing import Timing

if TYPE_CHECKING:
    from kelid.simulate.run import Run

Choose = Callable[[Sequence[Chosen]], int]

HANDED_ON = frozenset(
    {"DB", "DB_EXISTS", "DB_DELETE", "DB_KEYS", "DB_KEYCOUNT", "GROUP", "GROUP_COUNT", "GROUP_MATCH_COUNT", "GROUP_LIST",
     "DEVICE_STATE", "EXTENSION_STATE", "CALLERID", "CONNECTEDLINE", "REDIRECTING", "CHANNEL", "DIALPLAN_EXISTS", "SET",
     "GLOBAL", "SHARED", "LOCK", "TRYLOCK", "UNLOCK", "IF", "IFTIME", "ISNULL", "EXISTS", "HASH", "EVAL", "PASSTHRU",
     "TIMEOUT", "CDR", "FAXOPT", "MASTER_CHANNEL", "IMPORT", "MEETME_INFO", "CONFBRIDGE_INFO", "KELID-TABLE",
     "QUEUE_MEMBER", "QUEUE_MEMBER_LIST", "QUEUE_MEMBER_COUNT", "QUEUE_WAITING_COUNT", "QUEUE_VARIABLES", "QUOTE",
     "CSV_QUOTE", "PJSIP_HEADER", "VALID_EXTEN"}
)  # fmt: skip
"""Functions that don't look at the characters of their arguments, or ask ``Run.symbols`` themselves."""

NAMING = frozenset(
    {"GROUP", "GROUP_COUNT", "DEVICE_STATE", "HASH", "LOCK", "TRYLOCK", "UNLOCK", "CDR", "FAXOPT"}
)
"""Functions whose arguments only name something: nothing need be decided."""

_ONLY_TELLS = frozenset({"IF", "QUOTE", "CSV_QUOTE", "QUEUE_MEMBER", "PJSIP_HEADER"})
"""Those that are handed on and change nothing: what they give of what can't be told apart may be any text."""

_CHANGES = frozenset({"INC", "DEC", "SHIFT", "POP", "PUSH", "UNSHIFT", "DIALGROUP"})
"""Others that change something."""

_FIRST_IS_NAME = frozenset(
    {"REPLACE", "STRREPLACE", "FIELDQTY", "FIELDNUM", "LISTFILTER", "STRBETWEEN", "CUT"}
)
"""Functions whose first argument names a variable."""


_COUNTS = frozenset({"FIELDNUM", "FIELDQTY"})
"""Those of them that give a number: of a list that nobody knows, some number."""

ANSWERED = ("answered", ())
"""What is decided where it is open whether the caller was answered before."""


class Explored(Symbols):
    """Symbols with the moment of the call, functions and expressions."""

    def __init__(self, store: Store, choose: Choose, times: Times, moment: str) -> None:
        """Given the case's store, the explorer's choice, the classes of time and the atom of the moment, begin."""
        super().__init__(store, choose)
        self.times = times
        self.moment = moment
        self.every_moment = store.domains[store.resolve(*self.shared.atoms[ord(moment) - FIRST])[0]]
        """All classes of moments, whatever is left of them in a case."""
        self._named = 0
        self.answered = EitherWay(lambda: bool(self.decide(*ANSWERED)))
        """Whether the caller was answered before, where both may be."""

    def naming(self, function: Callable[[], str | None]) -> str | None:
        """Call a function that would decide what only names something, and let it take the name as it stands."""
        self._named += 1
        try:
            return function()
        finally:
            self._named -= 1

    def settle(self, text: str) -> str:
        """Decide all that is open in the text, unless it is only a name."""
        return self.store.plain(text) if self._named else super().settle(text)

    # --- the moment ----------------------------------------------------------------------------------

    def epoch(self) -> str:
        """Return the moment of the call as ``${EPOCH}`` gives it."""
        classes = self.times.classes
        return self.derived(self.moment, "epoch", lambda index: str(classes[int(index)].moment))

    def is_time(self, run: Run, spec: Timing) -> bool:
        """Decide whether it is within the specification."""

        return bool(self.classify(self.moment, *self._now(run, ("time", spec), spec.matches, bool)))

    def time_text(self, run: Run, zone: str, layout: str) -> str:
        """Return what STRFTIME gives."""

        def text(moment: datetime) -> str:
            return written(moment.astimezone(zone_of(zone) if zone else UTC), layout)

        looks = self.times.looks.get((zone, layout))
        return self.derived(self.moment, *self._now(run, ("strftime", zone, layout), text, looks))

    def _now(
        self,
        run: Run,
        key: tuple[Hashable, ...],
        says: Callable[[datetime], Any],
        looks: Callable[[Any], Hashable] | None,
    ) -> tuple[tuple[Hashable, ...], Callable[[str], Any]]:
        """Given what is said of a moment, return under which key, and what, is said of a class of time now.

        Who came in shortly before a border, and has waited since, may be behind it: it is decided here, if what is said
        ``looks`` otherwise there (None: nobody looks). Until somebody waits again it stays so.
        """
        classes = self.times.classes

        def at(index: int) -> Any:
            return says(datetime.fromtimestamp(classes[index].moment, UTC))

        def before(index: str) -> Any:
            return at(int(index))

        def after(index: str) -> Any:
            then = classes[int(index)].then
            return at(then if then >= 0 else int(index))

        if looks is not None and run.looked is None:
            run.looked = run.elapsed  # the moment is that of the first look
        elif looks is not None and not run.later and (run.has_waited() or run.decided != NOTHING):

            def differs(index: str) -> bool:
                return looks(before(index)) != looks(after(index))

            automaton = self.shared.automaton
            decided = NOTHING if run.has_waited() else run.decided
            near = automaton.less(self.part_of(self.moment, ("border", *key), differs), decided)
            if near != NOTHING:
                run.looked, run.decided = run.elapsed, automaton.either(decided, near)
                run.later = run.ask(Question("clock", str(near), ("no", "over"))) == "over"
                if run.later:
                    self.suppose(self.moment, near)
        return (("later", *key), after) if run.later else (key, before)

    def holds(self, text: str) -> bool:
        """Decide whether a condition holds: nothing and zero are false, other numbers and texts true."""

        def true(value: str) -> bool:
            number = leading_integer(value)
            return bool(value) and (number is None or number[0] != 0)

        if not self.within(text):
            return true(text)
        try:
            return bool(self.classify(text, "condition", true, lambda: _Computed("condition", true, 6)))
        except Undecided:
            return bool(self.decide("condition", (text,)))

    # --- functions -----------------------------------------------------------------------------------

    def function(
        self, run: Run, name: str, arguments: str, reads: Callable[[Run, str], str | None]
    ) -> str | None:
        """Return what a function gives, as its ``reads`` does for plain texts."""
        if name in _FIRST_IS_NAME:
            given, comma, rest = arguments.partition(",")
            value = variable(run, given)
            if self.within(value) or self.within(rest):
                return self._of_variable(run, name, value, rest if comma else "", reads)
            return reads(run, arguments)
        if not self.within(arguments):
            return reads(run, arguments)
        if name in NAMING:
            return self.naming(lambda: reads(run, arguments))
        if name in HANDED_ON or (name == "STRFTIME" and arguments.partition(",")[0] == self.epoch()):
            try:
                return reads(run, arguments)
            except Undecided:
                if name not in _ONLY_TELLS:
                    raise
                return self._anything(name, arguments)
        if name == "LEN":
            return self._size(arguments)
        if name == "FILTER":
            parts = split_arguments(arguments, 2, keep=True)
            if len(parts) == 2 and not self.within(parts[0]):
                return self._filter(run, parts[0], parts[1], reads)
        try:
            return self._plain(run, name, arguments, reads)
        except Undecided:
            if name in _CHANGES:
                raise
            return self._anything(name, arguments)

    def _anything(self, name: str, *given: str) -> str:
        """Return what a function gives where that can't be told apart: any text, the same wherever it is given the same."""
        node = self.shared.automaton.repeated(ANY, 0, LONGEST)
        return self._open("text", (name, *given), f"{name} of {self.shown(given[0])}", node)

    def _plain(self, run: Run, name: str, arguments: str, reads: Callable[[Run, str], str | None]) -> str:
        """Ask the function text by text."""

        def function(text: str) -> str:
            run.symbols = None
            try:
                return reads(run, text) or ""
            finally:
                run.symbols = self

        return self.derived(arguments, (name, getattr(run.dialplan, "token", 0)), function)

    def _of_variable(
        self, run: Run, name: str, value: str, rest: str, reads: Callable[[Run, str], str | None]
    ) -> str | None:
        value = self.store.plain(value)
        if name == "CUT" and self.within(value):
            found = None if self.within(rest) else self._cut(value, rest)
            if found is not None:
                return found
            if self._is_anything(value) and self.within(rest):
                # Which field it is isn't known: a loop over a list that nobody knows.
                return self._anything(name, value, rest)
        if name in _COUNTS and self._is_anything(f"{value}{rest}"):
            return self._number((name, value, rest), f"{name} of {self.shown(value)}")

        def function(text: str) -> str:
            one, _, more = text.partition("\0")
            held = run.channel.variables.get(_SCRATCH)
            run.symbols = None
            run.channel.variables[_SCRATCH] = one
            try:
                return reads(run, f"{_SCRATCH},{more}") or ""
            finally:
                run.symbols = self
                if held is None:
                    del run.channel.variables[_SCRATCH]
                else:
                    run.channel.variables[_SCRATCH] = held

        try:
            return self.derived(f"{value}\0{rest}", name, function)
        except Undecided:
            return self._anything(name, value, rest)

    def _cut(self, value: str, rest: str) -> str | None:
        """Return one field of a value; None where that isn't as simple."""
        delimiter, _, field = rest.partition(",")
        if len(delimiter) != 1 or not field.isdecimal() or int(field) < 1:
            return None
        pieces = self.store.pieces(value)
        if len(pieces) == 1:
            if not self._may_have(pieces[0], delimiter):
                return pieces[0].text if field == "1" else ""
            count = self.shared.automaton.count(self.store.domains[pieces[0].variable])
            return self.viewed(value, ("cut", delimiter, int(field))) if count > LISTED else None
        if any(piece.variable >= 0 and self._may_have(piece, delimiter) for piece in pieces):
            return None
        fields = "".join(piece.text for piece in pieces).split(delimiter)
        return fields[int(field) - 1] if len(fields) >= int(field) else ""

    def alphabet(self, piece: Piece) -> int:
        """Return the characters that a piece may have, as a mask: never too few."""
        return self.shared.alphabet(self.store.domains[piece.variable], piece.view)

    def may_have(self, text: str, character: str) -> bool:
        """Return True if the character may be in what isn't decided of a text."""
        return any(
            piece.variable >= 0 and self._may_have(piece, character) for piece in self.store.pieces(text)
        )

    def _may_have(self, piece: Piece, character: str) -> bool:
        return bool(self.alphabet(piece) & BIT.get(character, BIT[OTHER]))

    def _size(self, text: str) -> str:
        pieces = self.store.pieces(text)
        if len(pieces) == 1 and pieces[0].variable >= 0:
            count = self.shared.automaton.count(self.store.domains[pieces[0].variable])
            if count > LISTED and self.store.length_of(pieces[0]) is None:
                operation: tuple[str] | tuple[str, int] = ("len",)
                before, last = pieces[0].view[:-1], pieces[0].view[-1:]
                if last and last[0][0] == "slice" and (last[0][1] or 0) < 0 and last[0][2] is None:
                    # As long as the text that it is the end of, up to so many.
                    text, operation = self.shared.atom(pieces[0].variable, before), ("len", -last[0][1])
                made = self.viewed(text, operation)
                assert made is not None  # noqa: S101 - for type checkers: it can be nothing else
                return made
            if count <= LISTED:
                return self.derived(text, "LEN", lambda value: str(len(value.encode())))
        return str(self.length(text))

    def _filter(self, run: Run, written: str, text: str, reads: Callable[[Run, str], str | None]) -> str:
        allowed = _allowed(to_octets(written))
        if allowed is None:
            return ""
        mask = mask_of(character for character in allowed if character.isascii())
        if any(not character.isascii() for character in allowed):
            mask |= BIT[OTHER]
        else:
            mask &= ~BIT[OTHER]
        made: list[str] = []
        pieces = self.store.pieces(text)
        if sum(piece.variable >= 0 for piece in pieces) > 1:
            pieces = self._join(pieces) or pieces
        for piece in pieces:
            if piece.variable < 0:
                made.append(reads(run, f"{written},{piece.text}") or "")
            elif not self.alphabet(piece) & ~mask:
                made.append(piece.text)
            elif self.shared.automaton.count(self.store.domains[piece.variable]) <= LISTED:
                made.append(
                    self.derived(
                        piece.text,
                        ("FILTER", mask),
                        lambda value: "".join(c for c in value if BIT.get(c, BIT[OTHER]) & mask),
                    )
                )
            else:
                made.append(self._image(piece, mask) or self.viewed(piece.text, ("filter", mask)) or "")
        return "".join(made)

    def _image(self, piece: Piece, mask: int) -> str | None:
        """Return a variable of its own for the filter of a text that may be a great many: what is left of any of them.

        Which text it was left of isn't kept: more may come together than does. So it is done where nothing less will do: for
        what may be anything, and for the number that was dialled, whose last digits are often looked at.
        """
        automaton = self.shared.automaton
        about, domain = self.store.variables[piece.variable], self.store.domains[piece.variable]
        if piece.view or (about.kind != "dialled" and domain != automaton.repeated(ANY, 0, LONGEST)):
            return None
        fact: Hashable = ("number", "filter", piece.text, str(mask))
        known = self.store.decided.get(fact)
        if known is None:
            subject = about.subject
            if about.kind == "dialled":
                subject = str(mask & int(subject)) if subject else str(mask)
            known = self.store.new(about.kind, subject, automaton.filtered(domain, mask))
            self.store.decided[fact] = known
        assert isinstance(known, str)  # noqa: S101 - for type checkers: it can be nothing else
        return known

    # --- expressions ---------------------------------------------------------------------------------

    def expression(self, run: Run, text: str) -> str:
        """Return the value of an expression."""
        text = self.store.plain(text)
        if not self.within(text):
            return evaluate_plain(run, text)
        text = self._filled(text)
        if not self.within(text):
            return evaluate_plain(run, text)
        pieces = self.store.pieces(text)
        if self._is_listed(pieces) and not (self._is_clock(pieces) and _CALCULATES.search(text)):

            def function(plain: str) -> str:
                run.symbols = None
                try:
                    return evaluate_plain(run, plain)
                finally:
                    run.symbols = self

            return self.derived(text, "expression", function)
        value, warnings = _Open(run, text, self).value()
        for line in warnings:
            run.warn(line)
        return value

    def _filled(self, text: str) -> str:
        """Decide of atoms outside of quotes whether they are anything at all: without one, the expression is another.

        Not of what follows a digit (``0${COUNT}``): that is a number with and without it.
        """
        made: list[str] = []
        for index, part in enumerate(re.split('("[^"]*")', text)):
            if index % 2 or not self.within(part):
                made.append(part)
                continue
            for piece in self.store.pieces(part):
                if piece.variable < 0 or (made and made[-1][-1:].isdecimal()):
                    made.append(piece.text)
                elif piece.view[-1:] and piece.view[-1][0] == "len":
                    made.append(piece.text)  # a number
                elif not self.equal(piece.text, ""):
                    made.append(self.store.plain(piece.text))
        return "".join(made)

    def truth(self, text: str) -> bool:
        """Decide whether a text counts as true in an expression: neither nothing nor zero."""
        if not self.within(text):
            return not (text == "" or _is_zero(text))
        try:
            return bool(
                self.classify(
                    text,
                    "truth",
                    lambda value: not (value == "" or _is_zero(value)),
                    lambda: _Computed("truth", lambda value: not (value == "" or _is_zero(value)), 6),
                )
            )
        except Undecided:
            return bool(self.decide("truth", (text,)))

    def less(self, one: str, other: str) -> bool:
        """Decide whether one text is less than the other, as numbers where both are."""
        pieces = [*self.store.pieces(one), *self.store.pieces(other)]
        variables = {piece.variable for piece in pieces if piece.variable >= 0}
        automaton = self.shared.automaton
        if len(variables) < 3 and all(
            automaton.count(self.store.domains[variable]) <= LISTED for variable in variables
        ):
            return bool(self.classify(f"{one}\0{other}", "less", _less))
        if len(variables) == 1:
            left, right = self.store.pieces(one), self.store.pieces(other)
            for side, against, turned in ((left, right, False), (right, left, True)):
                if (
                    len(side) == 1
                    and side[0].view
                    and side[0].view[-1][0] == "len"
                    and all(piece.variable < 0 for piece in against)
                ):
                    limit = "".join(piece.text for piece in against)

                    def judge(size: str, limit: str = limit, turned: bool = turned) -> bool:
                        return _less(f"{limit}\0{size}" if turned else f"{size}\0{limit}")

                    return bool(
                        self.classify(
                            side[0].text,
                            ("less", limit, turned),
                            judge,
                            _sized(limit, turned, judge),
                        )
                    )
        return bool(self.decide("less", (one, other)))

    def is_number(self, text: str) -> bool:
        """Return True for a number that was worked out of what isn't known: it is no longer the text of anything."""
        pieces = self.store.pieces(text)
        return any(
            piece.variable >= 0 and self.store.variables[piece.variable].kind == "number" for piece in pieces
        ) and all(piece.variable >= 0 or piece.text.isdecimal() for piece in pieces)

    def _is_listed(self, pieces: Sequence[Piece]) -> bool:
        """Return True for a text that hangs on one variable of which each text can be looked at."""
        variables = {piece.variable for piece in pieces if piece.variable >= 0}
        automaton = self.shared.automaton
        return len(variables) == 1 and automaton.count(self.store.domains[next(iter(variables))]) <= LISTED

    def some_row(self, text: str, name: Hashable, table: Mapping[str, str], otherwise: str) -> str:
        """Return what a table has for a text; where that is one of too many, any that it has, the same for the same text.

        For what hardly anybody goes by: which row it is is not decided.
        """
        try:
            return self.derived(
                text, name, lambda one: table.get(one, table.get(one.replace("-", ""), otherwise))
            )
        except Undecided:
            node = self.shared.automaton.texts(*table.values(), otherwise)
            return self._open("text", (f"row {name}", text), self.shown(text), node)

    def lamp(self, exten: str, own: str, states: Sequence[str]) -> str | None:
        """Return the state of an extension that is made of several things that are open: any; None for another one.

        There is a lamp for each agent in each queue: whose it is, and whether there is one at all, is not decided. ``own``
        says what the call itself has to do with it: it is the same lamp for two calls for which that is the same.
        """
        pieces = [piece for piece in self.store.pieces(exten) if piece.variable >= 0]
        if len({piece.variable for piece in pieces}) < 2:
            return None
        return self._open(
            "lamp", ("lamp", own, exten), self.shown(exten), self.shared.automaton.texts(*states)
        )

    def _is_anything(self, text: str) -> bool:
        """Return True for a text with something in it that may be too many things to look at each."""
        return any(
            piece.variable >= 0 and self.shared.automaton.count(self.store.domains[piece.variable]) > LISTED
            for piece in self.store.pieces(text)
        )

    def _is_clock(self, pieces: Sequence[Piece]) -> bool:
        """Return True for the moment of the call: what is worked out of one moment isn't that of all of its class."""
        return any(
            piece.variable >= 0 and self.store.variables[piece.variable].kind == "time" for piece in pieces
        )

    def is_truth(self, text: str) -> bool:
        """Return True for such a number that is 0 or 1."""
        (piece, *others) = self.store.pieces(text)
        node = self.store.domains[piece.variable] if piece.variable >= 0 else None
        return not others and not piece.view and node == self.shared.automaton.texts("0", "1")

    def either(self, condition: str, yes: str, no: str) -> str | None:
        """Return one of two numbers, of which one is unknown, by a condition that is unknown, too: some number.

        It is None where the condition must be decided after all.
        """
        if not self.is_number(condition) or not (self.is_number(yes) or self.is_number(no)):
            return None
        if not all(text.isdecimal() or self.is_number(text) for text in (yes, no)):
            return None
        if self.store.plain(yes) == self.store.plain(no):
            return yes
        return self._number(("?", condition, yes, no), f"{self.shown(yes)} or {self.shown(no)}")

    def computed(
        self,
        operator: str,
        one: str,
        other: str,
        function: Callable[[str, str], str],
        *,
        yes_or_no: bool = False,
    ) -> str:
        """Return what an operator gives for two texts: a new unknown number where neither is known.

        It is 0 or 1 for one that compares (``yes_or_no``).
        """
        pieces = [*self.store.pieces(one), *self.store.pieces(other)]
        if self._is_listed(pieces) and not self._is_clock(pieces):
            return self.derived(
                f"{one}\0{other}", ("operator", operator), lambda text: function(*text.split("\0", 1))
            )
        subject = f"{self.shown(one)} {operator} {self.shown(other)}"
        return self._number((operator, one, other), subject, () if not yes_or_no else ("0", "1"))

    def _number(self, made: tuple[str, ...], subject: str, texts: Sequence[str] = ()) -> str:
        """Return an unknown number, any or one of these, that is the same wherever it is made of the same."""
        automaton = self.shared.automaton
        node = automaton.texts(*texts) if texts else automaton.repeated(_DIGITS, 1, MOST_DIGITS)
        return self._open("number", made, subject, node)

    def _open(self, kind: str, made: tuple[str, ...], subject: str, node: Node) -> str:
        """Return what may be any text of a set, and is the same wherever it is made of the same."""
        fact: Hashable = ("number", *map(self.store.plain, made))
        known = self.store.decided.get(fact)
        if known is None:
            known = self.store.decided[fact] = self.store.new(kind, subject, node)
        assert isinstance(known, str)  # noqa: S101 - for type checkers: it can be nothing else
        return known


_DIGITS = mask_of("0123456789")
MOST_DIGITS = 20
"""How long a number may be that was worked out of what isn't known: moments have ten digits, call numbers fifteen."""
_SCRATCH = "KELID_SCRATCH"
_CALCULATES = re.compile(r"[-+*/%]")


def _is_zero(text: str) -> bool:
    number = numbers.parsed(text) if re.fullmatch(r"[0-9.]+", text) else None
    return number is not None and number == 0


def _value(text: str) -> Value:
    return Value(STRING, text) if text[:1] == '"' else make_text(text)


def _less(text: str) -> bool:
    one, other = text.split("\0", 1)
    return _Parser(None, "")._less(_value(one), _value(other))


class _Sized:
    """A machine that hands a number of few digits to a function."""

    def __init__(self, key: Hashable, function: Callable[[str], Hashable]) -> None:
        self.function = function
        self.key = ("sized", key)
        self.start = ""

    def moves(self, state: str, mask: int) -> Iterator[tuple[int, str]]:
        """Add the character."""
        for letter in characters_of(mask):
            yield BIT[letter], state + letter

    def end(self, state: str) -> Hashable:
        """Return what the function says."""
        return self.function(state)

    def settled(self, state: str) -> bool:
        """Return False: every digit counts."""
        return False


def _sized(limit: str, turned: bool, judge: Callable[[str], Hashable]) -> Callable[[], Machine]:
    return lambda: _Sized(("less", limit, turned), judge)


class _Computed:
    """A machine that hands the whole text to a function, if it is of few characters; longer ones are like one of them."""

    def __init__(self, key: Hashable, function: Callable[[str], Hashable], most: int) -> None:
        self.function, self.most = function, most
        self.key = ("computed", key, most)
        self.start = ""

    def moves(self, state: str, mask: int) -> Iterator[tuple[int, str]]:
        """Add the character."""
        if len(state) > self.most:
            yield mask, state
            return
        zero, digits = mask & BIT["0"], mask & mask_of("123456789")
        point = mask & BIT["."]
        rest = mask & ~(zero | digits | point)
        # Digits but 0 are alike for whoever asks for zero; what else a text has makes it no number.
        for part, letter in ((zero, "0"), (digits, "1"), (point, "."), (rest, "x")):
            if part:
                yield part, state + letter

    def end(self, state: str) -> Hashable:
        """Return what the function says."""
        return self.function(state)

    def settled(self, state: str) -> bool:
        """Return True once more can't matter."""
        return len(state) > self.most or "x" in state or "1" in state


class _Open(_Parser):
    """An expression with texts that aren't decided."""

    def __init__(self, run: Run, text: str, symbols: Explored) -> None:
        self.open = symbols
        super().__init__(run, text)

    def _settle_outside_quotes(self, text: str) -> str:
        return text

    def _is_open(self, *values: Value) -> bool:
        return any(value.kind != NUMBER and self.open.within(value.text) for value in values)

    def _is_nothing(self, value: Value) -> bool:
        if self._is_open(value) and value.text[:1] != '"':
            return not self.open.truth(value.text)
        return super()._is_nothing(value)

    def equal(self, left: Value, right: Value) -> Value:
        if not self._is_open(left, right):
            return super().equal(left, right)
        one, other = self._text(left), self._text(right)
        for side, against in ((one, other), (other, one)):
            if (
                against[:1] != '"'
                and side[:1] != '"'
                and re.fullmatch(r"[0-9]+", against)
                and self.open.within(side)
            ):
                return TRUE if self._same_number(side, against) else FALSE
        return TRUE if self._equal(one, other) else FALSE

    def _same_number(self, text: str, number: str) -> bool:
        symbols = self.open
        automaton = symbols.shared.automaton
        plain = number.lstrip("0")
        forms = automaton.texts(*(("0" * zeros + plain) for zeros in range(20)))

        def machine() -> Machine:
            return In(automaton, forms)

        try:
            return bool(
                symbols.classify(
                    text,
                    ("number", plain),
                    lambda value: re.fullmatch(r"[0-9]+", value) is not None and int(value) == int(number),
                    machine,
                )
            )
        except Undecided:
            return bool(symbols.decide("equal", (text, number)))

    def _less(self, left: Value, right: Value) -> bool:
        if not self._is_open(left, right):
            return super()._less(left, right)
        return self.open.less(self._text(left), self._text(right))

    def _compared(self, operator: str, left: Value, right: Value) -> Value:
        """Compare by size. Where one is a number that was worked out, the outcome stays open until somebody goes by it."""
        if self._is_number(left, right):
            if self.open.plain(self._text(left)) == self.open.plain(self._text(right)):
                return TRUE if operator in ("<=", ">=") else FALSE
            return self._calculated(operator, left, right, yes_or_no=True)
        return getattr(super(), _METHODS[operator])(left, right)  # type: ignore[no-any-return]

    def less(self, left: Value, right: Value) -> Value:
        return self._compared("<", left, right)

    def greater(self, left: Value, right: Value) -> Value:
        return self._compared(">", left, right)

    def at_most(self, left: Value, right: Value) -> Value:
        return self._compared("<=", left, right)

    def at_least(self, left: Value, right: Value) -> Value:
        return self._compared(">=", left, right)

    def _is_number(self, *values: Value) -> bool:
        return any(self._is_open(value) and self.open.is_number(value.text) for value in values)

    def and_(self, left: Value, right: Value) -> Value:
        if not self._is_number(left):
            if self._is_nothing(left):
                return FALSE
            # What is left of a truth is 1; of another number, that number.
            one = self._is_number(right) and self._as_number(left) == TRUE and self.open.is_truth(right.text)
            return right if one else super().and_(left, right)
        if self._is_number(right):
            return self._calculated("&", left, right, yes_or_no=self.open.is_truth(left.text))
        return FALSE if self._is_nothing(right) else left

    def or_(self, left: Value, right: Value) -> Value:
        if self._is_number(left):
            if self._is_number(right):
                both = all(self.open.is_truth(value.text) for value in (left, right))
                return self._calculated("|", left, right, yes_or_no=both)
            if self._text(right) == "0":
                return left
            if self._text(right) == "1" and self.open.is_truth(left.text):
                return TRUE
        return super().or_(left, right)

    def _choose(self, condition: Value, yes: Value, no: Value) -> Value:
        if self._is_open(condition):
            return yes if self.open.truth(condition.text) else no
        return super()._choose(condition, yes, no)

    def _not(self, value: Value) -> Value:
        if self._is_open(value):
            return FALSE if self.open.truth(value.text) else TRUE
        return super()._not(value)

    def _negate(self, value: Value) -> Value:
        if self._is_open(value):
            return self._calculated("-", Value(NUMBER, number=0), value)
        return super()._negate(value)

    def _calculated(self, operator: str, left: Value, right: Value, *, yes_or_no: bool = False) -> Value:
        def plain(one: str, other: str) -> str:
            parser = _Parser(None, "")
            value = getattr(_Parser, _METHODS[operator])(parser, _value(one), _value(other))
            return parser._text(value)

        one, other = self._text(left), self._text(right)
        return make_text(self.open.computed(operator, one, other, plain, yes_or_no=yes_or_no))

    def plus(self, left: Value, right: Value) -> Value:
        return self._calculated("+", left, right) if self._is_open(left, right) else super().plus(left, right)

    def minus(self, left: Value, right: Value) -> Value:
        return (
            self._calculated("-", left, right) if self._is_open(left, right) else super().minus(left, right)
        )

    def times(self, left: Value, right: Value) -> Value:
        return (
            self._calculated("*", left, right) if self._is_open(left, right) else super().times(left, right)
        )

    def divided(self, left: Value, right: Value) -> Value:
        return (
            self._calculated("/", left, right) if self._is_open(left, right) else super().divided(left, right)
        )

    def rest(self, left: Value, right: Value) -> Value:
        return self._calculated("%", left, right) if self._is_open(left, right) else super().rest(left, right)


_METHODS = {
    "+": "plus", "-": "minus", "*": "times", "/": "divided", "%": "rest", "<": "less", ">": "greater", "<=": "at_most",
    ">=": "at_least", "&": "and_", "|": "or_",
}  # fmt: skip

__all__ = ["FUNCTIONS", "LONGEST", "Explored", "Node"]
