"""Numbers of expressions: long doubles, as Asterisk on x86-64 counts with them (64 bits of mantissa).

A number is an ``int`` or a ``Fraction``, exactly the long double that it stands for, or a ``float`` for what neither can be:
negative zero, the infinities, and what is no number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction

Number = int | Fraction | float

MANTISSA = 64
"""Bits of a long double's mantissa on x86-64."""

DIGITS = 18
"""Significant digits of what is printed (``%.18Lg``)."""

_WHOLE = 1 << MANTISSA


def rounded(value: int | Fraction) -> Number:
    """Return the long double next to the value; ties go to the even one."""
    if isinstance(value, int):
        if -_WHOLE <= value <= _WHOLE:
            return value
        value = Fraction(value)
    numerator, denominator = value.numerator, value.denominator
    if denominator == 1 and -_WHOLE <= numerator <= _WHOLE:
        return numerator
    size = abs(numerator)
    shift = MANTISSA - (size.bit_length() - denominator.bit_length())
    for moved in (shift, shift - 1):
        top, bottom = (size << moved, denominator) if moved >= 0 else (size, denominator << -moved)
        mantissa, rest = divmod(top, bottom)
        if mantissa < _WHOLE:
            break
    if 2 * rest > bottom or (2 * rest == bottom and mantissa & 1):
        mantissa += 1
    if -moved + MANTISSA < -16445:
        return -0.0 if numerator < 0 else 0  # less than the smallest long double
    made = Fraction(mantissa << -moved) if moved < 0 else Fraction(mantissa, 1 << moved)
    if made >= 1 << 16384:
        return -math.inf if numerator < 0 else math.inf
    if numerator < 0:
        made = -made
    return made.numerator if made.denominator == 1 else made


def parsed(text: str) -> Number:
    """Return the number that a text of digits and points begins with; 0 without one (strtold)."""
    whole, _, rest = text.partition(".")
    if not rest:
        return rounded(int(whole or "0"))
    rest = rest.split(".", 1)[0]
    if not (whole or rest):
        return 0
    return rounded(Fraction(int(whole + rest), 10 ** len(rest)))


_LEADING = re.compile(r"[ \t]*(-?)([0-9]*\.?[0-9]*)")


def leading(text: str) -> Number:
    """Return the number that a text of digits, points, minus signs and blanks begins with; 0 without one (strtold)."""
    found = _LEADING.match(text)
    if found is None or not any(character.isdigit() for character in found[2]):
        return 0
    number = parsed(found[2])
    return negative(number) if found[1] else number


def shown(number: Number) -> str:
    """Return the number as ``%.18Lg`` prints it."""
    if isinstance(number, int) and -(10**DIGITS) < number < 10**DIGITS:
        return str(number)
    if isinstance(number, float):
        if number == 0:
            return "-0" if math.copysign(1, number) < 0 else "0"
        if math.isnan(number):
            return "-nan" if math.copysign(1, number) < 0 else "nan"
        if math.isinf(number):
            return "-inf" if number < 0 else "inf"
    exact = Fraction(number)
    with localcontext(Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, Emax=99999, Emin=-99999)):
        value = Decimal(exact.numerator) / Decimal(exact.denominator)  # exact whole numbers: rounded once
        sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return str(value)
    while len(digits) > 1 and digits[-1] == 0:
        digits = digits[:-1]
        exponent += 1
    text = "".join(map(str, digits))
    power = len(text) - 1 + exponent
    minus = "-" if sign else ""
    if -4 <= power < DIGITS:
        if exponent >= 0:
            return minus + text + "0" * exponent
        if power < 0:
            return f"{minus}0.{'0' * (-power - 1)}{text}"
        return f"{minus}{text[: power + 1]}.{text[power + 1 :]}"
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{minus}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def add(one: Number, other: Number) -> Number:
    """Return the sum."""
    if isinstance(one, float) or isinstance(other, float):
        if one and other == 0:
            return one
        if other and one == 0:
            return other
        return _special(_double(one) + _double(other))
    return rounded(one + other)


def negative(number: Number) -> Number:
    """Return the number with the other sign; that of 0 is a negative 0."""
    if isinstance(number, float):
        return _special(-number)
    return -number if number else -0.0


def subtract(one: Number, other: Number) -> Number:
    """Return the difference."""
    if isinstance(one, float) or isinstance(other, float):
        if one == 0 and other == 0:
            return 0 if math.copysign(1, other) < 0 or not isinstance(one, float) else one
        return other if math.isnan(other) else add(one, negative(other))
    return rounded(one - other)


