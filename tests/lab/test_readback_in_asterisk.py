"""What we read from other people's configuration folders is what a real Asterisk reads: ``dialplan show`` says the same."""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
from pathlib import Path

import pytest

from kelid.lab import Host, Lab
from kelid.model.pbx import Context
from kelid.model.specificity import sort_key
from kelid.readback import Tree, decode, encode, read_conf, read_tree
from kelid.readback.tree import global_values

pytestmark = pytest.mark.lab

PROGRAM = Path(__file__).with_name("trees_in_asterisk.py")
IMAGES = {22: "pbx", 16: "pbx11"}
LONG = "exten => {},1,NoOp({})\n"

TREES: dict[str, dict[str, str]] = {
    "priorities": {
        "extensions.conf": "[a]\n"
        "exten => 1,1(one),NoOp(1)\nsame => n(two),NoOp(2)\n same =>n+3(six),NoOp(6)\nsame => s+1,NoOp(7)\n"
        "exten => 1,two+2,NoOp(4)\nexten = 1, next ,NoOp(8)\nexten => 2,n,NoOp(9)\nexten => 2,3x,NoOp(3)\n"
        "sameagain => n,NoOp(4)\nexten => 3,0,NoOp()\nexten => 3,-1,NoOp()\nexten => 3,x,NoOp()\n"
        "exten => 4,hint,PJSIP/4\nsame => n,NoOp(lost)\nexten => 5,1,NoOp(5)\nexten => 5,1,NoOp(again)\n"
        "exten => 6,1(x),NoOp(a)\nexten => 6,5(x),NoOp(b)\nexten => 6,3(y),NoOp(c)\nexten => 6,2(y),NoOp(d)\n"
        "exten => 7,n(x,NoOp()\n[b]\nexten => 1,n,NoOp()\nsame => n,NoOp()\nsame => 2,NoOp()\n"
    },
    "names": {
        "extensions.conf": "[a]\nexten => _9 1-NX./(0912) 34-5.,1,NoOp()\nexten => 7/,1, Playback(a,b(c)) \n"
        "exten => 7,1,NoOp()\nexten => 1-2,1,NoOp(a)\nexten => 12,1,NoOp(b)\nexten => 12,2,NoOp(c)\n"
        "exten => _x,1,NoOp(a)\nexten => _[0-9],2,NoOp(b)\nexten => _[ 1,2]x,1,NoOp\nexten => _[12,1,NoOp()\n"
        'exten => "8",1,NoOp()\nexten => ,1,NoOp()\nexten => 9\nexten => _X!,1,NoOp\nexten => _X.,1,NoOp\n'
        "exten => _N.,1,NoOp\nexten => _1!,1,NoOp\nexten => _1X,1,NoOp\nexten => _1[3-5],1,NoOp\nexten => _.,1,NoOp\n"
        "exten => _[1-37]X,1,NoOp\nexten => _Z,1,NoOp\nexten => _!,1,NoOp\nexten => s,1,NoOp\nexten => _[]1,1,NoOp\n"
        "exten => 1\\,2,1,NoOp\n"
    },
    "applications": {
        "extensions.conf": "[a]\nexten => 1,1,Dial,SIP/100|20\nexten => 2,1,Dial(SIP/100|20)\nexten => 3,1,${APP}(x)\n"
        "exten => 4,1,Dial (x)\nexten => 5,1,NoOp(a\nexten => 6,1,NoOp(a)b\nexten => 7,1,NoOp(a(b)\nexten => 8,1,\n"
        "exten => 9,1,NoOp(a\\;b;c)\nexten => 10,1,NoOp(a ;-- x --; b)\nexten => 11,1, NoOp( x )\n"
        'exten => 12,1,Set(X=$["${Y}" = "z"])\nexten => 13,1\nexten => 14,1,NoOp(a) ; b)\n'
    },
    "contexts": {
        "extensions.conf": "[a]\nexten => 1,1,NoOp(first)\ninclude => b\n[b]\nexten => 2,1,NoOp\n"
        "[a] and more\nexten => 1,1,NoOp(second)\nexten => 1,n,NoOp(two)\ninclude => B\n"
        "include => c,9:00-17:00,mon-fri,*,*\ninclude => b\ninclude => d|9:00-17:00|*|*|*\n"
        "ignorepat => 9\nignorepat => 9\nswitch => Realtime/x@y\n"
        "eswitch => IAX2/${X}\nlswitch => Loopback/${Y}@z\nswitch => realtime/X@Y\n[A]\nexten => 3,1,NoOp\n[a] (b)\n"
        "exten => 4,1,NoOp\n"
    },
    "templates": {
        "extensions.conf": "[t](!)\nexten => 1,1,NoOp(t)\nsame => n,NoOp(t)\n[u](!,t)\nexten => 2,1,NoOp(u)\n"
        "[x](u)\nexten => 3,1,NoOp(x)\n[y](t,x)\n[x](+)\nexten => 4,1,NoOp(added)\n[Y](+)\nexten => 5,1,NoOp\n"
        "[t](!,+)\n[z](x)\nexten += more\nexten => 6,1,NoOp(a)\nexten +=  , b\n"
    },
    "globals": {
        "extensions.conf": "[globals]\nA=1\nA=2\nB=${A}\n[Globals]\nA=3\nC=${A}\nD=${B:0:1}x${NOPE}y${C:-1}\nMAIN=20\n"
        "[a]\nexten => ${MAIN}0,1,NoOp(${MAIN})\nexten => ${MAIN:1},hint,PJSIP/${MAIN}&Custom:${EXTEN}@${CONTEXT}\n"
        "exten => _9X,hint,PJSIP/${MAIN}${EXTEN}\nexten => ${NOPE},1,NoOp\ninclude => ${MAIN}\nignorepat => ${A}\n"
        "switch => Realtime/${A}\neswitch => Realtime/${A}\nexten => 5,hint,PJSIP/5(x)\nexten => 5,hint,PJSIP/6\n"
    },
    "includes": {
        "extensions.conf": '[a]\nexten => 1,1,NoOp\n#include "d/*.conf"\nexten => 2,1,NoOp(still a)\n#tryinclude none.conf\n'
        "#include <e.conf>\nexten => 3,1,NoOp(still a)\n"
        "#INCLUDE {f,g}.conf\n#nonsense x\n#include\n",
        "d/2.conf": "exten => 4,1,NoOp(c)\n",
        "d/1.conf": "exten => 5,1,NoOp(a)\n[c]\n",
        "d/.3.conf": "exten => 6,1,NoOp(hidden)\n",
        "e.conf": "[e]\nexten => 7,1,NoOp\n",
        "f.conf": ";-- exten => 8,1,NoOp\n--; exten => 9,1,NoOp\n",
        "g.conf": "exten => 10,1,NoOp\n",
    },
    "broken include": {
        "extensions.conf": "[a]\n#include b.conf\nexten => 2,1,NoOp\n",
        "b.conf": "exten => 1,1,NoOp\n[x\nexten => 3,1,NoOp\n",
    },
    "deep": {
        "extensions.conf": "[a]\n#include 1.conf\n",
        **{f"{n}.conf": f"exten => {n},1,NoOp()\n#include {n + 1}.conf\n" for n in range(1, 20)},
    },
    "missing include": {"extensions.conf": "[a]\nexten => 1,1,NoOp\n#include none.conf\n"},
    "empty glob": {"extensions.conf": "[a]\nexten => 1,1,NoOp\n#include none/*.conf\n"},
    "no section": {"extensions.conf": "exten => 1,1,NoOp\n[a]\nexten => 1,1,NoOp\n"},
    "byte order mark": {
        "extensions.conf": "\ufeff[a]\nexten => 1,1,NoOp\n#include b.conf\n",
        "b.conf": "\ufeffexten => 2,1,NoOp\n\ufeffexten => 3,1,NoOp\n",
    },
    "open bracket": {"extensions.conf": "[a]\nexten => 1,1,NoOp\n[b\n"},
    "open parenthesis": {"extensions.conf": "[a]\nexten => 1,1,NoOp\n[b](c\n"},
    "no template": {"extensions.conf": "[a]\nexten => 1,1,NoOp\n[b](c)\n"},
    "nothing to add to": {"extensions.conf": "[a](!)\n[a](+)\nexten => 1,1,NoOp\n"},
    "garbage": {
        "extensions.conf": "[a]\nnonsense\n = x\nexten => 1,1,NoOp\nextend => 2,1,NoOp\nsame => n,NoOp(2)\n"
    },
    "bytes": {
        "extensions.conf": "[a]\r\nexten => 1,1,NoOp(\udcc7\udce1)\r\n[b]\nexten => 2,1,NoOp(پیام\u00a0)\n"
        "exten => 3,1,NoOp(x\x00y)\n"
        "\tsame\t=>\tn,NoOp(tab)\n\x0bexten => 4,1,NoOp(\x01)\n"
    },
    "long lines": {
        "extensions.conf": "[a]\n"
        + LONG.format(1, "x" * (8190 - 19))
        + LONG.format(2, "")
        + LONG.format(3, "x" * (8191 - 19))
        + LONG.format(4, "")
        + LONG.format(5, "x" * 20000)
        + LONG.format(6, "")
    },
    "comments": {
        "extensions.conf": "[a]\n;-- exten => 1,1,NoOp\n;-- deeper\n--;\nexten => 2,1,NoOp\n--; exten => 3,1,NoOp\n"
        ";--- exten => 4,1,NoOp\nexten => 5,1,NoOp(a\\\\;b)\nexten => 6,1,NoOp(x --; y)\nexten => 7,1,NoOp\n"
    },
}

