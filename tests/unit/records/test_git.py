"""Reading a site's history from real git repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kelid.findings import Exit, KelidError
from kelid.records import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run(tmp_path, "init", "-q", "-b", "main")
    run(tmp_path, "config", "user.email", "tests@kelid.example")
    run(tmp_path, "config", "user.name", "tests")
    site = tmp_path / "sites" / "a"
    site.mkdir(parents=True)
    (site / "site.yml").write_text("one: نور\n", encoding="utf-8")
    (site / "media").mkdir()
    (site / "media" / "x.wav").write_bytes(b"\0\n\xff")
    (tmp_path / "sites" / "ab").mkdir()
    (tmp_path / "sites" / "ab" / "site.yml").write_text("another\n", encoding="utf-8")
    run(tmp_path, "add", "-A")
    run(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def run(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=environment)


def test_files_of_a_revision_are_those_of_the_folder_only(repository: Path) -> None:
    (repository / "sites/a/site.yml").write_text("changed since\n", encoding="utf-8")

    assert git.files_at(repository / "sites/a", "HEAD") == {
        "site.yml": "one: نور\n".encode(),
        "media/x.wav": b"\0\n\xff",
    }


def test_a_folder_that_only_the_past_has_can_still_be_read(repository: Path) -> None:
    run(repository, "rm", "-rq", "sites/a")
    run(repository, "commit", "-q", "-m", "gone")

    assert "site.yml" in git.files_at(repository / "sites/a", "HEAD~1")
    assert git.files_at(repository / "sites/a", "HEAD") == {}


def test_head_tells_whether_the_folder_is_as_committed(repository: Path) -> None:
    clean = git.head(repository / "sites/a")
    (repository / "sites/ab/site.yml").write_text("elsewhere\n", encoding="utf-8")
    elsewhere = git.head(repository / "sites/a")
    (repository / "sites/a/new.yml").write_text("new\n", encoding="utf-8")
    changed = git.head(repository / "sites/a")

    assert len(clean.id) == 40
    assert (clean.dirty, elsewhere.dirty, changed.dirty) == (False, False, True)


def test_without_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    assert git.head(tmp_path) == git.Commit("", dirty=True)


@pytest.mark.parametrize("revision", ["no-such-branch", "--help", "HEAD~99", "-x"])
def test_an_unknown_revision_is_named(repository: Path, revision: str) -> None:
    with pytest.raises(KelidError, match="knows no revision") as caught:
        git.files_at(repository / "sites/a", revision)

    assert caught.value.exit is Exit.USAGE


def test_links_in_the_tree_are_refused(repository: Path) -> None:
    (repository / "sites/a/link.yml").symlink_to("/etc/passwd")
    run(repository, "add", "-A")
    run(repository, "commit", "-q", "-m", "link")

    with pytest.raises(KelidError, match="is a link"):
        git.files_at(repository / "sites/a", "HEAD")


def test_the_repository_of_a_calling_hook_does_not_leak_in(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent/.git")

    assert git.head(repository / "sites/a").id
