"""What YAML text is taken, what is refused, and where the message points."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kelid.load.codes import CODES
from kelid.load.tree import MAX_DEPTH, MAX_FINDINGS, MAX_NODES, Mapping, Scalar, Sequence, read_tree

ZWNJ = "\u200c"


def codes(text: str, *, vault: bool = False) -> list[str]:
    return [finding.code for finding in read_tree(text, "f.yml", vault=vault)[1]]


def places(text: str) -> list[tuple[str, int, int]]:
    return [(f.code, f.where.line, f.where.column) for f in read_tree(text, "f.yml")[1]]


def plain(node: object) -> object:
    """Return a tree as plain lists, mappings and texts."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.items.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 0101", {"a": "0101"}),
        ("a: 18:30", {"a": "18:30"}),
        ("a: no", {"a": "no"}),
        ("a: +98211234", {"a": "+98211234"}),
        ("a: 1e3", {"a": "1e3"}),
        ("a: 2027-02-11", {"a": "2027-02-11"}),
        ("a: .5", {"a": ".5"}),
        ("a: ''", {"a": ""}),
        ("a: []", {"a": []}),
        ("a: {}", {"a": {}}),
        ("a: 'it''s'", {"a": "it's"}),
        ('a: "\\u0628"', {"a": "ب"}),
        (f"a: بخش{ZWNJ}ها", {"a": f"بخش{ZWNJ}ها"}),
        ("# x\r\na: 1\r\nb:\r\n  - 2\r\n", {"a": "1", "b": ["2"]}),
        ("- [a, b]\n- {c: d}\n", [["a", "b"], {"c": "d"}]),
    ],
)
def test_the_very_characters_stay(text: str, value: object) -> None:
    tree, findings = read_tree(text, "f.yml")
    assert findings == []
    assert plain(tree) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2", ("L002", 2, 1)),
        ("a: &x 1", ("L003", 1, 4)),
        ("a: [1, *x]", ("L003", 1, 8)),
        ("a: &x {b: 1}", ("L003", 1, 4)),
        ("a: !!str 1", ("L004", 1, 4)),
        ("a: !python/object:os.system {}", ("L004", 1, 4)),
        ("a: !vault x", ("L004", 1, 4)),
        ("a: ~", ("L005", 1, 4)),
        ("a: null", ("L005", 1, 4)),
        ("a:\nb: 1", ("L005", 1, 3)),
        ("- \n- 1", ("L005", 1, 2)),
        ("a: *70", ("L006", 1, 4)),
        ("a: [2-9]XX", ("L006", 1, 4)),
        ("p: [[2-9]XX, 5]", ("L006", 1, 5)),
        ("a: #1", ("L006", 1, 3)),
        ("a: *", ("L006", 1, 4)),
        ("a: #", ("L006", 1, 3)),
        ("a: {digits: #, b: c}", ("L006", 1, 13)),
        ("a: {digits: *, b: c}", ("L006", 1, 13)),
        ("a: & b", ("L006", 1, 4)),
        ("a: @home", ("L006", 1, 4)),
        ("a: {<<: b}", ("L007", 1, 5)),
        ("? [a, b]\n: c", ("L008", 1, 3)),
        ("a: \u202eb", ("L010", 1, 4)),
        ("a: b\u200bc", ("L010", 1, 5)),
        ("a: b # \u2066 hidden in a comment", ("L010", 1, 8)),
        (f"a: x{ZWNJ}y", ("L010", 1, 5)),
        (f"a: ب{ZWNJ}", ("L010", 1, 5)),
        ("a:\tb", ("L010", 1, 3)),
        ("a: b\x00", ("L010", 1, 5)),
        ("\ufeffa: b", ("L010", 1, 1)),
        ("a: b\u2028c", ("L010", 1, 5)),
        ('a: "b\\nc"', ("L010", 1, 4)),
        ('a: "b\\0"', ("L010", 1, 4)),
        ('a: "\\u202e"', ("L010", 1, 4)),
        ('"a\\tb": c', ("L010", 1, 1)),
        ("a: |\n  two\n  lines\n", ("L010", 1, 4)),
        ("a: 1\n---\nb: 2", ("L011", 2, 1)),
        ("", ("L012", 1, 1)),
        ("# nothing", ("L012", 1, 1)),
        ("a: {b: c", ("L001", 1, 4)),
        ("a: 'b", ("L001", 1, 4)),
        ("a: 'b\n\n  c'", ("L010", 1, 4)),
        ("a:b\nc: d", ("L001", 1, 1)),
        ("a b\nc: d", ("L001", 1, 1)),
        ("a: b: c", ("L001", 1, 5)),
        ("a: b\n  c: d", ("L001", 2, 3)),
        ("a:\n\u00a0\u00a0b: c", ("L010", 2, 1)),
    ],
)
def test_refused_with_its_place(text: str, expected: tuple[str, int, int]) -> None:
    assert expected in places(text)


