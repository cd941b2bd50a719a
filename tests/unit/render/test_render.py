"""Text that Asterisk would misread is refused; lines know their YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.findings import Where
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
)
from kelid.render import Refused, escape, render

HERE = Where("sites/x/extensions.yml", 7, 3)


def with_option(path: str, key: str, value: str, section: str = "s") -> Pbx:
    files = (ConfFile(path, (Section(section, (Option(key, value, HERE),), HERE),)),)
    return Pbx(site="x", asterisk=22, files=files)


def with_line(text: str, path: str = "a.list") -> Pbx:
    return Pbx(site="x", asterisk=22, lists=(ListFile(path, (ListLine(text, HERE),)),))


def with_step(step: Step, pattern: str = "s", context: str = "c") -> Pbx:
    return Pbx(site="x", asterisk=22, contexts=(Context(context, (Exten(pattern, (step,), HERE),)),))


@pytest.mark.parametrize(
    ("code", "pbx"),
    [
        ("G001", with_option("a.conf", "k", "v\nother = 1")),
        ("G001", with_option("a.conf", "k", "v\r")),
        ("G001", with_option("a.conf", "k", "v\x00")),
        ("G001", with_option("a.conf", "k", "v\x1f3")),
        ("G001", with_option("a.conf", "k", "v\u2028w")),
        ("G001", with_option("a.conf", "k", "v\x85w")),
        ("G001", with_option("a.conf", "k", "v\u202ew")),
        ("G002", with_option("a.conf", "k", " v")),
        ("G002", with_option("a.conf", "k", "v\u00a0")),
        ("G003", with_option("a.conf", "k", "%%secret:root%%")),
        ("G003", with_option("pjsip.conf", "callerid", "%%secret:root%%")),
        ("G003", with_option("pjsip.conf", "password", "x%%secret:root%%")),
        ("G003", with_option("voicemail.conf", "101", "%%secret:pin%%,%%secret:root%%")),
        ("G003", with_option("voicemail.conf", "101", "%%secret:BAD%%,x")),
        ("G003", with_step(Step("NoOp", "%%secret:root%%"))),
        ("G004", with_option("a.conf", "k", "پ" * 4001)),
        ("G005", with_option("a.conf", "k = v\nx", "y")),
        ("G005", with_option("a.conf", "k;", "y")),
        ("G005", with_option("a.conf", "", "y")),
        ("G005", with_option("a.conf", "k", "v", section="a](!")),
        ("G005", with_step(Step("No Op"))),
        ("G005", with_step(Step("NoOp", label="a b"))),
        ("G005", with_step(Step("NoOp"), pattern="1,1,System(id)")),
        ("G005", with_step(Step("NoOp"), context="c]x")),
        ("G001", with_step(Step("NoOp", "a)\n same => n,System(id"))),
        ("G005", Pbx(site="x", asterisk=22, contexts=(Context("c", includes=(Include("d", "a\nb"),)),))),
        ("G001", Pbx(site="x", asterisk=22, contexts=(Context("c", hints=(Hint("1", "a\nb"),)),))),
        ("G001", with_line("a\nb")),
        ("G002", with_line("a ")),
        ("G002", with_line(" %%secret:x%%")),
        ("G003", with_line("%%secret:x%%%%secret:y%%")),
        ("G003", with_line("%%secret:X%%")),
        ("G003", with_option("pjsip.conf", "password", "%%secret:x:md5%%")),
        ("G004", with_line("a" * 251)),
        ("G005", with_line("")),
        ("G005", with_line("a", path="../a.list")),
        ("G005", with_line("a", path="a.conf")),
        ("G005", Pbx(site="x\n[general]", asterisk=22, files=(ConfFile("a.conf", ()),))),
    ],
)
def test_hostile_text_is_refused(code: str, pbx: Pbx) -> None:
    with pytest.raises(Refused) as caught:
        render(pbx)
    assert [finding.code for finding in caught.value.findings] == [code]


def test_a_list_has_its_lines_and_nothing_else() -> None:
    bundle = render(with_line("sara:%%secret:pin:md5%%"))
    assert bundle.files["a.list"] == "sara:%%secret:pin:md5%%\n"
    assert bundle.lines["a.list"] == (HERE,)


def test_a_semicolon_is_escaped_and_a_token_is_kept() -> None:
    assert "k = a\\;b\n" in render(with_option("a.conf", "k", "a;b")).files["a.conf"]
    assert (
        "password = %%secret:x%%\n"
        in render(with_option("pjsip.conf", "password", "%%secret:x%%")).files["pjsip.conf"]
    )


@pytest.mark.parametrize(
    ("value", "expected"), [("ok;Canary", "ok\\;Canary"), ("a b", "a b"), ("پ$[{", "پ$[{")]
)
def test_a_secrets_value_is_escaped(value: str, expected: str) -> None:
    assert escape(value) == expected


@pytest.mark.parametrize("value", ["", " a", "a\n", "a\nb", "a\x00b", "a\u2028b"])
def test_a_secret_that_no_line_can_hold_is_refused_without_being_told(value: str) -> None:
    with pytest.raises(ValueError, match="line break") as caught:
        escape(value)
    assert repr(value) not in str(caught.value)


@pytest.fixture(scope="module")
def clinic(root: Path) -> Bundle:
    site = load_site(root / "sites" / "noor-clinic", shown="sites/noor-clinic").site
    assert site is not None
    return render(compile_site(site))


def test_every_line_has_its_place_in_the_map(clinic: Bundle) -> None:
    for path, text in clinic.files.items():
        assert text.count("\n") == len(clinic.lines[path])
        assert "\x1f" not in text
        for line, where in zip(text.splitlines(), clinic.lines[path], strict=True):
            assert where is None or line.strip(), "a blank line comes from nowhere"


def test_a_lines_place_names_the_thing(clinic: Bundle, root: Path) -> None:
    """Each line that names something of the site leads to YAML that names it too."""
    yaml = {
        str(path.relative_to(root)): path.read_text().splitlines()
        for path in (root / "sites" / "noor-clinic").glob("*.yml")
    }

    def named(path: str, line: str, *words: str) -> None:
        places = {
            where
            for text, where in zip(clinic.files[path].splitlines(), clinic.lines[path], strict=True)
            if text == line
        }
        assert places, line
        for where in places:
            assert where is not None, line
            block = "\n".join(yaml[where.file][where.line - 1 : where.line + 12])
            assert any(word in block.splitlines()[0] or word in block for word in words), (line, where)
            assert words[0] in "\n".join(yaml[where.file][where.line - 1 : where.line + 2]), (line, where)

    named("pjsip.conf", "[103]", "103")
    named("pjsip.conf", "[mokhaberat]", "mokhaberat")
    named("pjsip.conf", "password = %%secret:trunk_mokhaberat%%", "mokhaberat")
    named("queues.conf", "[reception]", "reception")
    named("queues.conf", "member = PJSIP/106,1,داروخانه,hint:106@internal", "106")
    named("extensions.conf", "[ivr-departments]", "departments")
    named("extensions.conf", "exten => 20270322,1,NoOp(نوروز)", "1406-01-01, until: 1406-01-04")
    named("extensions.conf", " same => n,GotoIfTime(08:00-12:59,thu,*,*,Asia/Tehran?open)", "thu")
    named("extensions.conf", "exten => 4,1,Goto(internal,106,1)", "106")
    named("extensions.conf", "[outbound-mobile]", "mobile")
    named("extensions.conf", "[from-class-international]", "international")
    named("extensions.conf", "[inbound-mokhaberat]", "mokhaberat")


def test_equal_sites_give_equal_bytes_wherever_they_stand(root: Path, clinic: Bundle) -> None:
    again = load_site(root / "sites" / "noor-clinic", shown="elsewhere/noor-clinic").site
    assert again is not None
    assert render(compile_site(again)).digest == clinic.digest
