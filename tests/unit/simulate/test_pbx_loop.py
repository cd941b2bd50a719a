"""The PBX's loop: where a call begins, falls through, waits for digits, jumps and ends."""

from __future__ import annotations

from typing import Any

import pytest


def kinds(trace: Any) -> list[tuple[str, str]]:
    return [(event.kind, event.subject) for event in trace.events]


def test_a_call_without_an_extension_begins_at_s(plan: Any) -> None:
    assert plan("[a]\nexten => s,1,NoOp(s)\n").said("") == "s"


@pytest.mark.parametrize(
    ("status", "cause", "tone"),
    [
        ("BUSY", "17", "busy"),
        ("CONGESTION", "34", "congestion"),
        ("CHANUNAVAIL", "34", "congestion"),
        ("NOANSWER", "16", ""),
        ("", "16", ""),
    ],
)
def test_a_call_falls_through_by_its_dialstatus(plan: Any, status: str, cause: str, tone: str) -> None:
    trace = plan(f"[a]\nexten => s,1,Set(DIALSTATUS={status})\n").call()
    assert trace.end == "hangup"
    assert [event.subject for event in trace.events if event.kind == "tone"] == ([tone] if tone else [])
    assert trace.events[-1].details == (("cause", cause),)


def test_an_extension_that_is_not_there_goes_to_i_or_e_or_ends(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Goto(b,9,1)
        exten => 1,1,Goto(c,9,1)
        exten => 2,1,Goto(d,9,1)
        [b]
        exten => i,1,NoOp(i ${INVALID_EXTEN})
        [c]
        exten => e,1,NoOp(e)
        [d]
        exten => h,1,NoOp(h)
        """
    )
    assert made.said() == "i 9"
    assert made.said("1") == "e"
    assert made.said("2") == "h"


def test_h_is_taken_at_the_end_and_to_its_own_end(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Goto(b,s,1)
        [b]
        exten => s,1,Hangup(21)
        exten => h,1,NoOp(${HANGUPCAUSE})
        exten => h,2,Gosub(sub,s,1)
        exten => h,3,NoOp(behind)
        [sub]
        exten => s,1,NoOp(sub)
        exten => s,2,Return()
        """
    )
    assert made.said() == "21 sub behind"


MENU = """
    [a]
    exten => s,1,Background(menu)
    exten => s,2,WaitExten(5)
    exten => 1,1,NoOp(one)
    exten => 12,1,NoOp(twelve)
    exten => _3XX,1,NoOp(three ${EXTEN})
    exten => _4X!,1,NoOp(four ${EXTEN})
    exten => 5,1,NoOp(five)
    exten => t,1,NoOp(t)
    exten => i,1,NoOp(i ${INVALID_EXTEN})
"""


@pytest.mark.parametrize(
    ("presses", "said"),
    [
        ((), "t"),
        (("",), "t"),
        (("5",), "five"),  # nothing else begins with it: no waiting
        (("1",), "one"),  # the time for a second digit is over
        (("12",), "twelve"),
        (("13",), "i 13"),
        (("312",), "three 312"),
        (("31",), "i 31"),
        (("42",), "four 42"),
        (("421",), "four 42"),  # ! ends the waiting, whatever could still come
        (("9",), "i 9"),
        (("", "5"), "five"),  # first nothing, then at WaitExten
        (("", "12"), "twelve"),
        (("", "*"), "i *"),
    ],
)
def test_digits_are_collected(plan: Any, presses: tuple[str, ...], said: str) -> None:
    assert plan(MENU).said(presses=presses) == said


def test_without_autofallthrough_digits_are_waited_for_at_the_end(plan: Any) -> None:
    made = plan(
        """
        [general]
        autofallthrough=no
        [a]
        exten => s,1,NoOp(s)
        exten => 11,1,NoOp(eleven)
        exten => 11,2,Hangup()
        exten => t,1,NoOp(t)
        exten => t,2,Hangup()
        """
    )
    assert made.said(presses=("11",)) == "s eleven"
    assert made.said() == "s t"
    assert made.said(presses=("1",)) == "s"  # an invalid extension and no i


def test_waitexten_goes_on_where_a_step_follows(plan: Any) -> None:
    assert (
        plan("[a]\nexten => s,1,WaitExten(1)\nexten => s,2,NoOp(on)\nexten => t,1,NoOp(t)\n").said() == "on"
    )


def test_background_with_m_passes_over_keys_that_lead_nowhere(plan: Any) -> None:
    made = plan(
        "[a]\nexten => s,1,Background(x,m)\nexten => s,2,NoOp(on)\nexten => 2,1,NoOp(two)\nexten => i,1,NoOp(i)\n"
    )
    assert made.said(presses=("92",)) == "two"
    assert made.said(presses=("9",)) == "on"


