"""Whole configuration folders of other people's: what Asterisk would read from them, and nothing outside of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.compile import compile_site
from kelid.findings import KelidError
from kelid.load import load_site
from kelid.model.pbx import Context, Exten, Hint, Include, Option, Step, Switch
from kelid.model.specificity import sort_key
from kelid.pipeline import site_names
from kelid.readback import Tree, decode, encode, read_conf, read_tree, readback
from kelid.readback.codes import TREE_CODES
from kelid.render import render

hostile = st.text(alphabet="ab1n;-\\,$}{[]()\"'=>+!<#include exten*.?/\n\r\t\x00%\ufeff\udcffپ", max_size=80)


def tree_of(dialplan: str, **more: str) -> Tree:
    files = {"extensions.conf": encode(dialplan)}
    files |= {name.replace("__", "/").replace("_conf", ".conf"): encode(text) for name, text in more.items()}
    return read_tree(files)


def told(tree: Tree) -> list[tuple[str, str]]:
    return [(finding.code, str(finding.where)) for finding in tree.findings]


def steps(context: Context) -> dict[str, list[tuple[int, str, str, str]]]:
    """Return ``priority, label, application, arguments`` of each extension's steps."""
    found: dict[str, list[tuple[int, str, str, str]]] = {}
    for exten in context.extens:
        number = 0
        rows = found.setdefault(exten.pattern, [])
        for step in exten.steps:
            number = step.priority or number + 1
            rows.append((number, step.label, step.app, step.data))
    return found


def only(tree: Tree) -> Context:
    (context,) = tree.pbx.contexts
    return context


# --- conf files --------------------------------------------------------------------------------------


def options(tree: Tree, path: str) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(s.name, [(o.key, o.value) for o in s.options]) for s in tree.pbx.sections(path)]


def test_templates_and_additions_come_out_resolved() -> None:
    tree = tree_of(
        "",
        pjsip_conf="[phone](!)\ntype = endpoint\nallow = alaw\n"
        "[desk](!,phone)\nallow += ,g722\n"
        "[101](desk)\ncallerid = A\n"
        "[101]\ntype = aor\n"
        "[101](+type=aor)\nmax_contacts = 1\n"
        "[phone](+)\n",
    )
    assert options(tree, "pjsip.conf") == [
        ("101", [("type", "endpoint"), ("allow", "alaw ,g722"), ("callerid", "A")]),
        ("101", [("type", "aor"), ("max_contacts", "1")]),
        ("phone", []),
    ]
    # [phone](+) asks for a section, and there is only a template of that name (does_category_match).
    assert told(tree) == [("Z009", "pjsip.conf:12")]


def test_what_comes_behind_an_include_belongs_to_the_section_before_it() -> None:
    tree = tree_of(
        "[a]\nexten => 1,1,NoOp(a)\n#include b.conf\nexten => 1,n,NoOp(b)\n",
        b_conf="[b]\nexten => 2,1,NoOp()\n",
    )
    assert [(context.name, steps(context)) for context in tree.pbx.contexts] == [
        ("a", {"1": [(1, "", "NoOp", "a"), (2, "", "NoOp", "b")]}),
        ("b", {"2": [(1, "", "NoOp", "")]}),
    ]


def test_includes_are_found_as_asterisk_finds_them() -> None:
    tree = tree_of(
        '[a]\n#include "d/*.conf"\n#tryinclude none.conf\n#include </etc/asterisk/d/./../e.conf>\n#include {f,g}.conf\n',
        d__2_conf="exten => 2,1,NoOp()\n",
        d__1_conf="exten => 1,1,NoOp()\n",
        e_conf="exten => 3,1,NoOp()\n",
        f_conf="exten => 4,1,NoOp()\n",
        g_conf="exten => 5,1,NoOp()\n",
    )
    assert told(tree) == []
    assert list(steps(only(tree))) == ["1", "2", "3", "4", "5"]
    assert str(only(tree).extens[1].where) == "d/2.conf:1"


def test_a_comment_goes_on_from_file_to_file_of_one_include() -> None:
    tree = tree_of(
        "[a]\n#include d/*\nexten => 3,1,NoOp()\n",
        d__1_conf=";-- exten => 1,1,NoOp()\n",
        d__2_conf="exten => 2,1,NoOp()\n",
    )
    assert list(steps(only(tree))) == ["3"]
    assert {code for code, _ in told(tree)} == {"Z001"}


