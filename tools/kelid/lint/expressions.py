"""Conditions that are always the same, that break, or that compare something else than they seem to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kelid.findings import Severity, Where
from kelid.lint import text
from kelid.lint.jumps import GOSUB, MACRO, nested
from kelid.lint.registry import Fault, rule
from kelid.lint.view import At, View
from kelid.model.pbx import Step

_MAYBE_EMPTY = text.words(
    """
    CALLERID CDR CURL DB ENV GLOBAL HASH PJSIP_HEADER QUEUE_VARIABLES REALTIME REALTIME_FIELD REDIRECTING SHARED SHELL
    SIP_HEADER CONNECTEDLINE JSON_DECODE SPEECH_TEXT ENUMLOOKUP STACK_PEEK
    """
)
"""Functions that may well give nothing."""

_SURE = text.words(
    """
    EPOCH PRIORITY EXTEN CONTEXT CHANNEL UNIQUEID HANGUPCAUSE ARGC MACRO_PRIORITY LINKEDID GOSUB_RETVAL
    """
)
"""Variables that always have a value."""


_DEEPEST = 8
"""Parentheses around a comparison that are looked into."""


def _terms(expression: str, operator: str) -> list[str]:
    """Return the parts between ``&`` or ``|`` outside of quotes and brackets."""
    parts: list[str] = []
    depth = 0
    quoted = False
    start = 0
    for at, character in enumerate(expression):
        if character == '"':
            quoted = not quoted
        elif character in "({[" and not quoted:
            depth += 1
        elif character in ")}]" and not quoted:
            depth -= 1
        elif character == operator and not quoted and depth <= 0:
            parts.append(expression[start:at])
            start = at + 1
    return [*parts, expression[start:]]


def _comparison(term: str) -> tuple[str, str, str] | None:
    """Return left, operator and right of one comparison, None where it is something else."""
    found = None
    depth = 0
    quoted = False
    term = term.strip()
    for _ in range(_DEEPEST):
        if term.startswith("(") and term.endswith(")"):
            term = term[1:-1].strip()
    for at, character in enumerate(term):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "({[":
            depth += 1
        elif character in ")}]":
            depth -= 1
        elif not depth and character in "=<>!":
            for operator in ("==", "!=", "<=", ">=", "=", "<", ">"):
                if term.startswith(operator, at):
                    found = (term[:at].strip(), operator, term[at + len(operator) :].strip())
                    break
            break
    return found


def _each(view: View) -> Iterator[tuple[Where, str]]:
    return ((at.step.where, expression) for at, expression in _all(view))


def _all(view: View) -> Iterator[tuple[At, str]]:
    for at in view.steps:
        if "$[" in at.step.data:
            for expression in text.expressions(at.step.data):
                yield at, expression


@rule("Z501")
def impossible(view: View) -> Iterator[Fault]:
    """A condition can come true: one variable doesn't equal two values at once."""
    for where, expression in _each(view):
        if len(_terms(expression, "|")) > 1:
            continue
        wanted: dict[str, str] = {}
        for term in _terms(expression, "&"):
            parts = _comparison(term)
            if parts is None or parts[1] not in {"=", "=="}:
                continue
            left, _, right = parts
            if text.constant(left):
                left, right = right, left
            if text.constant(left) or not text.constant(right):
                continue
            value = right.strip('"')
            if wanted.setdefault(left.strip('"'), value) != value:
                what = f"{left} can't be {wanted[left.strip(chr(34))]!r} and {value!r} at once: this is never true"
                yield where, what, "write | for or"
                break


@rule("Z502", Severity.WARNING)
def always_the_same(view: View) -> Iterator[Fault]:
    """A condition compares something that can change."""
    for where, expression in _each(view):
        for operator in "|&":
            for term in _terms(expression, operator):
                parts = _comparison(term)
                if parts is None or not text.constant(term) or not parts[0] or not parts[2]:
                    continue
                if not re.search("[&|:]", term.replace('"', "")):
                    what = f"$[{term.strip()}] compares two texts that never change"
                    yield where, what, "did you mean a variable, ${NAME}?"
                    break
            else:
                continue
            break


@rule("Z503", Severity.WARNING)
def breaks_when_empty(view: View) -> Iterator[Fault]:
    """A variable that is compared stands in quotes: without them an empty one is a syntax error."""
    filled = _Filled(view)
    for at, expression in _all(view):
        for term in (part for half in _terms(expression, "|") for part in _terms(half, "&")):
            parts = _comparison(term)
            sides = (parts[0], parts[2]) if parts else ()
            own = _owner(at.context.name, at.exten.pattern)
            bad = next((side for side in sides if _may_be_empty(side, filled, own)), "")
            if bad:
                what = f"$[{expression.strip()[:60]}] is a syntax error when {bad} is empty"
                yield at.step.where, what, f'write "{bad}", or 0{bad} for a number'
                break


def _may_be_empty(side: str, filled: _Filled, own: str) -> bool:
    """Return True if a side of a comparison is a variable alone, without quotes or anything beside it.

    ``own`` stands before the arguments of the step's subroutine.
    """
    found = text.uses(side)
    if not found or found[0].start != 0 or found[0].end != len(side):
        return False
    use = found[0]
    if use.called:
        return use.name in _MAYBE_EMPTY or use.name.startswith("ODBC_")
    return not filled.has(f"{own}{use.name}" if _ARGUMENT.fullmatch(use.name) else use.name)


_ARGUMENT = re.compile("ARG[1-9]")
_OWNED = re.compile("[a-zA-Z0-9_]+_44_ARG[1-9]")
"""An argument under its own name, as ``_owner`` makes it: its comma is 44."""


