"""Keys of astdb whose number is only known later: one key has one name, so what was written under it is read under it."""

from __future__ import annotations

from datetime import date

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
