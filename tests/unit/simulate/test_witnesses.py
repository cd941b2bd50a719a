"""One call for which two dial plans part, found from what a walk of all calls says."""

from __future__ import annotations

import time
from datetime import datetime
from textwrap import dedent
from zoneinfo import ZoneInfo

import pytest

from kelid.model.call import Call, Question, World
from kelid.model.pbx import Pbx
from kelid.model.trace import Asked, Event
from kelid.readback import read_tree
from kelid.simulate import witnesses as search
from kelid.simulate.noticed import noticed

AT = datetime(2026, 11, 26, 10, 0, tzinfo=ZoneInfo("Asia/Tehran"))


NOBODY = {"PJSIP/100": "unavailable", "PJSIP/101": "unavailable"}


def pbx_of(text: str, queues: str = "") -> Pbx:
    sources = {"extensions.conf": dedent(text).encode(), "queues.conf": queues.encode()}
    return read_tree(sources, asterisk=22).pbx


PLAN = """
    [a]
    exten => 100,1,GotoIf($["${DB(CFU/100)}" = "200"]?away)
     same => n,Dial(PJSIP/100,20)
     same => n,GotoIf($["${DIALSTATUS}" = "BUSY"]?busy)
     same => n,Hangup()
     same => n(busy),Read(X,which,1)
     same => n,GotoIf($["${X}" = "7"]?seven)
     same => n,Hangup()
     same => n(seven),Playback(SEVEN)
     same => n(away),Playback(AWAY)
"""


def found(
    before: str, after: str, told: tuple[str, str], way: tuple[tuple[str, str], ...] = (), tries: int = 400
) -> search.Parted | None:
    both = search.sides(pbx_of(before), pbx_of(after))
    call = Call(context="a", exten="100", at=AT)

    def fits(one: tuple[Event, ...], other: tuple[Event, ...]) -> bool:
        return (one[0].subject, other[0].subject) == told

    rows = search.witnesses(
        both,
        [(call, call)],
        search.wanted(way),
        fits,
        base=World(),
        tries=tries,
        end=time.process_time() + 30,
    )
    return next(rows, None)


BUSY_SEVEN = (
    ("database-has:CFU/100", "0"),
    ("dial:PJSIP/100", "BUSY"),
    ("key:", "a key"),
    ("key:", "7"),
)


def test_the_way_that_is_told_is_gone_question_by_question() -> None:
    """A phone that is busy, then a key: the world says both, and it takes as many tries as there are answers."""
    after = PLAN.replace("SEVEN", "other")
    made = found(PLAN, after, ("SEVEN", "other"), BUSY_SEVEN, tries=3)
    assert made is not None
    assert made.world == World(devices={"PJSIP/100": "busy"}, presses=("7",))


def test_what_astdb_holds_is_put_there() -> None:
    after = PLAN.replace("AWAY", "other")
    way = (("database-has:CFU/…", "1"), ("database:CFU/…", "200"))
    made = found(PLAN, after, ("AWAY", "other"), way, tries=4)
    assert made is not None
    assert made.world == World(database={"CFU/100": "200"})


def test_what_the_way_leaves_out_is_looked_for() -> None:
    """Nothing is said of the phone: worlds with one answer otherwise are tried, then the rest of the way."""
    after = PLAN.replace("SEVEN", "other")
    made = found(PLAN, after, ("SEVEN", "other"), BUSY_SEVEN[2:])
    assert made is not None
    assert made.world.presses == ("7",)


def test_answers_that_make_no_difference_are_left_out() -> None:
    """The way goes by a voicemail that fails; the call parts before it, whatever becomes of that."""
    plan = "[a]\nexten => 100,1,Playback({})\n same => n,VoiceMail(1@default)\n"
    before, after = plan.format("x"), plan.format("y")
    made = found(before, after, ("x", "y"), (("voicemail:1@default", "FAILED"),))
    assert made is not None
    assert made.world == World()


