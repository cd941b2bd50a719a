"""What the agent makes of Asterisk's log of calls, of its channels and of queue_log; lines as Asterisk writes them."""

from __future__ import annotations

import pytest
from agent.calls import read_steps
from agent.tables import parse_channels, parse_left

ONE, TWO = "Local/call_one@kelid-after-apply-00000000", "Local/call_two@kelid-after-apply-00000001"
STACK = "in new stack"


def line(call: str, text: str) -> str:
    return f"[2026-11-26 19:01:38.123] VERBOSE[187][{call}] pbx.c: {text}\n"


FIRST = f'Executing [call_two@kelid-after-apply:1] Set("{TWO};2", "CDR_PROP(disable)=1") {STACK}'
FALSE = f'Executing [s@in:9] Dial("{TWO};2", "PJSIP/101") {STACK}'
LOG = "".join(
    (
        "[Nov 26 19:01:38] Asterisk 22.10.1 built by nobody @ buildd on a unknown running Linux\n",
        line("C-00000009", f'Executing [{FIRST}@from-trunk:1] NoOp("PJSIP/x-00000009", "") {STACK}'),
        line("C-00000003", FIRST),
        line(
            "C-00000004",
            f'Executing [call_one@kelid-after-apply:1] Set("{ONE};2", "CDR_PROP(disable)=1") {STACK}',
        ),
        line("C-00000003", "Goto (from-trunk,101,1)"),
        line(
            "C-00000003",
            f'Executing [101@from-trunk:1] NoOp("{TWO};2", "caller "ali "x"" <0912> a,b") {STACK}',
        ),
        line("C-00000009", f'Executing [s@in:1] NoOp("PJSIP/x-00000009", "{FALSE}") {STACK}'),
        line("C-00000009", FALSE),
        line(
            "C-00000005",
            f'Executing [stay@kelid-after-apply:1] Set("{TWO};1", "CDR_PROP(disable)=1") {STACK}',
        ),
        line("C-00000003", f"Spawn extension (from-trunk, 101, 2) exited non-zero on '{TWO};2'"),
    )
).encode()


def test_the_steps_of_a_call_are_its_own_channel_s_and_nobody_else_s() -> None:
    steps, ended = read_steps(LOG, "call_two")
    assert steps == [
        ["kelid-after-apply", "call_two", 1, "Set", "CDR_PROP(disable)=1"],
        ["from-trunk", "101", 1, "NoOp", 'caller "ali "x"" <0912> a,b'],
    ]
    assert ended

    steps, ended = read_steps(LOG, "call_one")
    assert [step[3] for step in steps] == ["Set"]
    assert not ended


def test_a_call_that_falls_off_the_end_has_ended_too() -> None:
    text = line("C-1", FIRST) + line("C-1", f"Auto fallthrough, channel '{TWO};2' status is 'UNKNOWN'")
    steps, ended = read_steps(text.encode(), "call_two")
    assert len(steps) == 1
    assert ended


def test_channels_are_told_with_their_age() -> None:
    text = (
        "PJSIP/101-00000002!internal!103!3!Up!Dial!PJSIP/103,20!a!b!101!!!3!75!9f!1764185000.4\n"
        "PJSIP/103-00000003!internal!!1!Up!AppDial!(Outgoing Line)!103!!!3!7!9f!pbx-1764185000.5\n"
        "something else\n"
    )
    assert parse_channels(text) == {"1764185000.4": 75, "pbx-1764185000.5": 7}


def test_who_logged_out_by_himself_is_told_from_who_was_lost() -> None:
    log = (
        "1764185000|x.1|sales|PJSIP/101|REMOVEMEMBER|\n"
        "1764185009|x.2|sales|PJSIP/102|REMOVEMEMBER|\n"
        "1764185010|x.3|sales|Ali|PAUSE|lunch\n"
        "1764185011|x.4|sales|Ali|CONNECT|3|x.5\n"
        "broken|line\n"
    )
    assert parse_left(log, 1764185008.7) == [["sales", "PJSIP/102"], ["sales", "Ali"]]


@pytest.mark.parametrize("name", ["call.two", "call_tw"])
def test_names_are_taken_as_they_are(name: str) -> None:
    assert read_steps(LOG, name) == ([], False)
