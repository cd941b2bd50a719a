"""Functions of numbers and of chance: funcs/func_math.c, func_rand.c."""

from __future__ import annotations

import ctypes
import math
import re
from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import atoi, leading_double, leading_integer, split_arguments
from kelid.simulate.octets import from_octets
from kelid.simulate.registry import reads
from kelid.simulate.substitute import set_variable, template
from kelid.simulate.undecided import settled

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def _int(value: float) -> int:
    """Return the double as C on x86-64 makes an int of it."""
    if math.isnan(value) or not -(1 << 31) - 1 < value < 1 << 31:
        return -(1 << 31)
    return int(value)


def _find(text: str) -> tuple[str, int, int] | None:
    """Return the operator of ``MATH``'s first argument, where it stands and where the second number begins.

    Asterisk looks for one after the other; the minus sign is the last, as the second number may have one.
    """
    for operator in ("*", "/", "%", "^", "AND", "XOR", "OR"):
        at = text.find(operator)
        if at >= 0:
            return operator, at, at + len(operator)
    for first, pairs in ((">", (">=", ">>")), ("<", ("<=", "<<"))):
        at = text.find(first)
        if at >= 0:
            pair = text[at : at + 2]
            operator = pair if pair in pairs else first
            return operator, at, at + len(operator)
    at = text.find("=")
    if at >= 0:
        return ("==", at, at + 2) if text[at + 1 : at + 2] == "=" else None
    for operator in ("+", "-"):
        at = text.find(operator)
        if at >= 0:
            return operator, at, at + 1
    return None


@reads("MATH")
def math_(run: Run, arguments: str) -> str | None:
    """Return the result of one operation; ``f``, ``i``, ``h`` or ``c`` say how it is written."""
    given = split_arguments(settled(run, arguments), 2)
    if not given or not given[0]:
        run.warn("Syntax: MATH(<number1><op><number 2>[,<type_of_result>]) - missing argument!")
        return None
    text = given[0]
    negative = text.startswith("-")
    text = text.removeprefix("-")
    found = _find(text)
    kind = _kind(given[1]) if len(given) > 1 else "f"
    if kind is None:
        run.warn(f"Unknown type of result requested '{given[1]}'.")
        return None
    if found is None:
        run.warn("Supply all the parameters - just this once, please")
        return None
    operator, end, start = found
    one, other = leading_double(text[:end]), leading_double(text[start:])
    if one is None or other is None:
        run.warn(f"'{given[0]}' is not a valid number")
        return None
    if negative:
        one = 0 - one
    compared = {
        ">": one > other, "<": one < other, ">=": one >= other, "<=": one <= other, "==": one == other,
    }  # fmt: skip
    if operator in compared:
        return "TRUE" if compared[operator] else "FALSE"
    return _shown(_operate(operator, one, other), kind)


def _kind(text: str) -> str | None:
    names = {"float": "f", "f": "f", "int": "i", "i": "i", "hex": "h", "h": "h", "char": "c", "c": "c"}
    return names.get(text.lower())


def _operate(operator: str, one: float, other: float) -> float:
    if operator == "+":
        return one + other
    if operator == "-":
        return one - other
    if operator == "*":
        return one * other
    if operator == "/":
        return one / other if other > 0 else 0.0
    if operator == "^":
        try:
            return math.pow(one, other)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan
    first, second = _int(one), _int(other)
    if operator == "%":
        return math.fmod(first, second) if second else 0.0
    if operator == ">>":
        return float(first >> (second & 31))
    if operator == "<<":
        return float(ctypes.c_int32(first << (second & 31)).value)
    return float({"AND": first & second, "OR": first | second, "XOR": first ^ second}[operator])


def _shown(value: float, kind: str) -> str:
    if kind == "f":
        return f"{value:f}"
    if kind == "i":
        return str(_int(value))
    if kind == "h":
        return f"{int(value) & 0xFFFFFFFF:x}" if math.isfinite(value) else "0"
    return from_octets(chr(int(value) & 0xFF)).rstrip("\0") if math.isfinite(value) else ""


def _count(run: Run, arguments: str, by: int, name: str) -> str | None:
    if not arguments:
        run.warn(f"Syntax: {name}(<data>) - missing argument!")
        return None
    value = template(f"${{{arguments}}}")(run)
    if not value:
        run.warn(f"Variable '{arguments}' doesn't exist or is empty")
        return None
    value = settled(run, value)
    found = leading_integer(value)
    if found is None or found[1] != len(value):
        run.warn(f"Variable '{arguments}' is no number: {value}")
        return None
    made = str(found[0] + by)
    set_variable(run, arguments, made)
    return made


@reads("INC")
def increased(run: Run, arguments: str) -> str | None:
    """Add one to a variable, and return it."""
    return _count(run, arguments, 1, "INC")


@reads("DEC")
def decreased(run: Run, arguments: str) -> str | None:
    """Take one from a variable, and return it."""
    return _count(run, arguments, -1, "DEC")


def _chosen(run: Run, arguments: str, name: str) -> str | None:
    given = [text for text in split_arguments(settled(run, arguments), 2) if text]
    if not given:
        run.warn(f"Syntax: {name}([num1,]num2) - missing argument!")
        return None
    numbers: list[float] = []
    for text in given:
        number = leading_double(text)
        if number is None:
            run.warn(f"'{text}' is not a valid number")
            return None
        numbers.append(number)
    return _plain(min(numbers) if name == "MIN" else max(numbers))


def _plain(number: float) -> str:
    """Return the number as an int where it is one (of 32 bits), otherwise with six places."""
    return (
        str(int(number)) if -(1 << 31) <= number < 1 << 31 and number == math.trunc(number) else f"{number:f}"
    )


@reads("MIN")
def smaller(run: Run, arguments: str) -> str | None:
    """Return the smaller of two numbers."""
    return _chosen(run, arguments, "MIN")


@reads("MAX")
def larger(run: Run, arguments: str) -> str | None:
    """Return the larger of two numbers."""
    return _chosen(run, arguments, "MAX")


@reads("ABS")
def absolute(run: Run, arguments: str) -> str | None:
    """Return the number without its sign."""
    given = split_arguments(settled(run, arguments), 2)
    number = leading_double(given[0]) if given else None
    if number is None:
        run.warn(f"'{arguments}' is not a valid number")
        return None
    return _plain(abs(number))


@reads("RAND")
def chance(run: Run, arguments: str) -> str:
    """Return a number by chance; the world says which."""
    given = split_arguments(settled(run, arguments), 2)
    low = atoi(given[0]) if given and given[0] else 0
    found = leading_integer(given[1]) if len(given) > 1 else None
    high = found[0] if found else (1 << 31) - 1
    if high < low:
        low, high = high, low
        run.warn("max < min")
    few = high - low < 100
    answers = tuple(map(str, range(low, high + 1))) if few else (str(low), str(high))
    return run.ask(Question("random", f"{low}-{high}", answers)) or str(low)


_RANGE = re.compile(r"(-?[0-9]+)-(-?[0-9]+)")


def range_of(subject: str) -> tuple[int, int] | None:
    """Return from which range a number by chance is drawn, given what is asked about; None for what is no number."""
    found = _RANGE.fullmatch(subject)
    return (int(found[1]), int(found[2])) if found else None


@reads("DIGIT_SUM")
def digit_sum(run: Run, arguments: str) -> str | None:
    """Return the sum of the digits."""
    text = settled(run, arguments)
    if not text:
        run.warn("DIGIT_SUM requires a number")
        return None
    return str(sum(int(character) for character in text if "0" <= character <= "9"))
