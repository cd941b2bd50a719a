"""Dial: how devices' ends add up, what options do, how Local channels are followed."""

from __future__ import annotations

from typing import Any

import pytest

from kelid.model.trace import Trace

SAY = "exten => s,2,NoOp(${DIALSTATUS} ${HANGUPCAUSE})\nexten => h,1,NoOp(h ${DIALSTATUS})\n"


def events(trace: Trace, kind: str) -> list[Any]:
    return [event for event in trace.events if event.kind == kind]


@pytest.mark.parametrize(
    ("devices", "states", "said"),
    [
        ("PJSIP/1", {"PJSIP/1": "answers"}, "h ANSWER"),
        ("PJSIP/1", {"PJSIP/1": "busy"}, "BUSY 17 h BUSY"),
        ("PJSIP/1", {"PJSIP/1": "no_answer"}, "NOANSWER 0 h NOANSWER"),
        ("PJSIP/1", {"PJSIP/1": "unavailable"}, "CHANUNAVAIL 3 h CHANUNAVAIL"),
        ("PJSIP/1", {"PJSIP/1": "congestion"}, "CONGESTION 34 h CONGESTION"),
        ("PJSIP/1&PJSIP/2", {"PJSIP/1": "busy", "PJSIP/2": "no_answer"}, "NOANSWER 0 h NOANSWER"),
        ("PJSIP/1&PJSIP/2", {"PJSIP/1": "busy", "PJSIP/2": "unavailable"}, "BUSY 17 h BUSY"),
        (
            "PJSIP/1&PJSIP/2",
            {"PJSIP/1": "congestion", "PJSIP/2": "unavailable"},
            "CONGESTION 34 h CONGESTION",
        ),
        ("PJSIP/1&PJSIP/2", {"PJSIP/1": "congestion", "PJSIP/2": "busy"}, "BUSY 17 h BUSY"),
        ("PJSIP/1&PJSIP/2", {"PJSIP/1": "unavailable", "PJSIP/2": "answers"}, "h ANSWER"),
        ("PJSIP/0912@trunk", {"PJSIP/trunk": "congestion"}, "CONGESTION 34 h CONGESTION"),
        ("DAHDI/g1/0912", {"DAHDI/g1": "busy"}, "BUSY 17 h BUSY"),
        ("DAHDI/g1/0912", {"DAHDI/g1": "unavailable"}, "CHANUNAVAIL 66 h CHANUNAVAIL"),
        ("IAX2/peer/0912", {"IAX2/peer": "unavailable"}, "CHANUNAVAIL 20 h CHANUNAVAIL"),
    ],
)
def test_ends_add_up(plan: Any, devices: str, states: dict[str, str], said: str) -> None:
    made = plan(f"[a]\nexten => s,1,Dial({devices},20)\n{SAY}")
    assert made.said(devices=states, otherwise="answers") == said


def test_a_phone_that_no_file_knows_cannot_be_called(plan: Any) -> None:
    made = plan(f"[a]\nexten => s,1,Dial(PJSIP/1&PJSIP/2,20)\n{SAY}", pjsip="[2]\ntype=endpoint\n")
    assert made.said(otherwise="busy") == "BUSY 17 h BUSY"
    made = plan(f"[a]\nexten => s,1,Dial(PJSIP/1,20)\n{SAY}", pjsip="[2]\ntype=endpoint\n")
    assert made.said() == "CHANUNAVAIL 3 h CHANUNAVAIL"


@pytest.mark.parametrize("arguments", ["", "PJSIP/1,20,S(0)", "PJSIP/1,20,U(x", "PJSIP,20"])
def test_arguments_that_are_wrong_end_the_call(plan: Any, arguments: str) -> None:
    made = plan(f"[a]\nexten => s,1,Dial({arguments})\n{SAY}")
    assert made.said() == "h INVALIDARGS"


