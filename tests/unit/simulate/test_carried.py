"""A language that one side has otherwise is carried along until something is said: nothing is missed or walked twice."""

from __future__ import annotations

from datetime import date

from kelid.compare.behaviour import change_of
from kelid.model.behaviour import BehaviourChange
from kelid.model.pbx import Pbx
from kelid.readback.dialplan import read_dialplan
from kelid.simulate.pairs import Pairs

TODAY = date(2026, 11, 27)

OFFICE = """
[in]
exten => 1,1,Set(CHANNEL(language)=fa)
 same => n,Goto(office,201,1)
exten => 2,1,Goto(office,201,1)
exten => 3,1,Set(CHANNEL(language)=en)
 same => n,Goto(office,201,1)

[office]
exten => _2XX,1,Set(TO=${DB(CFU/${EXTEN})})
 same => n,GotoIf($["${TO}" != ""]?away)
 same => n,Dial(PJSIP/${EXTEN},20)
 same => n,GotoIf($["${DIALSTATUS}" = "BUSY"]?busy)
 same => n,Hangup(17)
 same => n(busy),Playback(vm-isonphone)
 same => n,Hangup(17)
 same => n(away),Goto(office,${FILTER(0-9,${TO})},1)
"""

DIRECT = OFFICE.replace('"${TO}" != ""', "0")
"""Without forwards, which a side that goes by itself would follow for ever here: nothing counts them."""


def plan(text: str) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def walked(before: str, after: str) -> tuple[Pairs, BehaviourChange]:
    pairs = Pairs(plan(before), plan(after), TODAY)
    pairs.walk_all("in")
    return pairs, change_of(pairs.changes(), undecided=[*pairs.undecided, *pairs.not_covered])


def spoken(change: BehaviourChange) -> set[tuple[str, str, str]]:
    """Return of each change the number, and in which language the first thing is said before and after."""
    return {
        (
            one.dialled,
            *(
                next(dict(event.details).get("language", "") for event in row if event.kind == "hears")
                for row in (one.before, one.after)
            ),
        )
        for one in change.changes
    }


def test_only_what_is_said_changes() -> None:
    """Whom a call reaches is no change, whether forwarded or not; what a busy one's callers hear is."""
    pairs, change = walked(OFFICE, OFFICE.replace("language)=fa", "language)=ar"))
    assert not change.undecided
    assert spoken(change) == {("1", "fa", "ar")}
    assert all(event.kind != "rings" for one in change.changes for event in (*one.before, *one.after))
    both = sum(point.parted is None and not point.end for point in pairs.points)
    assert both < 30  # as many as the calls of one side have, and not each of one with each of the other


def test_two_routes_that_change_places_are_told_each_by_itself() -> None:
    """At the office the two calls differ in nothing but which side speaks which language."""
    swapped = OFFICE.replace("language)=fa", "language)=xx").replace("language)=en", "language)=fa")
    _, change = walked(OFFICE, swapped.replace("language)=xx", "language)=en"))
    assert not change.undecided
    assert spoken(change) == {("1", "fa", "en"), ("3", "en", "fa")}


def test_what_has_the_same_language_again_goes_on_together() -> None:
    """A later step gives both one language."""
    same = OFFICE.replace(
        "[office]\nexten => _2XX,1,", "[office]\nexten => _2XX,1,Set(CHANNEL(language)=de)\n same => n,"
    )
    _, change = walked(same, same.replace("language)=fa", "language)=ar"))
    assert change.none


def test_what_is_decided_by_the_language_changes() -> None:
    """A step goes by it, directly or by way of a variable."""
    for where in ("${CHANNEL(language)}", "${SPEAKS}"):
        asked = DIRECT.replace(
            "[office]\nexten => _2XX,1,",
            f'[office]\nexten => _2XX,1,Set(SPEAKS=${{CHANNEL(language)}})\n same => n,GotoIf($["{where}" = "ar"]?busy)\n'
            " same => n,",
        )
        _, change = walked(asked, asked.replace("language)=fa", "language)=ar"))
        assert not change.undecided
        told = {(one.dialled, one.before[0].kind, one.after[0].kind) for one in change.changes}
        assert ("1", "rings", "answered") in told
        assert {number for number, _, _ in told} == {"1"}


def test_what_is_made_of_the_language_changes() -> None:
    """A recording whose name has it, and what is left in astdb for others."""
    for step, kind in (
        ("Playback(${CHANNEL(language)}/hello)", "hears"),
        ("Dial(PJSIP/${CHANNEL(language):0:1})", "rings"),
    ):
        made = DIRECT.replace("[office]\nexten => _2XX,1,", f"[office]\nexten => _2XX,1,{step}\n same => n,")
        _, change = walked(made, made.replace("language)=fa", "language)=br"))
        assert not change.undecided
        assert {(one.dialled, one.before[0].kind, one.after[0].kind) for one in change.changes} >= {
            ("1", kind, kind)
        }
        assert {one.dialled for one in change.changes} == {"1"}
        subjects = {(one.before[0].subject, one.after[0].subject) for one in change.changes}
        assert all(old != new for old, new in subjects)


def test_who_stays_where_it_was_noticed_is_not_taken_for_the_other() -> None:
    """One language goes round at a step that the other leaves."""
    text = DIRECT.replace(
        "[office]\nexten => _2XX,1,",
        '[office]\nexten => _2XX,1,GotoIf($["${CHANNEL(language)}" = "ar"]?201,1)\n same => n,',
    )
    _, change = walked(text, text.replace("language)=fa", "language)=ar"))
    assert not change.none
