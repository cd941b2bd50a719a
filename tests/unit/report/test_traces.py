"""What a call does, told from traces made by hand: in both languages, as text, Markdown, JSON and a picture."""

from __future__ import annotations

import json
from datetime import datetime
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from kelid.findings import Where
from kelid.model.call import QUESTIONS, Call, World
from kelid.model.outcome import Happening, Judgement, Legend
from kelid.model.trace import EVENTS, Event, Trace, TraceStep
from kelid.pipeline.calls import happenings
from kelid.report import call_tests, traces
from kelid.report.flow.picture import picture
from kelid.report.flow.svg import svg
from kelid.report.words import WORDS

AT = datetime(2026, 11, 28, 9, tzinfo=ZoneInfo("Asia/Tehran"))
CALL = Call(
    context="from-trunk-line", exten="02188001234", at=AT, technology="PJSIP", endpoint="line", caller="0912"
)
LEGEND = Legend(
    places={("ivr-main", "s"): ("ivr", "main"), ("internal", "101"): ("extension", "101")},
    devices={
        "PJSIP/101": ("extension", "101"),
        "PJSIP/101-mobile": ("extension", "101"),
        "PJSIP/line": ("trunk", "line"),
    },
    prompts={"/media/abc": "welcome"},
    names={("ivr", "main"): {"fa": "منوی اصلی", "en": "Main menu"}, ("extension", "101"): {"fa": "پذیرش"}},
    texts={"welcome": {"fa": "خوش آمدید"}},
    language="fa",
    calendar="jalali",
)
STEPS = (
    TraceStep("from-trunk-line", "02188001234", 1, "Goto", "ivr-main,s,1", 0, Where("trunks.yml", 3, 1)),
    TraceStep("ivr-main", "s", 1, "Answer", "", 0, Where("ivrs.yml", 3, 1)),
    TraceStep("ivr-main", "s", 2, "Background", "/media/abc", 0, Where("ivrs.yml", 5, 1)),
    TraceStep("internal", "101", 1, "Gosub", "ring,101,1", 0, Where("extensions.yml", 2, 1)),
    TraceStep("ring", "101", 1, "Dial", "PJSIP/101,20", 0),
)
EVENTS_THERE = (
    Event("answered", step=1),
    Event("hears", "/media/abc", step=2),
    Event("keys", "0", step=2),
    Event("rings", "PJSIP/101&PJSIP/101-mobile", (("seconds", "20"),), 4),
    Event("tone", "ringing", (), 4),
    Event("keeps", "LASTCALLER/101", (("value", "0912"),), 4),
    Event("talks", "PJSIP/101", (), 4),
    Event("hangup", "", (("cause", "16"),), 4),
)
TRACE = Trace(call=CALL, world=World(), steps=STEPS, events=EVENTS_THERE)


def test_in_a_sites_words() -> None:
    found = happenings(TRACE, LEGEND)
    assert [(item.kind, item.items, item.detail) for item in found if item.items] == [
        ("reached", ("ivr:main",), ""),
        ("answered", ("answered",), ""),
        ("hears", ("prompt:welcome",), ""),
        ("rings", ("extension:101",), "20s"),
        ("talks", ("talk",), ""),
        ("hangup", ("hangup",), "16"),
    ]
    rings = next(item for item in found if item.kind == "rings")
    assert rings.where == Where("extensions.yml", 2, 1), "the subroutine has no line of its own"
    assert rings.answers("extension:101")
    assert rings.answers("extension:101 20s")
    assert not rings.answers("extension:101 25s")
    assert not rings.answers("extension:1")


def test_text_for_people() -> None:
    text = traces.text(TRACE, happenings(TRACE, LEGEND), LEGEND, "en", "trunk:line")
    lines = text.splitlines()
    assert lines[0] == "0912 calls 02188001234 (trunk:line), Sat 1405-09-07 09:00 (2026-11-28)"
    assert lines[1].split("  ")[2] == "Menu: Main menu (ivr:main)"
    assert lines[1].endswith("ivrs.yml:3")
    assert "hears welcome: “خوش آمدید”" in text
    assert "rings extension 101 (پذیرش) for 20 s" in text
    assert "LASTCALLER" not in text, "no client asks for that"
    assert "the call ends: as usual" in text


def test_persian() -> None:
    text = traces.text(TRACE, happenings(TRACE, LEGEND), LEGEND, "fa", "trunk:line")
    assert "شنبه \u20661405-09-07 09:00 (2026-11-28)\u2069" in text, "a date is read from its beginning"
    assert "منو: منوی اصلی" in text
    assert "داخلی 101 (پذیرش) تا \u206620\u2069 ثانیه زنگ می‌خورد" in text


