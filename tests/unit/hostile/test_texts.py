"""No text of a site can become anything but text in Asterisk: it is refused where it stands, or arrives inert."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leaves import Leaf, Sample, every_text, free_texts, samples

from kelid.compile import compile_site
from kelid.load.schema import TOPICS
from kelid.model.pbx import Pbx
from kelid.readback import readback
from kelid.render import Refused, render

HOSTILE = {
    "newline": "\n",
    "return": "\r",
    "semicolon": "x;y",
    "comment": ";--",
    "include": "#include x",
    "exec": "#exec id",
    "section": "[x]",
    "shell": "${SHELL(id)}",
    "expression": "$[1+1]",
    "comma": "x,y",
    "quote": '"',
    "apostrophe": "'",
    "backslash": "\\",
    "device": "&PJSIP/x",
    "nul": "\0",
    "override": "\u202e",
    "isolate": "\u2066x",
    "arabic-indic": "\u0661\u0662",
    "persian digits": "\u06f1\u06f2",
    "zero width": "\u200b",
    "separator": "\u2028",
    "secret": "%%secret:x%%",
    "pipe": "|",
    "backtick": "`id`",
    "brackets": "<x>",
    "parentheses": ")x(",
    "caret": "x^y",
    "equals": "a=>b",
    "template": "{{x}}",
}
"""What could act somewhere on the way from YAML to a call."""

WELCOME = {
    "persian": "پذیرش",
    "joined": "بخش\u200cها",
    "arabic": "مكتب",
    "chinese": "前台",
    "irish": "O'Brien",
    "french": "Café",
    "persian digits": "اتاق ۱۲",
}
"""What people write, and see again on their phones."""

ACTS = frozenset('\0\n\r\t;\\"`|<>${},[]\u202e\u2066\u200b\u2028')
"""Characters that no text may bring into a conf file or the dial plan."""
ACTS_IN_ARGUMENTS = ACTS | frozenset("&^()'=%")
"""Those, and what acts in the arguments of an application that does something."""

BEFORE, AFTER = "Qz", "zQ"
_OURS = re.compile(f"{BEFORE}(.*?){AFTER}", re.DOTALL)


def dressed(text: str) -> str:
    return f"{BEFORE}{text}{AFTER}"


def said(leaves: Iterable[Leaf], text: str) -> dict[Leaf, str]:
    return {leaf: text + leaf.filling for leaf in leaves}


def compiled(sample: Sample, texts: Mapping[Leaf, str]) -> tuple[Pbx | None, list[Leaf]]:
    """Return what Asterisk gets of the site with these texts, or which of them are refused."""
    site, errors = sample.judge(texts)
    refused = sample.refused(texts, errors)
    if refused or site is None:
        assert refused
        return None, list(refused)
    pbx = compile_site(site)
    try:
        bundle = render(pbx)
    except Refused as problem:
        return None, list(sample.refused(texts, list(problem.findings)))
    assert readback(bundle) == pbx
    return pbx, []


def told(text: str, message: str) -> bool:
    """Return True if a message says which character of a text is wrong, or what else is."""
    odd = [character for character in text if not character.isalnum()]
    return (
        any(character in message or f"U+{ord(character):04X}" in message for character in odd)
        or "line break" in message
        or "longer than" in message
    )


def skeleton(pbx: Pbx) -> Iterable[tuple[tuple[object, ...], str, bool]]:
    """Yield everything that Asterisk gets: what it is, the text, and whether the text is an argument that acts."""
    yield (pbx.site, pbx.asterisk, pbx.media), "", False
    for file in pbx.files:
        for section in file.sections:
            yield (file.path, section.name), "", False
            for option in section.options:
                yield (file.path, section.name, option.key), option.value, False
    for option in pbx.globals:
        yield ("globals", option.key), option.value, True
    for context in pbx.contexts:
        yield (context.name, *((item.context, item.times) for item in context.includes)), "", False
        for hint in context.hints:
            yield (context.name, "hint", hint.exten), hint.device, True
        for exten in context.extens:
            for number, step in enumerate(exten.steps, start=1):
                yield (
                    (context.name, exten.pattern, number, step.label, step.app),
                    step.data,
                    step.app != "NoOp",
                )
    for item in pbx.lists:
        for line in item.lines:
            yield (item.path,), line.text, True


def assert_inert(hostile: Pbx, harmless: Pbx) -> None:
    """Only values differ, and only in the text itself, which holds nothing that acts."""
    for (key, value, acts), (other_key, other, _) in zip(skeleton(hostile), skeleton(harmless), strict=True):
        assert key == other_key
        if value != other:
            assert _OURS.sub("", value) == _OURS.sub("", other), key
            for ours in _OURS.findall(value):
                assert not set(ours) & (ACTS_IN_ARGUMENTS if acts else ACTS), (key, value)


@cache
def plain(at: int, leaves: tuple[Leaf, ...]) -> Pbx:
    """Return what Asterisk gets of a sample with a harmless text in these places."""
    pbx, refused = compiled(samples()[at], said(leaves, dressed("w")))
    assert not refused
    assert pbx
    return pbx


def assert_no_harm(at: int, texts: dict[Leaf, str]) -> None:
    """Refused where it stands, or inert: asked of all texts at once, then of those that were not refused."""
    sample = samples()[at]
    _, errors = sample.judge(texts)
    for leaf, findings in sample.refused(texts, errors).items():
        assert any(told(texts[leaf], f"{item.message} {item.fix}") for item in findings), findings
        del texts[leaf]
    pbx, refused = compiled(sample, texts)
    while refused:
        for leaf in refused:
            del texts[leaf]
        pbx, refused = compiled(sample, texts)
    assert pbx
    assert_inert(pbx, plain(at, tuple(texts)))


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("at", free_texts(), ids=lambda at: samples()[at].name)
def test_hostile_text_is_refused_or_inert(at: int, hostile: str) -> None:
    assert_no_harm(at, said(free_texts()[at], dressed(hostile)))


@settings(max_examples=20)
@given(
    at=st.sampled_from(sorted(free_texts())),
    bits=st.lists(st.sampled_from([*HOSTILE.values(), *WELCOME.values(), " ", "x"]), min_size=2, max_size=3),
)
def test_several_at_once(at: int, bits: list[str]) -> None:
    assert_no_harm(at, said(free_texts()[at], dressed("".join(bits))))


@pytest.mark.parametrize("text", WELCOME.values(), ids=WELCOME)
@pytest.mark.parametrize("at", free_texts(), ids=lambda at: samples()[at].name)
def test_what_people_write_arrives(at: int, text: str) -> None:
    leaves = free_texts()[at]
    if "'" in text:
        # A prefix stands in an argument, which can't hold one: some rules say so, elsewhere it becomes a blank.
        leaves = tuple(leaf for leaf in leaves if not leaf.name.endswith("caller_id_prefix"))
    pbx, refused = compiled(samples()[at], said(leaves, text))
    assert not refused
    assert pbx
    for (key, value, _), (_, other, _) in zip(skeleton(pbx), skeleton(plain(at, leaves)), strict=True):
        assert value == other.replace(dressed("w"), text), key


TEXTS = {name: wanted for topic in TOPICS for name, wanted in every_text(topic) if topic != "secrets"}


@pytest.mark.parametrize("name", [name for name, wanted in TEXTS.items() if "enum" not in wanted])
def test_a_text_has_an_end(name: str) -> None:
    valid = jsonschema_rs.Draft202012Validator(TEXTS[name]).is_valid
    assert not any(
        valid(text * 9000) for example in TEXTS[name]["examples"] for text in (example, "x", "9", "/a", "پ")
    )


def test_patterns_take_nothing_that_acts() -> None:
    """Where a schema has a pattern, a hostile text is refused alone and anywhere in a good one."""
    taken = set()
    for name, wanted in TEXTS.items():
        if "pattern" not in wanted:
            continue
        valid = jsonschema_rs.Draft202012Validator(wanted).is_valid
        for kind, hostile in HOSTILE.items():
            for good in ("", *wanted["examples"]):
                half = len(good) // 2
                texts = (hostile, good + hostile, hostile + good, good[:half] + hostile + good[half:])
                taken |= {(name, kind) for text in texts if valid(text)}
    assert taken == set()
