"""What is said of calls that change."""

from __future__ import annotations

from kelid.model.behaviour import BehaviourChange, CallChange, Condition, WayIn
from kelid.model.trace import Event
from kelid.report.behaviour import change_data, change_markdown, change_text

TRUNK = WayIn(kind="trunk", name="mokhaberat", names=("mokhaberat",), context="from-trunk-mokhaberat")


def change(before: tuple[Event, ...], after: tuple[Event, ...]) -> BehaviourChange:
    one = CallChange(
        way_in=TRUNK,
        dialled="02188001234",
        time="Thu 13:00-17:00",
        conditions=(Condition("answer", "dial PJSIP/101", "BUSY"),),
        before=before,
        after=after,
    )
    return BehaviourChange(changes=(one,))


def test_a_change_is_told_in_words() -> None:
    """Whose calls, to which number, when, under which condition; what they did and do."""
    closed = (Event("hears", "/media/closed"), Event("hangup", "", (("cause", "16"),)))
    queue = (Event("queue", "sales", (("seconds", "180"),)), Event("voicemail", "200@default"))
    text = change_text(change(queue, closed))
    assert "from trunk mokhaberat to 02188001234, Thu 13:00-17:00" in text
    assert "if dial PJSIP/101 is BUSY" in text
    assert "was queue sales for 180 s, then voicemail 200@default" in text
    assert "now hears closed, then the call ends (cause 16)" in text
    assert "- was queue sales for 180 s" in change_markdown(change(queue, closed))
    assert change_data(change(queue, closed))["answer"] == "these"


def test_another_setting_of_the_same_queue_is_named() -> None:
    """The same things happen, with other settings: those are what is told."""
    before = (Event("queue", "sales", (("timeout", "20"), ("member", "PJSIP/1"), ("member", "PJSIP/2"))),)
    after = (Event("queue", "sales", (("timeout", "25"), ("member", "PJSIP/1"))),)
    text = change_text(change(before, after))
    assert "timeout: was 20, now 25" in text
    assert "member: was PJSIP/1; PJSIP/2, now PJSIP/1" in text


def test_none_is_said_and_so_is_what_could_not_be_decided() -> None:
    """Three answers: none, these, could not decide."""
    assert change_text(BehaviourChange()) == "calls: none does anything else\n"
    undecided = BehaviourChange(undecided=("application Foo (at in,s,1)",))
    assert "could not decide" in change_text(undecided)
    assert change_data(undecided)["answer"] == "could not decide"