_HEAD = re.compile(r"\[ Context '(?P<name>.*)' created by '.*' \]\Z")
_EXTEN = re.compile(r"  '(?P<name>[^']*)' (?:\(CID match '(?P<caller>[^']*)'\) )?=> +(?P<rest>.*)\Z")
_STEP = re.compile(r" +(?:\[(?P<label>.*)\] +)?(?P<rest>\d+\. .*)\Z")
_ORIGIN = re.compile(r" *\[(?:pbx_config|[^\]\[ ]*:\d+)\]\Z")
_OTHER = {"Include": "include", "Ignore pattern": "ignorepat", "Alt. Switch": "switch"}

SHOWN = 200
"""Characters of a step that are compared."""

Rows = dict[str, list[tuple[str, ...]]]


def told(text: str) -> Rows:
    """Return context -> rows of what ``dialplan show`` printed."""
    found: Rows = {}
    rows: list[tuple[str, ...]] = []
    exten = ""
    for line in text.split("\n"):
        if head := _HEAD.match(line):
            rows = found[head["name"]] = []
        elif other := re.match(r"  (Include|Ignore pattern|Alt\. Switch) => +'(.*)'", line):
            rows.append((_OTHER[other[1]], other[2]))
        elif start := _EXTEN.match(line):
            exten = start["name"] + ("" if start["caller"] is None else f"/{start['caller']}")
            rows.append(_row(exten, "", start["rest"]))
        elif step := _STEP.match(line):
            rows.append(_row(exten, step["label"] or "", step["rest"]))
    return found


