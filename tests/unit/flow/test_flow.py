"""Call flows of sites: which ways there are, and that pictures of them can be read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kelid import pipeline
from kelid.commands import main
from kelid.findings import Exit
from kelid.flow import site_flow
from kelid.flow.site import ranges
from kelid.model.flow import PLACES, WHYS, Flow
from kelid.report.flow.layout import GAP, Size, layout
from kelid.report.flow.mermaid import mermaid
from kelid.report.flow.picture import picture
from kelid.report.flow.svg import svg, text_width
from kelid.report.words import WORDS

ROOT = Path(__file__).resolve().parents[3]
SITES = ROOT / "sites"
NAMES = sorted(path.parent.name for path in SITES.glob("*/site.yml"))


@pytest.fixture(scope="module")
def flows() -> dict[str, Flow]:
    return {name: site_flow(pipeline.load(SITES, name)) for name in NAMES}


def ways(flow: Flow, source: str) -> set[tuple[str, str, str]]:
    return {(link.why, link.detail, link.target) for link in flow.links if link.source == source}


def test_the_clinic(flows: dict[str, Flow]) -> None:
    clinic = flows["noor-clinic"]
    assert ways(clinic, "schedule:office") == {
        ("open", "", "ivr:main"),
        ("closed", "", "announcement:closed"),
        ("holiday", "", "announcement:holiday"),
    }
    assert ways(clinic, "ivr:departments") == {
        ("key", "1", "extension:103"),
        ("key", "2", "extension:104"),
        ("key", "3", "extension:105"),
        ("key", "4", "extension:106"),
        ("key", "9", "ivr:departments"),
        ("key", "*", "ivr:main"),
        ("nothing", "", "queue:reception"),
        ("wrong", "", "queue:reception"),
    }
    assert ways(clinic, "queue:reception") == {
        ("rings", "20", "phones:rings@queue:reception"),
        ("waited", "180", "voicemail:101"),
    }
    assert clinic.place("phones:rings@queue:reception").name == "101, 102, 106"
    assert clinic.place("ivr:main").where.file.endswith("ivrs.yml")


def test_one_way_in(flows: dict[str, Flow]) -> None:
    site = pipeline.load(SITES, "noor-clinic")
    phone = site_flow(site, "extension:105", every=True)
    assert ("inside", "103", "extension:103") in ways(phone, "phone:105")
    assert ("number", "110, 115, 125", "route:emergency") in ways(phone, "phone:105")
    assert not any(target == "route:mobile" for _, _, target in ways(phone, "phone:105"))
    assert {place.kind for place in site_flow(site, "trunk:mokhaberat").places} >= {
        "schedule",
        "ivr",
        "queue",
    }
    with pytest.raises(ValueError, match="it has trunk:mokhaberat, phones, extension:101"):
        site_flow(site, "trunk:nowhere")


@pytest.mark.parametrize("name", NAMES)
def test_every_way_leads_somewhere(name: str, flows: dict[str, Flow]) -> None:
    for every in (False, True):
        flow = site_flow(pipeline.load(SITES, name), every=every)
        keys = [place.key for place in flow.places]
        assert len(keys) == len(set(keys))
        ends = {link.target for link in flow.links}
        assert {link.source for link in flow.links} | ends <= set(keys)
        assert {place.kind for place in flow.places} <= PLACES.keys()
        assert {link.why for link in flow.links} <= WHYS.keys()
        first = {place.key.partition(":")[0] for place in flow.places if place.key not in ends}
        assert first <= {"trunk", "class"}, "nothing stands alone but the ways in"


def test_every_word_is_there_in_both_languages() -> None:
    assert {f"place.{kind}" for kind in PLACES} <= WORDS.keys()
    assert {f"why.{why}" for why in WHYS} <= WORDS.keys()
    for english, persian in WORDS.values():
        assert sorted(re.findall(r"\{\w*\}", english)) == sorted(re.findall(r"\{\w*\}", persian))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "fa"])
def test_pictures_are_sound(name: str, language: str, flows: dict[str, Flow]) -> None:
    shown = picture(flows[name], language)
    text = svg(shown)
    assert text == svg(shown), "the same flow gives the same picture"
    tree = ET.fromstring(text)  # noqa: S314 - our own
    width, height = float(tree.attrib["width"]), float(tree.attrib["height"])
    for found in tree.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(found.attrib["x"]) <= width
        assert 0 <= float(found.attrib["y"]) <= height
    for found in tree.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(found.attrib.get("x", 0)) >= 0
        assert float(found.attrib.get("x", 0)) + float(found.attrib["width"]) <= width
    said = {"".join(found.itertext()) for found in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert {box.title for box in shown.boxes} <= said
    chart = mermaid(shown)
    assert chart.count("-->") == sum(len(box.rows) for box in shown.boxes)
    assert chart.splitlines()[1] == ("flowchart RL" if language == "fa" else "flowchart LR")


def test_persian_reads_right(flows: dict[str, Flow]) -> None:
    text = svg(picture(flows["noor-clinic"]))
    assert 'xml:lang="fa" direction="rtl"' in text
    assert 'direction="rtl" unicode-bidi="embed" fill="#0f172a" font-weight="600">منوی اصلی<' in text
    assert "\u2066[2-9]XXXXXXX\u2069" in text, "patterns stay from left to right"


@given(data=st.data())
@settings(max_examples=60)
def test_boxes_never_lie_on_one_another(data: st.DataObject) -> None:
    number = data.draw(st.integers(1, 14))
    keys = [f"k{index}" for index in range(number)]
    sizes = {
        key: Size(
            data.draw(st.floats(20, 200)),
            data.draw(st.floats(20, 120)),
            tuple((10.0, data.draw(st.sampled_from(keys))) for _ in range(data.draw(st.integers(0, 4)))),
        )
        for key in keys
    }
    found = layout(sizes)
    assert set(found.spots) == set(keys)
    assert len(found.ways) == sum(len(size.rows) for size in sizes.values())
    spots = list(found.spots.values())
    for index, one in enumerate(spots):
        assert one.x >= -0.01
        assert one.y >= -0.01
        assert one.x + one.width <= found.width + 0.01
        assert one.y + one.height <= found.height + 0.01
        for other in spots[index + 1 :]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            below = one.y + one.height + GAP * 0.9 <= other.y or other.y + other.height + GAP * 0.9 <= one.y
            assert beside or below


def test_widths_are_generous() -> None:
    assert text_width("x" * 10, 10) > 55
    assert text_width("نوبت\u200cدهی", 10) == text_width("نوبتدهی", 10)


def test_ranges() -> None:
    assert ranges(["101", "102", "103", "200", "0101", "300", "301"]) == "101-103, 200, 0101, 300, 301"
    assert ranges([]) == ""


def test_mermaid_reads_none_of_peoples_words(flows: dict[str, Flow]) -> None:
    shown = picture(flows["noor-clinic"], "en")
    box = shown.boxes[0]._replace(title='a "b" <c> #1 *d* `e`')
    text = mermaid(shown._replace(boxes=(box, *shown.boxes[1:])))
    assert "a #quot;b#quot; #lt;c#gt; #35;1 #42;d#42; #96;e#96;" in text


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sites = ["--sites", str(SITES)]
    picture_file = tmp_path / "flow.svg"
    assert main(["flow", "noor-clinic", "-o", str(picture_file), *sites]) == Exit.OK
    assert picture_file.read_text(encoding="utf-8").startswith("<?xml")
    chart = tmp_path / "flow.md"
    assert main(["flow", "noor-clinic", "--language", "en", "-o", str(chart), *sites]) == Exit.OK
    assert chart.read_text(encoding="utf-8").startswith(
        "```mermaid\n%% Call flow: Noor Clinic\nflowchart LR\n"
    )
    capsys.readouterr()
    assert main(["flow", "noor-clinic", "--json", *sites]) == Exit.OK
    data = json.loads(capsys.readouterr().out)
    assert {"from": "ivr:main", "to": "queue:reception", "why": "key", "detail": "1"}.items() <= next(
        way for way in data["ways"] if way["from"] == "ivr:main"
    ).items()
    assert main(["flow", "noor-clinic", "--from", "trunk:x", *sites]) == Exit.USAGE
    assert "it has trunk:mokhaberat" in capsys.readouterr().err
    assert main(["flow", "noor-clinic", "-o", str(tmp_path / "no" / "flow.svg"), *sites]) == Exit.FAILURE


@pytest.mark.parametrize("form", ["svg", "mmd"])
def test_the_picture_of_a_small_site(form: str, accept: bool) -> None:
    """A picture as it was accepted: look at it (in a browser) before you accept another."""
    base = pipeline.load(ROOT / "tests" / "bad_sites", "_base")
    shown = picture(site_flow(base, "trunk:line"))
    text = svg(shown) if form == "svg" else mermaid(shown)
    golden = Path(__file__).parent / f"base.{form}"
    text = re.sub(r"\([^()]*bad_sites/_base/", "(", text)
    if accept:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
