"""The journal of receipts: a chain that stays whole wherever a write was cut off, and shows what was changed later."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from agent.guard import touched
from agent.history import before, lately, story
from agent.receipts import FIRST, Receipts, account_of
from agent.refusal import Refusal

from kelid.records.receipts import problems_of


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    return Receipts(tmp_path / "receipts.jsonl")


def chain(receipts: Receipts) -> list[dict[str, Any]]:
    """Return the entries, each of which must name the line before it."""
    rows = receipts.path.read_bytes().split(b"\n")
    assert rows.pop() == b""
    entries = [json.loads(row) for row in rows]
    digests = [FIRST, *(hashlib.sha256(row).hexdigest() for row in rows)]
    assert [entry["prev"] for entry in entries] == digests[:-1]
    assert [entry["n"] for entry in entries] == list(range(1, len(rows) + 1))
    return entries


def test_each_line_is_bound_to_the_one_before(receipts: Receipts) -> None:
    first = receipts.add("begun", who="Sara <sara@noor.example>", reason="سفارش مشتری", dirty=False, plan="")
    second = receipts.add("confirmed", release="a" * 64)

    entries = chain(receipts)
    assert [entry["event"] for entry in entries] == ["begun", "confirmed"]
    assert "plan" not in entries[0]
    assert entries[1]["prev"] == first["digest"]
    assert receipts.lines() == [first["line"], second["line"]]
    assert receipts.lines(last=1) == [second["line"]]
    assert receipts.last() == entries[1]


def test_a_write_that_was_cut_off_anywhere_is_recognised_and_the_chain_goes_on(receipts: Receipts) -> None:
    receipts.add("begun", release="a" * 64)
    whole = receipts.path.read_bytes()
    receipts.add("confirmed", release="a" * 64)
    both = receipts.path.read_bytes()

    for end in range(len(whole), len(both)):
        receipts.path.write_bytes(both[:end])
        assert [entry["event"] for entry in receipts.entries()] == ["begun"]
        receipts.add("undone", by="timer")
        entries = chain(receipts)
        assert [entry["event"] for entry in entries] == ["begun", "undone"]
        assert entries[1].get("torn", 0) == end - len(whole)


def test_what_a_power_cut_leaves_of_the_first_line(receipts: Receipts) -> None:
    """Blocks that were given to the file but not written yet read as zeros."""
    receipts.path.write_bytes(b"\0" * 5000)
    receipts.add("begun")
    assert [entry.get("torn") for entry in chain(receipts)] == [5000]


def test_a_line_that_nobody_can_read_stays_and_is_bound_in(receipts: Receipts) -> None:
    receipts.add("begun")
    with receipts.path.open("ab") as file:
        file.write(b"rubbish\n")
    receipts.add("confirmed")
    assert json.loads(receipts.lines()[-1])["n"] == 3
    assert json.loads(receipts.lines()[-1])["prev"] == hashlib.sha256(b"rubbish").hexdigest()
    assert [problem.line for problem in problems_of(receipts.lines())] == [2]


def test_many_at_once_make_one_chain(receipts: Receipts) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: receipts.add("refused", code=str(number)), range(40)))
    assert sorted(int(entry["code"]) for entry in chain(receipts)) == list(range(40))


def test_a_full_disk_takes_the_spare_room_first(receipts: Receipts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any room left a line is passed over, unless it must be there; nothing half stays behind."""
    receipts.add("begun")
    write = os.pwrite

    def full(handle: int, data: bytes, at: int) -> int:
        if receipts.spare.exists() or not room:
            write(handle, data[:7], at)
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data, at)

    room = True
    assert receipts.spare.exists()
    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr(Receipts, "_keep_spare", lambda self: None)
    receipts.add("undone")
    assert not receipts.spare.exists()
    room = False
    assert receipts.add("undone") == {}
    with pytest.raises(OSError, match="No space"):
        receipts.add("begun", must=True)
    assert [entry["event"] for entry in chain(receipts)] == ["begun", "undone"]


def test_an_account_holds_texts_and_nothing_else() -> None:
    given = {
        "who": "Sara\n\x1b[31m" + "x" * 900,
        "machine": "ci1",
        "event": "confirmed",
        "n": 7,
        "dirty": True,
    }
    account = account_of(json.dumps({**given, "overrides": {"trunk:a": "ticket\t12"}}))
    assert sorted(account) == ["dirty", "machine", "overrides", "who"]
    assert account["who"].startswith("Sara [31mxxx")
    assert len(account["who"]) == 400
    assert account["overrides"] == {"trunk:a": "ticket 12"}
    assert account_of("") == {}
    for wrong in ("[]", "{", '"x"'):
        with pytest.raises(Refusal):
            account_of(wrong)


@pytest.mark.parametrize("gone", range(1, 11))
def test_more_than_three_in_ten_extensions_are_guarded(gone: int) -> None:
    had = [str(number) for number in range(100, 110)]
    found = touched({"extensions": had}, {"extensions": [*had[gone:], "200"]})
    assert list(found) == (["extensions"] if gone > 3 else [])


def test_trunks_and_emergency_routes_are_guarded_when_they_change_or_go() -> None:
    had = {"trunks": {"a": "1", "b": "1", "c": "1"}, "emergency": {"sos": "1"}}
    has = {"trunks": {"a": "1", "b": "2", "new": "1"}, "emergency": {}}
    assert touched(had, has) == {
        "trunk:b": "trunk b changes",
        "trunk:c": "trunk c goes away",
        "emergency:sos": "emergency route sos goes away",
    }
    assert touched({}, has) == {}


def test_only_a_way_back_that_nobody_asked_for_is_news() -> None:
    entry = {
        "event": "undone",
        "by": "timer",
        "release": "a" * 64,
        "previous": "b" * 64,
        "time": 0,
        "who": "Sara",
    }
    refused = {"event": "refused", "code": "busy"}
    assert lately([entry]) is entry
    assert lately([refused, entry, {"event": "begun"}]) is entry
    assert "release aaaaaaaaaaaa (apply by Sara) was put in force and never confirmed" in story(entry)
    assert "1970-01-01 00:00:00 UTC" in story(entry)
    hardening = story({**entry, "verb": "harden"})
    assert (
        "a firewall (harden by Sara) was put in force and never confirmed, so this server took it away"
        in hardening
    )
    for other in (
        {**entry, "by": "control"},
        {"event": "told"},
        {**refused, "code": "went_back"},
        {"event": "begun"},
    ):
        assert lately([other, entry]) is None
    assert lately([]) is None


def test_rollbacks_one_after_another_lead_further_back() -> None:
    def confirmed(release: str, previous: str, verb: str = "apply") -> dict[str, str]:
        return {"event": "confirmed", "release": release, "previous": previous, "verb": verb}

    entries = [
        confirmed("b", "a"),
        confirmed("c", "b"),
        {"event": "refused", "release": "d", "previous": "c"},
    ]
    assert before(entries, "c") == "b"
    entries.append(confirmed("b", "c", "rollback"))
    entries.append(confirmed("b", "b", "upgrade"))
    assert before(entries, "b") == "a"
    assert before(entries, "z") == ""