def _row(exten: str, label: str, text: str) -> tuple[str, ...]:
    number, _, call = _ORIGIN.sub("", text).partition(" ")
    return (exten, number.rstrip(".:"), label, call.rstrip(" ")[:SHOWN])


def ours(tree: Tree) -> Rows:
    return {context.name: _rows(context) for context in tree.pbx.contexts}


def _rows(context: Context) -> list[tuple[str, ...]]:
    """Return the rows that Asterisk prints: extensions by its order of specificity, a caller's before all callers'."""
    extens = [(exten.pattern, exten.caller, exten) for exten in context.extens]
    hints = {hint.exten: hint for hint in context.hints}
    names = {(pattern, caller) for pattern, caller, _ in extens} | {(exten, None) for exten in hints}
    by_name = {(pattern, caller): exten for pattern, caller, exten in extens}
    rows: list[tuple[str, ...]] = []
    for pattern, caller in sorted(
        names, key=lambda name: (sort_key(name[0]), name[1] is None, sort_key(name[1] or ""))
    ):
        if caller is None and pattern in hints:
            rows.append((pattern, "hint", "", hints[pattern].device))
        exten = by_name.get((pattern, caller))
        rows += [
            # It shows no label of the first priority, and only the beginning of what is long.
            (
                exten.name,
                str(number),
                step.label if at else "",
                f"{step.app}({step.data})".rstrip(" ")[:SHOWN],
            )
            for at, (number, step) in enumerate(exten.numbered if exten else ())
        ]
    rows += [("include", f"{i.context},{i.times}" if i.times else i.context) for i in context.includes]
    rows += [("ignorepat", pattern) for pattern in context.ignorepats]
    rows += [("switch", switch.text) for switch in context.switches]
    return rows


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def host(lab: Lab, request: pytest.FixtureRequest) -> Host:
    host = lab.create_host(f"trees{request.param}", image=IMAGES[request.param])
    host.write("/root/trees_in_asterisk.py", PROGRAM.read_text())
    return host