def test_nothing_is_found_where_nothing_parts_so() -> None:
    """What can't come together, what parts in another way, and what isn't known."""
    after = PLAN.replace("SEVEN", "other")
    assert found(PLAN, PLAN, ("SEVEN", "SEVEN"), BUSY_SEVEN) is None
    assert found(PLAN, after, ("SEVEN", "another"), BUSY_SEVEN) is None
    assert (
        found(PLAN, PLAN.replace("Playback(SEVEN)", "NoSuchApplication()"), ("SEVEN", ""), BUSY_SEVEN) is None
    )


@pytest.mark.parametrize("step", ["NoSuchApplication()", "Goto(100,1)"])
def test_what_is_not_known_does_not_part(step: str) -> None:
    """Nor does anybody see how a call ends that the oracle can't follow; one that goes round for ever is known."""
    both = search.sides(
        pbx_of("[a]\nexten => 100,1,Playback(x)\n"),
        pbx_of(f"[a]\nexten => 100,1,Playback(y)\n same => n,{step}\n"),
    )
    call = Call(context="a", exten="100", at=AT)
    made = search.parted(both, (call, call), World())
    assert isinstance(made, search.Parted) == (step == "Goto(100,1)")


def test_tries_are_bounded() -> None:
    after = PLAN.replace("SEVEN", "other")
    assert found(PLAN, after, ("SEVEN", "other"), BUSY_SEVEN, tries=2) is None


def test_another_setting_of_a_queue_is_a_difference() -> None:
    """No step differs; the queue that the call comes to is another one."""
    queue = "\n[sales]\nstrategy = ringall\ntimeout = {}\nmember => PJSIP/1\n"
    old, new = (
        pbx_of("[a]\nexten => 100,1,Queue(sales)\n", queues=queue.format(seconds)) for seconds in (20, 25)
    )
    call = Call(context="a", exten="100", at=AT)
    made = search.parted(search.sides(old, new), (call, call), World())
    assert isinstance(made, search.Parted)
    details = [dict(tail[0].details) for tail in made.tails]
    assert [row["queues.conf [sales] timeout"] for row in details] == ["20", "25"]


def asked(kind: str, subject: str, answer: str = "") -> Asked:
    return Asked(Question(kind, subject), answer)


@pytest.mark.parametrize(
    ("rows", "answer", "world"),
    [
        ([asked("dial", "PJSIP/1&PJSIP/2")], "ANSWER PJSIP/2", World(devices={"PJSIP/1": "no_answer"})),
        ([asked("dial", "PJSIP/0912@line")], "CONGESTION", World(devices={"PJSIP/line": "congestion"})),
        ([asked("contacts", "101")], "0", World(devices={"PJSIP/101": "unavailable"})),
        ([asked("device", "Custom:x")], "INUSE", World(database={"CustomDevstate/x": "INUSE"})),
        ([asked("device", "PJSIP/101")], "INUSE", World(in_use=frozenset({"PJSIP/101"}))),
        ([asked("voicemail", "1@default")], "FAILED", World(answers={"voicemail:1@default": "FAILED"})),
        (
            [asked("key", "a,s,1", "1"), asked("key", "a,s,1+1", "2"), asked("key", "a,s,2")],
            "3",
            World(presses=("12", "3")),
        ),
        ([asked("key", "called:a,s,1")], "2", World(answers={"key:called:a,s,1": "2"})),
        ([asked("global", "X")], "1", None),
    ],
)
def test_a_world_that_gives_an_answer(rows: list[Asked], answer: str, world: World | None) -> None:
    assert search.with_answer(pbx_of("[a]\n"), World(), rows, len(rows) - 1, answer) == world


def test_one_line_may_do_otherwise_for_another_number() -> None:
    """Two sides of one call dial other numbers over it."""
    rows = [asked("dial", "PJSIP/1@line")]
    others = [Question("dial", "PJSIP/1@line"), Question("dial", "PJSIP/2@line")]
    made = search.with_answer(pbx_of("[a]\n"), World(), rows, 0, "BUSY", others=others)
    assert made == World(devices={"PJSIP/1@line": "busy"})


