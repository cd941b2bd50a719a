"""Which step Asterisk finds: patterns in their order, callers, includes, labels, what could still become an extension."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kelid.simulate.dialplan import CAN_MATCH, MATCH, MATCH_MORE, match


@pytest.mark.parametrize(
    ("pattern", "text", "result"),
    [
        ("101", "101", 1),
        ("101", "10-1", 1),
        ("1-01", "101", 1),
        ("101", "1011", 0),
        ("101", "10", 0),
        ("_X", "5", 1),
        ("_X", "a", 0),
        ("_x", "5", 1),
        ("_Z", "0", 0),
        ("_Z", "1", 1),
        ("_N", "1", 0),
        ("_N", "2", 1),
        ("_n", "2", 1),
        ("_NXX-XXXX", "5551234", 1),
        ("_NXXXXXX", "555-1234", 1),
        ("_[13-5]", "4", 1),
        ("_[13-5]", "2", 0),
        ("_[*#]", "#", 1),
        ("_[a-]", "-", 0),  # a dash of the text is passed over, and nothing is left
        ("_[]1", "1", 1),
        ("_[1", "1", 0),
        ("_X.", "1", 0),
        ("_X.", "12", 1),
        ("_.", "", 0),
        ("_.", "s", 1),
        ("_X!", "1", 2),
        ("_X!", "12", 2),
        ("_!", "", 2),
        ("_X.X", "123", 1),
        ("_1+", "1+", 1),
        ("_X", "_X", 1),  # pattern against pattern
        ("_X", "_[0-9]", 1),
        ("_X.", "_X", 0),
    ],
)
def test_a_pattern_matches(pattern: str, text: str, result: int) -> None:
    assert match(pattern, text, MATCH) == result


@pytest.mark.parametrize(
    ("pattern", "text", "can", "more"),
    [
        ("101", "", 1, 1),
        ("101", "1", 1, 1),
        ("101", "101", 1, 0),
        ("101", "2", 0, 0),
        ("101", "1011", 0, 0),
        ("_XX", "1", 1, 1),
        ("_XX", "12", 1, 0),
        ("_X.", "1", 1, 1),
        ("_X.", "12", 1, 1),
        ("_X!", "1", 2, 2),
        ("_X!", "", 1, 1),
        ("_[1", "", 0, 0),
    ],
)
def test_a_beginning_matches(pattern: str, text: str, can: int, more: int) -> None:
    assert match(pattern, text, CAN_MATCH) == can
    assert match(pattern, text, MATCH_MORE) == more


@pytest.mark.parametrize(
    ("dialled", "found"),
    [
        ("101", "exact"),
        ("102", "10N"),
        ("ab", "any"),
        ("19", "1[89]"),
        ("18", "1[89]"),
        ("17", "1X"),
        ("170", "1XX"),
        ("1700", "1X."),
        ("1", "1!"),
        ("5", "[5-7]"),
        ("6", "[67]"),
        ("23", "[23]X"),
        ("43", "[34]X"),
        ("33", "[23]X"),  # of two sets of one size the one with the lower characters is first
        ("abc", "any"),
    ],
)
def test_the_more_specific_wins(plan: Any, dialled: str, found: str) -> None:
    made = plan(
        """
        [a]
        exten => _.,1,NoOp(any)
        exten => _1!,1,NoOp(1!)
        exten => _1X.,1,NoOp(1X.)
        exten => _1XX,1,NoOp(1XX)
        exten => _1X,1,NoOp(1X)
        exten => _1[89],1,NoOp(1[89])
        exten => _10N,1,NoOp(10N)
        exten => 101,1,NoOp(exact)
        exten => _[5-7],1,NoOp([5-7])
        exten => _[67],1,NoOp([67])
        exten => _[34]X,1,NoOp([34]X)
        exten => _[23]X,1,NoOp([23]X)
        """
    )
    assert made.said(dialled).split()[0] == found  # _. takes the extension h too, when the call has ended


def test_a_context_wins_over_what_it_includes(plan: Any) -> None:
    made = plan(
        """
        [a]
        include => b
        include => c
        exten => _X.,1,NoOp(a)
        [b]
        exten => 101,1,NoOp(b)
        [c]
        exten => 101,1,NoOp(c)
        """
    )
    assert made.said("101") == "a"


def test_includes_are_searched_in_order_and_to_the_bottom(plan: Any) -> None:
    made = plan(
        """
        [a]
        include => b
        include => c
        [b]
        include => d
        include => a
        [c]
        exten => 101,1,NoOp(c)
        [d]
        exten => _1XX,1,NoOp(d)
        """
    )
    assert made.said("101") == "d"


def test_a_step_that_is_missing_is_looked_for_in_the_next_that_matches(plan: Any) -> None:
    made = plan(
        """
        [a]
        include => b
        exten => 101,1,NoOp(first)
        exten => _1XX,2,NoOp(second)
        exten => _1X.,1,NoOp(never)
        [b]
        exten => 101,3,NoOp(third)
        """
    )
    assert made.said("101") == "first second third"


def test_callers_have_extensions_of_their_own(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => 101,1,NoOp(all)
        exten => 101/_09.,1,NoOp(mobile)
        exten => 101/0911,1,NoOp(one)
        exten => 101/,1,NoOp(nobody)
        """
    )
    assert made.said("101", caller="0911") == "one"
    assert made.said("101", caller="0912") == "mobile"
    assert made.said("101", caller="021") == "all"
    assert made.said("101") == "nobody"


def test_whoever_sends_no_number_is_none_of_the_callers(plan: Any) -> None:
    made = plan(
        "[a]\nexten => 101,1,NoOp(all)\nexten => 101/0911,1,NoOp(one)\nexten => 101/_X.,1,NoOp(some)\n"
    )
    assert made.said("101") == "all"
    assert made.said("101", caller="0911") == "one"


def test_a_timed_include_counts_while_it_is_time(plan: Any) -> None:
    made = plan(
        """
        [a]
        include => day,09:00-17:00,*,*,*
        include => night
        [day]
        exten => s,1,NoOp(day)
        [night]
        exten => s,1,NoOp(night)
        """
    )
    zone = ZoneInfo("Asia/Tehran")
    assert made.said(at=datetime(2026, 1, 1, 12, tzinfo=zone)) == "day"
    assert made.said(at=datetime(2026, 1, 1, 20, tzinfo=zone)) == "night"


def test_a_label_is_found_in_an_included_context_too(plan: Any) -> None:
    made = plan(
        """
        [a]
        include => b
        exten => s,1,Goto(there)
        [b]
        exten => s,5(there),NoOp(label)
        """
    )
    assert made.said() == "label"


def test_a_switch_is_unknown_only_where_nothing_before_it_matches(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => 1,1,NoOp(own)
        exten => 1,2,Hangup()
        switch => Realtime/x@extensions
        include => b
        [b]
        exten => 2,1,NoOp(b)
        """
    )
    assert made.said("1") == "own"
    trace = made.call("2")
    assert trace.end == "unknown"
    assert "Realtime/x@extensions" in trace.unknown


def test_a_second_step_of_one_priority_is_refused(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => _X,1,NoOp(first)
        exten => _[0-9],1,NoOp(second)
        exten => _[0-9],2,NoOp(third)
        """
    )
    assert made.said("1") == "first third"
