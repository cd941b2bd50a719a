"""Gosub, Return, StackPop and Macro: where they go, what they see, where they come back to."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_subroutine_has_its_arguments_and_gives_a_value(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Gosub(sub,x,1(one,"two,three",))
        exten => s,2,NoOp(${GOSUB_RETVAL} ${ARG1})
        [sub]
        exten => x,1,NoOp(${ARGC} ${ARG1} ${ARG2})
        exten => x,2,Return(${ARG1}!)
        """
    )
    assert made.said() == '3 one "two,three" one! '


def test_a_subroutine_within_one_hides_arguments_that_it_was_not_given(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Gosub(one,s,1(x,y))
        [one]
        exten => s,1,Gosub(two,s,1(z))
        exten => s,2,NoOp(${ARG1}${ARG2})
        exten => s,3,Return()
        [two]
        exten => s,1,NoOp(${ARG1}-${ARG2}-)
        exten => s,2,Return()
        """
    )
    assert made.said() == "z-- xy"


def test_local_variables_go_with_their_subroutine(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Set(x=outside)
        exten => s,2,Gosub(one,s,1)
        exten => s,3,NoOp(${x}${y})
        [one]
        exten => s,1,Set(LOCAL(x)=inside)
        exten => s,2,Set(y=kept)
        exten => s,3,NoOp(${x})
        exten => s,4,Return()
        """
    )
    assert made.said() == "inside outsidekept"


@pytest.mark.parametrize("target", ["nowhere,s,1", "one,s,9", "one,s,label", "one,x,1", ""])
def test_a_subroutine_that_is_not_there_ends_the_call(plan: Any, target: str) -> None:
    made = plan(
        f"[a]\nexten => s,1,Gosub({target})\nexten => s,2,NoOp(on)\nexten => h,1,NoOp(h)\n[one]\nexten => s,1,Return()\n"
    )
    assert made.said() == "h"


def test_gosubif(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,GosubIf(1?one,s,1(x):two,s,1)
        exten => s,2,GosubIf(0?one,s,1(x):two,s,1(y))
        exten => s,3,GosubIf(0?one,s,1)
        exten => s,4,NoOp(end)
        [one]
        exten => s,1,NoOp(one ${ARG1})
        exten => s,2,Return()
        [two]
        exten => s,1,NoOp(two ${ARG1})
        exten => s,2,Return()
        """
    )
    assert made.said() == "one x two y end"


def test_stackpop_forgets_where_a_subroutine_came_from(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,StackPop()
        exten => s,2,Gosub(one,s,1)
        exten => s,3,NoOp(back)
        exten => s,4,Hangup()
        [one]
        exten => s,1,Gosub(two,s,1)
        exten => s,2,NoOp(never)
        [two]
        exten => s,1,StackPop()
        exten => s,2,Return()
        """
    )
    assert made.said() == "back"


def test_return_without_a_subroutine_ends_the_call(plan: Any) -> None:
    assert plan("[a]\nexten => s,1,Return()\nexten => s,2,NoOp(on)\nexten => h,1,NoOp(h)\n").said() == "h"


MACRO = """
    [a]
    exten => s,1,Set(ARG1=mine)
    exten => s,2,Macro(one,x,y)
    exten => s,3,NoOp(${ARG1} ${MACRO_EXTEN}${MACRO_DEPTH})
    exten => s,4,MacroIf(0?one:two)
    exten => s,5,NoOp(end)
    [macro-one]
    exten => s,1,NoOp(${ARG1}${ARG2} ${MACRO_CONTEXT},${MACRO_EXTEN},${MACRO_PRIORITY})
    [macro-two]
    exten => s,1,NoOp(two)
    exten => s,2,MacroExit()
    exten => s,3,NoOp(never)
"""


def test_macros_of_asterisk_16(plan: Any) -> None:
    assert plan(MACRO, asterisk=16).said() == "xy a,s,2 mine 0 two end"


def test_asterisk_22_has_no_macros(plan: Any) -> None:
    trace = plan(MACRO).call()
    assert trace.end == "unknown"
    assert "Macro" in trace.unknown


def test_a_macro_may_jump_out(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Macro(one)
        exten => s,2,NoOp(never)
        exten => x,1,NoOp(x)
        [macro-one]
        exten => s,1,Goto(a,x,1)
        """,
        asterisk=16,
    )
    assert made.said() == "x"


def test_a_hangup_in_a_macro_ends_the_call(plan: Any) -> None:
    made = plan(
        "[a]\nexten => s,1,Macro(one)\nexten => s,2,NoOp(never)\nexten => h,1,NoOp(h)\n[macro-one]\nexten => s,1,Hangup()\n",
        asterisk=16,
    )
    assert made.said() == "h"


def test_a_macro_may_call_subroutines_and_other_macros(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Gosub(sub,s,1)
        exten => s,2,NoOp(end)
        [sub]
        exten => s,1,Macro(one,x)
        exten => s,2,NoOp(${MACRO_EXTEN}${ARG1})
        exten => s,3,Return()
        [macro-one]
        exten => s,1,Gosub(inner,s,1(y))
        exten => s,2,Macro(two,z)
        exten => s,3,NoOp(${ARG1})
        [macro-two]
        exten => s,1,NoOp(${ARG1} ${MACRO_CONTEXT} ${MACRO_DEPTH})
        [inner]
        exten => s,1,NoOp(${ARG1})
        exten => s,2,Return()
        """,
        asterisk=16,
    )
    assert made.said() == "y z macro-one 2 x  end"


def test_macros_do_not_go_on_for_ever(plan: Any) -> None:
    trace = plan("[a]\nexten => s,1,Macro(one)\n[macro-one]\nexten => s,1,Macro(one)\n", asterisk=16).call()
    assert trace.end == "hangup"
    assert len(trace.steps) == 8


def test_macro_offset(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Macro(one)
        exten => s,2,NoOp(never)
        exten => s,103,NoOp(on)
        [macro-one]
        exten => s,1,Set(MACRO_OFFSET=101)
        """,
        asterisk=16,
    )
    assert made.said() == "on"