def test_what_is_told_may_be_open_in_parts() -> None:
    told = Event("rings", "PJSIP/\U000f0001", (("seconds", "20"), ("number", "\U000f0002"), ("at", "a,1,1")))
    real = Event("rings", "PJSIP/101", (("seconds", "20"), ("number", "0912")))
    assert search.same([told], [real])
    assert not search.same([told], [real._replace(details=(("seconds", "25"), ("number", "0912")))])
    assert not search.same([told], [real._replace(subject="IAX2/101")])
    assert not search.same([told], [])
    assert search.same([], [])


@pytest.mark.parametrize(
    ("before", "after", "noticed", "unnoticed"),
    [
        # How long a phone may ring is noticed where nobody ends that sooner ...
        ("PJSIP/100,20", "PJSIP/100,40", {"PJSIP/100": "no_answer"}, {}),
        ("PJSIP/9@line,20", "PJSIP/9@line,40", {"PJSIP/line": "no_answer"}, {"PJSIP/line": "busy"}),
        ("PJSIP/9@line,20", "PJSIP/9@line,40", {"PJSIP/9@line": "no_answer"}, {"PJSIP/9@line": "unavailable"}),
        # ... and who else rings where he can be reached.
        ("PJSIP/100,20", "PJSIP/100&PJSIP/101,20", {}, {"PJSIP/101": "unavailable"}),
        ("PJSIP/100,20", "PJSIP/101,20", {"PJSIP/100": "unavailable"}, NOBODY),
    ],
)  # fmt: skip
def test_calls_part_where_somebody_notices(
    before: str, after: str, noticed: dict[str, str], unnoticed: dict[str, str]
) -> None:
    plan = "[a]\nexten => 100,1,Dial({})\n same => n,VoiceMail(100,u)\n"
    both = search.sides(pbx_of(plan.format(before)), pbx_of(plan.format(after)))
    call = Call(context="a", exten="100", at=AT)
    assert isinstance(search.parted(both, (call, call), World(devices=noticed)), search.Parted)
    assert not isinstance(search.parted(both, (call, call), World(devices=unnoticed)), search.Parted)


@pytest.mark.parametrize(
    ("members", "world", "shown"),
    [
        (("PJSIP/101", "PJSIP/102,3,Lena"), World(otherwise="unavailable"), False),
        (
            ("PJSIP/101", "PJSIP/102,3,Lena"),
            World(otherwise="unavailable", devices={"PJSIP/102": "no_answer"}),
            True,
        ),
        (("PJSIP/101", "Local/102@agents"), World(otherwise="unavailable"), True),
        ((), World(otherwise="unavailable"), True),  # who has logged in isn't known
        (("PJSIP/101",), World(otherwise="unavailable", answers={"queue:sales": "ANSWER"}), True),
    ],
)
def test_what_a_queue_shows_is_noticed_by_members_that_ring(
    members: tuple[str, ...], world: World, shown: bool
) -> None:
    details = (*(("member", member) for member in members), ("number", "0912"), ("name", "L2 Sara"))
    (event,) = noticed([Event("queue", "sales", details)], world)
    assert (("name", "L2 Sara") in event.details) == shown
    assert event.details[: len(members)] == details[: len(members)]


def test_a_world_is_looked_for_in_which_somebody_notices() -> None:
    """From a day on which nobody can be reached; there is an answer to the Dial itself for a phone that has none."""
    plan = "[a]\nexten => 100,1,Dial(PJSIP/100,{})\n same => n,VoiceMail(100,u)\n"
    made = found(plan.format(20), plan.format(40), ("PJSIP/100", "PJSIP/100"))
    assert made is not None
    assert made.world.devices == {"PJSIP/100": "no_answer"}
    both = search.sides(pbx_of(plan.format(20)), pbx_of(plan.format(40)))
    call = Call(context="a", exten="100", at=AT)
    for answer in ("NOANSWER", "CHANUNAVAIL"):
        world = World(answers={"dial:PJSIP/100": answer})
        assert isinstance(search.parted(both, (call, call), world), search.Parted) == (answer == "NOANSWER")


def test_whatever_follows_a_number_by_chance_is_what_is_told() -> None:
    drawn = Event("chance", "1-4")
    assert search.same([drawn, Event("rings", "PJSIP/101")], [Event("rings", "PJSIP/102")])
    assert search.same([drawn], [])
