"""Receipts as the control node reads them: the chain judged, changes folded, notes in git."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kelid.records import git, notes, receipts


def journal(*entries: dict[str, Any]) -> list[str]:
    """Return the lines of a journal with these entries, as the agent writes them."""
    lines: list[str] = []
    for number, entry in enumerate(entries, 1):
        before = hashlib.sha256(lines[-1].encode()).hexdigest() if lines else receipts.FIRST
        whole = {"time": 1_790_000_000 + number, **entry, "n": number, "prev": before}
        lines.append(json.dumps(whole, sort_keys=True, ensure_ascii=False))
    return lines


STORY = (
    {"event": "begun", "change": "1", "release": "a", "previous": "0", "who": "سارا"},
    {"event": "confirmed", "change": "1", "release": "a", "previous": "0", "who": "سارا", "commit": "c1"},
    {"event": "begun", "change": "2", "release": "b", "previous": "a"},
    {"event": "refused", "change": "3", "code": "busy", "message": "another change", "commit": "c1"},
    {"event": "undone", "change": "2", "release": "b", "previous": "a", "by": "timer"},
    {"event": "told"},
    {"event": "begun", "change": "4", "release": "b", "previous": "a", "verb": "rollback"},
)


def test_changes_are_folded_in_the_order_in_which_they_ended() -> None:
    found = receipts.fold(journal(*STORY))
    assert [(item.change, item.result, item.number) for item in found] == [
        ("1", "done", 2),
        ("3", "refused", 4),
        ("2", "went-back", 5),
        ("4", "cut-off", 7),
    ]
    assert found[0].account == {"change": "1", "who": "سارا", "commit": "c1"}
    assert (found[1].why, found[1].code) == ("another change", "busy")
    assert receipts.fold(journal(*STORY), armed="4")[-1].result == "waiting"


def test_a_whole_chain_holds() -> None:
    assert receipts.problems_of(journal(*STORY)) == []
    assert receipts.problems_of([]) == []


@pytest.mark.parametrize("number", range(len(STORY)))
def test_no_line_can_be_changed_taken_out_or_put_in(number: int) -> None:
    """The newest line alone has nothing behind it that would tell: there git's note does."""
    lines = journal(*STORY)
    changed = [*lines]
    changed[number] = changed[number].replace('"event": "', '"event": "x')
    gone = [line for index, line in enumerate(lines) if index != number]
    more = [*lines[:number], lines[number], *lines[number:]]
    newest = number == len(lines) - 1
    assert bool(receipts.problems_of(changed)) is not newest
    assert bool(receipts.problems_of(gone)) is not newest
    assert receipts.problems_of(more)
    if newest:
        assert [problem.line for problem in receipts.lost(changed, lines)] == [number + 1]
        assert [problem.line for problem in receipts.lost(gone, lines)] == [number + 1]


def test_what_git_lacks_is_told() -> None:
    lines = journal(*STORY)
    assert receipts.without_note(lines, []) == [lines[1], lines[3]]
    assert receipts.without_note(lines, [lines[3]]) == [lines[1]]
    assert receipts.lost(lines, [lines[3]]) == []


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, on a machine where git knows nobody's name."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.delenv("EMAIL", raising=False)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_NAME", raising=False)
        monkeypatch.delenv(f"GIT_{name}_EMAIL", raising=False)
    folder = tmp_path / "sites" / "noor-clinic"
    folder.mkdir(parents=True)
    (folder / "site.yml").write_text("name: noor\n")
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@kelid.example"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "as ordered"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return folder


def test_notes_keep_the_very_lines_beside_their_commit(repository: Path) -> None:
    commit = git.head(repository).id
    lines = journal(
        {"event": "confirmed", "site": "noor-clinic", "commit": commit},
        {"event": "confirmed", "site": "other", "commit": commit},
        {"event": "confirmed", "site": "noor-clinic", "server": "standby", "commit": commit},
    )
    notes.add(repository, commit, lines[:2])
    notes.add(repository, commit, lines)

    shown = subprocess.run(
        ["git", "notes", "--ref=kelid", "show", commit],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout.splitlines() == lines
    assert notes.lines_of(repository, "noor-clinic") == [lines[0]]
    assert notes.lines_of(repository, "noor-clinic", "standby") == [lines[2]]
    assert git.head(repository).dirty is False


def test_no_note_is_lost_when_many_are_written_at_once(repository: Path) -> None:
    """A fleet's applies end together, on one commit."""
    commit = git.head(repository).id
    lines = [json.dumps({"event": "confirmed", "site": "noor-clinic", "n": number}) for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda line: notes.add(repository, commit, [line]), lines))
    assert sorted(notes.lines_of(repository, "noor-clinic")) == sorted(lines)


def test_where_no_note_can_be_written_the_reason_is_told(repository: Path, tmp_path: Path) -> None:
    from kelid.pipeline import receipts as pipeline_receipts

    sites = repository.parent
    line = json.dumps({"commit": "none"})
    assert "git can't note the receipt" in pipeline_receipts.note(sites, "noor-clinic", line)
    assert pipeline_receipts.note(sites, "noor-clinic", "{}") == ""
    assert pipeline_receipts.note(sites, "noor-clinic", "") == ""
    assert pipeline_receipts.write_notes(sites, "noor-clinic", [line])
    assert notes.lines_of(tmp_path.parent, "noor-clinic") == []


def test_the_account_names_person_and_machine(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kelid.pipeline import receipts as pipeline_receipts

    for name in pipeline_receipts.WHO:
        monkeypatch.delenv(name, raising=False)
    sites = repository.parent
    made = pipeline_receipts.account(sites, "noor-clinic", overrides={"trunk:a": "why"}, plan="d")
    assert made.who == made.login
    assert made.as_dict()["overrides"] == {"trunk:a": "why"}
    subprocess.run(["git", "config", "user.name", "Sara"], cwd=sites, check=True)
    assert pipeline_receipts.account(sites, "noor-clinic").who == "Sara"
    monkeypatch.setenv("GITLAB_USER_LOGIN", "reza")
    assert pipeline_receipts.account(sites, "noor-clinic").who == "reza"
    monkeypatch.setenv("KELID_WHO", "Reza Karimi")
    assert pipeline_receipts.account(sites, "noor-clinic").who == "Reza Karimi"
    assert pipeline_receipts.account(sites, "noor-clinic", who="awx: mina").who == "awx: mina"
    assert made.change != pipeline_receipts.account(sites, "noor-clinic").change