@pytest.fixture(scope="module")
def answers(host: Host) -> dict[str, dict[str, str]]:
    """Return what Asterisk says of each tree."""
    trees = {
        name: {path: base64.b64encode(encode(text)).decode() for path, text in files.items()}
        for name, files in TREES.items()
    }
    task = json.dumps({"trees": trees, "commands": ["dialplan show", "dialplan show globals"]})
    done = host.run(["unshare", "-n", "python3", "/root/trees_in_asterisk.py"], input=task, timeout=300)
    return {name: found["answers"] for name, found in json.loads(done.stdout).items()}


@pytest.mark.parametrize("name", TREES)
def test_a_dial_plan_is_read_as_asterisk_reads_it(answers: dict[str, dict[str, str]], name: str) -> None:
    tree = read_tree({path: encode(text) for path, text in TREES[name].items()})
    expected = told(answers[name]["dialplan show"])
    assert tree.refused == (not expected)
    if not tree.refused:
        assert ours(tree) == expected


def test_global_variables_have_the_values_that_asterisk_gives_them(
    answers: dict[str, dict[str, str]],
) -> None:
    text = answers["globals"]["dialplan show globals"]
    tree = read_tree({path: encode(text) for path, text in TREES["globals"].items()})
    assert global_values(tree.pbx.globals) == dict(re.findall(r"^ +([A-Z]+)=(.*)$", text, re.MULTILINE))


def test_the_samples_of_debian_are_read_and_written_back_without_loss(host: Host) -> None:
    packed = base64.b64decode(host.shell("tar -C /etc/asterisk -c . | base64"))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = [
            (item.name.removeprefix("./"), archive.extractfile(item)) for item in archive if item.isfile()
        ]
        files = {path: file.read() for path, file in members if file is not None}
    assert len(files) > 90
    for path, data in files.items():
        assert encode(str(read_conf(path, decode(data)))) == data
    tree = read_tree(files)
    assert {"default", "public"} <= {context.name for context in tree.pbx.contexts}
    assert {"Z011"} <= {finding.code for finding in tree.findings}  # extensions.ael and extensions.lua
    assert set(tree.texts) == {path for path in files if path.endswith(".conf")} - set(tree.unread)
