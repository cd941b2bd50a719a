"""Small values: made, compared and shown by their fields, but for where they come from."""

from __future__ import annotations

import copy
import pickle

import pytest

from kelid.findings import NOWHERE, Where
from kelid.model.pbx import Context, Media, Option, Section, Step

HERE = Where("sites/x/queues.yml", 7, 3)


def test_fields_are_given_in_order_or_by_name_and_may_have_defaults() -> None:
    step = Step("Dial", "PJSIP/101", where=HERE)
    assert (step.app, step.data, step.label, step.where, step.priority) == ("Dial", "PJSIP/101", "", HERE, 0)
    assert Step(app="Dial", data="PJSIP/101") == step
    assert Option("a", "b").where is NOWHERE


@pytest.mark.parametrize("words", [{}, {"key": "a"}, {"key": "a", "value": "b", "no": 1}])
def test_a_field_that_is_missing_or_unknown_is_an_error(words: dict[str, str]) -> None:
    with pytest.raises(TypeError):
        Option(**words)


def test_places_take_no_part_in_equality_and_are_not_shown() -> None:
    one, other = Option("a", "b", HERE), Option("a", "b")
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == "Option(key='a', value='b')"
    assert Media("ab", "media/a.wav", "n") == Media("ab", "media/b.wav", "n")
    assert one != Option("a", "c")
    assert one != ("a", "b")


def test_values_of_two_classes_differ() -> None:
    assert Context("x") != Section("x", ())
    assert len({Context("x"), Context("x"), Context("y")}) == 2


def test_it_has_no_room_for_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Option("a", "b").other = 1  # type: ignore[attr-defined]


def test_it_can_be_copied_and_sent_to_another_process() -> None:
    section = Section("s", (Option("a", "b", HERE),), HERE, inherits=("t",))
    for other in (copy.deepcopy(section), pickle.loads(pickle.dumps(section))):  # noqa: S301  (our own)
        assert other == section
        assert other.options[0].where == HERE