def test_who_rings_is_told_with_what_they_see(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,Dial(PJSIP/1&PJSIP/2&PJSIP/0912@trunk,20,f(021)tS(60))\n")
    trace = made.call(caller="0935", otherwise="answers")
    rings, out = events(trace, "rings")[0], events(trace, "calls-out")[0]
    assert rings.subject == "PJSIP/1&PJSIP/2"
    assert dict(rings.details) == {"seconds": "20", "number": "021", "name": "", "S": "60", "t": ""}
    assert out.subject == "PJSIP/trunk"
    assert dict(out.details)["number"] == "0912"
    assert events(trace, "talks")[0].subject == "PJSIP/1"
    assert dict(events(trace, "talks")[0].details) == {"limit": "60"}


def test_the_one_who_answers_is_who_talks(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,Dial(PJSIP/1&PJSIP/2,20,g)\nexten => s,2,NoOp(${DIALEDPEERNUMBER})\n")
    trace = made.call(devices={"PJSIP/1": "busy"})
    assert events(trace, "talks")[0].subject == "PJSIP/2"
    assert made.said(devices={"PJSIP/1": "busy"}) == "2"


def test_g_goes_on_after_the_talk_and_not_if_the_caller_hangs_up(plan: Any) -> None:
    made = plan(f"[a]\nexten => s,1,Dial(PJSIP/1,20,g)\n{SAY}")
    assert made.said() == "ANSWER 16 h ANSWER"
    assert made.said(answers={"hangup": "yes"}) == "h ANSWER"


CONFIRM = """
    [a]
    exten => s,1,Dial(PJSIP/1,20,U(confirm^RESULT))
    exten => s,2,NoOp(${DIALSTATUS} ${GOSUB_RETVAL})
    exten => h,1,NoOp(h)
    exten => x,1,NoOp(x)
    [confirm]
    exten => s,1,NoOp(inside ${ARG1})
    exten => s,2,Set(GOSUB_RESULT=%s)
    exten => s,3,Return(value)
"""


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("", "h"),
        ("CONTINUE", "ANSWER value h"),
        ("BUSY", "BUSY value h"),
        ("CHANUNAVAIL", "CHANUNAVAIL value h"),
        ("ABORT", "h"),
        ("GOTO:x,1", "x h"),
    ],
)
def test_what_the_subroutine_of_the_called_says(plan: Any, result: str, said: str) -> None:
    trace = plan(CONFIRM % result).call()
    texts = [step.data for step in trace.steps if step.app == "NoOp" and step.channel == 0]
    assert " ".join(texts) == said
    inside = [step for step in trace.steps if step.context == "confirm"]
    assert inside
    assert all(step.channel != 0 for step in inside)
    talks = events(trace, "talks")
    assert bool(talks) == (result == "")
    answered = events(trace, "answered")
    assert bool(answered) == (result == "")


def test_whoever_was_called_presses_in_the_subroutine(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Dial(PJSIP/1,20,U(confirm))
        exten => s,2,NoOp(refused)
        [confirm]
        exten => s,1,Read(KEY,press-1,1)
        exten => s,2,ExecIf($["${KEY}" != "1"]?Set(GOSUB_RESULT=CONTINUE))
        exten => s,3,Return()
        """
    )
    assert made.said(presses=("5",)) == ""  # the caller's keys are none of theirs
    assert made.said(answers={"confirm": "reject"}) == "refused"


def test_subroutines_before_the_call(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Set(_one=1)
        exten => s,2,Set(__two=2)
        exten => s,3,Set(three=3)
        exten => s,4,Dial(PJSIP/1&PJSIP/2,20,B(sub^s^1(caller))b(sub^s^1(called)))
        [sub]
        exten => s,1,NoOp(${ARG1} ${one}${two}${three})
        exten => s,2,Return()
        """
    )
    trace = made.call()
    assert [(s.data, s.channel) for s in trace.steps if s.app == "NoOp"] == [
        ("caller 123", 0),
        ("called 12", 1),
        ("called 12", 2),
    ]


