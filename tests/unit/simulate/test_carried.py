"""A language that one side has otherwise is carried along until something is said: nothing is missed or walked twice."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.compare.behaviour import change_of
from kelid.model.behaviour import BehaviourChange
from kelid.model.pbx import Pbx
from kelid.readback.dialplan import read_dialplan
from kelid.simulate.carried import NoticedError, refuse
from kelid.simulate.pairs import Pairs
from kelid.simulate.symbols import CARRIED, Chosen, Shared, Store

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


SHOWN = """
[in]
exten => 1,1,Set(CALLERID(name)=Sales ${CALLERID(name)})
 same => n,Set(SHOWN=02188001234)
 same => n,Goto(office,201,1)

[office]
exten => _2XX,1,GotoIf($["${DB(NIGHT)}" = "1"]?night)
 same => n,Gosub(ring,${EXTEN},1(${SHOWN}))
 same => n,Hangup(17)
 same => n(night),Playback(vm-goodbye)
 same => n,Hangup(17)

[ring]
exten => _X.,1,ExecIf($["${DB(OUT/${EXTEN})}" != ""]?Dial(PJSIP/${DB(OUT/${EXTEN})}@trunk,20,f(${ARG1})))
 same => n,Dial(PJSIP/${EXTEN},20)
 same => n,Return()
"""


def told(change: BehaviourChange) -> set[tuple[str, str, str]]:
    """Return what parts: the kind of what is noticed, and a detail of it before and after."""
    found = set()
    for one in change.changes:
        if one.before[0].kind != one.after[0].kind:
            continue
        old, new = (dict(row[0].details) for row in (one.before, one.after))
        found |= {(one.before[0].kind, old[key], new[key]) for key in old if old[key] != new.get(key)}
    return found


def test_a_name_that_is_shown_is_noticed_where_it_is_shown() -> None:
    """Not in the night, when nobody rings; also where both texts aren't Latin and of one length."""
    for prefix in ("VIP ", "Sales and more ", "", "فروش ", "شکایت "):
        _, change = walked(SHOWN, SHOWN.replace("Sales ", prefix))
        assert not change.undecided
        assert {one.before[0].kind for one in change.changes} <= {"rings", "calls-out"}
        shown = {(old.strip(), new.strip()) for kind, old, new in told(change) if kind == "rings"}
        assert any("Sales" in old and prefix.strip() in new for old, new in shown)
    persian = SHOWN.replace("Sales ", "فروش ")
    _, change = walked(persian, persian.replace("فروش ", "خرید "))
    assert any("فروش" in old and "خرید" in new for _, old, new in told(change))


def test_a_number_that_is_shown_outside_is_noticed_there_alone() -> None:
    """Handed on as a subroutine's argument; who rings inside sees the caller's own number."""
    _, change = walked(SHOWN, SHOWN.replace("02188001234", "02188001239"))
    assert not change.undecided
    assert told(change)
    assert all({old, new} == {"02188001234", "02188001239"} for _, old, new in told(change))


def test_what_is_decided_by_a_part_of_a_text_is_decided() -> None:
    """Its first digits are the same, its last one isn't; its length is known, as it is one."""
    for asked, same in (
        ("${SHOWN:0:3}", True),
        ("${LEN(${SHOWN})}", True),
        ("${SHOWN:-1}", False),
        ("${SHOWN}", False),
    ):
        value = {
            "${SHOWN:0:3}": "021",
            "${LEN(${SHOWN})}": "11",
            "${SHOWN:-1}": "4",
            "${SHOWN}": "02188001234",
        }[asked]
        text = SHOWN.replace(
            "[office]\nexten => _2XX,1,",
            f'[office]\nexten => _2XX,1,GotoIf($["{asked}" = "{value}"]?night)\n same => n,',
        )
        text = text.replace("f(${ARG1})", "")
        _, change = walked(text, text.replace("SHOWN=02188001234", "SHOWN=02188001239"))
        assert not change.undecided
        assert change.none is same, asked


@pytest.mark.parametrize(
    "asked",
    [
        '"${SHOWN}" = "${CALLERID(num)}"',  # two open texts become one variable
        '"${SHOWN}${DB(KEY)}" = "99"',  # as they do that stand side by side, also where nothing is decided by it
        '"${EXTEN}${SHOWN}" = "99"',
        "${SHOWN} > 40",
        "${SHOWN} + ${DB(KEY)} > 40",
        '"${SHOWN:1}" = "${DB(KEY)}"',
    ],
)
def test_what_is_compared_with_what_is_open_is_not_lost(asked: str) -> None:
    """Whatever a comparison makes of it, the number that is shown outside is another one."""
    text = SHOWN.replace("SHOWN=02188001234", "SHOWN=12").replace(
        "[office]\nexten => _2XX,1,", f"[office]\nexten => _2XX,1,GotoIf($[{asked}]?night)\n same => n,"
    )
    text = text.replace("exten => 1,1,", "exten => _2XX,1,").replace("office,201,1", "office,${EXTEN},1")
    _, change = walked(text, text.replace("SHOWN=12", "SHOWN=34"))
    assert not change.undecided
    assert ("calls-out", "12", "34") in told(change)


def test_a_part_of_a_text_that_is_not_ascii_is_taken_by_octets_on_each_side() -> None:
    """Two octets are one Persian letter: as many characters would be two."""
    text = SHOWN.replace("Sales ", "فروش ").replace(
        "[office]\nexten => _2XX,1,",
        "[office]\nexten => _2XX,1,Set(CALLERID(name)=${CALLERID(name):0:2})\n same => n,",
    )
    _, change = walked(text, text.replace("فروش ", "خرید "))
    assert not change.undecided
    assert ("rings", "ف", "خ") in told(change)


def test_nothing_is_decided_by_what_is_carried() -> None:
    """Neither by its set, nor by whether it is another text, nor freely."""
    store = Store(Shared())
    atom = store.new(CARRIED, "12\0" + "34", store.shared.automaton.texts("12", "34"))
    other = store.new("caller", "", store.shared.automaton.texts("1", "2"))
    carried, caller = (store.variables[number] for number in sorted(store.variables))
    for chosen in (
        Chosen("text", "x", True, 0, about=carried),
        Chosen("same", (carried, caller), True),
        Chosen("free", ("less", atom, "5"), True),
    ):
        with pytest.raises(NoticedError):
            refuse(store, [chosen])
    refuse(store, [Chosen("text", "x", True, 1, about=caller), Chosen("free", ("less", other, "5"), True)])
