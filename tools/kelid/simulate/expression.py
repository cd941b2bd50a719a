"""Expressions: what stands in ``$[...]`` when its variables are put in.

Tokens as in main/ast_expr2.fl, grammar and operators as in main/ast_expr2.y. A text with a fault has a value too: where the
part before the fault is complete, it is that part's (the parser that bison makes hands it on before it sees the fault),
otherwise 0, or nothing where the fault is at the beginning.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kelid.simulate import numbers
from kelid.simulate.arguments import atoi
from kelid.simulate.numbers import Number
from kelid.simulate.octets import from_octets, to_octets, whole
from kelid.simulate.registry import find as find_function
from kelid.simulate.regular import PatternError, search
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run

NUMBER, NUMERIC, STRING = range(3)
"""Kinds of a value: a number; a text that is one; any other text."""


class Value(NamedTuple):
    """A value on its way: ``number`` counts for NUMBER, ``text`` for the others."""

    kind: int
    text: str = ""
    number: Number = 0


FALSE, TRUE = Value(NUMBER, number=0), Value(NUMBER, number=1)
INT_MAX = (1 << 31) - 1

_LETTER = r"(?:[a-zA-Z0-9.';\\_^#@]|[^\x00-\x7f]|\$[^{])"
_TOKEN = re.compile(
    rf"""
    (?P<blank>[ \t\r\n]+)
    |(?P<quoted>"[^"]*")
    |(?P<word>{_LETTER}+)
    |(?P<operator>\|\||&&|==|=~|~~|>=|<=|!=|::|[|&=<>+,\-*/%?!:()])
    """,
    re.VERBOSE,
)
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SAME = {"||": "|", "&&": "&", "==": "="}
_NUMERIC = re.compile(r"[0-9.][0-9.]*")
_REALLY_NUMBER = re.compile(r"[-0-9. \t]*")
_FUNCTION = re.compile("[A-Z_0-9]*")

_LEVEL = {
    "?": 1, "|": 2, "&": 3,
    "=": 4, ">": 4, "<": 4, ">=": 4, "<=": 4, "!=": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
    ":": 8, "=~": 8, "~~": 8,
}  # fmt: skip
"""Operator -> how tightly it binds; all bind to the left."""
_UNARY = 7
"""How tightly ``!`` and the minus sign before a value bind: less than ``:`` and ``=~``."""


_ONLY_OUTSIDE = frozenset((
    "AST_SORCERY", "DB_KEYS", "FILE", "FILE_COUNT_LINE", "FILE_FORMAT", "MASTER_CHANNEL", "PASSTHRU", "PJSIP_AOR",
    "PJSIP_CONTACT", "PJSIP_ENDPOINT", "POP", "REPLACE", "SHIFT", "SIP_HEADERS", "STACK_PEEK", "STRBETWEEN", "STRREPLACE",
))  # fmt: skip
"""Functions that are read by ``${...}`` only: they have no way for a buffer of fixed size (read2, but no read)."""


class _FaultError(Exception):
    """A text that the grammar doesn't know."""


def make_text(text: str) -> Value:
    """Return a text as a value: NUMERIC where it has only digits and points (make_str)."""
    return Value(NUMERIC if _NUMERIC.fullmatch(text) else STRING, text)


def evaluate(run: Run, text: str) -> str:
    """Return the value of the expression, as text. What Asterisk logs about it goes to ``run.warn``."""
    if run.symbols is not None and run.symbols.within(text):
        return run.symbols.expression(run, text)
    if run.symbols is None or not run.symbols.within(text):
        known = _plain(text)
        if known is not None:
            for line in known[1]:
                run.warn(line)
            return known[0]
    value, warnings = _Parser(run, text).value()
    for line in warnings:
        run.warn(line)
    return value


