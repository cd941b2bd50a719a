"""All calls of a configuration that was not made here: from whom they come, and that a diff looks at all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from kelid.model.call import Call
from kelid.model.pbx import Pbx
from kelid.model.trace import Event
from kelid.pipeline.calls import Dialled, endpoint_call
from kelid.simulate.graph import graph_of
from kelid.simulate.pairs import Pairs
from kelid.simulate.reach import Reach
from kelid.simulate.ways_in import entrances
from unit.simulate.conftest import THURSDAY, pbx_of

TODAY = date(2026, 11, 26)

PLAN = """
[phones]
exten => 1,1,Playback({})
 same => n,Hangup()
"""
SIP = """
[general]
allowguest = no
language = fa
[101]
type = friend
context = phones
callerid = Ali <101>
setvar = FLOOR=2
[102]
type = friend
context = phones
callerid = Sara <102>
setvar = FLOOR=3
[line]
type = peer
context = phones
"""


def changed(before: Pbx, after: Pbx) -> list[tuple[str, str, str]]:
    """Return from where each change is told, and what is heard before and now."""
    pairs = Pairs(before, after, TODAY, seconds=30)
    assert pairs.walk_all() == ([], [])
    assert not pairs.undecided
    assert not pairs.not_covered
    return [(one.way_in.words, heard(one.before), heard(one.after)) for one in pairs.changes()]


def heard(events: Iterable[Event]) -> str:
    return next((event.subject for event in events if event.kind == "hears"), "")


def test_a_tree_of_chan_sip_has_phones_and_trunks() -> None:
    pbx = pbx_of(PLAN.format("hello"), sip=SIP, asterisk=16)
    phones, line = entrances(pbx)
    assert (phones.kind, phones.names, phones.technology) == ("phone", ("101", "102"), "SIP")
    assert phones.sets["102"] == {
        "caller": "102",
        "caller_name": "Sara",
        "set FLOOR": "3",
        "language": "fa",
    }
    assert (line.kind, line.names, line.any_caller) == ("trunk", ("line",), True)


def test_a_change_is_told_where_phones_are_chan_sips() -> None:
    before, after = (pbx_of(PLAN.format(text), sip=SIP, asterisk=16) for text in ("hello", "other"))
    assert changed(before, after) == [
        ("2 phones of phones (101, 102)", "hello", "other"),
        ("trunk line", "hello", "other"),
    ]


def test_a_change_is_told_where_no_channel_is_known() -> None:
    before, after = (pbx_of(PLAN.format(text)) for text in ("hello", "other"))
    assert changed(before, after) == [("context phones", "hello", "other")]


def test_a_change_is_told_of_calls_that_a_program_makes() -> None:
    before, after = (
        pbx_of(PLAN.format("hello") + f"[dialler]\nexten => s,1,Playback({text})\n", sip=SIP, asterisk=16)
        for text in ("a", "b")
    )
    assert changed(before, after) == [("context dialler", "a", "b")]


def test_a_context_that_something_leads_to_on_one_side_is_a_way_in_on_both() -> None:
    menu = "[menu]\nexten => s,1,Playback({})\n same => n,Hangup()\n"
    before = pbx_of("[in]\nexten => s,1,Goto(menu,s,1)\n" + menu.format("hello"))
    after = pbx_of("[in]\nexten => s,1,Hangup()\n" + menu.format("hello"))
    ((words, was, now),) = changed(before, after)
    assert (words, was, now) == ("context in", "hello", "")
    after = pbx_of("[in]\nexten => s,1,Hangup()\n" + menu.format("other"))
    assert [words for words, _, _ in changed(before, after)] == ["context in", "context menu"]


def test_a_new_context_that_nothing_leads_to_is_a_new_way_in() -> None:
    before = pbx_of(PLAN.format("hello"), sip=SIP, asterisk=16)
    after = pbx_of(PLAN.format("hello") + "[more]\nexten => s,1,NoOp()\n", sip=SIP, asterisk=16)
    added, removed = Pairs(before, after, TODAY).walk_all()
    assert [one.name for one in added] == ["more"]
    assert removed == []
    added, removed = Pairs(after, before, TODAY).walk_all()
    assert [one.name for one in removed] == ["more"]
    assert added == []


def test_lines_of_a_card_that_are_new() -> None:
    before = pbx_of(PLAN.format("hello"), sip=SIP, asterisk=16)
    card = "[channels]\ncontext = phones\nchannel => 1-4\n"
    after = pbx_of(PLAN.format("hello"), sip=SIP, chan_dahdi=card, asterisk=16)
    added, removed = Pairs(before, after, TODAY).walk_all()
    assert [(one.kind, one.name, one.names) for one in added] == [("trunk", "phones", ())]
    assert removed == []


def test_all_calls_of_a_tree_without_channels() -> None:
    pbx = pbx_of(PLAN.format("hello"))
    assert [way.name for way, _ in graph_of(pbx, TODAY).roots] == ["phones"]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        (
            "101",
            {
                "technology": "SIP",
                "caller": "101",
                "caller_name": "Ali",
                "variables": {"FLOOR": "2"},
                "language": "fa",
            },
        ),
        ("line", {"technology": "SIP", "caller": "", "caller_name": "", "variables": {}, "language": "fa"}),
    ],
)
def test_one_call_of_a_peer(name: str, call: dict[str, object]) -> None:
    pbx = pbx_of(PLAN.format("hello"), sip=SIP, asterisk=16)
    made = endpoint_call(pbx, name, Dialled(number="1", at=THURSDAY))
    assert isinstance(made, Call)
    assert (made.context, made.exten, made.endpoint) == ("phones", "1", name)
    assert {key: getattr(made, key) for key in call} == call


@pytest.mark.parametrize("number", ["1", "_X", "_X."])
def test_a_context_that_asks_a_database_for_its_extensions(number: str) -> None:
    """What is there by name comes first; what the database has of the others is said to be undecided."""
    text = f"""
    [in]
    exten => _[1-5].,1,Goto(local,${{EXTEN}},1)
    exten => _[1-5],1,Goto(local,${{EXTEN}},1)
    [local]
    exten => {number},1,Dial(PJSIP/1,20)
     same => n,Goto(status-${{DIALSTATUS}},1)
    exten => status-BUSY,1,Playback(MARK)
    exten => _status-.,1,Playback(other)
    switch => Realtime/@
    """
    pairs = Pairs(pbx_of(text), pbx_of(text.replace("MARK", "now")), TODAY, seconds=30)
    pairs.walk_all()
    assert ("MARK", "now") in {(heard(one.before), heard(one.after)) for one in pairs.changes()}
    assert any("switch => Realtime/@" in one for one in pairs.undecided)


@pytest.mark.parametrize(
    "test",
    [
        '$["${CALLERID(name)}" = "Anonymous"]',
        "$[${LEN(${CALLERID(name)})} > 20]",
        '${REGEX("^An" ${CALLERID(name)})}',
        '$["${WHO}" = "Anonymous"]',
    ],
)
def test_calls_from_outside_show_any_name(test: str) -> None:
    text = f"""
    [in]
    exten => s,1,Set(WHO=${{CALLERID(name)}})
     same => n,GotoIf({test}?no)
     same => n,Playback(welcome)
     same => n,Hangup()
     same => n(no),Playback(refused)
    """
    for mark in ("welcome", "refused"):
        changes = changed(pbx_of(text), pbx_of(text.replace(mark, "other")))
        assert {(was, now) for _, was, now in changes} == {(mark, "other")}


def test_a_name_is_open_where_a_call_begins() -> None:
    text = '[in]\nexten => s,1,ExecIf($["${CALLERID(name)}" = "Anonymous"]?Playback(refused))\n'
    nodes = graph_of(pbx_of(text), TODAY, context="in", exten="s").nodes
    events = [
        event for node in nodes for event in (*node.events, *(e for way in node.ways for e in way.events))
    ]
    assert "refused" in {event.subject for event in events}


def test_a_name_that_is_only_shown_is_not_open() -> None:
    text = "[in]\nexten => s,1,Set(CALLERID(name)=Sales ${CALLERID(name)})\n same => n,Dial(PJSIP/101)\n"
    assert not Reach(pbx_of(text)).goes_by_names
    assert Reach(pbx_of(text + " same => n,Set(WHO=${CALLERID(name)})\n")).goes_by_names