@pytest.mark.parametrize(
    ("code", "place", "dialplan", "more"),
    [
        ("Z001", "extensions.conf:2", "[a]\nnonsense\n", {}),
        ("Z001", "extensions.conf:2", f"[a]\nexten => 1,1,NoOp({'x' * 9000})\n", {}),
        ("Z002", "extensions.conf:1", "[a\n", {}),
        ("Z003", "extensions.conf:1", "a = b\n", {}),
        ("Z004", "extensions.conf:2", "[a]\n#include b.conf\n", {}),
        ("Z004", "extensions.conf:2", "[a]\n#include d/*.conf\n", {}),
        ("Z005", "extensions.conf:1", "#include /etc/passwd\n", {}),
        ("Z005", "extensions.conf:1", "#include ../../passwd\n", {}),
        ("Z005", "extensions.conf:1", "#tryinclude /etc/asterisk/../passwd\n", {}),
        ("Z006", "extensions.conf:1", "#exec /bin/id\n", {}),
        ("Z007", "extensions.conf:1", "#includes b.conf\n", {}),
        ("Z007", "extensions.conf:1", "#include\n", {}),
        ("Z008", "b.conf:1", "#include b.conf\n", {"b_conf": "#include extensions.conf\n"}),
        ("Z009", "extensions.conf:1", "[a](b)\n", {}),
        ("Z011", "extensions.ael:2", "", {"extensions.ael": "// x\ncontext a {};\n"}),
        ("Z011", "extensions.lua:2", "", {"extensions.lua": "-- x\nextensions = {}\n"}),
        ("Z011", "users.conf:2", "", {"users_conf": "[101]\nhassip = yes\n"}),
        (
            "Z012",
            "extconfig.conf:2",
            "",
            {"extconfig_conf": "[settings]\nextensions.conf => odbc,asterisk\n"},
        ),
        ("Z013", "extensions.conf:2", "[general]\n[General]\nstatic = yes\n", {}),
        ("Z014", "extensions.conf:2", "[a]\n; \udcc7\n", {}),
        ("Z016", "extensions.conf:2", "[general]\noverrideswitch = Realtime/x\n", {}),
        ("Z020", "extensions.conf:2", "[a]\nextend => 1,1,NoOp()\n", {}),
        ("Z021", "extensions.conf:2", "[a]\nsame => n,NoOp()\n", {}),
        ("Z022", "extensions.conf:2", "[a]\nexten => 1,first,NoOp()\n", {}),
        ("Z022", "extensions.conf:2", "[a]\nexten => 1,n,NoOp()\n", {}),
        ("Z022", "extensions.conf:2", "[a]\nexten => 1,0,NoOp()\n", {}),
        ("Z022", "extensions.conf:2", "[a]\nexten => _[12,1,NoOp()\n", {}),
        ("Z022", "extensions.conf:2", "[a]\nexten => ,1,NoOp()\n", {}),
        ("Z022", "extensions.conf:2", "[a]\nexten => 1,1(x,NoOp()\n", {}),
        ("Z023", "extensions.conf:3", "[a]\nexten => 1,hint,PJSIP/1\nsame => n,NoOp()\n", {}),
        ("Z024", "extensions.conf:3", "[a]\nexten => 1,1,NoOp(a)\nexten => 1,1,NoOp(b)\n", {}),
        ("Z024", "extensions.conf:3", "[a]\nexten => 1-2,1,NoOp(a)\nexten => 12,1,NoOp(b)\n", {}),
        ("Z025", "extensions.conf:3", "[a]\nexten => 1,1(x),NoOp(a)\nexten => 1,2(x),NoOp(b)\n", {}),
        ("Z026", "extensions.conf:2", "[a]\nexten => 1,1,NoOp(a\n", {}),
        ("Z026", "extensions.conf:2", "[a]\nexten => 1,1,NoOp(a)b\n", {}),
        ("Z027", "extensions.conf:2", "[a]\nexten => ${DB(a/b)},1,NoOp(a)\n", {}),
        ("Z028", "extensions.conf:3", "[a]\ninclude => b\ninclude => B\n", {}),
        ("Z029", "extensions.conf:2", "[a]\ninclude => b|9:00-17:00|mon-fri|*|*\n", {}),
    ],
)
def test_what_cant_be_read_or_modelled_is_told_with_its_line(
    code: str, place: str, dialplan: str, more: dict[str, str]
) -> None:
    assert told(tree_of(dialplan, **more)) == [(code, place)]