@lru_cache(maxsize=1 << 16)
def _plain(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return value and warnings of an expression that asks nothing of the call; None if it reads a function."""
    parser = _Parser(None, text)
    value, warnings = parser.value()
    return None if parser.reads else (value, warnings)


def tokens_of(text: str) -> list[tuple[str, str]]:
    """Return the tokens with their kinds: ``number``, ``text``, or the operator itself. What is no token is passed over."""
    found: list[tuple[str, str]] = []
    at, end = 0, len(text)
    while at < end:
        if text.startswith("${", at):
            return found  # flex waits for the end of a variable that nobody put in
        match = _TOKEN.match(text, at)
        if match is None:
            at += 1  # flex prints it on standard output, and goes on
            continue
        kind = match.lastgroup
        token = match[0]
        at = match.end()
        if kind == "word":
            found.append(("number" if _DIGITS.fullmatch(token) else "text", token))
        elif kind == "quoted":
            found.append(("text", token))
        elif kind == "operator":
            token = _SAME.get(token, token)
            found.append((token, token))
    return found


class _Parser:
    """One expression being parsed and counted at once, as bison's parser does it."""

    def __init__(self, run: Run | None, text: str) -> None:
        """Given the run (None: functions are left unread, ``reads`` tells), take the text apart."""
        self.run = run
        self.text = text
        self.symbols = run.symbols if run is not None else None
        if self.symbols is not None and self.symbols.within(text):
            text = self._settle_outside_quotes(text)
        self.tokens = tokens_of(text)
        self.at = 0
        self.reads = False
        self.warnings: list[str] = []

    def _settle_outside_quotes(self, text: str) -> str:
        """Decide what is undecided but for what stands in quotes, which can be compared as it is."""
        symbols = self.symbols
        assert symbols is not None  # noqa: S101 - the caller looked
        pieces = re.split('("[^"]*")', text)
        return "".join(
            piece if at % 2 or not symbols.within(piece) else symbols.settle(piece)
            for at, piece in enumerate(pieces)
        )

    def value(self) -> tuple[str, tuple[str, ...]]:
        """Return the value as text, and what is logged."""
        if not self.tokens:
            return "", ()
        if self.tokens[0][0] not in ("number", "text", "-", "!", "("):
            self._fault()
            return "", tuple(self.warnings)
        try:
            value = self._expression(1)
        except _FaultError:
            self._fault()
            return "0", tuple(self.warnings)
        if self.at < len(self.tokens):
            self._fault()
        shown = numbers.shown(value.number) if value.kind == NUMBER else value.text
        return shown, tuple(self.warnings)

    def _fault(self) -> None:
        near = self.tokens[self.at][1] if self.at < len(self.tokens) else "end"
        self.warnings.append(f"syntax error in $[{self.text}] at {near}")

    # -- the grammar

    def _kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _expression(self, level: int) -> Value:
        left = self._operand()
        while True:
            operator = self._kind()
            binds = _LEVEL.get(operator, 0)
            if binds < level or not binds:
                return left
            self.at += 1
            if operator == "?":
                middle = self._expression(1)
                if self._kind() != "::":
                    raise _FaultError
                self.at += 1
                left = self._choose(left, middle, self._expression(2))
            else:
                right = self._expression(binds + 1)
                left = getattr(self, _METHODS[operator])(left, right)

    def _operand(self) -> Value:
        kind = self._kind()
        if kind in ("number", "text"):
            token = self.tokens[self.at][1]
            self.at += 1
            if self._kind() == "(":
                return self._function(token)
            return Value(NUMERIC if kind == "number" else STRING, token)
        if kind == "(":
            self.at += 1
            value = self._expression(1)
            if self._kind() != ")":
                raise _FaultError
            self.at += 1
            return value
        if kind == "-":
            self.at += 1
            return self._negate(self._expression(_UNARY))
        if kind == "!":
            self.at += 1
            return self._not(self._expression(_UNARY))
        raise _FaultError

    def _function(self, name: str) -> Value:
        self.at += 1
        arguments = [self._expression(1)]
        while self._kind() == ",":
            self.at += 1
            if self._kind() in (",", ")"):
                arguments.append(Value(STRING))
            else:
                arguments.append(self._expression(1))
        if self._kind() != ")":
            raise _FaultError
        self.at += 1
        return self._call(name, arguments)

    def _call(self, name: str, arguments: list[Value]) -> Value:
        """Return what a function gives: one of the mathematical ones, or one of the dial plan's (op_func)."""
        if not _FUNCTION.fullmatch(name):
            self.warnings.append(f"Error! '{name}' is not possibly a function name!")
            return FALSE
        mathematical = numbers.MATHEMATICAL.get(name)
        if mathematical is not None:
            count, compute = mathematical
            if len(arguments) != count:
                self.warnings.append(f"Wrong args to {name}() function")
                return FALSE
            taken: list[Number] = []
            for argument in arguments:
                number = self._number(argument)
                if number is None:
                    # Asterisk takes the address of the text for a number
                    if self.run is not None:
                        raise UnknownHere(f"{name}() of a text that is no number")
                    self.reads = True
                    return FALSE
                taken.append(number)
            return Value(NUMBER, number=compute(*taken))
        if self.run is None:
            self.reads = True
            return FALSE
        function = find_function(name)
        if function is None or function.read is None:
            return self._missing(name)
        if name in _ONLY_OUTSIDE:
            self.warnings.append(f"Error! Function '{name}' cannot be read!")
            return FALSE
        text = ",".join(self._text(argument) for argument in arguments)
        given = function.read(self.run, text)
        if given is None:
            raise UnknownHere(f"{name}() that fails within an expression, which takes what lay in memory")
        value = from_octets(to_octets(given)[:511])
        if _REALLY_NUMBER.fullmatch(value):
            return Value(NUMBER, number=numbers.leading(value))
        return make_text(value)

    def _missing(self, name: str) -> Value:
        from kelid.simulate.substitute import cannot_read  # noqa: PLC0415 - that module imports this one

        assert self.run is not None  # noqa: S101 - the caller looked
        cannot_read(self.run, name)
        return FALSE

    # -- values

    def _number(self, value: Value) -> Number | None:
        """Return the value as a number, None for a text that is none (to_number)."""
        if value.kind == NUMBER:
            return value.number
        if value.kind == STRING:
            return None
        return numbers.parsed(value.text)

    def _text(self, value: Value) -> str:
        return numbers.shown(value.number) if value.kind == NUMBER else value.text

    def _is_nothing(self, value: Value) -> bool:
        """Return True for 0 and the empty text (is_zero_or_null)."""
        if value.kind == NUMBER:
            return value.number == 0
        if not value.text:
            return True
        number = self._number(value)
        return number is not None and number == 0

    def _equal(self, one: str, other: str) -> bool:
        symbols = self.symbols
        if symbols is None or one == other:
            return one == other
        if len(one) > 1 and len(other) > 1 and one[0] == other[0] == one[-1] == other[-1] == '"':
            return symbols.equal(one[1:-1], other[1:-1])
        return symbols.equal(one, other)

    def _settled(self, text: str) -> str:
        return text if self.symbols is None else self.symbols.settle(text)

    def _numbers(self, left: Value, right: Value) -> tuple[Number, Number] | None:
        """Return both as numbers, or None where one of them is a text that is none."""
        if STRING in (left.kind, right.kind):
            return None
        one, other = self._number(left), self._number(right)
        return None if one is None or other is None else (one, other)

    # -- the operators

    def or_(self, left: Value, right: Value) -> Value:
        return right if self._is_nothing(left) else self._as_number(left)

    def and_(self, left: Value, right: Value) -> Value:
        return FALSE if self._is_nothing(left) or self._is_nothing(right) else self._as_number(left)

    def _as_number(self, value: Value) -> Value:
        """Return the number that looking for 0 has made of a text that is one (is_zero_or_null changes it)."""
        return Value(NUMBER, number=numbers.parsed(value.text)) if value.kind == NUMERIC else value

    def equal(self, left: Value, right: Value) -> Value:
        both = self._numbers(left, right)
        same = both[0] == both[1] if both else self._equal(self._text(left), self._text(right))
        return TRUE if same else FALSE

    def unequal(self, left: Value, right: Value) -> Value:
        return FALSE if self.equal(left, right) is TRUE else TRUE

    @staticmethod
    def _is_no_number(left: Value, right: Value) -> bool:
        """Return True if one of them is C's not-a-number, which compares with nothing (and both count as numbers)."""
        if STRING in (left.kind, right.kind):
            return False
        return left.number != left.number or right.number != right.number

    def _less(self, left: Value, right: Value) -> bool:
        both = self._numbers(left, right)
        if both:
            return both[0] < both[1]
        return to_octets(self._settled(self._text(left))) < to_octets(self._settled(self._text(right)))

    def less(self, left: Value, right: Value) -> Value:
        return TRUE if self._less(left, right) else FALSE

    def greater(self, left: Value, right: Value) -> Value:
        return TRUE if self._less(right, left) else FALSE

    def at_most(self, left: Value, right: Value) -> Value:
        return FALSE if self._less(right, left) or self._is_no_number(left, right) else TRUE

    def at_least(self, left: Value, right: Value) -> Value:
        return FALSE if self._less(left, right) or self._is_no_number(left, right) else TRUE

    def _choose(self, condition: Value, yes: Value, no: Value) -> Value:
        if condition.kind == STRING:
            return no if self._settled(condition.text) in ("", '""', "0") else yes
        number = self._number(condition)
        return yes if number else no

    def _not_numeric(self) -> None:
        self.warnings.append("non-numeric argument")

    def plus(self, left: Value, right: Value) -> Value:
        one, other = self._number(left), self._number(right)
        if one is None:
            self._not_numeric()
            return FALSE if other is None else Value(NUMBER, number=other)
        if other is None:
            return Value(NUMBER, number=one)
        return Value(NUMBER, number=numbers.add(one, other))

    def minus(self, left: Value, right: Value) -> Value:
        one, other = self._number(left), self._number(right)
        if one is None:
            self._not_numeric()
            return FALSE if other is None else Value(NUMBER, number=numbers.subtract(0, other))
        if other is None:
            self._not_numeric()
            return Value(NUMBER, number=one)
        return Value(NUMBER, number=numbers.subtract(one, other))

    def times(self, left: Value, right: Value) -> Value:
        one, other = self._number(left), self._number(right)
        if one is None or other is None:
            self._not_numeric()
            return FALSE
        return Value(NUMBER, number=numbers.multiply(one, other))

    def divided(self, left: Value, right: Value) -> Value:
        one, other = self._number(left), self._number(right)
        if one is None:
            self._not_numeric()
            return FALSE
        if other is None:
            self._not_numeric()
            return Value(NUMBER, number=INT_MAX)
        if other == 0:
            self.warnings.append("division by zero")
            return Value(NUMBER, number=INT_MAX)
        return Value(NUMBER, number=numbers.divide(one, other))

    def rest(self, left: Value, right: Value) -> Value:
        one, other = self._number(left), self._number(right)
        if one is None or other is None:
            self._not_numeric()
            return FALSE
        if other == 0:
            self.warnings.append("div by zero")
            return Value(NUMBER, number=other)
        return Value(NUMBER, number=numbers.remainder(one, other))

    def _negate(self, value: Value) -> Value:
        number = self._number(value)
        if number is None:
            self._not_numeric()
            return FALSE
        return Value(NUMBER, number=numbers.negative(number))

    def _not(self, value: Value) -> Value:
        """Return whether the value counts as no (op_compl): for texts, atoi decides but for "" and 0."""
        if value.kind == NUMBER:
            return TRUE if value.number == 0 else FALSE
        return TRUE if atoi(self._settled(value.text)) == 0 else FALSE

    def _matched(self, left: Value, right: Value, *, anchored: bool) -> Value:
        """Return what a pattern finds: its first group, or how many bytes it takes (op_colon, op_eqtilde)."""
        text = to_octets(self._settled(_unquoted(self._text(left))))
        pattern = to_octets(self._settled(_unquoted(self._text(right))))
        try:
            found = search(pattern, text)
        except PatternError as problem:
            self.warnings.append(f"regcomp() error : {problem}")
            return Value(STRING)
        if found.start is None or (anchored and found.start != 0):
            return Value(STRING) if found.groups else FALSE
        if found.first is not None:
            return make_text(from_octets(found.first))
        return Value(NUMBER, number=found.end - found.start)

    def matches_start(self, left: Value, right: Value) -> Value:
        return self._matched(left, right, anchored=True)

    def matches(self, left: Value, right: Value) -> Value:
        return self._matched(left, right, anchored=False)

    def joined(self, left: Value, right: Value) -> Value:
        return make_text(whole(_unquoted(self._text(left)) + _unquoted(self._text(right))))


def _unquoted(text: str) -> str:
    """Return the text without all of its quotes, if it begins and ends with one (strip_quotes)."""
    return text.replace('"', "") if text[:1] == '"' and text[-1:] == '"' else text


_METHODS = {
    "|": "or_", "&": "and_", "=": "equal", "!=": "unequal", "<": "less", ">": "greater", "<=": "at_most",
    ">=": "at_least", "+": "plus", "-": "minus", "*": "times", "/": "divided", "%": "rest", ":": "matches_start",
    "=~": "matches", "~~": "joined",
}  # fmt: skip