@pytest.mark.parametrize(
    ("states", "called"),
    [
        ({"PJSIP/1": "unavailable", "PJSIP/2": "unavailable"}, []),
        ({"PJSIP/1": "unavailable", "PJSIP/2": "busy"}, ["PJSIP/2"]),
        ({"PJSIP/1": "busy", "PJSIP/2": "answers"}, ["PJSIP/1", "PJSIP/2"]),
    ],
)
def test_who_cannot_be_reached_has_no_channel_for_the_subroutine(
    plan: Any, states: dict[str, str], called: list[str]
) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Dial(PJSIP/1&PJSIP/2,20,b(sub^s^1))
        [sub]
        exten => s,1,NoOp(${CUT(CHANNEL,-,1)})
        exten => s,2,Return()
        """
    )
    trace = made.call(devices=states)
    assert [step.data for step in trace.steps if step.app == "NoOp"] == called


@pytest.mark.parametrize(("letters", "called"), [("", ["PJSIP/2", "PJSIP/3"]), ("s", ["PJSIP/3"])])
def test_a_page_makes_channels_for_who_can_be_reached_alone(
    plan: Any, letters: str, called: list[str]
) -> None:
    made = plan(
        f"""
        [a]
        exten => s,1,Page(PJSIP/1&PJSIP/2&PJSIP/3,{letters}b(sub^s^1))
        [sub]
        exten => s,1,NoOp(${{CUT(CHANNEL,-,1)}})
        exten => s,2,Return()
        """
    )
    trace = made.call(devices={"PJSIP/1": "unavailable"}, in_use=frozenset({"PJSIP/2"}))
    assert [step.data for step in trace.steps if step.app == "NoOp"] == called


def test_g_in_capital_sends_both_elsewhere(plan: Any) -> None:
    made = plan(
        "[a]\nexten => s,1,Dial(PJSIP/1,20,G(b^s^1))\n[b]\nexten => s,1,NoOp(caller)\nexten => s,2,NoOp(called)\n"
    )
    assert made.said() == "caller called"


def test_a_key_leaves_while_it_rings_with_d(plan: Any) -> None:
    made = plan(
        "[a]\nexten => s,1,Dial(PJSIP/1,20,d)\nexten => s,2,NoOp(on)\nexten => 5,1,NoOp(five ${DIALSTATUS})\n"
    )
    assert made.said(presses=("5",)) == "five CANCEL"
    assert made.said(presses=("6",), otherwise="busy") == "on"


LOCAL = """
    [a]
    exten => s,1,Set(__shared=1)
    exten => s,2,Dial(Local/7@b/n,%s)
    exten => s,3,NoOp(${DIALSTATUS} ${HANGUPCAUSE})
    exten => h,1,NoOp(h)
    [b]
    exten => 7,1,NoOp(${shared} ${CALLERID(num)})
    exten => 7,2,%s
    exten => 7,3,Hangup(${HANGUPCAUSE})
    exten => h,1,NoOp(inner h)
"""


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("Busy()", "BUSY 0 h"),
        ("Congestion()", "CONGESTION 0 h"),
        ("Hangup(17)", "BUSY 17 h"),
        ("Hangup(3)", "CHANUNAVAIL 3 h"),
        ("Hangup()", "NOANSWER 16 h"),
        ("Answer()", "h"),
        ("Playback(x)", "h"),
        ("Dial(PJSIP/1,20)", "h"),
    ],
)
def test_a_local_channel_is_followed(plan: Any, step: str, said: str) -> None:
    trace = plan(LOCAL % (30, step)).call(caller="0912")
    outer = [s.data for s in trace.steps if s.app == "NoOp" and s.channel == 0]
    inner = [s.data for s in trace.steps if s.app == "NoOp" and s.channel != 0]
    assert " ".join(outer) == said
    assert inner == ["1 0912", "inner h"]
    assert trace.end == "hangup"


def test_a_local_channel_answers_its_caller_when_it_is_answered(plan: Any) -> None:
    trace = plan(LOCAL % (30, "Dial(PJSIP/1,20)")).call()
    names = [event.kind for event in trace.events]
    assert names.index("talks") < names.index("answered")
    assert events(trace, "talks")[0].subject == "PJSIP/1"


def test_a_caller_who_gives_up_ends_the_local_channel(plan: Any) -> None:
    trace = plan(LOCAL % (10, "Dial(PJSIP/1,20)")).call(otherwise="no_answer")
    outer = [s.data for s in trace.steps if s.app == "NoOp" and s.channel == 0]
    inner = [s for s in trace.steps if s.channel != 0]
    assert outer == ["NOANSWER 0", "h"]
    assert [step.app for step in inner] == ["NoOp", "Dial", "NoOp"]  # its Hangup is never reached, only h
    assert trace.end == "hangup"


def test_a_local_channel_that_is_not_there(plan: Any) -> None:
    made = plan(f"[a]\nexten => s,1,Dial(Local/9@nowhere,20)\n{SAY}")
    assert made.said() == "CHANUNAVAIL 0 h CHANUNAVAIL"


def test_a_refused_local_channel_is_hung_up(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Dial(Local/7@b/n,20,U(confirm))
        exten => s,2,NoOp(${DIALSTATUS})
        [b]
        exten => 7,1,Dial(PJSIP/1)
        exten => h,1,NoOp(h)
        [confirm]
        exten => s,1,Set(GOSUB_RESULT=CONTINUE)
        exten => s,2,Return()
        """
    )
    trace = made.call()
    assert [s.data for s in trace.steps if s.app == "NoOp"] == ["h", "ANSWER"]
    assert not events(trace, "answered")
    order = [s.context for s in trace.steps]
    assert order.index("confirm") < len(order) - 2