def multiply(one: Number, other: Number) -> Number:
    """Return the product."""
    if isinstance(one, float) or isinstance(other, float):
        return _special(_double(one) * _double(other))
    if not (one and other):
        return -0.0 if (one < 0) != (other < 0) else 0
    return rounded(one * other)


def divide(one: Number, other: Number) -> Number:
    """Return the quotient; ``other`` isn't 0."""
    if isinstance(one, float) or isinstance(other, float):
        return _special(_double(one) / _double(other))
    if not one:
        return -0.0 if other < 0 else 0
    return rounded(Fraction(one) / Fraction(other))


def remainder(one: Number, other: Number) -> Number:
    """Return what is left of ``one`` when it is divided by ``other`` towards 0, with the sign of ``one`` (fmodl)."""
    if isinstance(one, float) or isinstance(other, float):
        return _by_doubles(math.fmod, (one, other))
    size = abs(Fraction(one)) % abs(Fraction(other))
    if not size:
        return -0.0 if one < 0 else 0
    made = size if one > 0 else -size
    return made.numerator if made.denominator == 1 else made


def _double(number: Number) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _special(value: float) -> Number:
    """Return a result of doubles as a number: only zeros, infinities and what is no number stay doubles."""
    if math.isnan(value) or math.isinf(value) or (value == 0 and math.copysign(1, value) < 0):
        return value
    exact = Fraction(value)
    return exact.numerator if exact.denominator == 1 else exact


# -- the functions of mathematics


_PRECISION = 60
"""Decimal digits while counting; a long double has 20."""


def _real(number: Number) -> Decimal:
    exact = Fraction(number)
    return Decimal(exact.numerator) / Decimal(exact.denominator)


def _precisely(compute: Callable[..., Decimal], plain: Callable[..., float]) -> Callable[..., Number]:
    """Return a function that counts with many digits and rounds once; what has no such result comes from ``plain``."""

    def computed(*taken: Number) -> Number:
        if any(isinstance(number, float) for number in taken):
            return _by_doubles(plain, taken)
        with localcontext(Context(prec=_PRECISION, Emax=99999, Emin=-99999)):
            try:
                made = compute(*[_real(number) for number in taken])
            except (ArithmeticError, ValueError):
                return _by_doubles(plain, taken)
        return rounded(Fraction(made))

    return computed


def _by_doubles(plain: Callable[..., float], taken: tuple[Number, ...]) -> Number:
    for number in taken:
        if isinstance(number, float) and math.isnan(number):
            return number
    try:
        made = plain(*[_double(number) for number in taken])
        if made and plain in (math.acos, math.atan, math.atan2):
            # of zeros and infinities come only quarters of a half turn
            with localcontext(Context(prec=_PRECISION)):
                return rounded(Fraction(_pi() * round(made / (math.pi / 4)) / 4))
        return _special(made)
    except OverflowError:
        return math.inf
    except ValueError:
        if plain in _LOGARITHMS and taken[0] == 0:
            return -math.inf
        # glibc's square root, power and remainder give the processor's own not-a-number, which is negative
        return -math.nan if plain in (math.sqrt, math.pow, math.remainder, math.fmod) else math.nan


_LOGARITHMS = (math.log, math.log2, math.log10)


def _pi() -> Decimal:
    """Return pi by Machin's formula."""
    return 4 * (4 * _small_arctangent(Decimal(1) / 5) - _small_arctangent(Decimal(1) / 239))


def _small_arctangent(value: Decimal) -> Decimal:
    total, power, square, count = value, value, value * value, 1
    while True:
        power *= -square
        count += 2
        added = total + power / count
        if added == total:
            return total
        total = added


def _sine(value: Decimal) -> Decimal:
    turn = 2 * _pi()
    value = value.remainder_near(turn)
    total, term, count = value, value, 1
    while True:
        count += 2
        term *= -value * value / (count * (count - 1))
        added = total + term
        if added == total:
            return total
        total = added


def _cosine(value: Decimal) -> Decimal:
    return _sine(_pi() / 2 - value)


def _arctangent(value: Decimal) -> Decimal:
    if value < 0:
        return -_arctangent(-value)
    if value > 1:
        return _pi() / 2 - _arctangent(1 / value)
    halvings = 0
    while value > Decimal("0.1"):
        value = value / (1 + (1 + value * value).sqrt())
        halvings += 1
    return _small_arctangent(value) * 2**halvings if value else value


