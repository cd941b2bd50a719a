"""What functions ask of the world, and what they read in the files."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import kelid.simulate
from kelid.model.call import QUESTIONS, Call, Question
from kelid.readback import read_tree
from kelid.simulate.registry import FUNCTIONS
from kelid.simulate.run import Run
from kelid.simulate.substitute import set_variable, template
from kelid.simulate.unknown import UnknownHere
from kelid.simulate.versions import BOTH, ONLY_16, ONLY_22, SOMETIMES

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
TREE = {
    "extensions.conf": b"[internal]\nexten => 101,1,Dial(PJSIP/101)\nexten => 101,hint,PJSIP/101&Custom:DND101\n"
    b"exten => _2XX,1(start),NoOp(${EXTEN})\n same => n,Return(${EXTEN:1})\n",
    "pjsip.conf": b"[101]\ntype=endpoint\ncontext=internal\naors=101\nrtp_symmetric=yes\ncall_group=1,3-4\n"
    b"[101]\ntype=aor\nmax_contacts=2\n",
    "queues.conf": b"[general]\n[sales]\nstrategy=rrmemory\nsetqueuevar=yes\nmember=PJSIP/101\n",
    "voicemail.conf": b"[general]\n[default]\n101 => 1234,Ali,ali@example.com\n102 => 1\n",
}


def make_run(answers: dict[str, str] | None = None) -> tuple[Run, list[Question]]:
    """Return a call, and the list of what it will have asked; answers are by ``kind:subject``, or what comes first."""
    asked: list[Question] = []

    def answer(question: Question) -> str:
        asked.append(question)
        first = question.answers[0] if question.answers else ""
        return (answers or {}).get(f"{question.kind}:{question.subject}", first)

    call = Call(
        context="internal",
        exten="101",
        at=datetime(2026, 11, 26, 16, tzinfo=UTC),
        technology="PJSIP",
        endpoint="101",
    )
    return Run(read_tree(TREE).pbx, call, answer), asked


@pytest.mark.parametrize(
    ("text", "answers", "value", "asked"),
    [
        (
            "${DB(CFU/101)}",
            {"database-has:CFU/101": "1", "database:CFU/101": "102"},
            "102",
            "database-has database",
        ),
        ("${DB(CFU/101)}", {}, "", "database-has"),
        ("${DB_EXISTS(DND/101)}", {"database-has:DND/101": "1"}, "1", "database-has"),
        ("${DB_KEYS(CFU)}", {"database-keys:CFU": "102,101"}, "101,102", "database-keys"),
        ("${DEVICE_STATE(PJSIP/101)}", {"device:PJSIP/101": "INUSE"}, "INUSE", "device"),
        ("${DEVICE_STATE(PJSIP/999)}", {}, "INVALID", ""),
        (
            "${DEVICE_STATE(Local/205@internal)} ${DEVICE_STATE(Local/9@internal)}",
            {},
            "NOT_INUSE INVALID",
            "",
        ),
        ("${EXTENSION_STATE(101@internal)}", {"device:Custom:DND101": "INUSE"}, "INUSE", "device device"),
        ("${EXTENSION_STATE(7@internal)}", {}, "UNKNOWN", ""),
        ("${GROUP_COUNT(sales)}", {"group:sales": "3"}, "3", "group"),
        ("${VM_INFO(101@default,exists)}${VM_INFO(103,exists)}", {}, "10", ""),
        ("${VM_INFO(101,fullname)}", {}, "Ali", ""),
        ("${VM_INFO(101,count)}", {"mailbox:101@default/INBOX": "2"}, "2", "mailbox"),
        ("${QUEUE_EXISTS(sales)}${QUEUE_EXISTS(none)}", {}, "10", ""),
        ("${QUEUE_MEMBER(sales,logged)}", {}, "1", "queue-info"),
        ("${QUEUE_VARIABLES(sales)} ${QUEUESTRATEGY}", {}, "0 ", ""),
        ("${PJSIP_ENDPOINT(101,context)} ${PJSIP_ENDPOINT(101,rtp_symmetric)}", {}, "internal true", ""),
        ("${PJSIP_ENDPOINT(101,call_group)}|${PJSIP_ENDPOINT(101,direct_media)}", {}, "1, 3, 4|true", ""),
        ("${PJSIP_ENDPOINT(999,context)}", {}, "", ""),
        ("${PJSIP_AOR(101,max_contacts)}", {}, "2", ""),
        ("${PJSIP_DIAL_CONTACTS(101)}", {"contacts:101": "0"}, "", "contacts"),
        ("${PJSIP_HEADER(read,X-Customer)}", {"header:X-Customer": "7"}, "7", "header"),
        ("${CHANNEL(endpoint)} ${CHANNEL(channeltype)}", {}, "101 PJSIP", ""),
        (
            "${CHANNEL(rtp,dest)}",
            {"channel:PJSIP/101-00000001,rtp,dest": "192.0.2.1"},
            "192.0.2.1",
            "channel",
        ),
        ("${CURL(http://127.0.0.1/)}", {"box:CURL(http://127.0.0.1/)": "ok"}, "ok", "box"),
        ('${PJSIP_PARSE_URI("Ali" <sip:101@h:5061>,user)}', {}, "101", ""),
        ("${PJSIP_PARSE_URI(sip:a@[::1]:5,host)}", {}, "::1", ""),
        ("<${PJSIP_PARSE_URI(sip:@h,host)}>", {}, "<>", ""),
        ("${CALENDAR_BUSY(shop)}", {"box:CALENDAR_BUSY(shop)": "1"}, "1", "box"),
        (
            '${SET(J={"a":{"b":[1,{"c":0.1}]}})}|${JSON_DECODE(J,a.b.1.c)}',
            {},
            '{"a":{"b":[1,{"c":0.1}]}}|0.10000000000000001',
            "",
        ),
        ('${SET(J={"a":[1,2]})}|${JSON_DECODE(J,a,.,c)}|${JSON_DECODE(J,b)}', {}, '{"a":[1,2]}|2|', ""),
        ("${RAND(1,3)}", {"random:1-3": "2"}, "2", "random"),
        ("${EVAL_EXTEN(internal,205,2)}", {}, "05", ""),
        ("${AST_CONFIG(queues.conf,sales,strategy)}", {}, "rrmemory", ""),
    ],
)
def test_functions_ask_only_what_no_file_says(
    text: str, answers: dict[str, str], value: str, asked: str
) -> None:
    run, questions = make_run(answers)
    assert template(text)(run) == value
    assert " ".join(question.kind for question in questions) == asked


def test_a_lamp_that_the_call_has_switched_needs_no_question() -> None:
    run, asked = make_run()
    set_variable(run, "DEVICE_STATE(Custom:night)", "inuse")
    assert template("${DEVICE_STATE(Custom:night)}")(run) == "INUSE"
    assert asked == []
    assert [event.subject for event in run.events] == ["Custom:night"]


def test_what_is_asked_twice_is_asked_once() -> None:
    run, asked = make_run()
    template("${DB(CFU/101)}${DB(CFU/101)}${DEVICE_STATE(PJSIP/101)}${DEVICE_STATE(PJSIP/101)}")(run)
    assert [question.kind for question in asked] == ["database-has", "device"]


def test_every_kind_of_question_is_one_of_those_that_are_listed() -> None:
    folder = Path(kelid.simulate.__file__).parent
    texts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    kinds = {kind for text in texts.values() for kind in re.findall(r'Question\(\s*"([a-z-]+)"', text)}
    assert kinds
    assert kinds <= QUESTIONS.keys()


def test_every_function_that_is_known_is_one_of_asterisk_s() -> None:
    assert set(FUNCTIONS) - {"ODBC_"} - BOTH - ONLY_16 - ONLY_22 - SOMETIMES == set()


def test_every_function_of_our_own_sites_is_known() -> None:
    used = {
        name
        for path in GOLDEN.glob("*/expected/extensions.conf")
        for name in re.findall(r"\$\{([A-Z_0-9]+)\(", path.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= FUNCTIONS.keys()


@pytest.mark.parametrize(
    "text", ["${EVAL_SUB(a,b,1)}", "${VM_INFO(102,email)}", "${SPRINTF()}", "$[SIN(abc)]"]
)
def test_what_can_t_be_told_is_unknown(text: str) -> None:
    run, _ = make_run()
    with pytest.raises(UnknownHere):
        template(text)(run)
