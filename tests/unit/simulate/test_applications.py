"""What applications do with a call: keys, queues, mailboxes, conferences, and what is outside of the dial plan."""

from __future__ import annotations

from typing import Any

import pytest

from kelid.model.call import Question
from kelid.model.trace import Trace
from kelid.simulate.applications import FAMILIES, find


def one(trace: Trace, kind: str) -> Any:
    found = [event for event in trace.events if event.kind == kind]
    assert len(found) == 1, found
    return found[0]


def test_every_application_that_is_listed_is_there() -> None:
    for family, names in FAMILIES.items():
        for name in names:
            application = find(name.upper(), 0)
            assert application is not None, f"{family}: {name}"
            assert application.name == name


@pytest.mark.parametrize(
    ("arguments", "presses", "value", "status"),
    [
        ("X,x,4", ("12",), "12", "TIMEOUT"),
        ("X,x,2", ("123",), "12", "OK"),
        ("X,x", ("12#",), "12", "OK"),
        ("X,x,4", ("#",), "", "OK"),
        ("X,x,4,,2", ("", "5#"), "5", "OK"),
        ("X,x,4,,2", (), "", "TIMEOUT"),
        ("X,x,4,s", ("1",), "", "SKIPPED"),
        ("X,x,1,n", ("1",), "1", "OK"),
    ],
)
def test_read(plan: Any, arguments: str, presses: tuple[str, ...], value: str, status: str) -> None:
    made = plan(f"[a]\nexten => s,1,Read({arguments})\nexten => s,2,NoOp(${{X}} ${{READSTATUS}})\n")
    assert made.said(presses=presses) == f"{value} {status}"


def test_readexten(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,ReadExten(X,x,b)
        exten => s,2,NoOp(${X} ${READEXTENSTATUS})
        [b]
        exten => _1XX,1,NoOp()
        exten => 2,1,NoOp()
        """
    )
    assert made.said(presses=("123",)) == "123 OK"
    assert made.said(presses=("2",)) == "2 OK"
    assert made.said(presses=("9",)) == "i INVALID"
    assert made.said() == "t TIMEOUT"


QUEUES = """
    [general]
    [sales]
    strategy=ringall
    timeout=15
    maxlen=5
    joinempty=unavailable
    leavewhenempty=unavailable
    context=out
    member => PJSIP/101,0,Ali
    [plain]
    strategy=ringall
"""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("ANSWERED", ""),
        ("TIMEOUT", "TIMEOUT"),
        ("FULL", "FULL"),
        ("JOINEMPTY", "JOINEMPTY"),
        ("LEAVEEMPTY", "LEAVEEMPTY"),
        ("1", "one"),
    ],
)
def test_how_a_queue_ends(plan: Any, answer: str, said: str) -> None:
    text = """
        [a]
        exten => s,1,Queue(sales,t,,,60)
        exten => s,2,NoOp(${QUEUESTATUS})
        [out]
        exten => 1,1,NoOp(one)
    """
    made = plan(text, queues=QUEUES)
    assert made.said(answers={"queue": answer}) == said
    trace = made.call(answers={"queue": answer})
    event = dict(one(trace, "queue").details)
    assert event["seconds"] == "60"
    assert event["timeout"] == "15"
    assert event["member"] == "PJSIP/101,0,Ali"
    question = next(asked.question for asked in trace.asked if asked.question.kind == "queue")
    assert question == Question(
        "queue", "sales", ("ANSWERED", "TIMEOUT", "FULL", "JOINEMPTY", "LEAVEEMPTY", "1")
    )
    assert bool([e for e in trace.events if e.kind == "answered"]) == (answer == "ANSWERED")


def test_a_queue_offers_only_the_ends_that_it_has(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,Queue(plain)\n", queues=QUEUES)
    (asked,) = made.call().asked
    assert asked.question.answers == ("ANSWERED",)


def test_a_queue_that_is_not_there(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,Queue(none)\nexten => s,2,NoOp(${QUEUESTATUS})\n", queues=QUEUES)
    assert made.said() == "UNKNOWN"


def test_c_goes_on_after_the_talk_in_a_queue(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,Queue(plain,c)\nexten => s,2,NoOp(${QUEUESTATUS})\n", queues=QUEUES)
    assert made.said() == "CONTINUE"
    assert made.said(answers={"hangup": "yes"}) == ""


def test_queue_members_log_in_and_out(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,AddQueueMember(sales,PJSIP/102)
        exten => s,2,NoOp(${AQMSTATUS})
        exten => s,3,AddQueueMember(sales,PJSIP/102)
        exten => s,4,NoOp(${AQMSTATUS})
        exten => s,5,AddQueueMember(sales,PJSIP/101)
        exten => s,6,NoOp(${AQMSTATUS})
        exten => s,7,PauseQueueMember(,PJSIP/102)
        exten => s,8,NoOp(${PQMSTATUS})
        exten => s,9,RemoveQueueMember(sales,PJSIP/102)
        exten => s,10,NoOp(${RQMSTATUS})
        exten => s,11,RemoveQueueMember(sales,PJSIP/102)
        exten => s,12,NoOp(${RQMSTATUS})
        exten => s,13,RemoveQueueMember(sales,PJSIP/101)
        exten => s,14,NoOp(${RQMSTATUS})
        exten => s,15,AddQueueMember(none,PJSIP/101)
        exten => s,16,NoOp(${AQMSTATUS})
        """,
        queues=QUEUES,
    )
    assert made.said() == (
        "ADDED MEMBERALREADY MEMBERALREADY PAUSED REMOVED NOTINQUEUE NOTDYNAMIC NOSUCHQUEUE"
    )


