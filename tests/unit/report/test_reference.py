"""The reference: nothing is missing, no link is dead, every example is taken by the loader, and docs/reference is fresh."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid import reference
from kelid.commands import main
from kelid.findings import Exit
from kelid.load.schema import TOPICS, schema, to_data
from kelid.load.tree import read_tree
from kelid.model.destination import KINDS
from kelid.report.reference import keys
from kelid.report.reference.markdown import code, prose
from kelid.report.yaml_text import document
from kelid.rules import RULES

PAGES = reference.made()
_LINK = re.compile(r"\]\(([^)\s]*)\)")
_SPAN = re.compile("`[^`\n]*`")
_ANCHOR = re.compile(r'<a id="([^"]+)">')
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_BLOCK = re.compile(
    r"^(?:##+ (?:`(?P<path>[^`]+)`|[^`\n]+)|```yaml\n(?P<text>.*?)^```)$", re.MULTILINE | re.DOTALL
)
_CODE = re.compile(r'"([A-Z][0-9]{3})"')


def test_the_pages_in_docs_are_fresh() -> None:
    stale = reference.stale(reference.folder())
    assert not stale, (
        f"{', '.join(stale)} out of date: run `make reference` (or `kelid reference`) and commit"
    )


def test_every_key_has_one_place_and_its_words_there() -> None:
    for topic in TOPICS:
        page = PAGES[f"{topic}.md"]
        places = _ANCHOR.findall(page)
        assert len(places) == len(set(places)), f"{topic}.md: two keys share a place"
        for key in keys.keys(schema(topic)):
            assert key.id in places
            assert prose(key.schema["description"]) in page


def test_every_code_of_the_source_is_explained(root: Path) -> None:
    source = (path.read_text(encoding="utf-8") for path in (root / "tools" / "kelid").rglob("*.py"))
    known = set(re.findall(r"^### ([A-Z][0-9]{3})$", PAGES["findings.md"], re.MULTILINE))
    assert known == {found for text in source for found in _CODE.findall(text)}
    assert set(RULES) <= known


def test_every_rule_shows_what_it_writes() -> None:
    for found in RULES:
        section = PAGES["findings.md"].split(f"### {found}\n")[1].split("\n### ")[0]
        assert f" {found} " in section, f"tests/bad_sites/{found}/expected.txt has no line of {found}"


def test_every_destination_is_explained() -> None:
    for kind in KINDS.values():
        assert f"| {prose(kind.meaning)} |" in PAGES["destinations.md"]


def test_no_link_is_dead() -> None:
    for name, page in PAGES.items():
        for link in _LINK.findall(_SPAN.sub("code", page)):
            file, _, place = link.partition("#")
            if file.startswith("../"):
                assert (reference.folder() / file).resolve().exists(), f"{name} links to {link}"
                continue
            target = PAGES[file or name]
            headings = {heading.lower().replace(" ", "-") for heading in _HEADING.findall(target)}
            assert not place or place in {*_ANCHOR.findall(target), *headings}, f"{name} links to {link}"


def holder(topic: str, path: str) -> dict[str, Any]:
    """Return the schema of what holds the key at a path, without the keys that it needs."""
    part = schema(topic)
    for step in path.split(".")[:-1]:
        name = step.rstrip("[]")
        known = part.get("properties", {})
        part = known[name] if name in known else next(iter(part["patternProperties"].values()))
        for _ in range(step.count("[]")):
            part = part["items"]
    return {key: value for key, value in part.items() if key not in {"required", "if", "then", "allOf"}}


def blocks(topic: str) -> Iterator[tuple[str, str]]:
    """Yield each example of a page with the path of the key that it stands under ("" for the file)."""
    path = ""
    for found in _BLOCK.finditer(PAGES[f"{topic}.md"]):
        if found["text"]:
            yield path, found["text"]
        else:
            path = found["path"] or ""


@pytest.mark.parametrize("topic", TOPICS)
def test_every_example_is_what_the_loader_takes(topic: str) -> None:
    for number, (path, text) in enumerate(blocks(topic)):
        tree, findings = read_tree(text, topic, vault=topic == "secrets")
        assert not findings, (path, text)
        assert tree is not None
        part = schema(topic) if number == 0 else holder(topic, path)  # the first is a whole file
        data = to_data(tree, part)
        problems = [str(error) for error in jsonschema_rs.Draft202012Validator(part).iter_errors(data)]
        assert not problems, f"{path}: {text}"


@pytest.mark.parametrize("topic", TOPICS)
def test_the_examples_together_have_every_key(topic: str) -> None:
    texts = "".join(text for _, text in blocks(topic))
    for key in keys.keys(schema(topic)):
        assert re.search(rf"^[ -]*{re.escape(key.name)}:", texts, re.MULTILINE), f"no example has {key.path}"


_TEXT = st.text(
    st.characters(max_codepoint=0x6FF, exclude_categories=("C", "Z"), exclude_characters="\u034f")
    | st.sampled_from(" :#-"),
    max_size=30,
)
_KEY = _TEXT.filter(lambda text: text != "<<")  # a merge key is never taken, quoted or not
_ODD = st.sampled_from(
    [
        "",
        "no",
        "1e3",
        "08:00",
        "a: b",
        "a #b",
        "- x",
        "۱۲",
        "Null",
        "سلام: خوش آمدید.",
        "*70",
        "سیزده\u200cبه\u200cدر",
        "[2-9]XX",
    ]
)
_DATA = st.recursive(
    _TEXT | _ODD | st.integers(-(10**9), 10**9) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEY | _ODD, inner, max_size=4),
    max_leaves=12,
)


def as_text(value: Any) -> Any:
    """Return a value with each scalar as the text that stands for it in YAML."""
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(st.dictionaries(_KEY, _DATA, min_size=1, max_size=4))
def test_what_is_written_as_yaml_is_read_back(value: dict[str, Any]) -> None:
    tree, findings = read_tree(document(value), "any")
    assert not findings
    assert tree is not None
    assert to_data(tree, {}) == as_text(value)


def test_persian_keeps_its_direction_apart() -> None:
    assert code("names: {fa: پذیرش}") == '<code dir="auto">names: {fa: پذیرش}</code>'
    assert code("a < b") == "`a < b`"
    assert code("`") == "`` ` ``"


def test_it_is_written_compared_and_cleared_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "reference"
    assert main(["reference", "--output", str(there)]) == Exit.OK
    assert main(["reference", "--output", str(there), "--check"]) == Exit.OK
    capsys.readouterr()
    (there / "own.md").write_text("# notes\n")
    (there / "site.md").write_text("edited by hand\n")
    (there / "faxes.md").write_text(PAGES["queues.md"])

    assert main(["reference", "--output", str(there), "--check"]) == Exit.CHANGES
    assert capsys.readouterr().out.split() == [
        *(str(there / "faxes.md"), "is", "out", "of", "date"),
        *(str(there / "site.md"), "is", "out", "of", "date"),
    ]
    assert main(["reference", "--output", str(there)]) == Exit.OK
    assert {path.name for path in there.iterdir()} == {*PAGES, "own.md"}
    assert (there / "site.md").read_text() == PAGES["site.md"]
