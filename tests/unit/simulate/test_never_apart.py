"""Two runs of one dial plan, walked each by itself, never part: whatever is told of them is what no call does."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import pytest

from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.simulate.pairs import Pairs

TODAY = date(2026, 11, 26)
SECONDS = 1.0
"""Of processor time; what isn't covered then is not judged."""

PATTERNS = [
    "1",
    "2",
    "12",
    "123",
    "#",
    "*1",
    "_X",
    "_XX",
    "_XXX",
    "_XXXX",
    "_X.",
    "_1X.",
    "_[2-4]XX",
    "_9X!",
    "_NXX",
    "_0.",
    "_2!",
    "7#",
    "1/123",
]
MENUS = ("Background(menu)", "WaitExten(5)", "Read(K,,2)", "ReadExten(K,,{context})", "Wait(20)")
STEPS = (
    "Playback(heard-${EXTEN})",
    "Playback(heard-${K})",
    "Goto({context},${EXTEN:1},1)",
    "Goto({context},${K},1)",
    "Gosub({context},${EXTEN},1)",
    "Dial(PJSIP/${EXTEN}@line,5)",
    "Dial(PJSIP/101&Local/${EXTEN}@{context}/n,9)",
    "Dial(PJSIP/102,5,b({context}^s^1))",
    'GotoIf($["${DIALSTATUS}" = "BUSY"]?{context},s,1)',
    'GotoIf($["${DB(a/${EXTEN})}" = "7"]?{context},s,1)',
    "GotoIf($[${GROUP_COUNT(a@g)} + ${GROUP_COUNT(b@g)} > 30]?{context},s,1)",
    "GotoIf($[${RAND(1,3)} > 1]?{context},1,1)",
    "GotoIfTime(09:00-16:59,mon-fri,*,*?{context},s,1)",
    "Set(GROUP(g)=a)",
    "Set(DB(a/b)=${K})",
    "Set(CALLERID(name)=${DB(n/n)} ${CALLERID(name)})",
    "WaitExten(3)",
    "Return()",
)


def lines(by: random.Random) -> Iterator[str]:
    """Yield a dial plan of some contexts; each goes on only with those behind it."""
    contexts = ["in", *(f"c{at}" for at in range(1, by.randint(2, 4)))]
    for at, name in enumerate(contexts):
        behind = contexts[at + 1 :] or [name]

        def step(text: str, behind: list[str] = behind) -> str:
            return text.replace("{context}", by.choice(behind))

        yield f"[{name}]"
        if by.random() < 0.4 and at + 1 < len(contexts):
            yield f"include => {by.choice(behind)}{by.choice(('', ',09:00-16:59,mon-fri,*,*'))}"
        yield "exten => s,1,Answer()"
        yield f" same => n,{step(by.choice(MENUS))}"
        for pattern in by.sample(PATTERNS, by.randint(1, 5)):
            chosen = [step(by.choice(STEPS)) for _ in range(by.randint(1, 3))]
            yield f"exten => {pattern},1,{chosen[0]}"
            yield from (f" same => n,{one}" for one in chosen[1:])


def plan(seed: int) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", "\n".join(lines(random.Random(seed))) + "\n")  # noqa: S311
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


@pytest.mark.parametrize("first", range(0, 24, 8))
def test_two_runs_of_one_plan_never_part(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pairs, "_join", lambda self, case: None)
    judged = 0
    for seed in range(first, first + 8):
        one = plan(seed)
        pairs = Pairs(one, one, TODAY, seconds=SECONDS)
        pairs.walk_all("in", "s")
        if pairs.undecided or pairs.not_covered:
            continue
        judged += 1
        assert not pairs.changes(), seed
    assert judged