VOICEMAIL = """
    [general]
    operator=yes
    [default]
    101 => 1234,Ali,ali@example.com,,attach=yes|tz=tehran
    102 => 1234,Sara,,,exitcontext=out
"""

MAILBOX = """
    [a]
    exten => 1,1,VoiceMail(101@default,u)
    exten => 1,2,NoOp(${VMSTATUS})
    exten => 2,1,VoiceMail(102@default,bd(keys))
    exten => 2,2,NoOp(${VMSTATUS})
    exten => 3,1,VoiceMail(103@default)
    exten => 3,2,NoOp(${VMSTATUS})
    exten => o,1,NoOp(operator)
    exten => a,1,NoOp(attendant)
    [out]
    exten => o,1,NoOp(out)
    [keys]
    exten => 7,1,NoOp(seven)
    exten => 12,1,NoOp(twelve)
"""


@pytest.mark.parametrize(
    ("exten", "answer", "presses", "said"),
    [
        ("1", "SUCCESS", (), "SUCCESS"),
        ("1", "FAILED", (), "FAILED"),
        ("1", "0", (), "operator"),
        ("1", "*", (), "attendant"),
        ("2", "0", (), "out"),
        ("2", "7", (), "seven"),
        ("3", "SUCCESS", (), "FAILED"),
    ],
)
def test_voicemail(plan: Any, exten: str, answer: str, presses: tuple[str, ...], said: str) -> None:
    made = plan(MAILBOX, voicemail=VOICEMAIL)
    assert made.said(exten, answers={"voicemail": answer}, presses=presses) == said


def test_a_mailbox_tells_its_settings_and_never_its_pin(plan: Any) -> None:
    trace = plan(MAILBOX, voicemail=VOICEMAIL).call("1")
    event = dict(one(trace, "voicemail").details)
    assert event == {
        "greeting": "unavailable",
        "options": "u",
        "name": "Ali",
        "email": "ali@example.com",
        "attach": "yes",
        "tz": "tehran",
        "language": "en",
    }
    assert "1234" not in str(trace.events)


def test_the_keys_that_leave_a_mailbox_are_those_that_lead_somewhere(plan: Any) -> None:
    made = plan(MAILBOX, voicemail=VOICEMAIL)
    assert made.call("1").asked[0].question.answers == ("SUCCESS", "FAILED", "*", "0")
    assert made.call("2").asked[0].question.answers == ("SUCCESS", "FAILED", "0", "1", "7")


