"""Waves of a change of many machines, and what the whole comes to."""

from __future__ import annotations

import pytest

from kelid.findings import Exit
from kelid.model.rollout import Outcome, exit_of, shares, wave_of, waves


@pytest.mark.parametrize(
    ("text", "count", "sizes"),
    [
        ("1,10%,100%", 60, [1, 6, 53]),
        ("1,10%,100%", 5, [1, 1, 3]),
        ("1,10%,100%", 1, [1]),
        ("1,10%,100%", 0, []),
        ("1", 3, [1, 1, 1]),
        ("25%", 8, [2, 2, 2, 2]),
        ("30%", 10, [3, 3, 3, 1]),
        ("2, 50%", 7, [2, 3, 2]),
        ("100", 3, [3]),
    ],
)
def test_waves(text: str, count: int, sizes: list[int]) -> None:
    assert waves(text, count) == sizes


def test_ansible_would_make_the_same_batches() -> None:
    """What `kelid apply` shows is what a plain `ansible-playbook` does with the same shares."""
    from ansible.utils.helpers import pct_to_int

    for count in range(1, 130):
        wanted = shares("1,10%,100%")
        batches, left, at = [], count, 0
        while left:
            size = min(int(pct_to_int(wanted[min(at, 2)], count)), left)
            batches.append(size)
            left, at = left - size, at + 1
        assert waves("1,10%,100%", count) == batches


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "1,,2", "half", "-1", "1.5", "1;2"])
def test_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="is no share"):
        shares(text)


def test_the_wave_of_a_position() -> None:
    assert [wave_of([1, 2, 3], at) for at in range(6)] == [1, 2, 2, 3, 3, 3]


@pytest.mark.parametrize(
    ("results", "exit"),
    [
        ([], Exit.OK),
        ([("applied", Exit.OK), ("unchanged", Exit.OK)], Exit.OK),
        ([("rolled_back", Exit.ROLLED_BACK), ("not_started", Exit.OK)], Exit.ROLLED_BACK),
        ([("refused", Exit.REFUSED), ("rolled_back", Exit.ROLLED_BACK)], Exit.ROLLED_BACK),
        ([("unreachable", Exit.UNREACHABLE), ("applied", Exit.OK)], Exit.UNREACHABLE),
        ([("rolled_back", Exit.ROLLED_BACK), ("failed", Exit.FAILURE)], Exit.FAILURE),
    ],
)
def test_the_exit_of_the_whole_is_the_worst(results: list[tuple[str, Exit]], exit: Exit) -> None:
    outcomes = [Outcome(host="a", site="a", result=result, exit=each) for result, each in results]

    assert exit_of(outcomes) is exit
