"""What people see of findings, comparisons, plans and progress."""

from __future__ import annotations

import io

import pytest

from kelid.findings import Finding, Severity, Where
from kelid.model.plan import Action, Comparison, Detail, FileChange, Now, ObjectChange, Plan, Restart
from kelid.model.progress import Progress, State
from kelid.model.receipt import Receipt
from kelid.model.record import replace
from kelid.report import findings, plans, receipts
from kelid.report.colour import paint, wants_colour
from kelid.report.progress import ProgressLines

QUEUE = Where("sites/noor/queues.yml", 14, 3)
FOUND = [
    Finding(QUEUE, "Q003", "queue 'reception' rings nobody", "add a member or remove the queue"),
    Finding(Where("sites/noor"), "V009", "could not tell how strong the secrets are", severity=Severity.NOTE),
]
COMPARISON = Comparison(
    objects=(
        ObjectChange(
            action=Action.CHANGE,
            kind="queue",
            name="reception",
            details=(Detail("timeout", "15", None),),
            where=QUEUE,
        ),
        ObjectChange(action=Action.REMOVE, kind="endpoint", name="109"),
    ),
    files=(
        FileChange(
            path="queues.conf",
            action=Action.CHANGE,
            diff="--- a\n+++ b\n@@ -1 +1 @@\n-timeout = 15\n+x```y\n",
        ),
    ),
)


def a_plan(**changes: object) -> Plan:
    values: dict[str, object] = {
        "site": "noor", "commit": "c" * 40, "dirty": True, "base": "a" * 64, "release": "b" * 64, "comparison": COMPARISON,
        "secrets": ("voicemail_101",), "drift": ("pjsip.conf",), "reloads": ("queue reload all",),
    }  # fmt: skip
    return Plan(**{**values, **changes})  # type: ignore[arg-type]


def test_a_finding_says_where_what_and_the_way_out() -> None:
    assert findings.text(FOUND) == (
        "sites/noor/queues.yml:14:3 Q003 queue 'reception' rings nobody; add a member or remove the queue\n"
        "sites/noor V009 note: could not tell how strong the secrets are\n"
    )


def test_findings_as_data_and_in_numbers() -> None:
    assert findings.as_data(FOUND)[0] == {
        "file": "sites/noor/queues.yml", "line": 14, "column": 3, "code": "Q003", "severity": "error",
        "message": "queue 'reception' rings nobody", "fix": "add a member or remove the queue",
    }  # fmt: skip
    assert findings.summary(FOUND) == "1 error, 1 note"
    assert findings.summary([]) == ""


def test_a_comparison_shows_objects_with_their_place_and_then_lines() -> None:
    text = plans.comparison_text(COMPARISON)

    assert "~ queue reception  (sites/noor/queues.yml:14:3)\n    timeout: 15 -> (none)\n" in text
    assert "- endpoint 109\n" in text
    assert "-timeout = 15\n" in text
    assert "queues.conf: +1 -1 lines" in plans.comparison_text(COMPARISON, lines=False)
    assert plans.comparison_text(Comparison()) == "no difference\n"


def test_hundreds_of_new_objects_are_counted_and_not_named() -> None:
    added = tuple(
        ObjectChange(action=Action.ADD, kind=kind, name=str(number))
        for kind in ("endpoint", "queue")
        for number in range(plans.MANY)
    )
    text = plans.comparison_text(Comparison(objects=added), lines=False)

    assert "+   60 endpoint\n+   60 queue\n(120 in all; --lines names them)\n" in text
    assert "+ endpoint 7\n" in plans.comparison_text(Comparison(objects=added))
    gone = ObjectChange(action=Action.REMOVE, kind="queue", name="sales")
    assert "- queue sales\n" in plans.comparison_text(Comparison(objects=(*added, gone)), lines=False)


def test_a_plan_says_all_that_an_engineer_asks_before_yes() -> None:
    restart = (Restart(file="modules.conf", why="modules stay"),)
    text = plans.plan_text(
        a_plan(
            tool_before="0.9", tool="1.0", restart=restart, notices=("restart",), touched={"trunk:a": "trunk a changes"},
            now=Now(channels=3, waiting={"reception": 2}, went_back="it went back"),
        )
    )  # fmt: skip

    for words in (
        "not committed", "aaaaaaaaaaaa -> bbbbbbbbbbbb", "0.9 -> 1.0", "secrets changed: voicemail_101", "by hand",
        "pjsip.conf", "reloads: queue reload all", "restart: needed for modules.conf: modules stay", "3 channels are active",
        "callers wait in queues: reception 2", "every call that is up ends", "it went back",
        "trunk a changes: only with --override trunk:a",
    ):  # fmt: skip
        assert words in text


