"""Sets of texts and machines, against plain Python over all short texts."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from kelid.simulate.languages import (
    Around,
    Automaton,
    Counted,
    Cut,
    Equals,
    Filtered,
    In,
    Length,
    Machine,
    Ranked,
    Sliced,
    mask_of,
)
from kelid.simulate.symbols import Shared

TEXTS = ["".join(letters) for size in range(5) for letters in itertools.product("01-", repeat=size)]
"""Every text of up to four of three characters."""


def split(machine: Callable[[Automaton], Machine], says: Callable[[str], object]) -> None:
    """Compare the parts that a machine makes of the set with what plain Python says of each text."""
    automaton = Automaton()
    every = automaton.repeated(mask_of("01-"), 0, 4)
    parts = automaton.split(every, machine(automaton))
    for text in TEXTS:
        answers = [answer for answer, node in parts.items() if automaton.has(node, text)]
        assert answers == [says(text)], text


def cut(text: str, field: int) -> str:
    fields = text.split("-")
    return fields[field - 1] if len(fields) >= field else ""


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        (lambda _: Equals("01"), lambda text: text == "01"),
        (lambda _: Length(3), lambda text: min(len(text), 3)),
        (lambda _: Filtered(Equals("01"), mask_of("01")), lambda text: text.replace("-", "") == "01"),
        (lambda _: Sliced(Equals("1"), 1, 2), lambda text: text[1:2] == "1"),
        (lambda _: Sliced(Equals("10"), 1, None), lambda text: text[1:] == "10"),
        (lambda _: Cut(Equals("0"), "-", 1), lambda text: cut(text, 1) == "0"),
        (lambda _: Cut(Equals("0"), "-", 2), lambda text: cut(text, 2) == "0"),
        (lambda _: Around(Equals("001-"), "0", "-"), lambda text: text == "01"),
        (lambda _: Counted(Equals("2")), lambda text: len(text) == 2),
        (lambda a: In(a, a.texts("0", "11", "1-1")), lambda text: text in ("0", "11", "1-1")),
        (
            lambda a: Ranked(a, [a.texts("0-01-", "01-"), a.texts("0-1-", "0-11"), a.texts("0-1-")]).within(
                "0-", "1-"
            ),
            lambda text: {"0": 0, "": 1}.get(text, -1),
        ),
        (
            lambda a: Ranked(a, [a.texts("0", "11"), a.repeated(mask_of("1"), 1, 4)]),
            lambda text: 0 if text in ("0", "11") else 1 if text and set(text) == {"1"} else -1,
        ),
    ],
)
def test_a_machine_says_of_a_set_what_python_says_of_each_text(
    machine: Callable[[Automaton], Machine], says: Callable[[str], object]
) -> None:
    """Every text falls into exactly one part, the right one."""
    split(machine, says)


def test_sets_are_compared_as_sets() -> None:
    """Both, either, less; and equal sets are one node, however they were made."""
    automaton = Automaton()
    one, other = automaton.texts("0", "01", "1"), automaton.texts("01", "1", "11")
    assert automaton.both(one, other) == automaton.texts("1", "01")
    assert automaton.either(one, other) == automaton.texts("0", "01", "1", "11")
    assert automaton.less(one, other) == automaton.texts("0")
    assert automaton.count(automaton.repeated(mask_of("01"), 0, 3)) == 15
    assert automaton.listed(one, 3) == ("0", "01", "1")
    assert automaton.listed(one, 2) is None
    assert automaton.lengths(one) == {1, 2}
    assert automaton.shortest(automaton.texts("#9", "*8", "12")) == "#9"


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        *((("cut", "-", field), lambda text, field=field: cut(text, field)) for field in (1, 2, 3)),
        *((("slice", count, None), lambda text, count=count: text[count:]) for count in (0, 1, 3)),
        (("filter", mask_of("0-")), lambda text: "".join(one for one in text if one in "0-")),
    ],
)
@pytest.mark.parametrize("texts", [TEXTS, TEXTS[5:9], ["-0", "1-1", "001"], [""], ["00", "01", "1-0-1"]])
def test_what_is_made_of_a_set_is_what_is_made_of_each_text(
    operation: tuple[str, object, object],
    says: Callable[[str], str],
    texts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kelid.simulate.symbols.LISTED", -1)  # without looking at each
    shared = Shared()
    image = shared.image(shared.automaton.texts(*texts), (operation,))
    assert image == shared.automaton.texts(*sorted({says(text) for text in texts}))


@pytest.mark.parametrize("mask", ["0", "01", "-", "x"])
@pytest.mark.parametrize("wanted", [["", "0"], ["00", "01", "111"], ["-"], ["0"], ["1111"]])
@pytest.mark.parametrize("texts", [TEXTS, ["0-0", "00", "1-", "-0-1"], []])
def test_texts_of_which_a_filter_leaves_what_is_wanted(
    texts: list[str], wanted: list[str], mask: str
) -> None:
    automaton = Automaton()
    found = automaton.unfiltered(automaton.texts(*texts), mask_of(mask), automaton.texts(*wanted))
    left = {text: "".join(letter for letter in text if letter in mask) for text in texts}
    assert found == automaton.texts(*(text for text in texts if left[text] in wanted))
