"""Variables, substrings and functions in a step's text: what Asterisk puts in their place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kelid.model.call import Call, Question
from kelid.model.pbx import Context, Exten, Option, Pbx, Step
from kelid.simulate.run import Run
from kelid.simulate.state import Frame
from kelid.simulate.substitute import set_variable, template
from kelid.simulate.unknown import UnknownHere


def make_run(asterisk: int = 22, **variables: str) -> Run:
    """Return a call with variables, in a world that answers nothing."""
    call = Call(context="internal", exten="*73102", at=datetime(2026, 11, 26, 16, 0, tzinfo=UTC))
    run = Run(
        Pbx(site="", asterisk=asterisk, globals=(Option("COLOUR", "green"),)), call, lambda question: ""
    )
    run.channel.variables.update(variables)
    return run


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain, text", "plain, text"),
        ("a$b", "a$b"),
        ("100$", "100$"),
        ("${A}", "hello-world-x"),
        ("<${A:0:5}>", "<hello>"),
        ("${A:-3}", "d-x"),
        ("${A:-1}", "x"),
        ("$[(1e5) - SQRT(-7.8) && 0.1]", "-nan"),
        ("${ISNULL()}${ISNULL(${NONE})}${ISNULL(a)}${EXISTS(a)}${EXISTS()}", "11010"),
        ("${A:2:-2}", "llo-world"),
        ("${A:40}", ""),
        ("${A:-40:2}", "he"),
        ("${A:1:-20}", ""),
        ("${COLOUR}", "green"),
        ("${NONE}", ""),
        ("${${WHICH}}", "hello-world-x"),
        ("${EXTEN:3}@${CONTEXT}", "102@internal"),
        ("${LEN(${A})}", "13"),
        ("${CUT(A,-,2):1:3}", "orl"),
        ("${LEN(${P})}", "8"),
        ("${P:0:2}", "س"),
        ("${P:0:3}${P:3}", "سلام"),
        ("$[${LEN(${A})} + 1]", "14"),
        ("${A", "hello-world-x"),
        ("$[1 + 1", "2"),
    ],
)
def test_what_is_put_in(text: str, value: str) -> None:
    assert template(text)(make_run(A="hello-world-x", WHICH="A", P="سلام")) == value


def test_a_constant_needs_no_call() -> None:
    assert template("Playback,beep").constant == "Playback,beep"
    assert template("${X}").constant is None


def test_a_variable_of_the_subroutine_stands_before_the_channel_s() -> None:
    run = make_run(NAME="channel")
    run.channel.frames.append(Frame("c", "s", 1, {"NAME": "local"}))
    set_variable(run, "NAME", "changed")
    assert template("${NAME}")(run) == "changed"
    run.channel.frames.clear()
    assert template("${NAME}")(run) == "channel"


@pytest.mark.parametrize(("name", "inherited"), [("X", None), ("_X", 1), ("__X", 2)])
def test_underscores_say_who_inherits(name: str, inherited: int | None) -> None:
    run = make_run()
    set_variable(run, "__X", "1")
    set_variable(run, name, "2")
    assert run.channel.variables == {"X": "2"}
    assert run.channel.inherited.get("X") == inherited


def test_a_function_that_we_lack_is_unknown_and_one_that_asterisk_lacks_is_nothing() -> None:
    run = make_run()
    with pytest.raises(UnknownHere, match="function JACK_HOOK"):
        template("${JACK_HOOK(x)}")(run)
    assert template("<${NO_SUCH(x)}>")(run) == "<>"
    assert list(run.warnings) == ["Function NO_SUCH not registered"]
    assert template("<${TRIM( a )}>")(run) == "<a>"
    assert template("<${TRIM( a )}>")(make_run(asterisk=16)) == "<>"


def test_a_global_variable_that_calls_set_is_asked_for() -> None:
    steps = (Step("Set", "GLOBAL(LAST)=${EXTEN}"),)
    pbx = Pbx(site="", asterisk=22, contexts=(Context("internal", (Exten("_X.", steps),)),))
    call = Call(context="internal", exten="100", at=datetime(2026, 11, 26, 16, 0, tzinfo=UTC))
    asked: list[Question] = []

    def answer(question: Question) -> str:
        asked.append(question)
        return "99"

    run = Run(pbx, call, answer)
    assert template("${LAST} ${GLOBAL(LAST)} <${OTHER}>")(run) == "99 99 <>"
    assert [(question.kind, question.subject) for question in asked] == [("global", "LAST")]


def test_a_query_of_func_odbc_conf_is_a_black_box() -> None:
    call = Call(context="internal", exten="100", at=datetime(2026, 11, 26, 16, 0, tzinfo=UTC))
    run = Run(Pbx(site="", asterisk=22), call, lambda question: f"<{question.kind} {question.subject}>")
    assert template("${ODBC_CUSTOMER(0912)}")(run) == "<box ODBC_CUSTOMER(0912)>"
    assert [event.kind for event in run.events] == ["box"]