def test_a_plan_says_that_a_firewall_is_only_text_so_far() -> None:
    """Nobody is to believe in rules that nothing has put in force."""
    rules = FileChange(path="firewall.list", action=Action.ADD, diff="+x\n")
    with_rules = Comparison(files=(rules,))
    words = "the firewall isn't in force on this server yet: `kelid harden"
    assert words in plans.plan_text(a_plan(comparison=with_rules, now=Now(hardened=False)))
    assert words not in plans.plan_text(a_plan(comparison=with_rules, now=Now()))
    assert words not in plans.plan_text(a_plan(now=Now(hardened=False)))


def test_what_callers_notice_can_be_read_in_persian() -> None:
    words = plans.risk(a_plan(notices=("queues",), now=Now(channels=2, waiting={"reception": 1})), "fa")

    assert words[0] == "تماس‌گیرندگان: منتظران صف می‌مانند؛ تنظیم تازه برای نفرهای بعدی است"
    assert "2" in words[1]
    assert "reception 1" in words[1]
    assert plans.risk(a_plan(), "en")[0] == "callers: notice nothing"


def test_a_plan_for_a_server_that_was_made_by_hand_says_that_its_configuration_goes() -> None:
    assert "made before kelid, is read no more" in plans.plan_text(a_plan(base="0" * 64))
    assert "made before kelid" not in plans.plan_text(a_plan(base="a" * 64))


def test_an_empty_plan_says_so_and_nothing_more() -> None:
    text = plans.plan_text(a_plan(release="a" * 64, drift=(), comparison=Comparison()))

    assert "Nothing to do" in text
    assert "reloads" not in text


def test_a_plan_for_drift_alone_does_not_say_that_nothing_differs() -> None:
    text = plans.plan_text(a_plan(release="a" * 64, comparison=Comparison()))

    assert "no difference" not in text
    assert "put back by this apply: pjsip.conf" in text


def test_markdown_keeps_its_fences_whatever_the_text_holds() -> None:
    text = plans.markdown("noor", COMPARISON)

    assert "````diff\n" in text
    assert "- **change** queue `reception`" in text


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_colour("auto", Terminal())
    assert not wants_colour("auto", io.StringIO())
    assert wants_colour("always", io.StringIO())
    assert not wants_colour("never", Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour("auto", Terminal())
    assert paint("x", "red bold", on=True) == "\x1b[31;1mx\x1b[0m"


@pytest.mark.parametrize(
    ("quiet", "all_steps", "shown"),
    [(False, False, ["one", "two"]), (True, False, ["two"]), (False, True, ["one", "left out", "two"])],
)
def test_progress_shows_what_was_asked_for(quiet: bool, all_steps: bool, shown: list[str]) -> None:
    stream = io.StringIO()

    with ProgressLines(stream, colour=False, quiet=quiet, all_steps=all_steps) as watch:
        watch(Progress("one", State.STARTED, "pbx"))
        watch(Progress("one", State.OK, "pbx", 1.25))
        watch(Progress("left out", State.SKIPPED, "pbx"))
        watch(Progress("two", State.FAILED, "pbx"))

    assert [line.split(": ", 1)[1] for line in stream.getvalue().splitlines()] == shown


def test_receipts_say_who_did_what_when_and_what_came_of_it() -> None:
    receipt = Receipt(
        number=7,
        digest="d" * 64,
        change="c",
        verb="apply",
        result="undone",
        why="queue sales is missing",
        time=1_795_720_000,
        release="b" * 64,
        previous="0" * 64,
        account={"who": "Sara", "machine": "ci1", "commit": "c" * 40, "overrides": {"trunk:a": "ticket 12"}},
    )
    english = receipts.receipts_text([receipt], zone="Asia/Tehran")
    persian = receipts.receipts_text([replace(receipt, verb="juggle")], zone="Asia/Tehran", language="fa")

    assert (
        "    7  2026-11-26 22:36  apply  bbbbbbbbbbbb <- 0  undone: the release before is back\n" in english
    )
    for words in (
        "Sara @ ci1, commit cccccccccccc",
        "queue sales is missing",
        "override: trunk:a (ticket 12)",
    ):
        assert words in english
    assert "1405-09-05 22:36  juggle" in persian
    assert "نسخهٔ پیشین برقرار است" in persian
    assert "no receipts yet" in receipts.receipts_text([], zone="UTC")
