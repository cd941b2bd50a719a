"""Conf text is read as Asterisk reads it, and back to the very Pbx that was printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.compile import compile_site
from kelid.compile.text import name_of
from kelid.findings import KelidError
from kelid.load import load_site
from kelid.model.bundle import Bundle
from kelid.model.pbx import (
    ConfFile,
    Context,
    Exten,
    Hint,
    Include,
    ListFile,
    ListLine,
    Option,
    Pbx,
    Section,
    Step,
    Switch,
    secret_token,
)
from kelid.model.record import replace
from kelid.model.site import Site
from kelid.readback import Kind, read_conf, read_dialplan, readback
from kelid.render import Refused, render

anything = st.text(max_size=40)
nasty = st.text(alphabet="ab;-\\,$}{[]()\"'=># \n\r\x00%\u2028پ", max_size=30)


@pytest.fixture(scope="module")
def clinic(root: Path) -> Site:
    site = load_site(root / "sites" / "noor-clinic", shown="sites/noor-clinic").site
    assert site is not None
    return site


@pytest.mark.parametrize("asterisk", [16, 22])
def test_what_was_printed_reads_back(clinic: Site, asterisk: int) -> None:
    pbx = compile_site(replace(clinic, servers=replace(clinic.servers, asterisk=asterisk)))
    assert readback(render(pbx)) == pbx


def test_every_form_reads_back() -> None:
    pbx = Pbx(
        site="x",
        asterisk=22,
        files=(
            ConfFile("a.conf", ()),
            ConfFile(
                "b.conf", (Section("s", (Option("k", ""), Option("k", "a;b\\;c = > d"))), Section("s", ()))
            ),
            ConfFile(
                "c.conf",
                (
                    Section("t", (Option("k", "1"),), template=True),
                    Section("u", (), template=True, inherits=("t",)),
                    Section("s", (Option("k", "2"),), inherits=("t", "u")),
                ),
            ),
        ),
        globals=(Option("G", "1"),),
        contexts=(
            Context("empty"),
            Context(
                "c",
                (
                    Exten("_X.", (Step("NoOp", "a(b),c;--d"), Step("Hangup", label="end"))),
                    Exten("*1", (Step("Answer"),)),
                    Exten("_X.", (Step("Answer"), Step("Hangup", label="x", priority=4)), caller="_09."),
                    Exten("_X.", (Step("Answer", priority=2),), caller=""),
                ),
                (Include("d"), Include("e", "08:00-12:00,sat-wed,*,*")),
                (Hint("101", "PJSIP/101&Custom:x"),),
                switches=(Switch("switch", "Realtime/a@b"), Switch("eswitch", "Loopback/${EXTEN}@b")),
                ignorepats=("9", "_0X"),
            ),
        ),
        lists=(
            ListFile("empty.list", ()),
            ListFile("pins-a.list", (ListLine(f"sara:{secret_token('p', md5=True)}"), ListLine("[x] = ;y"))),
        ),
    )
    assert readback(render(pbx)) == pbx


@given(value=nasty | anything)
def test_a_value_arrives_as_it_is_or_not_at_all(value: str) -> None:
    pbx = Pbx(site="x", asterisk=22, files=(ConfFile("a.conf", (Section("s", (Option("k", value),)),)),))
    try:
        bundle = render(pbx)
    except Refused:
        return
    assert readback(bundle) == pbx


@given(text=nasty | anything)
def test_a_line_of_a_list_arrives_as_it_is_or_not_at_all(text: str) -> None:
    pbx = Pbx(site="x", asterisk=22, lists=(ListFile("a.list", (ListLine(text), ListLine("next"))),))
    try:
        bundle = render(pbx)
    except Refused:
        return
    assert readback(bundle) == pbx
    assert bundle.files["a.list"].split("\n") == [text, "next", ""]


@given(data=nasty | anything)
def test_arguments_arrive_as_they_are_or_not_at_all(data: str) -> None:
    pbx = Pbx(
        site="x", asterisk=22, contexts=(Context("c", (Exten("s", (Step("NoOp", data), Step("Hangup"))),)),)
    )
    try:
        bundle = render(pbx)
    except Refused:
        return
    assert readback(bundle) == pbx


@given(name=nasty | anything)
def test_a_name_changes_nothing_but_itself(clinic: Site, name: str) -> None:
    """Whatever an extension, a queue's member or a holiday is called, all but the name stays as it was."""
    marker = "Zyxwv"  # stands nowhere else
    plain, hostile = (
        replace(
            clinic,
            extensions=tuple(replace(e, names={"fa": text}) for e in clinic.extensions),
            calendars=tuple(
                replace(c, days=tuple(replace(d, names={"fa": text}) for d in c.days))
                for c in clinic.calendars
            ),
        )
        for text in (marker, name)
    )
    try:
        bundle = render(compile_site(hostile))
    except Refused:
        return
    inert = name_of({"fa": name}, "fa")
    expected = render(compile_site(plain))
    assert {path: text.replace(marker, inert) for path, text in expected.files.items()} == dict(bundle.files)
    assert not set(inert) & set('${}[],;"\\<>|`\n')


