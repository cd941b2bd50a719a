"""From what Asterisk logged to the YAML line that caused it."""

from __future__ import annotations

from typing import Any

import pytest

from kelid.deliver.loglines import findings
from kelid.findings import NOWHERE, Where
from kelid.model.bundle import Bundle
from kelid.model.pbx import ConfFile, Option, Pbx, Section

TRUNK, CODECS, QUEUE = Where("trunks.yml", 3), Where("trunks.yml", 9), Where("queues.yml", 4)
RETRY, WRAPUP = Where("queues.yml", 6), Where("queues.yml", 7)
BUNDLE = Bundle(
    site="s",
    asterisk=22,
    files={"queues.conf": "[sales]\nstrategy = x\n"},
    lines={"queues.conf": (None, QUEUE)},
)
PBX = Pbx(
    site="s",
    asterisk=22,
    files=(
        ConfFile(
            "pjsip.conf",
            (
                Section("mokhaberat", (Option("type", "aor"),), NOWHERE),
                Section("mokhaberat", (Option("type", "endpoint"), Option("allow", "opus1", CODECS)), TRUNK),
            ),
        ),
        ConfFile(
            "queues.conf",
            (Section("sales", (Option("retry", "5", RETRY), Option("wrapuptime", "5", WRAPUP)), QUEUE),),
        ),
    ),
)


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"file": "queues.conf", "line": 2, "text": "bad strategy"}, QUEUE),
        ({"type": "endpoint", "id": "mokhaberat", "text": "Error parsing allow=opus1"}, CODECS),
        ({"type": "endpoint", "id": "mokhaberat", "text": "could not be created"}, TRUNK),
        ({"type": "endpoint", "id": "mokhaberat", "text": "Endpoint 'mokhaberat': bad 'opus1'"}, CODECS),
        ({"text": "queue 'sales' has no strategy"}, QUEUE),
        ({"text": "codec 'opus1' is not known"}, CODECS),
        ({"text": "'5' is out of range"}, QUEUE),
        (
            {"file": "queues.conf", "line": 1, "text": "a line that the tool alone decided"},
            Where("(rendered) queues.conf", 1),
        ),
        ({"file": "queues.conf", "line": 99, "text": "beyond the end"}, Where("(rendered) queues.conf", 99)),
        ({"text": "something else altogether"}, Where("(rendered)")),
    ],
    ids=[
        "file and line",
        "object and value",
        "object",
        "object and quoted value",
        "name in the text",
        "value in the text",
        "two values of one object",
        "no YAML behind it",
        "no such line",
        "nothing",
    ],
)
def test_the_best_place_that_is_known(entry: dict[str, Any], place: Where) -> None:
    (finding,) = findings([entry], BUNDLE, PBX)

    assert finding.where == place
    assert str(entry["text"]) in finding.message


def test_the_same_line_twice_is_one_finding() -> None:
    entry = {"file": "queues.conf", "line": 2, "text": "bad strategy"}

    assert len(findings([entry, entry], BUNDLE, PBX)) == 1
