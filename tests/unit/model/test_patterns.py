"""What a pattern takes, and whether one takes all of another: compared with trying every number."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.model.patterns import parse


@pytest.mark.parametrize(
    ("pattern", "takes", "leaves"),
    [
        ("110", ["110"], ["11", "1100", "111"]),
        ("09XXXXXXXXX", ["09123456789"], ["0912345678", "091234567890", "08123456789"]),
        ("[2-9]XXXXXXX", ["88001234"], ["18001234", "8800123"]),
        ("0[1-8]XX", ["0123", "0899"], ["0023", "0923"]),
        ("00ZX.", ["00441", "004412345"], ["00011", "004", "0044"]),
        ("NX!", ["20", "2012"], ["2", "10"]),
        ("[13-5*]0", ["10", "40", "*0"], ["20", "60", "00"]),
        ("*70", ["*70"], ["70"]),
        ("Z", list("123456789"), ["0", "", "*"]),
    ],
)
def test_takes(pattern: str, takes: list[str], leaves: list[str]) -> None:
    assert [number for number in takes if not parse(pattern).takes(number)] == []
    assert [number for number in leaves if parse(pattern).takes(number)] == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("1.2", "only stand at the end"),
        ("!1", "only stand at the end"),
        ("1..", "only stand at the end"),
        ("[12", "not closed"),
        ("12]", "can't stand here"),
        (".", "needs a digit or X before it"),
        ("!", "needs a digit or X before it"),
        ("1-2", "can't stand here"),
        ("[]1", "empty"),
        ("[9-2]", "no range"),
        ("[1-]", "no range"),
        ("[2-2]", "no range"),
        ("[-2]", "can't stand in brackets"),
        ("[1X]", "can't stand in brackets"),
        ("[[1]]", "can't stand in brackets"),
    ],
)
def test_no_pattern(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        parse(pattern)


_PLACE = st.sampled_from(["1", "2", "X", "Z", "N", "[12]", "[2-9]"])
_PATTERN = st.tuples(
    st.lists(_PLACE, min_size=1, max_size=3).map("".join), st.sampled_from(["", ".", "!"])
).map("".join)
_NUMBERS = ["".join(digits) for length in range(5) for digits in itertools.product("0129*", repeat=length)]


@given(_PATTERN, _PATTERN)
def test_meets_is_what_trying_shows(one: str, other: str) -> None:
    first, second = parse(one), parse(other)
    assert first.meets(second) == any(first.takes(number) and second.takes(number) for number in _NUMBERS)


@given(_PATTERN, _PATTERN)
def test_takes_all_of_is_what_trying_shows(one: str, other: str) -> None:
    """Every number of up to four characters is tried; five kinds of digits tell all the sets apart."""
    first, second = parse(one), parse(other)
    tried = all(first.takes(number) for number in _NUMBERS if second.takes(number))
    if first.takes_all_of(second):
        assert tried
    elif tried:
        # A pattern of a single unending tail can't be told by short numbers alone: it takes none of them, or longer ones.
        assert not any(second.takes(number) for number in _NUMBERS)