def test_a_module_that_is_not_loaded_reads_no_dial_plan() -> None:
    lua = {"extensions.lua": "extensions = {}\n"}
    assert told(tree_of("", **lua, modules_conf="[modules]\nautoload = yes\nnoload => pbx_lua.so\n")) == []
    assert told(tree_of("", **lua, modules_conf="[modules]\nautoload = no\n")) == []
    assert [code for code, _ in told(tree_of("", **lua, modules_conf="[modules]\nload = pbx_lua\n"))] == [
        "Z011"
    ]


def test_a_broken_file_that_is_included_ends_there_and_the_one_above_goes_on() -> None:
    tree = tree_of(
        "[a]\n#include b.conf\nexten => 2,1,NoOp()\n", b_conf="exten => 1,1,NoOp()\n[x\nexten => 3,1,NoOp()\n"
    )
    assert told(tree) == [("Z002", "b.conf:2")]
    assert list(steps(only(tree))) == ["1", "2"]
    assert not tree.refused


def test_asterisk_refuses_a_dial_plan_that_it_cant_parse() -> None:
    assert tree_of("[a\n").refused
    assert tree_of("#include gone.conf\n").refused
    assert not tree_of("[a]\nnonsense\n").refused


# --- the dial plan -----------------------------------------------------------------------------------


def test_every_way_to_write_a_priority() -> None:
    tree = tree_of(
        "[a]\n"
        "exten => 1,1,NoOp(1)\n"
        "same => n(two),NoOp(2)\n"
        "same => n+3(six),NoOp(6)\n"
        "same => s+1,NoOp(7)\n"
        "exten => 1,two+2,NoOp(4)\n"
        "exten = 1, next ,NoOp(5)\n"
        "exten => 2,n,NoOp(6 of two)\n"
        "exten => 2,3,NoOp(3 of two)\n"
        "sameagain => n,NoOp(4 of two)\n"
    )
    assert told(tree) == []
    assert steps(only(tree)) == {
        "1": [(n, {2: "two", 6: "six"}.get(n, ""), "NoOp", str(n)) for n in (1, 2, 4, 5, 6, 7)],
        "2": [(3, "", "NoOp", "3 of two"), (4, "", "NoOp", "4 of two"), (6, "", "NoOp", "6 of two")],
    }
    assert [step.priority for step in only(tree).extens[0].steps] == [0, 0, 4, 0, 0, 0]


def test_contexts_of_one_name_are_one_context() -> None:
    tree = tree_of(
        "[a]\nexten => 1,1,NoOp(first)\ninclude => b\n[b]\n"
        "[a]\nexten => 1,1,NoOp(second)\nexten => 1,n,NoOp(two)\ninclude => c\n"
    )
    a, b = tree.pbx.contexts
    assert (a.name, b.name) == ("a", "b")
    assert steps(a) == {"1": [(1, "", "NoOp", "first"), (2, "", "NoOp", "two")]}
    assert a.includes == (Include("b"), Include("c"))
    assert told(tree) == [("Z024", "extensions.conf:6")]