def test_all_problems_at_once() -> None:
    text = "a: ~\na: 1\nb: &x 2\nc: !t 3\nd: *70\n"
    assert codes(text) == ["L005", "L002", "L003", "L004", "L006"]


def test_vault_takes_its_tag_and_line_breaks() -> None:
    tree, findings = read_tree(
        "k: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n", "secrets.yml", vault=True
    )
    assert findings == []
    assert isinstance(tree, Mapping)
    node = tree.items["k"]
    assert isinstance(node, Scalar)
    assert (node.sealed, node.text) == (True, "$ANSIBLE_VAULT;1.1;AES256\n6162\n")


@pytest.mark.parametrize(
    "value", ["*hidden", "@hidden", "#hidden", "!hidden x", "[hidden]x", "&hidden x", "'hidden"]
)
def test_no_value_of_secrets_is_ever_shown(value: str) -> None:
    _, findings = read_tree(f"k: {value}\n", "secrets.yml", vault=True)
    assert findings
    assert "hidden" not in " ".join(map(str, findings))


@pytest.mark.parametrize(
    "text", ["[" * 5000, "{a: " * 5000, "- " * 5000, "\n".join(" " * n + "a:" for n in range(5000))]
)
def test_deep_nesting_is_refused_fast(text: str) -> None:
    started = time.perf_counter()
    assert codes(text) == ["L009"]
    assert time.perf_counter() - started < 2


def test_the_deepest_that_is_taken() -> None:
    assert codes("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []
    assert codes("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == ["L009"]


def test_too_many_values_are_refused() -> None:
    assert codes("[" + "1," * MAX_NODES + "]") == ["L009"]


def test_billion_laughs_cost_nothing() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for number in range(1, 30):
        levels.append(f"a{number}: &a{number} [" + ", ".join([f"*a{number - 1}"] * 9) + "]")
    started = time.perf_counter()
    found = codes("\n".join(levels))
    assert set(found) == {"L003"}
    assert len(found) == MAX_FINDINGS
    assert time.perf_counter() - started < 2


_BITS = st.one_of(
    st.sampled_from(
        [
            "a",
            "b: ",
            "- ",
            "  ",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "#",
            "*",
            "&",
            "!",
            ">",
            "'",
            '"',
            "%",
            "@",
            "?",
        ]
    ),
    st.sampled_from(["<<: ", "~", "\\", "!vault ", "0", "ب", "|", "---\n", "...\n", "\n"]),
    st.sampled_from(["\t", "\r", "\0", "\u202e", ZWNJ, "\ufeff", "\u2028", "\U0010ffff", "\u0600"]),
)


@settings(max_examples=400)
@given(st.one_of(st.text(), st.lists(_BITS, max_size=40).map("".join)), st.booleans())
@example("a: \ud7ff", False)
@example("a: b\n\n", False)
@example("%YAML 9.9\n---\na: b", False)
@example("%TAG ! tag:x,2000:\n---\n!x b", False)
def test_hostile_text(text: str, vault: bool) -> None:
    """Whatever the text, there is an answer: findings with known codes and places, or a clean tree."""
    tree, findings = read_tree(text, "f.yml", vault=vault)
    count = text.count("\n") + 1
    for finding in findings:
        assert finding.code in CODES
        assert 0 <= finding.where.line <= count + 1
        assert "\n" not in str(finding)
        assert "\u202e" not in str(finding)
    if findings:
        return
    assert tree is not None
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            assert node.sealed or not set(node.text) & set("\n\r\t\0\u202e\u2028\ufeff\u2066")
        elif isinstance(node, Sequence):
            stack += node.items
        else:
            stack += node.items.values()
            assert list(node.keys) == list(node.items)
            assert not set("".join(node.keys)) & set("\n\r\t\0\u202e")


@settings(max_examples=200)
@given(
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")),
        min_size=1,
    )
)
def test_quoted_text_comes_back(text: str) -> None:
    """A text of ordinary characters, quoted, is read as the very same text; where it isn't taken, a finding says so."""
    tree, findings = read_tree("a: '" + text.replace("'", "''") + "'\n", "f.yml")
    assert [finding.code for finding in findings] in ([], ["L010"])
    if not findings:
        assert plain(tree) == {"a": text}
