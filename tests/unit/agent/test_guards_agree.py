"""The agent judges by a copy of kelid's own rule what a change touches, as it imports nothing of kelid: both agree."""

from __future__ import annotations

from typing import Any

from agent import guard as of_agent
from hypothesis import given
from hypothesis import strategies as st

from kelid.model import guard as of_kelid

NAMES = st.text("abc1", min_size=1, max_size=2)
GUARDED = st.fixed_dictionaries(
    {},
    optional={
        "extensions": st.sets(st.sampled_from("abcdefghij"), min_size=5).map(sorted),
        "trunks": st.dictionaries(NAMES, st.sampled_from("xyz"), max_size=4),
        "emergency": st.dictionaries(NAMES, st.sampled_from("xyz"), max_size=4),
    },
)


@given(GUARDED, GUARDED)
def test_both_say_the_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert of_agent.touched(before, after) == of_kelid.touched(before, after)
