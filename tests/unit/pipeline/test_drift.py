"""What a server has otherwise than its release and git, as objects; and what of it becomes YAML again."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kelid import pipeline
from kelid.findings import KelidError
from kelid.model.drift import Drift, Git
from kelid.model.plan import Action
from kelid.pipeline.adopt_drift import CUSTOM, adopt
from kelid.pipeline.drift import drift
from kelid.report import drift as report

SAMPLES = pipeline.root() / "sites"

Change = Callable[[str], str]


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    """A sites directory with the clinic, to be changed."""
    shutil.copytree(SAMPLES / "noor-clinic", tmp_path / "sites" / "noor-clinic")
    return tmp_path / "sites"


def told(sites: Path, **changes: Change | None) -> dict[str, Any]:
    """Return what the agent's readout tells of a server that has the clinic's release, and these changes of its files.

    A file is named with ``__`` for the dot; None takes it away.
    """
    checked = pipeline.check(sites, "noor-clinic")
    bundle = dict(checked.bundle.files)
    paths = {name.replace("__", "."): change for name, change in changes.items()}
    files = {path: change(bundle.get(path, "")) for path, change in paths.items() if change}
    return {
        "release": "a" * 64,
        "manifest": {"asterisk": checked.pbx.asterisk, "commit": "c" * 40},
        "bundle": bundle,
        "drift": sorted(paths),
        "files": files,
        "gone": [path for path, change in paths.items() if change is None],
        "odd": {},
        "secrets": [],
        "unsure": [],
        "reads_release": True,
        "armed": None,
        "observed": {"contexts": []},
    }


def replaced(before: str, after: str) -> Change:
    def change(text: str) -> str:
        assert before in text, before
        return text.replace(before, after, 1)

    return change


def added(more: str) -> Change:
    return lambda text: text + more


def only(found: Drift) -> tuple[str, str, list[tuple[str, str | None, str | None]]]:
    (item,) = found.changed
    details = [(one.key, one.before, one.after) for one in item.change.details]
    return item.change.kind, item.change.name, details


def test_a_server_as_it_should_be(sites: Path) -> None:
    found = drift(sites, "noor-clinic", told(sites))
    assert found.empty
    assert report.text(found).splitlines()[1] == "  as its release and git say"


def test_a_change_by_hand_is_an_object_with_the_line_of_yaml_behind_it(sites: Path) -> None:
    found = drift(sites, "noor-clinic", told(sites, queues__conf=replaced("timeout = 20", "timeout = 33")))
    assert only(found) == ("queue", "reception", [("timeout", "20", "33")])
    assert found.changed[0].git is Git.BEFORE
    assert found.changed[0].yaml.file.endswith("queues.yml")
    assert [file.path for file in found.lines.files] == ["queues.conf"]
    assert "an apply puts it back" in report.text(found)


def test_what_git_says_by_now_is_told_apart(sites: Path) -> None:
    answer = told(sites, queues__conf=replaced("timeout = 20", "timeout = 33"))
    path = sites / "noor-clinic" / "queues.yml"
    for value, state in (("33", Git.SAME), ("44", Git.OTHER)):
        text = (SAMPLES / "noor-clinic" / "queues.yml").read_text()
        path.write_text(text.replace("timeout: 20", f"timeout: {value}"))
        found = drift(sites, "noor-clinic", answer)
        assert found.changed[0].git is state
        assert bool(found.apply.objects) == (state is Git.OTHER)


def test_git_ahead_of_the_server_is_no_change_by_hand(sites: Path) -> None:
    answer = told(sites)
    path = sites / "noor-clinic" / "queues.yml"
    path.write_text(path.read_text().replace("timeout: 20", "timeout: 22"))
    found = drift(sites, "noor-clinic", answer)
    assert not found.by_hand
    assert [(item.kind, item.name) for item in found.apply.objects] == [("queue", "reception")]
    assert "an apply would also change:" in report.text(found)


def test_a_site_that_is_not_valid_still_tells_what_was_changed_by_hand(sites: Path) -> None:
    answer = told(sites, queues__conf=replaced("timeout = 20", "timeout = 33"))
    (sites / "noor-clinic" / "queues.yml").write_text("queues: 7\n")
    found = drift(sites, "noor-clinic", answer)
    assert only(found)[0] == "queue"
    assert "not valid" in found.problem
    assert found.changed[0].git is Git.UNKNOWN


def test_files_that_went_and_files_in_which_only_comments_changed(sites: Path) -> None:
    found = drift(sites, "noor-clinic", told(sites, acl__conf=None, rtp__conf=added("\n\n")))
    assert found.gone == ("acl.conf",)
    assert found.spelling == ("rtp.conf",)
    assert found.by_hand


@pytest.mark.parametrize(
    "evil",
    [
        "[x\x1b]0;owned\x07]\ntype = aor\n",
        "[x\u202egnp]\ntype = aor\n",
        "[x\x9b31m]\ntype = aor\n",
        "[x]\ntype = aor\nmailboxes = \x1b[2J\u2066\r\x00\n",
    ],
)
def test_nothing_from_a_server_gives_a_terminal_orders(sites: Path, evil: str) -> None:
    found = drift(sites, "noor-clinic", told(sites, pjsip__conf=added(f"\n{evil}")))
    shown = report.text(found, lines=True) + json.dumps(found.as_dict(), ensure_ascii=False)
    assert found.changed
    assert all(one.isprintable() or one in "\n\u200c" for one in shown)


def test_a_hostile_tree_is_told_within_limits(sites: Path) -> None:
    answer = told(sites, extensions__conf=added("\n#include x.conf\nexten => what\n" * 500))
    answer["odd"] = {f"{'x' * 50}{number}\x1b": "a link" for number in range(5000)}
    found = drift(sites, "noor-clinic", answer)
    assert len(found.odd) <= 200
    assert len(found.unmodelled) <= 200


def test_every_language_has_the_words(sites: Path) -> None:
    answer = told(
        sites, queues__conf=replaced("timeout = 20", "timeout = 33"), acl__conf=None, rtp__conf=added("\n\n")
    )
    answer |= {
        "secrets": ["a"],
        "unsure": ["b"],
        "odd": {"x": "a link"},
        "observed": {},
        "reads_release": False,
    }
    found = drift(sites, "noor-clinic", answer)
    english, persian = (report.text(found, language=language) for language in ("en", "fa"))
    assert len(english.splitlines()) == len(persian.splitlines())
    assert "روی سرور پس از این نسخه تغییر کرده" in persian


# --- into the YAML -------------------------------------------------------------------------------


def adopted(
    sites: Path, *follows: str, **changes: Change | None
) -> tuple[str, list[str], list[tuple[str, str]]]:
    """Return the difference that adopting makes, and what was taken and left. ``follows`` is what changes along with it."""
    answer = told(sites, **changes)
    result = adopt(sites, "noor-clinic", answer)
    assert [report.line(item) for item in result.follows] == list(follows)
    result.draft.write()
    again = drift(sites, "noor-clinic", answer)
    states = {(item.change.kind, item.change.name): item.git for item in again.changed}
    left = {(item.kind, item.name) for item, _ in result.left}
    for change in result.taken:
        if (change.kind, change.name) not in left:
            assert states[change.kind, change.name] is Git.SAME
    return (
        result.draft.diff(),
        [report.line(item) for item in result.taken],
        [(report.line(item), why) for item, why in result.left],
    )


def test_a_value_goes_back_to_the_line_that_it_came_from(sites: Path) -> None:
    diff, taken, left = adopted(sites, queues__conf=replaced("timeout = 20", "timeout = 33"))
    assert "-    timeout: 20\n+    timeout: 33\n" in diff
    assert taken == ["~ queue reception: timeout: 20 -> 33"]
    assert left == []


def test_a_value_that_no_line_gave_becomes_a_key_of_the_object(sites: Path) -> None:
    diff, taken, left = adopted(sites, pjsip__conf=replaced("language = fa", "language = en"))
    assert "+    language: en\n" in diff
    assert taken
    assert left == []


def test_a_context_becomes_the_site_s_own_dial_plan(sites: Path) -> None:
    more = "\n[door]\nexten => 1,1,Answer()\n same => n,Playback(beep)\n same => n,Hangup()\n"
    diff, taken, left = adopted(sites, extensions__conf=added(more))
    assert (sites / "noor-clinic" / CUSTOM).read_text().startswith("[door]\nexten => 1,1,Answer()\n")
    assert "+[door]" in diff
    assert len(taken) == 2
    assert left == []


def test_what_may_hold_a_secret_is_left_to_a_person(sites: Path) -> None:
    diff, taken, left = adopted(
        sites,
        extensions__conf=added("\n[door]\nexten => 1,1,Authenticate(***)\n"),
        pjsip__conf=replaced("password = %%secret:extension_101%%", "password = ***"),
    )
    assert diff == ""
    assert taken == []
    assert {why for _, why in left} == {"drift.why.secret"}
    assert len(left) == 3


MEMBER = "member = PJSIP/106,1,داروخانه,hint:106@internal\n"


def test_a_queue_member_who_came_is_an_item_like_the_others(sites: Path) -> None:
    name = next(
        item for item in pipeline.load(sites, "noor-clinic").extensions if item.number == "108"
    ).names["fa"]
    fresh = f"member = PJSIP/108,2,{name},hint:108@internal\n"
    lamp = "~ context features: hint: (none) -> *46108 Queue:reception_pause_PJSIP/108"
    diff, taken, left = adopted(sites, lamp, queues__conf=replaced(MEMBER, MEMBER + fresh))
    assert "108" in diff
    assert len(taken) == 1
    assert left == []


def test_a_queue_member_who_went_is_no_item_any_more(sites: Path) -> None:
    lamp = "~ context features: hint: *46106 Queue:reception_pause_PJSIP/106 -> (none)"
    diff, taken, left = adopted(sites, lamp, queues__conf=replaced(MEMBER, ""))
    assert [line for line in diff.splitlines() if line.startswith("-") and "106" in line]
    assert len(taken) == 1
    assert left == []


def test_what_git_has_changed_too_is_not_touched(sites: Path) -> None:
    answer = told(sites, queues__conf=replaced("timeout = 20", "timeout = 33"))
    path = sites / "noor-clinic" / "queues.yml"
    path.write_text(path.read_text().replace("timeout: 20", "timeout: 44"))
    result = adopt(sites, "noor-clinic", answer)
    assert result.taken == ()
    assert [why for _, why in result.left] == ["drift.why.git"]
    assert result.draft.files == {}


def test_what_the_model_can_not_say_leaves_the_yaml_alone(sites: Path) -> None:
    before = {path: path.read_bytes() for path in (sites / "noor-clinic").rglob("*.yml")}
    diff, taken, left = adopted(
        sites,
        pjsip__conf=added("\n[999]\ntype = aor\nmax_contacts = 3\n"),
        extensions__conf=replaced("exten => stay,1,", "exten => stay,1,NoOp()\n same => n,"),
    )
    assert (diff, taken) == ("", [])
    assert {why for _, why in left} == {"drift.why.model"}
    assert [item.partition(":")[0] for item, _ in left] == [
        "~ dial plan stay in kelid-after-apply",
        "+ pjsip aor 999",
    ]
    assert before == {path: path.read_bytes() for path in before}


def test_nobody_can_tell_what_was_changed_without_a_release(sites: Path) -> None:
    answer = told(sites) | {"bundle": {}, "manifest": None, "release": "0" * 64}
    with pytest.raises(KelidError, match="no release"):
        adopt(sites, "noor-clinic", answer)
    found = drift(
        sites, "noor-clinic", answer | {"files": {"extensions.conf": "[a]\nexten => 1,1,Answer()\n"}}
    )
    assert not found.changed
    assert any(item.action is Action.REMOVE and item.name == "a" for item in found.apply.objects)


def test_git_is_not_needed(sites: Path) -> None:
    assert subprocess.run(["git", "-C", str(sites), "status"], capture_output=True, check=False).returncode
    assert drift(sites, "noor-clinic", told(sites)).empty