def test_incomplete_lets_the_caller_dial_on(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => _1!,1,GotoIf($["${EXTEN}" = "12"]?done)
        exten => _1!,2,Incomplete()
        exten => _1!,3(done),NoOp(done)
        exten => _12X,1,NoOp(long)
        exten => i,1,NoOp(i)
        """
    )
    assert made.said("12") == "done"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("3", "three"),
        ("there", "three"),
        ("+2", "three"),
        ("x,1", "x"),
        ("x,label", "label"),
        ("b,s,1", "b"),
        ("b,s,here", "here"),
        ("b,,1", ""),  # the extension stays: there is none of that name in b, and no i
        ("nowhere", ""),
        ("a,s,nowhere", ""),
        ("0", ""),
    ],
)
def test_goto(plan: Any, data: str, said: str) -> None:
    made = plan(
        f"""
        [a]
        exten => start,1,Goto({data})
        exten => start,2,NoOp(two)
        exten => start,3(there),NoOp(three)
        exten => x,1,NoOp(x)
        exten => x,2,Hangup()
        exten => x,3(label),NoOp(label)
        exten => i,1,NoOp(invalid)
        [b]
        exten => s,1,NoOp(b)
        exten => s,2,Hangup()
        exten => s,3(here),NoOp(here)
        """
    )
    assert made.said("start") == said


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ("", "no"),
        ("0", "no"),
        ("00", "no"),
        ("1", "yes"),
        ("-1", "yes"),
        ("a", "yes"),
        ("0a", "no"),
        (" 0", "no"),
        ("10", "yes"),
    ],
)
def test_conditions(plan: Any, condition: str, taken: str) -> None:
    made = plan(
        f"""
        [a]
        exten => s,1,GotoIf({condition}?yes:no)
        exten => s,2(yes),NoOp(yes)
        exten => s,3,Hangup()
        exten => s,4(no),NoOp(no)
        """
    )
    assert made.said() == taken


def test_a_branch_that_is_empty_goes_on(plan: Any) -> None:
    made = plan(
        "[a]\nexten => s,1,GotoIf(1?:no)\nexten => s,2,GotoIf(0?no)\nexten => s,3,NoOp(on)\nexten => s,4(no),NoOp(no)\n"
    )
    assert made.said() == "on no"


def test_an_unknown_application_is_said_and_never_guessed(plan: Any) -> None:
    trace = plan("[a]\nexten => s,1,NoOp(x)\nexten => s,2,Frobnicate(y)\nexten => s,3,NoOp(z)\n").call()
    assert trace.end == "unknown"
    assert "Frobnicate" in trace.unknown
    assert "a,s,2" in trace.unknown
    assert trace.events[-1].kind == "unknown"
    assert len(trace.steps) == 2


def test_an_application_is_named_as_asterisk_registers_it(plan: Any) -> None:
    trace = plan("[a]\nexten => s,1,noop(x)\nexten => s,2,BACKGROUND(y)\n").call()
    assert [step.app for step in trace.steps] == ["NoOp", "BackGround"]


def test_exceptions_go_to_e(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,RaiseException(x)\nexten => e,1,NoOp(e)\n")
    assert made.said() == "e"


def test_execif_does_one_of_two(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,ExecIf(1?Set(x=1):Set(x=2))
        exten => s,2,ExecIf(0?Set(y=1):Set(y=2))
        exten => s,3,ExecIf(0?Set(z=1))
        exten => s,4,ExecIf(1?Goto(6))
        exten => s,5,NoOp(never)
        exten => s,6,NoOp(${x} ${y} ${z})
        exten => s,7,TryExec(Goto(nowhere))
        exten => s,8,NoOp(${TRYSTATUS})
        """
    )
    assert made.said() == "1 2  FAILED"


def test_timed_jumps(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,GotoIfTime(09:00-17:00,thu,*,*?day:night)
        exten => s,2(day),NoOp(day)
        exten => s,3,ExecIfTime(09:00-17:00,fri,*,*?Goto(night))
        exten => s,4,Hangup()
        exten => s,5(night),NoOp(night)
        """
    )
    assert made.said() == "day"


def test_while(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Set(i=0)
        exten => s,2,While($[${i} < 4])
        exten => s,3,Set(i=$[${i} + 1])
        exten => s,4,ExecIf($[${i} = 2]?ContinueWhile())
        exten => s,5,ExecIf($[${i} = 4]?ExitWhile())
        exten => s,6,Set(j=0)
        exten => s,7,While($[${j} < 2])
        exten => s,8,Set(j=$[${j} + 1])
        exten => s,9,NoOp(${i}${j})
        exten => s,10,EndWhile()
        exten => s,11,EndWhile()
        exten => s,12,NoOp(end)
        """
    )
    assert made.said() == "11 12 31 32 end"