@given(text=nasty | anything)
def test_reading_loses_nothing(text: str) -> None:
    assert str(read_conf("x.conf", text)) == text


@pytest.mark.parametrize(
    ("text", "kind", "name", "value"),
    [
        ("k = v", Kind.OPTION, "k", "v"),
        ("k=>v", Kind.OPTION, "k", "v"),
        ("  k =  a = b ; why", Kind.OPTION, "k", "a = b"),
        ("k = a\\;b", Kind.OPTION, "k", "a;b"),
        ("k = a\\\\;b", Kind.OPTION, "k", "a\\;b"),
        ("k = a ;-- inside --; b", Kind.OPTION, "k", "a  b"),
        ("k = a ;--- a plain comment", Kind.OPTION, "k", "a"),
        ("k =", Kind.OPTION, "k", ""),
        ("; only", Kind.BLANK, "", ""),
        ("", Kind.BLANK, "", ""),
        ("[name]", Kind.SECTION, "name", ""),
        ("[name](!,base)", Kind.SECTION, "name", ""),
        ("[name] x", Kind.SECTION, "name", "x"),
        ("[name] (base)", Kind.SECTION, "name", "(base)"),
        ("[a]b]", Kind.SECTION, "a", "b]"),
        ("[name](base", Kind.GARBAGE, "", "[name](base"),
        ("k += v", Kind.OPTION, "k", " v"),
        ("\\[k = v", Kind.OPTION, "[k", "v"),
        ("\\ = v", Kind.GARBAGE, "", "\\ = v"),
        (" = v", Kind.GARBAGE, "", "= v"),
        ("k = v\x00 w", Kind.OPTION, "k", "v"),
        ("k = v\u00a0", Kind.OPTION, "k", "v\u00a0"),
        ("k = v \r", Kind.OPTION, "k", "v"),
        ("#Include\t<a.conf>", Kind.DIRECTIVE, "Include", "<a.conf>"),
        ("\ufeff[a]", Kind.SECTION, "a", ""),
        ("k = v --; w", Kind.OPTION, "k", "v --; w"),
        ("[name", Kind.GARBAGE, "", "[name"),
        ("word", Kind.GARBAGE, "", "word"),
        ("#include other.conf", Kind.DIRECTIVE, "include", "other.conf"),
        ("k = " + "x" * 8186, Kind.OPTION, "k", "x" * 8186),
        ("k = " + "x" * 8187, Kind.GARBAGE, "", "k = " + "x" * 8187),
    ],
)
def test_a_line_is_read_as_asterisk_reads_it(text: str, kind: Kind, name: str, value: str) -> None:
    (line,) = read_conf("x.conf", f"{text}\n").lines
    assert (line.kind, line.name, line.value) == (kind, name, value)


def test_a_comment_of_many_lines_hides_what_is_in_it() -> None:
    conf = read_conf("x.conf", "a = 1\n;-- b = 2\n ;-- deeper --;\nc = 3\n--; d = 4\ne = 5\n")
    assert [line.name for line in conf.lines if line.kind is Kind.OPTION] == ["a", "d", "e"]


