"""Keys of astdb whose number is only known later: one key has one name, so what was written under it is read under it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from kelid.model.behaviour import Behaviour
from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.simulate.graph import graph_of

WRITTEN = """
[in]
exten => _1XX,1,Set(DB(LAST/${EXTEN})=done)
 same => n,GotoIf($["${EXTEN}" = "108"]?known)
 same => n,Hangup()
 same => n(known),Playback(${DB(LAST/108)})
 same => n,Hangup()
"""


def test_what_was_written_for_a_number_is_read_when_the_number_is_known() -> None:
    """Written while the number was any of a hundred, read by its name: nothing is asked of the world."""
    contexts, problems = read_dialplan("extensions.conf", WRITTEN)
    assert not problems
    made = graph_of(Pbx(site="test", asterisk=22, contexts=tuple(contexts)), date(2026, 11, 26), context="in")
    events = [event for node in made.nodes for event in node.events]
    events += [event for node in made.nodes for way in node.ways for event in way.events]
    assert {event.subject for event in events if event.kind == "hears"} == {"done"}
    kinds = {way.condition.subject for node in made.nodes for way in node.ways}
    assert not any("LAST" in subject for subject in kinds)


def asked(*numbers: int) -> Behaviour:
    """Return all calls to an extension that asks for the keys of numbers, one after the other."""
    rows = "".join(
        f' same => n,ExecIf($["${{DB(DND/{number})}}" = "1"]?Playback(dnd-{number}))\n' for number in numbers
    )
    text = f"[in]\nexten => 1,1,NoOp()\n{rows} same => n,Hangup()\n"
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return graph_of(Pbx(site="test", asterisk=22, contexts=tuple(contexts)), date(2026, 11, 26), context="in")


def heard(made: Behaviour, node: int, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield what is heard on each way from a node on."""
    said = (*before, *(event.subject for event in made.nodes[node].events if event.kind == "hears"))
    for way in made.nodes[node].ways:
        yield from heard(
            made, way.target, (*said, *(one.subject for one in way.events if one.kind == "hears"))
        )
    if not made.nodes[node].ways:
        yield said


def test_the_key_of_a_number_is_forgotten_once_nobody_names_it_any_more() -> None:
    """Others of its family are still asked for: each number adds the same, and they don't multiply."""
    two, three, six = (len(asked(*range(101, 101 + count)).nodes) for count in (2, 3, 6))
    assert six - three == 3 * (three - two)


def test_the_key_of_a_number_is_kept_as_long_as_it_is_asked_for_again() -> None:
    made = asked(101, 102, 101)
    ways = {said for _, root in made.roots for said in heard(made, root)}
    assert {said.count("dnd-101") for said in ways} == {0, 2}
