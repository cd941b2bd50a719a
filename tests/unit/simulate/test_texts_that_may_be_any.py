"""What a function gives of texts that can't be told apart may be any text, the same for both sides."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.simulate.pairs import Pairs
from unit.simulate.conftest import pbx_of

TODAY = date(2026, 11, 26)

PLAN = """
[in]
exten => s,1,Set(X=${{DB(a/b)}})
 same => n,Set(Y={given})
 same => n,GotoIf($["${{Y}}" = "yes"]?yes)
 same => n,Playback({otherwise})
 same => n,Hangup()
 same => n(yes),Playback({then})
"""

GIVEN = (
    "${ODBC_WHO(${X})}",
    "${CURL(http://127.0.0.1/?q=${X})}",
    "${REGEX(\"^a.*(b|c)+$\" ${X}${CALLERID(num)})}",
    "${CUT(X,-,${DB(c/d)})}",
    "${URIENCODE(${X}${CALLERID(num)})}",
    "${MD5(${X})}",
    "${IF($[${LEN(${CALLERID(num)})}]?yes:no)}",
    "${QUEUE_MEMBER(${X},count)}",
    "${IF($[${LEN(${X})} > 2]?${X}:${X}no)}",
    "${TOUPPER(${X}${CALLERID(num)})}",
)  # fmt: skip


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("side", ["then", "otherwise"])
def test_both_ways_are_looked_at(given: str, side: str) -> None:
    said = {"then": "then", "otherwise": "otherwise"}
    before = pbx_of(PLAN.format(given=given, **said))
    after = pbx_of(PLAN.format(given=given, **(said | {side: "other"})))
    pairs = Pairs(before, after, TODAY, seconds=30)
    pairs.walk_all("in", "s")
    assert {(one.before[0].subject, one.after[0].subject) for one in pairs.changes()} == {(side, "other")}
    assert not pairs.undecided
    assert not pairs.not_covered


@pytest.mark.parametrize("given", GIVEN[2:])
def test_it_is_the_same_wherever_it_is_given_the_same(given: str) -> None:
    """Both sides ask twice, one of them in other steps: whatever it is, both get the same."""
    text = """
    [in]
    exten => s,1,Set(X=${{DB(a/b)}})
     same => n,{more}
     same => n,Set(Y={given})
     same => n,GotoIf($["${{Y}}" = "yes"]?yes)
     same => n,Playback(otherwise)
     same => n,Hangup()
     same => n(yes),Playback(then)
    """
    before, after = (
        pbx_of(text.format(given=given, more=more)) for more in ("NoOp()", f"NoOp(seen {given})")
    )
    pairs = Pairs(before, after, TODAY, seconds=30)
    pairs.walk_all("in", "s")
    assert pairs.changes() == []
    assert not pairs.undecided


def test_what_changes_something_is_said_to_be_undecided() -> None:
    text = """
    [in]
    exten => s,1,Set(LIST=a,b)
     same => n,Set(X=${{DB(a/b)}})
     same => n,Set(Y=${{SHIFT(${{X}})}})
     same => n,Playback({})
    """
    pairs = Pairs(pbx_of(text.format("a")), pbx_of(text.format("b")), TODAY, seconds=30)
    pairs.walk_all("in", "s")
    assert pairs.undecided
