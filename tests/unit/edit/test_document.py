"""Changes to YAML text: what isn't meant stays byte for byte, and what was added leaves no trace when it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.edit.document import CannotEdit, Document
from kelid.edit.document import Path as Way
from kelid.edit.layout import Layout
from kelid.edit.write import Value, scalar
from kelid.load.tree import Mapping, Node, Scalar, read_tree

SITE = Path(__file__).parents[3] / "sites" / "noor-clinic"


# --- what is written, told by examples ---------------------------------------------------------------


def changed(text: str, *changes: Any) -> str:
    document = Document(text, "x.yml")
    for change in changes:
        change(document)
    return document.text


def test_a_new_item_looks_like_its_neighbours() -> None:
    text = (
        "queues:\n"
        "  # The front desk.\n"
        "  - name: front   # in the hall\n"
        "    members:\n"
        '      - extension: "101"\n'
        '      - {extension: "102", penalty: 1}  # at noon\n'
        "    destination: hangup\n"
    )
    member = {"extension": "103", "penalty": 2}
    after = changed(text, lambda file: file.insert(("queues", 0, "members"), member))
    assert after == text.replace("at noon\n", 'at noon\n      - {extension: "103", penalty: 2}\n')


def test_comments_that_are_indented_deeper_belong_to_the_item_above() -> None:
    text = "queues:\n- name: a\n  timeout: 5\n  # retry: 3\n\n# the end\n"
    after = changed(text, lambda file: file.insert(("queues",), {"name": "b"}))
    assert after == "queues:\n- name: a\n  timeout: 5\n  # retry: 3\n- name: b\n\n# the end\n"


def test_an_item_goes_with_the_comment_right_above_it_and_no_other() -> None:
    text = "a:\n  - x\n\n  # ---- upstairs ----\n\n  # for y alone\n  - y\n\n  # for z\n  - z\n"
    assert changed(text, lambda file: file.remove(("a", 1))) == (
        "a:\n  - x\n\n  # ---- upstairs ----\n\n  # for z\n  - z\n"
    )


def test_the_heading_above_the_first_item_stays() -> None:
    text = "a:\n  # ground floor\n  - x\n  - y\n"
    assert changed(text, lambda file: file.remove(("a", 0))) == "a:\n  # ground floor\n  - y\n"


def test_a_key_has_its_place_in_the_order_of_the_schema() -> None:
    text = "trunks:\n  - name: line\n    dids: []\n"
    order = ["name", "host", "port", "dids"]
    assert changed(text, lambda file: file.set(("trunks", 0, "host"), "sip.example", order=order)) == (
        "trunks:\n  - name: line\n    host: sip.example\n    dids: []\n"
    )


def test_a_value_keeps_its_quotes_and_its_comment() -> None:
    text = "a: 'extension:101'   # Sara\nb: \"x\"\nc: y\n"
    after = changed(
        text,
        lambda file: file.set(("a",), "queue:sales"),
        lambda file: file.set(("b",), 'say "yes"'),
        lambda file: file.set(("c",), "*70"),
    )
    assert after == 'a: \'queue:sales\'   # Sara\nb: "say \\"yes\\""\nc: "*70"\n'


def test_the_last_item_goes_with_its_key_or_leaves_an_empty_list() -> None:
    text = "q:\n  name: x\n  members:\n    - a\n  last: y\n"
    assert changed(text, lambda file: file.remove(("q", "members", 0))) == "q:\n  name: x\n  last: y\n"
    kept = changed(text, lambda file: file.remove(("q", "members", 0), keep_empty=True))
    assert kept == "q:\n  name: x\n  members: []\n  last: y\n"
    assert changed("m: [a]\n", lambda file: file.remove(("m", 0))) == "m: []\n"


def test_an_empty_list_can_be_opened_up() -> None:
    assert changed("m: []  # none yet\n", lambda file: file.insert(("m",), "a")) == "m: [a]  # none yet\n"
    assert (
        changed("m: []\nn: x\n", lambda file: file.insert(("m",), {"b": "c"}, open_up=True))
        == "m:\n  - b: c\nn: x\n"
    )


def test_lists_over_several_lines_stay_so() -> None:
    text = "m: [\n  a,\n  b,\n]\n"
    assert changed(text, lambda file: file.insert(("m",), "c")) == "m: [\n  a,\n  b,\n  c,\n]\n"
    assert changed(text, lambda file: file.remove(("m", 1))) == "m: [\n  a,\n]\n"


def test_what_splicing_can_not_do_is_refused_and_nothing_is_changed() -> None:
    text = "a: {b: c}\n"
    document = Document(text, "x.yml")
    with pytest.raises(CannotEdit, match=r"x\.yml:1"):
        document.insert(("a",), "d")
    assert document.text == text


def test_a_deeper_comment_above_the_first_item_stays_above_it() -> None:
    text = "m:\n    # all who\n- b\n"
    document = Document(text)
    document.insert(("m",), "a", 0)
    assert document.text == "m:\n    # all who\n- a\n- b\n"
    document.remove(("m", 0))
    assert document.text == text


def test_the_only_key_of_an_item_leaves_the_item() -> None:
    assert (
        changed("m:\n  - a: x\n  - b: y\n", lambda file: file.remove(("m", 0, "a")))
        == "m:\n  - {}\n  - b: y\n"
    )


def test_a_splice_that_says_something_else_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    document = Document("m:\n  - a\n  - b\n", "x.yml")
    monkeypatch.setattr(Layout, "item_end", lambda *_: len("m:\n  - a"))
    with pytest.raises(CannotEdit, match=r"x\.yml:2: .* by hand"):
        document.insert(("m",), "c")
    assert document.text == "m:\n  - a\n  - b\n"
    assert document.data() == {"m": ["a", "b"]}


# --- scalars -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["پذیرش", "سیزده‌به‌در", "O'Brien", "café", "extension:101", "02:30", "rrmemory"]
)
def test_what_every_reader_takes_for_text_stays_bare(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize(
    "text", ["0101", "1e3", "no", "Yes", "null", "*70", "[2-9]XX", "#1", "a: b", "a #b", "", " a", "x:"]
)
def test_what_a_reader_could_take_for_something_else_is_quoted(text: str) -> None:
    assert scalar(text)[0] in "\"'"


@given(st.text(max_size=30))
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    for quote in ("", '"', "'"):
        for frame in ("k: {}\n", "k: [{}, x]\n", "k: {{y: {}}}\n"):
            tree, _ = read_tree(frame.format(scalar(text, quote=quote)), "x.yml")
            if tree is None:
                # The loader refuses the character itself, wherever it stands.
                assert not text.isprintable()
                continue
            assert isinstance(tree, Mapping)
            node: Node = tree.items["k"]
            while not isinstance(node, Scalar):
                node = next(iter(node.items.values())) if isinstance(node, Mapping) else node.items[0]
            assert node.text == text


# --- any layout --------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["alpha", '"101"', "'*70'", "queue:sales", "پذیرش", '"a # b"', "O'Brien", "x-y", '"{}"', "08:00"]
)
KEYS = ["name", "names", "members", "digits", "فا", "destination", "z"]
COMMENTS = ["# one", "# - two: [", "#", "# ترجمه", "#: {"]


@st.composite
def layouts(draw: st.DrawFn) -> str:
    """Return the text of a YAML file in one of the many ways in which people write it."""
    rows: list[str] = []

    def noise(indents: list[int]) -> None:
        for _ in range(draw(st.integers(0, 2))):
            if draw(st.booleans()):
                rows.append(" " * draw(st.sampled_from([0, 0, 3])))
            else:
                rows.append(" " * draw(st.sampled_from(indents)) + draw(st.sampled_from(COMMENTS)))

    def tail() -> str:
        return draw(st.sampled_from(["", "", "", "  ", "  # remark"]))

    def flow(depth: int) -> str:
        kind = draw(st.integers(0, 3))
        if kind == 0 and depth < 3:
            return "[" + ", ".join(flow(depth + 1) for _ in range(draw(st.integers(0, 3)))) + "]"
        if kind == 1 and depth < 3:
            keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3))
            pad = draw(st.sampled_from(["", " "]))
            return "{" + pad + ", ".join(f"{key}: {flow(depth + 1)}" for key in keys) + pad + "}"
        return draw(WORDS)

    def mapping(column: int, depth: int, first: str) -> None:
        keys = draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=1, max_size=3))
        for number, key in enumerate(keys):
            if number:
                noise([0, column, column + 2, column + 4])
            head = (first if not number else " " * column) + key + ":"
            inside(head, column, depth, indentless=True)

    def sequence(column: int, depth: int) -> None:
        for number in range(draw(st.integers(1, 3))):
            if number:
                noise([0, column, column + 2, column + 4])
            head = " " * column + "-"
            kind = draw(st.integers(0, 2))
            if kind and depth < 4:
                mapping(column + 2, depth + 1, head + " ")
            else:
                rows.append(f"{head} {flow(depth)}{tail()}")

    def inside(head: str, column: int, depth: int, *, indentless: bool) -> None:
        kind = draw(st.integers(0, 3))
        if kind < 2 or depth > 3:
            rows.append(f"{head} {flow(depth)}{tail()}")
            return
        rows.append(head + tail())
        noise([0, column, column + 2])
        if kind == 2:
            mapping(column + 2, depth + 1, " " * (column + 2))
        else:
            sequence(column if indentless and draw(st.booleans()) else column + 2, depth + 1)

    noise([0])
    mapping(0, 0, "")
    noise([0, 2, 4])
    eol = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return eol.join(rows) + draw(st.sampled_from([eol, eol, ""]))


VALUES: st.SearchStrategy[Value] = st.sampled_from(
    [
        "109",
        "*70",
        "زهرا",
        7,
        True,
        {"digits": "7", "destination": "extension:109"},
        {
            "number": "109",
            "names": {"fa": "زهرا", "en": "Zahra"},
            "voicemail": {},
            "members": [{"extension": "1"}],
        },
        ["a", "0"],
        [],
    ]
)


def ways(data: Any, way: Way = ()) -> list[tuple[Way, Any]]:
    """Return the way to every list and mapping of the data."""
    found: list[tuple[Way, Any]] = []
    if isinstance(data, dict):
        found.append((way, data))
        for key, item in data.items():
            found += ways(item, (*way, key))
    elif isinstance(data, list):
        found.append((way, data))
        for place, item in enumerate(data):
            found += ways(item, (*way, place))
    return found


def one_piece(longer: str, shorter: str) -> bool:
    """Return True if the longer text is the shorter one with one piece put in."""
    start = 0
    while start < len(shorter) and longer[start] == shorter[start]:
        start += 1
    return shorter[start:] == longer[len(longer) - (len(shorter) - start) :]


@given(st.data())
def test_what_is_added_is_one_piece_and_leaves_no_trace(data: st.DataObject) -> None:
    text = data.draw(layouts())
    document = Document(text, "x.yml")
    way, holder = data.draw(st.sampled_from(ways(document.data())))
    value = data.draw(VALUES)
    if isinstance(holder, list):
        place = data.draw(st.integers(0, len(holder)))
        document.insert(way, value, place)
        new: Way = (*way, place)
    else:
        new = (*way, "fresh")
        order = data.draw(st.permutations([*KEYS, "fresh"]))
        document.set(new, value, order=order)

    assert one_piece(document.text, text)
    assert "\r\n" not in text or "\n" not in document.text.replace("\r\n", "")
    document.remove(new)
    assert document.text == text


@given(st.data())
def test_what_is_removed_is_one_piece(data: st.DataObject) -> None:
    text = data.draw(layouts())
    document = Document(text, "x.yml")
    full = [(way, holder) for way, holder in ways(document.data()) if len(holder) > 1]
    if not full:
        return
    way, holder = data.draw(st.sampled_from(full))
    document.remove(
        (*way, data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder)))))
    )

    assert one_piece(text, document.text)


@given(st.data())
def test_any_value_can_be_replaced(data: st.DataObject) -> None:
    document = Document(data.draw(layouts()), "x.yml")
    everything = [
        (*way, key)
        for way, holder in ways(document.data())
        for key in (holder if isinstance(holder, dict) else range(len(holder)))
    ]
    document.replace(data.draw(st.sampled_from(everything)), data.draw(VALUES))


@pytest.mark.parametrize("file", sorted(path.name for path in SITE.glob("*.yml")))
def test_every_item_of_the_sample_can_be_taken_out_and_put_back(file: str) -> None:
    text = (SITE / file).read_text(encoding="utf-8")
    for way, holder in ways(Document(text).data()):
        if not isinstance(holder, list):
            continue
        document = Document(text, file)
        document.insert(way, holder[-1] if holder else "x")
        document.remove((*way, len(holder)))
        assert document.text == text