def test_dialplan_of_a_site_is_read() -> None:
    text = (
        "[door]\n"
        "include => internal\n"
        "exten = 5,hint,PJSIP/105\n"
        "exten => 5,1,Answer\n"
        " same => n(open),Dial(PJSIP/105,20)\n"
        "exten => 5,n,Hangup()\n"
        "exten => _9X,1,NoOp(a (b) c)\n"
    )
    contexts, findings = read_dialplan("custom/door.conf", text)
    assert findings == []
    assert contexts == (
        Context(
            "door",
            (
                Exten("5", (Step("Answer"), Step("Dial", "PJSIP/105,20", "open"), Step("Hangup"))),
                Exten("_9X", (Step("NoOp", "a (b) c"),)),
            ),
            (Include("internal"),),
            (Hint("5", "PJSIP/105"),),
        ),
    )
    assert str(contexts[0].extens[0].steps[1].where) == "custom/door.conf:5"


@pytest.mark.parametrize(
    ("code", "line", "text"),
    [
        ("C001", 2, "[a]\nnonsense\n"),
        ("C001", 2, "[a]\nexten => 1\n"),
        ("C001", 1, "[a] b\n"),
        ("C001", 3, "[a]\ninclude => b\ninclude => b\n"),
        ("C006", 3, "[a]\nexten => 1,1,Dial(x)\nexten += y\n"),
        ("C008", 3, "[a]\nexten => 1,1(x),Answer()\nexten => 1,2(x),Hangup()\n"),
        ("C009", 3, "[a]\nexten => 1,hint,PJSIP/1\nexten => 1,n,Hangup()\n"),
        ("C010", 2, "[a]\nexten => 1,1,Dial(x)y\n"),
        ("C002", 1, "exten => 1,1,Hangup()\n[a]\n"),
        ("C003", 1, "[globals]\nA = 1\n"),
        ("C004", 1, "[a](!)\n"),
        ("C005", 2, "[a]\n[a]\n"),
        ("C006", 2, "[a]\n#include other.conf\n"),
        ("C006", 2, "[a]\nswitch => Realtime\n"),
        ("C007", 2, "[a]\nsame => n,Hangup()\n"),
        ("C008", 2, "[a]\nexten => 1,first,Hangup()\n"),
        ("C009", 3, "[a]\nexten => 1,1,Answer()\nexten => 1,3,Hangup()\n"),
        ("C009", 3, "[a]\nexten => 1,1,Answer()\nexten => 1,1,Hangup()\n"),
        ("C009", 3, "[a]\nexten => 1,1,Answer()\nexten => 1,n+1,Hangup()\n"),
        ("C009", 3, "[a]\nexten => 1,1,Answer()\nexten => 1,n+101(x),Hangup()\n"),
        ("C009", 2, "[a]\nexten => 1,n,Answer()\n"),
        ("C010", 2, "[a]\nexten => 1,1,Dial(PJSIP/1\n"),
        ("C010", 2, "[a]\nexten => 1,1,${APP}(x)\n"),
        ("C006", 1, "#exec /bin/id\n[a]\nexten => 1,1,Hangup()\n"),
        ("C012", 2, "[a]\nexten => _.,1,Hangup()\n"),
        ("C012", 2, "[a]\nexten => _[12,1,Hangup()\n"),
    ],
)
def test_what_cant_be_read_is_told(code: str, line: int, text: str) -> None:
    _, findings = read_dialplan("custom/x.conf", text)
    assert [(finding.code, finding.where.line) for finding in findings] == [(code, line)]


@pytest.mark.parametrize(
    "text", ["word\n", "[a](+)\n", "[a](b)\n[b]\n", "[a]()\n", "#include x\n", "k = v\n[a]\n"]
)
def test_a_bundle_that_render_never_prints_is_refused(text: str) -> None:
    with pytest.raises(KelidError):
        readback(Bundle(site="x", asterisk=22, files={"a.conf": text}))
