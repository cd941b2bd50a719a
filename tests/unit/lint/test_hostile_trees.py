"""Whatever a tree holds, lint ends in bounded time and says what it didn't look at; and single questions that rules ask."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.commands import main
from kelid.findings import Exit
from kelid.lint import RULES, lint, text, times
from kelid.lint.extensions import covers
from kelid.lint.jumps import jumps
from kelid.model.pbx import Pbx, Step
from kelid.model.specificity import matches
from kelid.pipeline import trees
from kelid.readback import encode, read_tree

hostile = st.text(alphabet="aX1n.!,;()[]{}$\"'&|=<>?:@/^\\_ *-sifo\n", max_size=120)


def pbx_of(dialplan: str, **more: str) -> Pbx:
    files = {f"{name}.conf": encode(body) for name, body in more.items()}
    return read_tree({"extensions.conf": encode(dialplan), **files}).pbx


def codes(dialplan: str, **more: str) -> list[str]:
    return [finding.code for finding in lint(pbx_of(dialplan, **more))]


@given(
    data=hostile,
    exten=hostile,
    app=st.sampled_from(["Dial", "GotoIf", "Set", "ExecIf", "Gosub", "Goto", "System"]),
)
def test_no_arguments_make_it_fail(data: str, exten: str, app: str) -> None:
    pbx = pbx_of(f"[a]\nexten => {exten},1,{app}({data})\n same => n,{app}({data})\ninclude => {data}\n")
    assert {finding.code for finding in lint(pbx)} <= set(RULES) | {"Z010"}


@pytest.mark.parametrize(
    "dialplan",
    [
        "[a]\n" + "".join(f"exten => {n},1,Goto(a,{(n * 7) % 10000},1)\n" for n in range(10_000)),
        "[a]\n" + "".join(f"exten => _{n}X!,1,Hangup()\nexten => _{n}XX,1,Hangup()\n" for n in range(1_000)),
        "".join(f"[c{n}]\ninclude => c{n + 1}\ninclude => c{(n * 3) % 1500}\n" for n in range(1500))
        + "[c1500]\nexten => _X.,1,Goto(c0,${EXTEN},1)\n",
        "[a]\nexten => 1,1,NoOp(" + "${" * 4000 + ")\nexten => 2,1,Set(X=" + "$[" * 4000 + ")\n",
        "[a]\nexten => 1,1,NoOp("
        + "${X}" * 2000
        + ")\nexten => 2,1,GotoIf($["
        + '"${X}" = "a" & ' * 600
        + "1]?a)\n",
        "[a]\nexten => _X.,1,Gosub(a,${EXTEN},1(${ARG1},${ARG2}))\n"
        + "".join(
            f"exten => _{n}X.,1,Gosub(a,${{EXTEN}},1(${{ARG2}},${{ARG{n % 9 + 1}}}))\n" for n in range(1000)
        ),
    ],
    ids=["extensions", "patterns", "includes", "brackets", "variables", "subroutines"],
)
def test_a_hostile_tree_ends_in_time(dialplan: str) -> None:
    pbx = pbx_of(dialplan)
    begin = time.monotonic()
    found = lint(pbx)
    assert time.monotonic() - begin < 60
    assert len(found) <= 101 * len(RULES)


def test_other_peoples_bytes_are_shown_as_escapes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dialplan = b"[a]\nexten => 1,1,X\x1b[31m\xe9()\nexten => 2,1,Goto(\xd9\x85\xe2\x80\xae,s,1)\n"
    (tmp_path / "extensions.conf").write_bytes(dialplan)
    assert main(["lint", "--tree", str(tmp_path)]) == Exit.INVALID
    out = capsys.readouterr().out
    assert "X\\x1b[31m\\udce9" in out
    assert "\u0645\\u202e" in out
    assert out.replace("\n", "").isprintable()
    assert main(["lint", "--tree", str(tmp_path), "--json"]) == Exit.INVALID


@pytest.mark.parametrize(
    "line",
    [
        "exten => 1,1,NoOp(" + "${A" * 2700 + "}" * 2700 + ")\n",
        "exten => 1,1,NoOp($[" + "(" * 4000 + "1" + ")" * 4000 + "])\n",
        "exten => 1,1,Dial(PJSIP/1,20," + "U(" * 4000 + ")\n",
        "exten => 1,1,NoOp($[" + '"a" = "b" & ' * 600 + "1])\n",
    ],
    ids=["variables", "parentheses", "options", "comparisons"],
)
def test_a_hostile_line_a_hundred_times_ends_in_time(line: str) -> None:
    begin = time.monotonic()
    lint(pbx_of("[a]\n" + line.replace("=> 1,1,", "=> 1,n,").join(["exten => 1,1,NoOp()\n", *[""] * 100])))
    assert time.monotonic() - begin < 60


def test_what_was_not_looked_at_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kelid.lint.WORK", 10)
    (tmp_path / "extensions.conf").write_text(
        "[a]\n" + "".join(f"exten => _{n}X!,1,Hangup()\n" for n in range(20))
    )
    told = [str(finding) for finding in trees.lint_tree(tmp_path) if finding.code == "Z010"]
    assert any("too large for Z211" in line and str(tmp_path) in line for line in told)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("_X.", "_XX", True),
        ("_X.", "_X", False),
        ("_X!", "_X", True),
        ("_X!", "_X!", True),
        ("_X.", "_X!", False),
        ("_X.", "_XX!", True),
        ("_[1-5]X", "_[23]X", True),
        ("_[1-5]X", "_[26]X", False),
        ("_XXX", "101", True),
        ("101", "101", True),
        ("101", "_1XX", False),
        ("_1XX", "_1X", False),
        ("_.", "s", True),
    ],
)
def test_one_extension_takes_all_of_another(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


@given(
    wide=st.from_regex(r"_[XZN12]{1,3}[.!]?", fullmatch=True),
    narrow=st.from_regex(r"_[XZN12]{1,3}[.!]?", fullmatch=True),
)
def test_what_covers_another_takes_all_of_its_numbers(wide: str, narrow: str) -> None:
    numbers = [
        "",
        *(f"{n}" for n in range(10)),
        *(f"{n:02}" for n in range(100)),
        *(f"{n:03}" for n in range(0, 1000, 7)),
        "12111",
    ]
    if covers(wide, narrow):
        assert all(matches(wide, number) for number in numbers if matches(narrow, number))


@pytest.mark.parametrize(
    ("times_", "expected"),
    [
        ("*,*,*,*", ""),
        ("9:00-17:00,mon-fri,1-15&20,jan&mar-may", ""),
        ("22:00-6:00,sat-wed,*,*", ""),
        ("9:00,*,*,*", ""),
        ("25:00-26:00,*,*,*", "has no time of day in '25:00'"),
        ("*,mo-fr,*,*", "has no weekday 'mo'"),
        ("*,*,0,*", "has no day '0'"),
        ("*,*,*,march", "has no month 'march'"),
        ("*,*,30-31,feb", "never comes: no such month has a day 30"),
        ("*,*,29-31,feb", ""),
        ("9:00-17:00", "has 1 of its 4 parts"),
    ],
)
def test_times(times_: str, expected: str) -> None:
    assert times.fault(times_) == expected


@pytest.mark.parametrize(
    ("app", "data", "places"),
    [
        ("Goto", "end", [("", "", "end")]),
        ("Goto", "s,1", [("", "s", "1")]),
        ("Goto", "a,s,1", [("a", "s", "1")]),
        ("Goto", "a,${IF($[1]?x,y:z)},n", [("a", "${IF($[1]?x,y:z)}", "n")]),
        ("Gosub", "a,s,1(x,y)", [("a", "s", "1")]),
        ("GotoIf", '$["${X}" = "a?b:c"]?a,s,1:end', [("a", "s", "1"), ("", "", "end")]),
        ("GotoIfTime", "9:00-17:00,mon-fri,*,*?open,s,1", [("open", "s", "1")]),
        ("ExecIf", "$[1]?Goto(a,s,1):Gosub(b,s,1(x))", [("a", "s", "1"), ("b", "s", "1")]),
        (
            "Dial",
            "PJSIP/1&Local/2@b/n,20,tU(c^x)b(d^s^1(y))G(e^s^1)",
            [("c", "s", "1"), ("d", "s", "1"), ("e", "s", "1"), ("b", "2", "1")],
        ),
        ("Queue", "q,t,,,30,,,sub", [("sub", "s", "1")]),
        ("Set", "CHANNEL(hangup_handler_push)=a,s,1(x)", [("a", "s", "1")]),
        ("Originate", "Local/1@a,exten,b,s,1", [("b", "s", "1"), ("a", "1", "1")]),
        ("Macro", "std,1", [("macro-std", "s", "1")]),
        ("NoOp", "a,s,1", []),
    ],
)
def test_the_places_that_a_step_names(app: str, data: str, places: list[tuple[str, str, str]]) -> None:
    assert [(jump.context, jump.exten, jump.priority) for jump in jumps(Step(app, data))] == places


def test_what_stands_in_a_text() -> None:
    assert text.split('a,b(c,d),${E(f,g)},"h,i",[j,k]\\,l') == (
        "a",
        "b(c,d)",
        "${E(f,g)}",
        '"h,i"',
        "[j,k]\\,l",
    )
    assert [(use.name, use.arguments) for use in text.uses("${A:1}${B(${C},d)}")] == [
        ("A", ""),
        ("B", "${C},d"),
        ("C", ""),
    ]
    assert text.choice("$[${A}?b:c]?d,e,f:g") == ("$[${A}?b:c]", "d,e,f", "g")
    assert text.unbalanced("${A}${B") == "${"


# --- what callers choose ----------------------------------------------------------------------------------

SHELL = "exten => 1,n,System(echo {})\nexten => 1,n,Hangup()\n"


@pytest.mark.parametrize(
    ("dialplan", "expected"),
    [
        ("exten => 1,1,Set(X=${CALLERID(num)})\nexten => 1,n,System(a ${X})\n", True),
        ("exten => 1,1,Set(X=${FILTER(0-9,${CALLERID(num)})})\nexten => 1,n,System(a ${X})\n", False),
        ("exten => 1,1,Set(X=${CALLERID(num)})\nexten => 1,n,Set(X=1)\nexten => 1,n,System(a ${X})\n", False),
        (
            "exten => 1,1,Set(X=${CUT(CALLERID(name),,1)}${CALLERID(name)})\nexten => 1,n,System(a ${X})\n",
            True,
        ),
        (
            "exten => 1,1,Gosub(s,1(${CALLERID(name)}))\n"
            "exten => 1,n,Hangup()\nexten => s,1,System(a ${ARG1})\nexten => s,n,Return()\n",
            True,
        ),
        (
            "exten => 1,1,Gosub(s,1(${LEN(${CALLERID(name)})}))\n"
            "exten => 1,n,Hangup()\nexten => s,1,System(a ${ARG1})\nexten => s,n,Return()\n",
            False,
        ),
        (
            'exten => 1,1,GotoIf($[${REGEX("^[0-9]+$" ${DNID})}]?ok)\n'
            "exten => 1,n,Hangup()\nexten => 1,n(ok),System(a ${DNID})\n",
            True,
        ),
        (
            "exten => 1,1,Set(N=${DNID})\n"
            'exten => 1,n,GotoIf($[${REGEX("^[0-9]+$" ${N})}]?ok)\nexten => 1,n,Hangup()\nexten => 1,n(ok),System(a ${N})\n',
            False,
        ),
        ("exten => 1,1,ExecIf($[1 > 0${X}]?System(a ${CALLERID(name)}))\n", True),
        ("exten => 1,1,Set(X=${SHELL(a ${PJSIP_HEADER(read,X-Name)})})\n", True),
        ("exten => 1,1,System(a ${UNIQUEID})\n", False),
    ],
)
def test_a_shell_gets_nothing_that_a_caller_chooses(dialplan: str, expected: bool) -> None:
    assert ("Z601" in codes(f"[a]\n{dialplan}")) is expected


def test_a_number_that_was_filtered_before_is_clean_where_it_goes() -> None:
    way_in = "[in]\nexten => _X.,1,Goto(out,{},1)\n[out]\nexten => _X.,1,Dial(PJSIP/${{EXTEN}}@line)\n"
    phones = {"pjsip": "[101]\ntype = endpoint\ncontext = in\n[line]\ntype = endpoint\ncontext = in\n"}
    assert "Z603" in codes(way_in.format("${EXTEN}"), **phones)
    assert "Z603" not in codes(way_in.format("${FILTER(0-9,${EXTEN})}"), **phones)


# --- what rules must not say ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dialplan",
    [
        "exten => 1,1,Goto(${WHERE},s,1)\n",
        "exten => 1,1,Goto(a-${WHERE},s,1)\n[a-x]\nexten => s,1,Hangup()\n",
        "exten => 1,1,Goto(b,${EXTEN},1)\n[b]\nexten => 2,1,Hangup()\n",
        "exten => 1,1,Goto(b,3,1)\n[b]\nswitch => Realtime/b@numbers\n",
        "exten => 1,1,Goto(b,3,1)\n[b]\ninclude => c\n[c]\nexten => _X,1,Hangup()\n",
        "include => parkedcalls\n",
        "exten => 1,1,While($[0${X} < 3])\nexten => 1,n,Set(X=$[0${X} + 1])\nexten => 1,n,EndWhile()\n",
        "exten => 1,1(x),Playback(beep)\nexten => 1,n,Goto(x)\n",
        'exten => 1,1,GotoIf($["${X}" = "a" | "${X}" = "b"]?1)\nexten => 1,n,Hangup()\n',
        "exten => 1,1,Dial(PJSIP/1&PJSIP/2,20,m(default))\n",
        "exten => 1,1,System(a|b)\nexten => 1,n,Hangup()\n",
        "exten => 1,1,GotoIf($[!${ISNULL(${X})}]?1)\nexten => 1,n,Hangup()\n",
        'exten => 1,1,GotoIf($["${X}" != "a" & "${X}" != "b"]?1)\nexten => 1,n,Hangup()\n',
        'exten => 1,1,GotoIf($["${X}" : "^0" | -1 < 0${X}]?1)\nexten => 1,n,Hangup()\n',
        "exten => _X.,50000(sub),NoOp(x)\nexten => _X.,n,Hangup()\n",
    ],
)
def test_nothing_is_said_of_what_can_be_right(dialplan: str) -> None:
    assert codes(f"[a]\n{dialplan}") == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("Goto(1)", True),
        ("GotoIf($[0${X} > 1]?1:1)", True),
        ("GotoIfTime(9:00-17:00,*,*,*?1)", False),
        ("Congestion()", True),
        ("Busy(10)", True),
        ("GotoIf($[0${X} > 1]?1)", False),
        ("Wait(1)", False),
    ],
)
def test_a_step_behind_one_that_always_goes_elsewhere_is_dead(step: str, expected: bool) -> None:
    dialplan = f"[a]\nexten => 1,1,Wait(1)\nexten => 1,n,{step}\nexten => 1,n,Hangup()\n"
    assert ("Z302" in codes(dialplan)) is expected