def test_all_that_a_context_can_hold() -> None:
    tree = tree_of(
        "[globals]\nMAIN = 200\nDEVICE = PJSIP/${MAIN}\n"
        "[a]\n"
        "exten => ${MAIN},1,Dial(${DEVICE},20)\n"
        "exten => ${MAIN:1},hint,${DEVICE}&Custom:x-${EXTEN}\n"
        "exten => _9 1-NX./(0912) 34.,1,NoOp()\n"
        "exten => _[ 1,2]x,1,NoOp\n"
        "exten => 7/,1, Playback(a,b(c)) \n"
        "include => b,9:00-17:00,mon-fri,*,*\n"
        "ignorepat => 9\n"
        "switch => Realtime/x@y\n"
        "lswitch => Loopback/x${EXTEN}@y\n"
        "eswitch => IAX2/${X}\n"
    )
    assert told(tree) == []
    context = only(tree)
    assert context == Context(
        "a",
        (
            Exten("200", (Step("Dial", "${DEVICE},20"),)),
            Exten("_91-NX.", (Step("NoOp"),), caller="091234."),
            Exten("_[ 1,2]x", (Step("NoOp"),)),
            Exten("7", (Step("Playback", "a,b(c)"),), caller=""),
        ),
        (Include("b", "9:00-17:00,mon-fri,*,*"),),
        (Hint("00", "PJSIP/200&Custom:x-00"),),
        switches=(
            Switch("switch", "Realtime/x@y"),
            Switch("lswitch", "Loopback/x${EXTEN}@y"),
            Switch("eswitch", "IAX2/${X}"),
        ),
        ignorepats=("9",),
    )
    assert tree.pbx.globals == (Option("MAIN", "200"), Option("DEVICE", "PJSIP/${MAIN}"))
    assert tree.pbx.autofallthrough


def test_old_commas_and_bars_are_what_they_are_to_asterisk_now() -> None:
    tree = tree_of(
        "[a]\nexten => 1,1,Dial,SIP/100|20\nexten => 2,1,Dial(SIP/100|20)\nexten => 3,1,${APP}(x)\n"
    )
    assert steps(only(tree)) == {
        "1": [(1, "", "Dial,SIP/100|20", "")],
        "2": [(1, "", "Dial", "SIP/100|20")],
        "3": [(1, "", "${APP}(x)", "")],
    }


def test_autofallthrough_is_read() -> None:
    assert not tree_of("[general]\nautofallthrough = no\n").pbx.autofallthrough
    assert tree_of("[General]\nautofallthrough = 1\n[general]\nautofallthrough = no\n").pbx.autofallthrough


def test_extensions_that_asterisk_takes_for_one() -> None:
    same = [
        ("1-2", "12"),
        ("_X", "_[0-9]"),
        ("_x", "_X"),
        ("_[321]", "_[1-3]"),
        ("_[1]2", "_12"),
        ("_1[]2", "_12"),
    ]
    for one, other in same:
        assert sort_key(one) == sort_key(other), (one, other)
    order = ["12", "_12", "_1[23]", "_1N", "_1Z", "_1X", "_1.", "_1!", "_1", "_[1-9]", "_X.", "_."]
    assert sorted(order, key=sort_key) == order
    assert sorted(set(order), key=sort_key) == order


# --- folders -----------------------------------------------------------------------------------------


def test_nothing_outside_of_the_folder_is_opened(tmp_path: Path) -> None:
    (tmp_path / "secret.conf").write_text("[stolen]\nexten => 1,1,NoOp()\n")
    etc = tmp_path / "etc"
    (etc / "inside").mkdir(parents=True)
    (etc / "extensions.conf").write_text(
        "#include link.conf\n#include dir/secret.conf\n#include good.conf\n#include pipe.conf\n"
    )
    (etc / "link.conf").symlink_to(tmp_path / "secret.conf")
    (etc / "dir").symlink_to(tmp_path)
    (etc / "inside" / "up").symlink_to(etc)
    (etc / "inside" / "real.conf").write_text("[real]\n")
    (etc / "good.conf").symlink_to("inside/real.conf")
    (etc / "pjsip.conf").symlink_to(tmp_path / "gone")
    os.mkfifo(etc / "pipe.conf")
    tree = read_tree(etc)
    assert [context.name for context in tree.pbx.contexts] == ["real"]
    assert told(tree) == [
        ("Z005", f"{etc}/extensions.conf:1"),
        ("Z005", f"{etc}/extensions.conf:2"),
        ("Z004", f"{etc}/extensions.conf:4"),
        ("Z005", f"{etc}/pjsip.conf"),
    ]