def test_listening_to_a_mailbox(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,VoiceMailMain(101@default)\nexten => s,2,NoOp(on)\n", voicemail=VOICEMAIL)
    assert made.said() == "on"
    assert made.said(answers={"password": "wrong"}) == "on"
    assert not [e for e in made.call(answers={"password": "wrong"}).events if e.kind == "mailbox"]
    assert made.said(answers={"hangup": "yes"}) == ""


def test_authenticate(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,Authenticate(/etc/pins)\nexten => s,2,NoOp(in)\n")
    assert made.said() == "in"
    assert made.said(answers={"password": "wrong"}) == ""
    assert one(made.call(), "password").subject == "/etc/pins"


def test_disa(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,DISA(/etc/pins,b,"Out" <021>)
        [b]
        exten => _0XX,1,NoOp(${EXTEN} ${CALLERID(num)})
        """
    )
    assert made.said(presses=("012",)) == "012 021"
    assert made.said(presses=("9",)) == ""
    assert made.said(answers={"password": "none"}, presses=("012",)) == ""


def test_directory(plan: Any) -> None:
    text = "[a]\nexten => s,1,Directory(default,b)\nexten => s,2,NoOp(on)\n"
    text += "[b]\nexten => 101,1,NoOp(ali)\nexten => o,1,NoOp(o)\n"
    made = plan(text, voicemail=VOICEMAIL)
    assert made.said() == "ali"
    assert made.said(answers={"directory": ""}) == "on"
    assert made.said(answers={"directory": "0"}) == "o"
    assert made.said(answers={"directory": "102"}) == ""  # nothing there to go to


def test_a_conference_tells_its_profiles_and_how_it_ends(plan: Any) -> None:
    conf = "[room]\ntype=bridge\nmax_members=9\n[guest]\ntype=user\npin=77\nquiet=yes\n"
    text = "[a]\nexten => s,1,ConfBridge(board,room,guest)\nexten => s,2,NoOp(${CONFBRIDGE_RESULT})\n"
    made = plan(text, confbridge=conf)
    trace = made.call()
    event = dict(one(trace, "conference").details)
    assert event["max_members"] == "9"
    assert event["quiet"] == "yes"
    assert "77" not in str(trace.events)
    assert made.said() == ""
    assert made.said(answers={"conference": "KICKED"}) == "KICKED"
    assert made.said(answers={"password": "wrong"}) == ""


@pytest.mark.parametrize(
    ("step", "answers", "said"),
    [
        ("Pickup(101)", {}, "on"),
        ("Pickup(101)", {"pickup": "fetched"}, ""),
        ("PickupChan(PJSIP/101)", {}, "on"),
        ("ParkedCall(default,701)", {}, ""),
        ("Park(default)", {}, ""),
        ("Park(default,c(b,s,1))", {"park": "comes back"}, "back"),
        ("ChanSpy(PJSIP/101)", {}, ""),
        ("ChanSpy(PJSIP/101,E)", {"hangup": "no"}, "on"),
        ("Echo()", {}, ""),
        ("Record(x.wav)", {}, "on"),
        ("Record(x.wav)", {"record": "HANGUP"}, ""),
        ("MixMonitor(x.wav)", {}, "on"),
        ("System(rm x)", {}, "on"),
        ("System(rm x)", {"box": "FAILURE"}, ""),
        ("TrySystem(rm x)", {"box": "FAILURE"}, "on"),
        ("AGI(x.py)", {}, "on"),
        ("AGI(x.py)", {"box": "HANGUP"}, ""),
        ("ReceiveFAX(/x.tif)", {}, "on"),
        ("ReceiveFAX(/x.tif)", {"fax": "FAILED"}, "on"),
        ("ReceiveFAX(/x.tif)", {"fax": "HANGUP"}, ""),
        ("Originate(PJSIP/1,exten,b,s,1)", {}, "on"),
        ("Originate(PJSIP/1,nonsense,b,s,1)", {}, ""),
        ("Transfer(PJSIP/1)", {}, "on"),
        ("MusicOnHold(x,5)", {}, "on"),
        ("MusicOnHold(x)", {}, ""),
        ("Milliwatt()", {}, ""),
        ("UserEvent(x,y: z)", {}, "on"),
        ("Log(WARNING,x)", {}, "on"),
        ("QueueLog(sales,1,2,EVENT)", {}, "on"),
        ("SayNumber(12)", {}, "on"),
        ("SayNumber(x)", {}, "on"),
        ("SayNumber(12,x)", {}, ""),
        ("SayUnixTime(,Asia/Tehran,HM)", {}, "on"),
        ("Playback(x&y)", {}, "on"),
        ("Playback()", {}, ""),
        ("Stasis(x)", {}, "on"),
        ("Busy(5)", {}, ""),
        ("Congestion()", {}, ""),
        ("Wait(1.5)", {}, "on"),
        ("SIPAddHeader(X: y)", {}, None),
    ],
)
def test_one_step_and_what_follows(plan: Any, step: str, answers: dict[str, str], said: str | None) -> None:
    made = plan(f"[a]\nexten => s,1,{step}\nexten => s,2,NoOp(on)\n[b]\nexten => s,1,NoOp(back)\n")
    trace = made.call(answers=answers)
    if said is None:
        assert trace.end == "unknown"  # chan_sip is gone in Asterisk 22
    else:
        assert trace.end == "hangup", trace.unknown
        assert made.said(answers=answers) == said


@pytest.mark.parametrize(("keys", "said"), [("#", "on"), ("2", ""), ("2#", "on"), ("", "")])
def test_the_hash_alone_ends_an_echo(plan: Any, keys: str, said: str) -> None:
    made = plan("[a]\nexten => s,1,Echo()\nexten => s,2,NoOp(on)\n")
    assert made.said(presses=(keys,)) == said


def test_an_agi_may_set_variables(plan: Any) -> None:
    made = plan("[a]\nexten => s,1,AGI(crm.py)\nexten => s,2,NoOp(${VIP} ${AGISTATUS})\n")
    assert made.said(answers={"box:AGI crm.py": "SUCCESS VIP=1"}) == "1 SUCCESS"


def test_what_is_written_to_astdb_is_told_and_read_again(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,NoOp(${DB(CFU/101)})
        exten => s,2,Set(DB(CFU/101)=102)
        exten => s,3,NoOp(${DB(CFU/101)})
        exten => s,4,Set(GONE=${DB_DELETE(CFU/101)})
        exten => s,5,NoOp(${DB(CFU/101)})
        """
    )
    trace = made.call(database={"CFU/101": "100"})
    assert [s.data for s in trace.steps if s.app == "NoOp"] == ["100", "102", ""]
    assert [e.details[0] for e in trace.events if e.kind == "keeps"] == [("value", "102"), ("deleted", "yes")]


def test_a_whole_family_of_astdb_goes(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Set(DB(CFU/102)=1)
        exten => s,2,DBdeltree(CFU)
        exten => s,3,NoOp(${DB(CFU/101)}${DB(CFU/102)}${DB(CFB/101)})
        exten => s,4,Set(DB(CFU/101)=5)
        exten => s,5,NoOp(${DB(CFU/101)})
        """
    )
    assert made.said(database={"CFU/101": "100", "CFB/101": "7"}) == "7 5"


def test_the_subroutine_of_a_queue_member(plan: Any) -> None:
    made = plan(
        """
        [a]
        exten => s,1,Queue(sales,c,,,,,sub^x)
        exten => s,2,Queue(sales,c,,,,,sub)
        [sub]
        exten => s,1,NoOp(member)
        exten => s,2,Return()
        """,
        queues=QUEUES,
    )
    trace = made.call()
    assert [(s.data, s.channel != 0) for s in trace.steps if s.app == "NoOp"] == [("member", True)]


def test_what_a_caller_knows_of_the_queue_that_he_left(plan: Any) -> None:
    text = """
        [a]
        exten => s,1,Queue(sales,c,,,60)
        exten => s,2,NoOp(${QUEUEPOSITION} ${QUEUENAME} ${QUEUEMAX} ${MEMBERINTERFACE} ${MEMBERNAME})
    """
    made = plan(
        text,
        queues=QUEUES.replace(
            "strategy=ringall\n    timeout", "setqueuevar=yes\nsetinterfacevar=yes\ntimeout"
        ),
    )
    assert made.said(answers={"queue": "TIMEOUT"}) == "1 sales 5  "
    assert made.said(answers={"queue-info": "3"}) == "3 sales 5 PJSIP/101 Ali"
    assert made.said(answers={"queue": "JOINEMPTY"}) == "    "