def test_several_local_channels_and_phones(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Dial(PJSIP/1&Local/7@b/n&Local/8@b/n,20)
        exten => s,2,NoOp(${DIALSTATUS})
        [b]
        exten => 7,1,Busy()
        exten => 8,1,Dial(PJSIP/2,10)
        """
    )
    assert made.said(otherwise="busy") == "BUSY"
    trace = made.call(devices={"PJSIP/1": "no_answer", "PJSIP/2": "answers"})
    assert events(trace, "talks")[0].subject == "PJSIP/2"
    assert made.said(otherwise="no_answer") == "NOANSWER"


def test_a_local_channel_that_calls_itself_is_no_endless_run(plan: Any) -> None:
    trace = plan("[a]\nexten => s,1,Dial(Local/s@a/n)\n").call()
    assert trace.end == "hangup"
    assert len(trace.steps) <= 25  # Asterisk counts forwards down from 20


def test_retrydial(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,RetryDial(again,2,3,PJSIP/1,10)\nexten => s,2,NoOp(${DIALSTATUS})\n")
    trace = made.call(otherwise="busy")
    assert len(events(trace, "rings")) == 3
    assert made.said(otherwise="busy") == "BUSY"


def test_page_rings_and_ends(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Page(PJSIP/1&PJSIP/2,b(sub^s^1),5)
        exten => s,2,NoOp(on)
        [sub]
        exten => s,1,NoOp(sub)
        exten => s,2,Return()
        """
    )
    trace = made.call()
    assert events(trace, "page")[0].subject == "PJSIP/1&PJSIP/2"
    assert [s.data for s in trace.steps if s.app == "NoOp"] == ["sub", "sub"]


ANSWERS_INSIDE = """
    [a]
    exten => s,1,Dial(Local/7@b/n,20,U(confirm))
    exten => s,2,NoOp(refused)
    [b]
    exten => 7,1,%s
    exten => 7,2,NoOp(inside)
    [confirm]
    exten => s,1,Read(KEY,x,1)
    exten => s,2,ExecIf($["${KEY}" = ""]?Set(GOSUB_RESULT=CONTINUE))
    exten => s,3,Return()
    [sub]
    exten => s,1,Return()
"""


@pytest.mark.parametrize(
    ("step", "world", "kind"),
    [
        ("Answer()", {}, "answered"),
        ("Background(x)", {}, "hears"),
        ("Queue(q)", {}, "queue"),
        ("Queue(q,,,,,,sub)", {}, "queue"),
        ("Pickup(1)", {"pickup": "fetched"}, "pickup"),
        ("Page(PJSIP/1,b(sub^s^1))", {}, "page"),
        ("VoiceMail(1)", {}, "voicemail"),
        ("Park()", {}, "park"),
        ("ConfBridge(x)", {}, "conference"),
        ("RetryDial(x,1,1,PJSIP/1)", {}, "rings"),
        ("ExecIf(1?Dial(PJSIP/1,10))", {}, "rings"),
        ("TryExec(Answer())", {}, "answered"),
    ],
)
@pytest.mark.parametrize("confirm", ["accept", "reject"])
def test_whatever_answers_inside_is_confirmed_first(
    plan: Any, step: str, world: dict[str, str], kind: str, confirm: str
) -> None:
    made = plan(ANSWERS_INSIDE % step)
    trace = made.call(answers={**world, "confirm": confirm})
    assert trace.end == "hangup", trace.unknown
    assert len(events(trace, kind)) == (1 if kind != "answered" or confirm == "accept" else 0) or kind in (
        "voicemail",
        "park",
        "conference",
        "hears",
        "page",
    )
    said = [s.data for s in trace.steps if s.app == "NoOp" and s.channel == 0]
    assert said == ([] if confirm == "accept" else ["refused"])
    assert len([s for s in trace.steps if s.app == "Read"]) == 1
    assert bool(events(trace, "answered")) == (confirm == "accept")
    inner = [s for s in trace.steps if s.context == "b"]
    assert [s.priority for s in inner][:1] == [1]
    assert len({s.priority for s in inner}) == len(inner)  # no step is told twice


@pytest.mark.parametrize("inner", ["Dial(PJSIP/1,6)", "Dial(PJSIP/1,4)"], ids=["at once", "after a wait"])
def test_who_called_first_gives_up_first(plan: Any, inner: str) -> None:
    """Seen in Asterisk 22: of two Dials that end in the same second the outer one, which began before, ends first."""
    wait = "NoOp()" if "6" in inner else "Wait(2)"
    made = plan(
        f"[a]\nexten => s,1,Dial(Local/1@b/n,6)\n{SAY}[b]\nexten => 1,1,{wait}\n same => n,{inner}\n"
        " same => n,Set(GLOBAL(INNER)=yes)\n"
    )
    assert not [step for step in made.call(otherwise="no_answer").steps if "INNER" in step.data]