def test_a_folder_that_is_no_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KelidError, match="can't be read"):
        read_tree(tmp_path / "gone")
    with pytest.raises(KelidError, match="no configuration folder"):
        read_tree(tmp_path)
    (tmp_path / "etc" / "asterisk").mkdir(parents=True)
    (tmp_path / "etc" / "asterisk" / "extensions.conf").touch()
    with pytest.raises(KelidError, match=r"did you mean .*/etc/asterisk"):
        read_tree(tmp_path)
    (tmp_path / "sip.conf").touch()
    assert told(read_tree(tmp_path)) == [("Z015", f"{tmp_path}/extensions.conf")]


def test_a_file_that_nothing_asks_for_is_named() -> None:
    tree = tree_of("[a]\n#include used.conf\n", used_conf="", old_conf="[x]\nexten => 1,1,NoOp()\n")
    assert tree.unread == ("old.conf",)


# --- hostile folders -----------------------------------------------------------------------------------


@given(text=hostile, other=hostile)
def test_no_text_at_all_makes_it_fail(text: str, other: str) -> None:
    tree = read_tree({"extensions.conf": encode(text), "a.conf": encode(other), "pjsip.conf": encode(text)})
    assert {finding.code for finding in tree.findings} <= set(TREE_CODES)
    assert str(tree.texts["extensions.conf"]) == text


@given(data=st.binary(max_size=60))
def test_no_bytes_are_lost(data: bytes) -> None:
    assert encode(str(read_conf("x.conf", decode(data)))) == data
    read_tree({"extensions.conf": b"[a]\nexten => " + data})


@pytest.mark.parametrize(
    "files",
    [
        {f"{n}.conf": f"#tryinclude {n + 1}.conf\n" * 10 for n in range(11)}
        | {"extensions.conf": "#include 0.conf\n"},
        {
            "extensions.conf": "[t0](!)\nk = 1\n"
            + "".join(f"[t{n}](!{f',t{n - 1}' * 20})\n" for n in range(1, 30))
        },
        {"extensions.conf": "[a]\nk = 1\n" + f"k += {'x' * 4000}\n" * 5000},
        {"extensions.conf": "nonsense\n" * 50_000},
        {"extensions.conf": "\n" * 30_000_000, "pjsip.conf": "[a]\n"},
        {"extensions.conf": "[a]\n" + "exten => 1,1,NoOp()\n" * 30_000},
        {"extensions.conf": "[a]\n" + "".join(f"exten => {n},1,NoOp()\n" for n in range(30_000))},
        {
            "extensions.conf": "[a]\n#include " + "{a,b}" * 40 + ".conf\n#include " + "*a" * 60 + "\n",
            "a" * 99: "",
        },
        {"extensions.conf": ("[a]\nk = " + ";\\" * 4000 + "\n") * 100},
    ],
    ids=[
        "includes",
        "templates",
        "additions",
        "garbage",
        "nothing",
        "duplicates",
        "extensions",
        "globs",
        "comments",
    ],
)
def test_a_hostile_folder_ends_in_time(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kelid.readback.files.MOST_LINES", 100_000)
    begin = time.monotonic()
    tree = read_tree({path: encode(text) for path, text in files.items()})
    assert time.monotonic() - begin < 30
    assert len(tree.findings) < 100


def test_includes_go_as_deep_as_in_asterisk() -> None:
    files = {f"{n}.conf": encode(f"exten => {n},1,NoOp()\n#include {n + 1}.conf\n") for n in range(1, 20)}
    tree = read_tree({"extensions.conf": b"[a]\n#include 1.conf\n", **files})
    assert list(steps(only(tree))) == [str(n) for n in range(1, 11)]
    assert told(tree) == [("Z008", "10.conf:2")]


# --- our own trees ---------------------------------------------------------------------------------------


def test_what_render_prints_is_a_tree_without_findings(root: Path) -> None:
    for name in site_names(root / "sites"):
        site = load_site(root / "sites" / name).site
        assert site
        pbx = compile_site(site)
        bundle = render(pbx)
        assert readback(bundle) == pbx
        tree = read_tree({path: encode(text) for path, text in bundle.files.items()}, asterisk=pbx.asterisk)
        assert told(tree) == []
        assert tree.pbx.contexts == pbx.contexts
        assert tree.pbx.globals == pbx.globals
        for file in pbx.files:
            assert list(tree.pbx.sections(file.path)) == list(pbx.sections(file.path))
