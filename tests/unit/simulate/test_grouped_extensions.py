"""Extensions that are walked as one: each has its own number, words and hint, and one that has another now is told."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.pbx import ConfFile, Option, Pbx, Section
from kelid.model.record import replace
from kelid.readback import read_dialplan
from kelid.simulate.pairs import Pairs

CALLS = """
[in]
exten => _1XX,1,GotoIf($["${EXTENSION_STATE(${EXTEN}@phones)}" = "INUSE"]?busy)
 same => n,Playback(free)
 same => n,Hangup()
 same => n(busy),Playback(busy)
[phones]
"""
PHONE = "exten => {0},1,Dial(PJSIP/{0},20)\nexten => {0},hint,{1}\n"
LAMP = "exten => {0},hint,{1}\n"


def read(text: str) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def walked(before: Pbx, after: Pbx) -> Pairs:
    pairs = Pairs(before, after, date(2026, 11, 28))
    pairs.walk_all("in")
    assert not pairs.undecided
    assert not pairs.not_covered
    return pairs


def dialled(pairs: Pairs) -> set[str]:
    return {number for change in pairs.changes() for number in change.dialled.split(", ")}


def plan(form: str, **watched: str) -> Pbx:
    hints = {str(number): f"PJSIP/{number}" for number in range(101, 106)}
    hints |= {name.removeprefix("n"): device for name, device in watched.items()}
    text = CALLS + "".join(form.format(number, device) for number, device in hints.items())
    return read(text)


@pytest.mark.parametrize("form", [PHONE, LAMP])
@pytest.mark.parametrize("watched", ["PJSIP/103&PJSIP/104", "PJSIP/209", "Custom:night", "PJSIP/101"])
def test_another_hint_of_one_is_told(form: str, watched: str) -> None:
    """Whichever of the group it is, the first too."""
    for number in ("101", "103", "105"):
        if watched == "PJSIP/101" and number == "101":
            continue
        assert dialled(walked(plan(form), plan(form, **{f"n{number}": watched}))) == {number}


@pytest.mark.parametrize("form", [PHONE, LAMP])
def test_the_same_hints_are_none(form: str) -> None:
    assert walked(plan(form), plan(form)).changes() == []


STATE = """
[in]
exten => _1XX,1,GotoIf($["${DEVICE_STATE(PJSIP/${EXTEN})}" = "INUSE"]?busy)
 same => n,Playback(free)
 same => n,Hangup()
 same => n(busy),Playback(busy)
"""


def test_phones_whose_number_is_open_have_a_state_and_others_have_none() -> None:
    phones = tuple(Section(str(number), (Option("type", "endpoint"),)) for number in (101, 102, 103))
    sides = [
        replace(read(text), files=(ConfFile("pjsip.conf", phones),))
        for text in (STATE, STATE.replace("Playback(busy)", "Playback(later)"))
    ]
    assert dialled(walked(*sides)) == {"101", "102", "103"}


MEMBERS = """
[in]
exten => 1,1,Set(members=${QUEUE_MEMBER_LIST(sales)})
 same => n,ExecIf($[${FIELDNUM(members,\\,,PJSIP/${CALLERID(num)})} > 0]?Set(IN=1))
 same => n,GotoIf($["${IN}" = "1"]?in)
 same => n,Playback(out)
 same => n,Hangup()
 same => n(in),Playback(in)
"""


@pytest.mark.parametrize("heard", ["in", "out"])
def test_whether_a_phone_is_in_a_list_that_nobody_knows_may_be_either(heard: str) -> None:
    changed = MEMBERS.replace(f"Playback({heard})", "Playback(other)")
    (change,) = walked(read(MEMBERS), read(changed)).changes()
    assert [event.subject for event in change.after if event.kind == "hears"] == ["other"]
    assert walked(read(MEMBERS), read(MEMBERS)).changes() == []


CODES = """
[in]
exten => _*48[0-9].,1,Set(QUEUE=${FILTER(0-9*,${EXTEN:3})})
 same => n,GotoIf(${DIALPLAN_EXISTS(list,${CUT(QUEUE,*,1)},1)}?known)
 same => n,Hangup()
 same => n(known),Gosub(list,${CUT(QUEUE,*,1)},1)
 same => n,Playback(done)
[list]
"""


def test_a_part_of_what_was_dialled_that_may_be_any_number_of_digits_finds_its_queue() -> None:
    def queues(**sounds: str) -> Pbx:
        known = {"q601": "sales1", "q602": "care22", "q603": "vip333"} | sounds
        return read(
            CODES
            + "".join(f"exten => {name[1:]},1,Gosub(say,s,1({sound}))\n" for name, sound in known.items())
            + "[say]\nexten => s,1,Playback(${ARG1})\n same => n,Return()\n"
        )

    assert walked(queues(), queues()).changes() == []
    changes = walked(queues(), queues(q602="other")).changes()
    assert [change.after[0].subject for change in changes] == ["other"]
    assert all("*48602" in change.dialled for change in changes)


def test_numbers_that_differ_by_a_name_are_walked_as_one() -> None:
    def agents(count: int, queue: str = "sales", **names: str) -> Pbx:
        text = "[in]\n"
        for number in range(100, 100 + count):
            name = names.get(f"n{number}", f"نام {number}")
            text += f"exten => {number},1,Set(NAME={name})\n same => n,Gosub(log,in,1)\n same => n,Playback(${{NAME}})\n"
        return read(
            text + f"[log]\nexten => in,1,AddQueueMember({queue},PJSIP/1,0,,${{NAME}})\n same => n,Return()\n"
        )

    assert dialled(walked(agents(40), agents(40, n117="نام دیگر"))) == {"117"}
    pairs = walked(agents(40), agents(40, "care"))
    assert dialled(pairs) == {"1[0-3]X"}
    assert [len(plan._grouped(plan.contexts["in"], hints=False)) for plan in pairs.plans] == [1, 1]