def test_every_step() -> None:
    text = traces.text(TRACE, happenings(TRACE, LEGEND), LEGEND, "en", "trunk:line", steps=True)
    assert "    5 ring,101,1 Dial(PJSIP/101,20)" in text
    assert "kept: LASTCALLER/101" in text
    assert text.count("\n       ") == len(EVENTS_THERE)


def test_what_it_could_not_tell_and_loops() -> None:
    unknown = Trace(
        call=CALL,
        world=World(),
        steps=STEPS[:1],
        events=(Event("unknown", "Foo()", (), 0),),
        end="unknown",
        unknown="Foo",
    )
    text = traces.text(unknown, happenings(unknown, LEGEND), LEGEND, "en", "trunk:line")
    assert "could not tell: Foo()" in text
    assert text.endswith("could not tell how the call goes on: Foo\n")
    loop = Trace(
        call=CALL, world=World(), steps=STEPS[:1], events=(Event("loop", "a,s -> b,s", (), 0),), end="loop"
    )
    assert "the same again without an end: a,s -> b,s" in traces.text(
        loop, happenings(loop, LEGEND), LEGEND, "en", "trunk:line"
    )


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_every_event_has_words(kind: str, language: str) -> None:
    event = Event(kind, "Thing", (("seconds", "3"), ("cause", "99"), ("number", "0912")), 0)
    trace = Trace(call=CALL, world=World(), steps=STEPS, events=(event,))
    for item in happenings(trace, LEGEND):
        assert traces.sentence(item, LEGEND, language)
    assert f"did.{kind}" in WORDS


def test_markdown_json_and_picture() -> None:
    found = happenings(TRACE, LEGEND)
    assert traces.markdown(TRACE, found, LEGEND, "en", "trunk:line").count("\n1. ") == len(
        traces.shown(found)
    )
    data = json.loads(json.dumps(traces.as_data(TRACE, found, LEGEND, "en"), ensure_ascii=False))
    assert [step["app"] for step in data["steps"]] == ["Goto", "Answer", "Background", "Gosub", "Dial"]
    assert data["happenings"][0]["items"] == ["ivr:main"]
    shown = picture(traces.flow(TRACE, found, LEGEND, "fa", "trunk:line"), "fa")
    tree = ET.fromstring(svg(shown))  # noqa: S314 - our own
    said = " ".join("".join(part.itertext()) for part in tree.iter("{http://www.w3.org/2000/svg}text"))
    assert "منوی اصلی" in said
    assert "extension:101" in said


LINES = [
    call_tests.Line("clinic", "good", {"en": "Good"}, Where("calls.yml", 3, 5), Judgement("ok"), happenings(TRACE, LEGEND)),
    call_tests.Line(
        "clinic", "bad", {"en": "Bad"}, Where("calls.yml", 9, 5),
        Judgement("failed", "queue:x does <not> happen \x0b", Where("calls.yml", 12, 9)), (), ("a note",),
    ),
    call_tests.Line("shop", "odd", {"fa": "عجیب"}, Where("s.yml", 1, 1), Judgement("unknown", "could not tell: X"), ()),
    call_tests.Line("shop", "live", {}, Where("s.yml", 5, 1), Judgement("ok"), (), (), "rings longer"),
]  # fmt: skip


def test_tests_as_text() -> None:
    text = "".join(call_tests.text(LINES, width=4, language="en"))
    assert "ivr:main > extension:101 20s > talk > hangup 16" in text
    assert "calls.yml:12:9: queue:x does <not> happen" in text
    assert "note: a note" in text
    assert call_tests.summary(LINES) == "4 calls: 2 ok, 1 failed, 1 unknown; live: 0 of 1 agree"


def test_junit() -> None:
    tree = ET.fromstring(call_tests.junit(LINES))  # noqa: S314 - our own
    suites = tree.findall("testsuite")
    assert [
        (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors"))
        for suite in suites
    ] == [
        ("clinic", "2", "1", "0"),
        ("shop", "2", "1", "1"),
    ]
    failure = tree.find(".//testcase[@name='bad']/failure")
    assert failure is not None
    assert failure.get("message") == "calls.yml:12:9: queue:x does <not> happen ?"


def test_answers_that_can_be_given_are_those_that_are_asked() -> None:
    assert {"dial", "queue", "password", "database"} <= QUESTIONS.keys()


def test_a_happening_answers_one_of_several() -> None:
    both = Happening("rings", ("extension:101", "extension:102"), "20s")
    assert both.answers("extension:102 20s")