def _owner(context: str, exten: str) -> str:
    """Return what stands before the arguments of a subroutine, so that each has its own."""
    return "".join(
        character if character.isalnum() else f"_{ord(character)}_" for character in f"{context},{exten},"
    )


def _owned(at: At, value: str) -> str:
    """Return a value with the arguments of the step's own subroutine under their own names."""
    own = _owner(at.context.name, at.exten.pattern)
    return re.sub(r"\$\{(ARG[1-9])\}", lambda found: f"${{{own}{found[1]}}}", value)


class _Filled:
    """The variables that every step which sets them gives something that isn't empty.

    A subroutine's arguments count for each subroutine by itself; those of one that nobody calls by name count as filled.
    """

    def __init__(self, view: View) -> None:
        """Gather the values, and take out what may be empty until nothing more is."""
        self.view = view
        self.values: dict[str, set[str]] = {}
        for at in view.steps:
            for step in nested(at.step):
                self._set(at, step)
        for option in view.pbx.globals:
            self._add(option.key, option.value)
        self._subroutines()
        self.empty: set[str] = set()
        more = True
        while more:
            view.spend(len(self.values))
            emptied = {
                name
                for name, values in self.values.items()
                if name not in self.empty and name not in _SURE and not all(map(self.holds, values))
            }
            self.empty |= emptied
            more = bool(emptied)

    def _add(self, name: str, value: str) -> None:
        self.values.setdefault(name.strip().lstrip("_"), set()).add(value)

    def _set(self, at: At, step: Step) -> None:
        app = step.app.lower()
        if app in {"read", "readexten"}:
            self._add(text.split(step.data)[0], "")
        elif app in {"set", "mset"}:
            for part in text.split(step.data) if app == "mset" else [step.data]:
                given = text.assignment(part)
                if given is None:
                    continue
                if not given.called:
                    self._add(given.name, _owned(at, given.value))
                elif given.name in {"LOCAL", "GLOBAL", "ARRAY", "HASH", "SHARED"}:
                    for name in text.split(given.arguments):
                        self._add(name, _owned(at, given.value))

    def _subroutines(self) -> None:
        seen: set[tuple[str, str, tuple[str, ...]]] = set()
        for at, jump in self.view.jumps:
            context = jump.context or at.context.name
            if jump.kind not in {GOSUB, MACRO} or not text.constant(context):
                continue
            exten = jump.exten or at.exten.pattern
            given = tuple(_owned(at, value) for value in jump.arguments[:9])
            key = (context, exten if text.constant(exten) else "", given)
            if key in seen:
                continue
            seen.add(key)
            if key[1]:
                goals = self.view.find(context, exten).extens
            else:
                goals = tuple((c, e) for c in self.view.closure(context) for e in c.extens)
            self.view.spend(len(goals) * 20)
            for owner, goal in goals:
                own = _owner(owner.name, goal.pattern)
                for index in range(9):
                    self._add(f"{own}ARG{index + 1}", given[index] if index < len(given) else "")

    def has(self, name: str) -> bool:
        """Return True if a variable always has something in it."""
        return name in _SURE or (
            name not in self.empty and (name in self.values or _OWNED.fullmatch(name) is not None)
        )

    def holds(self, value: str) -> bool:
        """Return True if a value has something in it, whatever its variables hold."""
        rest = value.strip()
        if "$[" in rest:
            return True
        outer = 0
        for use in text.uses(rest):
            if use.start < outer:
                continue
            if use.start > outer:
                return True
            outer = use.end
            if use.called:
                if use.name not in _MAYBE_EMPTY and not use.name.startswith("ODBC_"):
                    return True
            elif rest[use.start : use.end] == f"${{{use.name}}}" and self.has(use.name):
                return True
        return bool(rest[outer:])


@rule("Z504", Severity.WARNING)
def compares_letters(view: View) -> Iterator[Fault]:
    """Numbers are compared as numbers: what stands in quotes is compared letter by letter, and 9 is more than 10."""
    for where, expression in _each(view):
        for term in (part for half in _terms(expression, "|") for part in _terms(half, "&")):
            parts = _comparison(term)
            if (
                parts
                and parts[1] in {"<", ">", "<=", ">="}
                and any(p.startswith('"') for p in (parts[0], parts[2]))
            ):
                numeric = any(re.fullmatch(r'"?-?[0-9.]+"?', side) for side in (parts[0], parts[2]))
                if numeric:
                    what = f"$[{term.strip()[:60]}] compares letter by letter: 9 is more than 10"
                    yield where, what, "take the quotes away, and write 0${NAME} for what may be empty"
                    break


@rule("Z505")
def compares_with_nothing(view: View) -> Iterator[Fault]:
    """A comparison has something on both sides."""
    for where, expression in _each(view):
        for term in (part for half in _terms(expression, "|") for part in _terms(half, "&")):
            parts = _comparison(term)
            if parts and not (parts[0] and parts[2]):
                what = f"$[{term.strip()[:60]}] is a syntax error: nothing stands on one side of {parts[1]}"
                yield where, what, 'write "" for an empty text'
                break


@rule("Z506", Severity.WARNING)
def always_true(view: View) -> Iterator[Fault]:
    """A condition can come out false: every variable differs from one of two values."""
    for where, expression in _each(view):
        if len(_terms(expression, "&")) > 1:
            continue
        differs: dict[str, str] = {}
        for term in _terms(expression, "|"):
            parts = _comparison(term)
            if parts is None or parts[1] != "!=" or text.constant(parts[0]) or not text.constant(parts[2]):
                continue
            name, value = parts[0].strip('"'), parts[2].strip('"')
            if differs.setdefault(name, value) != value:
                what = (
                    f"{parts[0]} always differs from {differs[name]!r} or from {value!r}: this is always true"
                )
                yield where, what, "write & for and"
                break