LOOP = """
    [a]
    exten => s,1,Goto(b,s,1)
    [b]
    exten => s,1,NoOp(x)
    exten => s,2,Goto(a,s,1)
"""


def test_a_loop_without_an_end_is_found_and_shown(plan: Any) -> None:
    trace = plan(LOOP).call()
    assert trace.end == "loop"
    assert trace.events[-1].kind == "loop"
    assert "a,s" in trace.events[-1].subject
    assert "b,s" in trace.events[-1].subject
    assert ("steps", "3") in trace.events[-1].details
    assert len(trace.steps) < 200


def test_a_loop_that_only_counts_is_ended_too(plan: Any) -> None:
    trace = plan("[a]\nexten => s,1,Set(i=0)\nexten => s,2,Set(i=$[${i} + 1])\nexten => s,3,Goto(2)\n").call()
    assert trace.end == "loop"
    assert len(trace.steps) <= 150


def test_a_long_call_that_ends_is_no_loop(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Set(i=0)
        exten => s,2,Set(i=$[${i} + 1])
        exten => s,3,GotoIf($[${i} < 300]?2)
        exten => s,4,NoOp(${i})
        """
    )
    assert made.said() == "300"


def test_a_caller_who_presses_nothing_turns_in_a_menu_for_ever(plan: Any) -> None:
    trace = plan(
        "[a]\nexten => s,1,Background(x)\nexten => s,2,WaitExten(3)\nexten => t,1,Goto(s,1)\n"
    ).call()
    assert trace.end == "loop"


def test_the_absolute_timeout_leads_to_capital_t(plan: Any) -> None:
    made = plan(
        "[a]\nexten => s,1,Set(TIMEOUT(absolute)=5)\nexten => s,2,Wait(10)\nexten => s,3,NoOp(on)\nexten => T,1,NoOp(T)\n"
    )
    assert made.said() == "T"


def test_subroutines_that_never_return_are_a_loop(plan: Any) -> None:
    trace = plan(
        "[a]\nexten => s,1,Gosub(b,s,1)\n[b]\nexten => s,1,Set(x=${x}1)\nexten => s,2,Gosub(b,s,1)\n"
    ).call()
    assert trace.end == "loop"
    assert "b,s" in trace.events[-1].subject
    assert len(trace.steps) <= 150


def test_hints_of_patterns(plan: Any) -> None:
    from kelid.simulate.run import Run

    made = plan(
        """
        [a]
        include => b
        exten => 101,hint,PJSIP/101
        exten => s,1,NoOp()
        [b]
        exten => _*73X.,hint,Custom:CFU${EXTEN:3}
        exten => _*73X.,1,NoOp()
        """
    )
    trace = made.call()
    run = Run(made.pbx, trace.call, lambda question: "")
    assert run.dialplan.hint(run, "a", "101").device == "PJSIP/101"
    assert run.dialplan.hint(run, "a", "*73101").device == "Custom:CFU${EXTEN:3}"
    assert run.dialplan.hint(run, "a", "102") is None
    assert not run.exists("a", "101")
    assert run.exists("a", "*73101")


def test_hangup_handlers_are_taken_after_h_the_last_first(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Set(CHANNEL(hangup_handler_push)=sub,s,1(one))
        exten => s,2,Set(CHANNEL(hangup_handler_push)=sub,s,1(two))
        exten => s,3,Set(CHANNEL(hangup_handler_push)=nowhere,s,1)
        exten => s,4,Hangup()
        exten => h,1,NoOp(h)
        [sub]
        exten => s,1,NoOp(${ARG1})
        exten => s,2,Return()
        """
    )
    assert made.said() == "h two one"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("ExecIf(1?NoOp(a?b))", "a?b"),
        ('ExecIf("x?y"?NoOp(quoted))', "quoted"),
        ("ExecIf(1?NoOp(a:b):NoOp(c))", "a:b"),
        ("ExecIf(0?NoOp(a:b):NoOp(c:d))", "c:d"),
        ("ExecIf(1,Set,x=old)", "old"),
        ("ExecIf(1)", ""),
        ("ExecIf(1?)", "hung up"),
        ("ExecIf(0?NoOp)", ""),
    ],
)
def test_how_execif_is_read(plan: Any, step: str, said: str) -> None:
    made = plan(
        f"[a]\nexten => s,1,{step.replace('NoOp', 'Set').replace('Set(', 'Set(x=')}\nexten => s,2,NoOp(${{x}})\n"
    )
    trace = made.call()
    assert trace.end == "hangup", trace.unknown
    assert ("hung up" if len(trace.steps) == 1 else trace.steps[-1].data) == said
