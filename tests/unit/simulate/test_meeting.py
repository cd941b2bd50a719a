"""Calls that come to a step in the same form go on as one: less is walked, and no call is lost."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.simulate.pairs import Pairs

TODAY = date(2026, 11, 26)


@pytest.fixture(autouse=True)
def _meet_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kelid.simulate.pairs.MOST_APART", 0)


def walked(before: str, after: str) -> Pairs:
    sides = []
    for text in (before, after):
        contexts, problems = read_dialplan("extensions.conf", text)
        assert not problems
        sides.append(Pbx(site="test", asterisk=22, contexts=tuple(contexts)))
    pairs = Pairs(*sides, TODAY)
    pairs.walk_all("in")
    assert not pairs.not_covered
    assert not pairs.undecided
    return pairs


def ways(texts: dict[str, tuple[str, str]], rest: str) -> str:
    """Return a dial plan in which each number sets two texts, rings, and comes to the rest.

    As patterns: numbers whose steps are alike would be one extension from the beginning.
    """
    numbers = "".join(
        f"exten => _{number},1,Set(A={one})\n same => n,Set(B={other})\n same => n,Goto(office,s,1)\n"
        for number, (one, other) in texts.items()
    )
    return f"""
[in]
{numbers}
[office]
exten => s,1,GotoIf($["${{DB(night/on)}}" = "1"]?after)
 same => n,Dial(PJSIP/100,20)
 same => n,GotoIf($["${{DIALSTATUS}}" = "BUSY"]?after)
 same => n,Dial(PJSIP/101,20)
 same => n(after),NoOp()
{rest}
"""


APART = """ same => n,GotoIf($["${{A}}" = "${{B}}"]?same)
 same => n,Playback({heard})
 same => n(same),Hangup()
"""
ONE = """ same => n,GotoIf($["${{A}}" = "{text}"]?there)
 same => n,Hangup()
 same => n(there),Playback({heard})
"""


def both(texts: dict[str, tuple[str, str]], rest: str, **given: str) -> Pairs:
    return walked(*(ways(texts, rest.format(heard=heard, **given)) for heard in ("one", "other")))


def alike(count: int) -> dict[str, tuple[str, str]]:
    return {str(number): (f"text{number}", f"text{number}") for number in range(100, 100 + count)}


def test_what_is_the_same_in_two_places_stays_the_same() -> None:
    assert both(alike(9), APART).changes() == []


def test_one_that_has_two_texts_where_the_others_have_one_is_told() -> None:
    for number in range(100, 109):
        texts = alike(9) | {str(number): ("text1", "text2")}
        assert both(texts, APART).changes(), number


def test_each_of_the_texts_that_met_may_be_what_is_asked_for() -> None:
    for number in range(100, 109):
        assert str(number) in {one.dialled for one in both(alike(9), ONE, text=f"text{number}").changes()}
    assert both(alike(9), ONE, text="text90").changes() == []


def test_letters_beyond_ascii_are_not_lost() -> None:
    texts = alike(6) | {"200": ("فروش", "x"), "201": ("خرید", "x")}
    for text in ("فروش", "خرید"):
        assert both(texts, ONE, text=text).changes(), text


def test_a_long_text_is_not_taken_for_a_short_one() -> None:
    long = """ same => n,GotoIf($[${{LEN(${{A}})}} > 100]?there)
 same => n,Hangup()
 same => n(there),Playback({heard})
"""
    texts = alike(6) | {"200": ("ف" * 60, "x"), "201": ("خ" * 300, "x")}
    assert {"200", "201"} <= {one.dialled for one in both(texts, long).changes()}


def test_ways_that_meet_do_not_multiply() -> None:
    few, many = (len(both(alike(count), APART).points) for count in (10, 40))
    assert many - few < 30 * 3  # a point for each number to begin with, and one where it comes to the rest


def test_what_not_all_found_out_is_open_again() -> None:
    first, last = (
        f'exten => {number},1,GotoIf($["${{DB(night/on)}}" = "1"]?on)\n same => n,Hangup()\n'
        f" same => n(on),Set(A={number})\n same => n,Goto(office,s,2)\n"
        for number in (1, 9)  # the first and the last that come, in whichever order
    )
    rest = """ same => n,GotoIf($["${{DB(night/on)}}" = "1"]?done)
 same => n,GotoIf($["${{A}}" = "none"]?done)
 same => n,Playback({heard})
 same => n(done),Hangup()
"""
    texts = {str(number): (f"text{number}", "x") for number in range(2, 9)}
    sides = [
        ways(texts, rest.format(heard=heard))
        .replace("[in]\n", f"[in]\n{first}")
        .replace("[office]\n", f"{last}[office]\n")
        .replace("Goto(office,s,1)", "Goto(office,s,2)")
        for heard in ("one", "other")
    ]
    assert walked(*sides).changes()


def test_devices_that_met_are_called() -> None:
    """A text that may be one of several devices is none that Dial does not understand, and hangs up at."""
    texts = {str(number): (f"PJSIP/{number}&PJSIP/9{number}", "x") for number in range(100, 105)}
    rest = " same => n,Dial(${{A}},10)\n same => n,Playback({heard})\n same => n,Hangup()\n"
    assert {one.dialled for one in both(texts, rest).changes()} == set(texts)


PLACES = """
[in]
exten => _7XXXX,1,Set(OUT=first,${{EXTEN:1}},1)
 same => n,Goto(go,s,1)
exten => _8XXXX,1,Set(OUT=second,${{EXTEN:1}},1)
 same => n,Goto(go,s,1)
exten => _9XXXX,1,Set(OUT=third,${{EXTEN:1}},1)
 same => n,Goto(go,s,1)
[go]
exten => s,1,Playback(wait)
 same => n,Goto(${{OUT}})
[first]
exten => _XXXX,1,Playback(first)
[second]
exten => _XXXX,1,Playback({heard})
[third]
exten => _XXXX,1,Playback(third)
"""


def test_a_place_to_go_to_is_one_of_few_contexts_with_any_number() -> None:
    """Where calls meet with places of their own, these aren't taken for one of three times ten thousand texts."""
    found = walked(PLACES.format(heard="second"), PLACES.format(heard="other")).changes()
    assert "8XXXX" in {one.dialled for one in found}
    assert {(one.before[0].subject, one.after[0].subject) for one in found} == {("second", "other")}