def _arcsine(value: Decimal) -> Decimal:
    if abs(value) > 1:
        raise ValueError(value)
    if abs(value) == 1:
        return _pi() / 2 * value
    return _arctangent(value / (1 - value * value).sqrt())


def _arccosine(value: Decimal) -> Decimal:
    return _pi() / 2 - _arcsine(value) if value != 1 else Decimal(0)


def _arctangent2(above: Decimal, right: Decimal) -> Decimal:
    if right > 0:
        return _arctangent(above / right)
    if right < 0:
        return _arctangent(above / right) + (_pi() if above >= 0 else -_pi())
    return Decimal(0) if above == 0 else (_pi() / 2).copy_sign(above)


def _angle(above: Number, right: Number) -> Number:
    if above and right == 0:
        right = 0  # a negative zero is no other angle
    return _precisely(_arctangent2, math.atan2)(above, right)


def _power(base: Number, exponent: Number) -> Number:
    whole = exponent.__class__ is int and abs(exponent) < 20000
    if whole and not isinstance(base, float) and base:
        return rounded(Fraction(base) ** int(exponent))
    if base == 0 and exponent < 0:
        negative_zero = isinstance(base, float) and isinstance(exponent, int) and exponent % 2
        return -math.inf if negative_zero else math.inf
    if base < 0 and isinstance(exponent, int):
        size = _power(-base, exponent)
        return negative(size) if exponent % 2 else size
    if not isinstance(base, float) and not isinstance(exponent, float) and base > 0:
        return _precisely(lambda one, other: (one.ln() * other).exp(), math.pow)(base, exponent)
    return _by_doubles(math.pow, (base, exponent))


def _logarithm(base: int) -> Callable[[Decimal], Decimal]:
    def compute(value: Decimal) -> Decimal:
        if value <= 0:
            raise ValueError(value)
        return value.ln() / Decimal(base).ln()

    return compute


def _integral(compute: Callable[[Fraction], int]) -> Callable[[Number], Number]:
    """Return a function that makes whole numbers; what becomes 0 keeps its sign."""

    def computed(number: Number) -> Number:
        if isinstance(number, float):
            return number
        made = compute(Fraction(number))
        return -0.0 if made == 0 and number < 0 else made

    return computed


def _half_away(value: Fraction) -> int:
    size = math.floor(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def _near(one: Number, other: Number) -> Number:
    """Return what is left of ``one`` beside the nearest multiple of ``other`` (remainderl)."""
    if isinstance(one, float) or isinstance(other, float) or not other:
        return _by_doubles(math.remainder, (one, other))
    made = Fraction(one) - round(Fraction(one) / Fraction(other)) * Fraction(other)
    if not made:
        return -0.0 if one < 0 else 0
    return made.numerator if made.denominator == 1 else made


def _absolute(number: Number) -> Number:
    return multiply(number, -1) if number < 0 else number


MATHEMATICAL: dict[str, tuple[int, Callable[..., Number]]] = {
    "COS": (1, _precisely(_cosine, math.cos)),
    "SIN": (1, _precisely(_sine, math.sin)),
    "TAN": (1, _precisely(lambda value: _sine(value) / _cosine(value), math.tan)),
    "ACOS": (1, _precisely(_arccosine, math.acos)),
    "ASIN": (1, _precisely(_arcsine, math.asin)),
    "ATAN": (1, _precisely(_arctangent, math.atan)),
    "ATAN2": (2, _angle),
    "POW": (2, _power),
    "SQRT": (1, _precisely(lambda value: value.sqrt(), math.sqrt)),
    "FLOOR": (1, _integral(math.floor)),
    "CEIL": (1, _integral(math.ceil)),
    "ROUND": (1, _integral(_half_away)),
    "RINT": (1, _integral(round)),
    "TRUNC": (1, _integral(math.trunc)),
    "EXP": (1, _precisely(lambda value: value.exp(), math.exp)),
    "EXP2": (1, lambda number: _power(2, number)),
    "EXP10": (1, lambda number: _power(10, number)),
    "LOG": (1, _precisely(lambda value: _logarithm(10)(value) * Decimal(10).ln(), math.log)),
    "LOG2": (1, _precisely(_logarithm(2), math.log2)),
    "LOG10": (1, _precisely(_logarithm(10), math.log10)),
    "REMAINDER": (2, _near),
    "ABS": (1, _absolute),
}
"""Name -> how many arguments it takes, and what it makes of them (op_func in main/ast_expr2.y)."""
