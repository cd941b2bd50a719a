"""Calls in a site's words: what is dialled becomes what a trunk sends, a world Asterisk's, and expectations are judged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid import pipeline
from kelid.compile import compile_site
from kelid.findings import Exit, KelidError, Where
from kelid.model.call import Call, World
from kelid.model.number_format import received, sent_as
from kelid.model.outcome import Happening
from kelid.model.pbx import Context, Exten, Pbx, Step
from kelid.model.record import replace
from kelid.model.site import CallWorld, ExpectedCall, Forward, NumberIn, Site
from kelid.model.trace import Trace
from kelid.pipeline import Checked, after_apply, calls
from kelid.pipeline.calls import Dialled
from kelid.pipeline.harmless import harm

SITES = Path(__file__).resolve().parents[3] / "sites"
AT = datetime(2026, 11, 28, 9, tzinfo=ZoneInfo("Asia/Tehran"))


@pytest.fixture(scope="module")
def trading() -> Checked:
    return pipeline.check(SITES, "atlas-trading")


@pytest.fixture(scope="module")
def clinic() -> Checked:
    return pipeline.check(SITES, "noor-clinic")


def call(checked: Checked, start: str, number: str, caller: str = "") -> Call:
    return calls.site_call(checked.site, checked.pbx, start, Dialled(number, AT, caller))


def test_what_a_trunk_sends(trading: Checked) -> None:
    e1 = call(trading, "trunk:e1", "02188550010", "02144556677")
    assert (e1.context, e1.exten, e1.technology, e1.endpoint) == ("from-trunk-e1", "0010", "DAHDI", "r0")
    line = call(trading, "trunk:copper", "02188556602")
    assert (line.exten, line.variables["LINE"]) == ("s", "02188556602"), "an analog line names no number"
    assert call(trading, "trunk:isfahan", "3000").exten == "3000", "the other site dials internal numbers"
    sepehr = pipeline.check(SITES, "sepehr-call-centre")
    assert call(sepehr, "trunk:ims", "02191000100").exten == "91000100"


def test_a_phone(clinic: Checked) -> None:
    phone = call(clinic, "extension:105", "115")
    assert (phone.context, phone.endpoint, phone.caller) == ("from-class-internal", "105", "105")
    assert phone.caller_name == "آزمایشگاه"
    assert phone.variables["__CALLER_EXTENSION"] == "105"
    assert phone.language == "fa"


@given(
    number=st.text("0123456789", min_size=3, max_size=12),
    digits=st.integers(0, 8),
    strip=st.integers(0, 2),
    prepend=st.text("0123456789", max_size=4),
    form=st.sampled_from(["as_sent", "auto", "e164", "national", "local"]),
)
def test_what_is_sent_comes_in_as_it_was_meant(
    number: str, digits: int, strip: int, prepend: str, form: str
) -> None:
    dial = pipeline.load(SITES, "noor-clinic").dial
    how = NumberIn(digits=digits, strip=strip, prepend=prepend, format=form)
    sent = sent_as(number, how, dial)
    assert sent is None or received(sent, how, dial) == number


@pytest.mark.parametrize(
    ("start", "number", "caller", "message"),
    [
        ("trunk:x", "1", "", "has no trunk 'x'; it has mokhaberat"),
        ("trunk:mokhabarat", "1", "", "did you mean mokhaberat?"),
        (
            "trunk:mokhaberat",
            "02188001299",
            "",
            "has no number 02188001299; its dids are 02188001234, 02188001235",
        ),
        ("trunk:mokhaberat", "0218800123a", "", "holds 'a'"),
        ("trunk:mokhaberat", "02188001234", "+98x", "the caller's number, '.98x', holds 'x'"),
        ("extension:999", "1", "", "has no extension '999'"),
        ("extension:101", "", "", "a phone dials something"),
        ("anonymous", "101", "", "strangers can't call"),
        ("custom:nowhere", "s", "", "there is no context 'nowhere'"),
        ("door", "1", "", "no call comes from 'door'"),
    ],
)
def test_what_is_not_there(clinic: Checked, start: str, number: str, caller: str, message: str) -> None:
    with pytest.raises(KelidError, match=message.replace("?", r"\?")) as problem:
        call(clinic, start, number, caller)
    assert problem.value.exit in {Exit.USAGE, Exit.REFUSED}


def test_a_world(trading: Checked) -> None:
    world = calls.site_world(
        trading.site,
        CallWorld(
            devices={"trunk:e1": "unavailable", "extension:3000": "busy", "PJSIP/3001": "no_answer"},
            in_use=("extension:3002",),
            night_mode={"office": "closed"},
            forwards=(
                Forward(extension="3010", when="busy", to="0912"),
                Forward(extension="3011", to="3000"),
            ),
            do_not_disturb=("extension:3020",),
            blacklist=("0999",),
            database={"survey/off": "1"},
            answers={"queue": "TIMEOUT"},
        ),
        ("1", "-"),
    )
    assert world.devices == {"DAHDI/r0": "unavailable", "PJSIP/3000": "busy", "PJSIP/3001": "no_answer"}
    assert world.in_use == {"PJSIP/3002"}
    assert world.presses == ("1", "")
    assert {key: text for key, text in world.database.items() if not key.startswith("CustomDevstate")} == {
        "NIGHT/office": "closed",
        "CFB/3010": "0912",
        "CFU/3011": "3000",
        "DND/3020": "1",
        "BLACKLIST/0999": "1",
        "survey/off": "1",
    }


def expected(*expect: str, never: tuple[str, ...] = ()) -> ExpectedCall:
    return ExpectedCall(
        name="x", names={"en": "X"}, start="trunk:a", dial="1", at="2026-11-28 09:00", expect=expect, expect_not=never,
        where=Where("calls.yml", 2, 5), places={"expect.1": Where("calls.yml", 8, 20)},
    )  # fmt: skip


HAPPENED = (
    Happening("reached", ("ivr:main",)),
    Happening("rings", ("extension:101",), "20s"),
    Happening("hangup", ("hangup",), "16"),
)


@pytest.mark.parametrize(
    ("wanted", "status", "problem"),
    [
        (expected("ivr:main", "hangup"), "ok", ""),
        (expected("ivr:main", "extension:101 20s", "hangup 16"), "ok", ""),
        (expected("hangup", "ivr:main"), "failed", "ivr:main does not happen after hangup; ivr:main happens before"),
        (
            expected("ivr:main", "extension:101 25s"),
            "failed",
            "extension:101 25s does not happen after ivr:main; extension:101 20s does",
        ),
        (expected("queue:x"), "failed", "queue:x does not happen"),
        (expected("hangup", never=("extension:101",)), "failed", "extension:101 happens"),
        (expected("hangup", never=("extension:101 30s", "queue:x")), "ok", ""),
    ],
)  # fmt: skip
def test_judged(wanted: ExpectedCall, status: str, problem: str) -> None:
    trace = Trace(call=Call(context="a", exten="s", at=AT), world=World(), steps=(), events=())
    found = calls.judge(wanted, trace, HAPPENED)
    assert (found.status, found.problem) == (status, problem)
    if status == "failed" and len(wanted.expect) > 1:
        assert found.where == Where("calls.yml", 8, 20)


@pytest.mark.parametrize(("end", "status"), [("unknown", "unknown"), ("loop", "failed"), ("hangup", "ok")])
def test_what_nobody_can_tell_is_not_ok(end: str, status: str) -> None:
    trace = Trace(call=Call(context="a", exten="s", at=AT), world=World(), steps=(), events=(), end=end)
    assert calls.judge(expected("hangup"), trace, HAPPENED).status == status


def test_every_expected_call_of_the_samples_is_kept() -> None:
    for name in pipeline.site_names(SITES):
        checked = pipeline.check(SITES, name)
        words = calls.legend(checked.site)
        assert checked.site.calls, "every sample shows what matters to its client"
        for one in checked.site.calls:
            tried = calls.try_call(checked.site, checked.pbx, words, one)
            assert tried.judgement.status == "ok", f"{name} {one.name}: {tried.judgement}"
            assert not tried.notes, f"{name} {one.name}: {tried.notes}"


def test_what_the_call_never_asks_is_noted(clinic: Checked) -> None:
    site: Site = clinic.site
    one = next(item for item in site.calls if item.name == "nowruz")
    odd = ExpectedCall(
        **{
            **{key: getattr(one, key) for key in one.FIELDS},
            "press": ("1", "2"),
            "world": CallWorld(devices={"extension:101": "busy"}, database={"door/open": "1"}),
        }
    )
    tried = calls.try_call(site, clinic.pbx, calls.legend(site), odd)
    assert tried.notes == (
        "keys are given for 2 waits, and the call waits 0 times",
        "the call never asks what extension:101 does",
        "the call never asks for door/open of the database",
    )


def test_calls_after_an_apply_are_proven_harmless(trading: Checked, clinic: Checked) -> None:
    hidden = call(trading, "trunk:e1", "02188550000")
    assert harm(trading.pbx, hidden) == ""
    by_clock = harm(clinic.pbx, call(clinic, "trunk:mokhaberat", "02188001234"))
    assert by_clock == "it goes by the clock"
    assert harm(clinic.pbx, call(clinic, "extension:105", "115")).startswith("calls-out PJSIP/mokhaberat (")
    assert harm(clinic.pbx, call(clinic, "trunk:mokhaberat", "02188001235")).startswith(
        "keeps LASTCALLER/107 ("
    )


def marked(clinic: Checked, name: str, **changed: object) -> tuple[Site, Pbx, ExpectedCall]:
    """Return the clinic as it would be with a call of calls.yml marked ``after_apply``."""
    one = next(item for item in clinic.site.calls if item.name == name)
    call = replace(one, after_apply=True, **changed)
    site = replace(clinic.site, calls=(call,))
    return site, after_apply.with_calls(site, compile_site(site, clinic.custom)), call


def test_an_after_apply_that_rings_is_refused(clinic: Checked) -> None:
    site, pbx, call = marked(clinic, "emergency-from-laboratory")
    judged = calls.try_call(site, pbx, calls.legend(site), call).judgement
    assert judged.status == "failed"
    assert judged.problem.startswith("not to be placed after an apply: calls-out PJSIP/mokhaberat")
    assert after_apply.expectations(site, pbx)[call.name]["refused"].startswith("calls-out PJSIP/mokhaberat")


def test_a_call_after_an_apply_goes_in_as_its_phone_would_and_leaves_no_record(clinic: Checked) -> None:
    site, pbx, call = marked(clinic, "laboratory-may-not-call-out")
    told = after_apply.expectations(site, pbx)[call.name]
    (way,) = (one["steps"] for one in told["ways"])
    assert way[0][2:] == [1, "Set", "CDR_PROP(disable)=1"]
    assert ["kelid-after-apply", told["exten"], 2, "Set", "CALLERID(num)=105"] in way
    assert way[-1] == ["from-class-internal", "09121234567", 1, "Hangup", "1"]
    assert not any(item.context == after_apply.CONTEXT for one in pbx.contexts for item in one.includes)


def test_where_a_placed_call_went_is_held_against_every_way_that_it_may_go(clinic: Checked) -> None:
    site, pbx, call = marked(clinic, "laboratory-may-not-call-out")
    told = after_apply.expectations(site, pbx)[call.name]
    (way,) = (one["steps"] for one in told["ways"])
    at = datetime.now(UTC)

    def where(steps: list[list[Any]], *, over: bool = True) -> str:
        good, text = after_apply.outcome(told, {"steps": steps, "over": over}, at)
        assert good == text.startswith("ok")
        return text

    assert where(way) == "ok"
    told["ways"].append({"why": "database-has BLACKLIST/105 is 1", "steps": way[:-1]})
    assert where(way[:-1]) == "ok, though not as expected: database-has BLACKLIST/105 is 1"
    del told["ways"][1]
    assert where([]) == "it did not begin"
    assert where(way, over=False) == "it was not over after 60 seconds"
    assert where(way[:-1]) == f"it ended after step {len(way) - 1}, {after_apply._text(way[-2])}"
    odd = [*way[:-1], [*way[-1][:3], "Dial", "PJSIP/x"]]
    place = "from-class-internal,09121234567,1"
    assert where(odd) == f"step {len(way)} is {place} Dial(PJSIP/x), not {place} Hangup(1)"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"press": ("1",)}, "nobody presses keys in it"),
        ({"expect": ("answered",)}, "answered does not happen"),
    ],
)
def test_a_call_that_would_not_do_what_is_expected_with_nobody_at_it_is_not_placed(
    clinic: Checked, changed: dict[str, object], why: str
) -> None:
    site, pbx, call = marked(clinic, "laboratory-may-not-call-out", **changed)
    assert after_apply.expectations(site, pbx)[call.name] == {"refused": why}


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ("Set(GLOBAL(seen)=1)", "it sets GLOBAL(...)"),
        ("Set(DB(a/b)=1)", "keeps a/b"),
        ("QueueLog(reception,NONE,NONE,X,)", "log queue"),
        ("SoftHangup(PJSIP/101-00000001)", "log hangs up"),
        ("UserEvent(Popup)", "log event"),
        ("Dial(PJSIP/101,5)", "rings PJSIP/101"),
        ("VoiceMail(101@default)", "voicemail 101@default"),
        ("MixMonitor(x.wav)", "records x.wav"),
        ("GotoIfTime(08:00-20:00,*,*,*?h,1)", "it goes by the clock"),
        ("Goto(s,1)", "it has no end"),
        ("Echo()", "Echo goes on until somebody hangs up"),
        ("MusicOnHold(default)", "MusicOnHold goes on until somebody hangs up"),
        ("Wait(50)", "it waits for more than 40 seconds"),
    ],
)
def test_what_others_would_notice_is_not_placed(clinic: Checked, steps: str, why: str) -> None:
    app, _, data = steps.removesuffix(")").partition("(")
    context = Context("odd", (Exten("s", (Step(app, data), Step("Hangup"))),))
    pbx = with_context(clinic.pbx, context)
    assert harm(pbx, Call(context="odd", exten="s", at=datetime.now(UTC))).startswith(why)


def with_context(pbx: Pbx, context: Context) -> Pbx:
    """Return the PBX with one context more."""
    return replace(pbx, contexts=(*pbx.contexts, context))
