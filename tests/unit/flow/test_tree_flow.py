"""Call flows of dial plans that were not made here: by their steps, and held against what the oracle sees calls do."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kelid import pipeline
from kelid.commands import main
from kelid.findings import Exit
from kelid.flow import tree_flow
from kelid.model.call import DEVICE_STATES, World
from kelid.model.flow import Flow
from kelid.pipeline import calls, trees
from kelid.pipeline.calls import Dialled
from kelid.simulate import simulate

SITES = Path(__file__).resolve().parents[3] / "sites"
DIALPLAN = """
[from-pstn]
include => numbers
exten => _0.,1,GotoIfTime(08:00-17:00,mon-fri,*,*?menu,s,1:closed,s,1)
[numbers]
exten => 100,1,Gosub(log,s,1(${EXTEN}))
 same => n,Dial(PJSIP/100&Local/9@ways/n,20)
 same => n,ExecIf($["${DIALSTATUS}" = "BUSY"]?Goto(closed,s,1):VoiceMail(100@default,u))
exten => 200,1,Goto(elsewhere,${CUT(EXTEN,-,1)},1)
exten => 300,1,Goto(${WHERE},s,1)
exten => 400,1,Macro(old,x)
[menu]
exten => s,1,Answer()
 same => n(again),Background(hello)
 same => n,WaitExten(5)
exten => 1,1,Queue(sales)
exten => _2X,1,AGI(route.agi,${EXTEN})
exten => t,1,Goto(s,again)
exten => i,1,Hangup()
[closed]
exten => s,1,Playback(closed)
 same => n,Busy()
[log]
exten => s,1,Return()
[ways]
exten => 9,1,ConfBridge(1)
[elsewhere]
exten => _X.,1,Congestion()
[macro-old]
exten => s,1,Page(PJSIP/1&PJSIP/2)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "asterisk"
    folder.mkdir()
    (folder / "extensions.conf").write_text(DIALPLAN)
    (folder / "pjsip.conf").write_text(
        "[line]\ntype=endpoint\ncontext=from-pstn\n[door]\ntype=endpoint\ncontext=gone\n"
    )
    return folder


def ways(flow: Flow, source: str) -> set[tuple[str, str, str]]:
    return {(link.why, link.detail, link.target) for link in flow.links if link.source == source}


def test_the_ways_of_every_step(tree: Path) -> None:
    flow = tree_flow(trees.tree(tree).pbx, "old")
    assert flow.place("context:from-pstn").facts == (("numbers", "line"),)
    assert {target for _, _, target in ways(flow, "context:from-pstn")} == {
        "from-pstn,_0.", "numbers,100", "numbers,200", "numbers,300", "numbers,400",
    }  # fmt: skip
    assert ways(flow, "from-pstn,_0.") == {
        ("time", "08:00-17:00,mon-fri,*,*", "menu,s"),
        ("goes", "", "closed,s"),
    }
    assert ways(flow, "numbers,100") == {
        ("subroutine", "", "log,s"),
        ("dial", "", "phones:PJSIP/100"),
        ("dial", "", "ways,9"),
        ("if", '$["${DIALSTATUS}" = "BUSY"]', "closed,s"),
        ("goes", "", "voicemail:100@default"),
    }
    assert ways(flow, "numbers,200") == {("goes", "_X.", "elsewhere,_X.")}
    assert ways(flow, "numbers,300") == {("goes", "${WHERE},s", "unknown:${WHERE},s")}
    assert ways(flow, "numbers,400") == {("subroutine", "", "macro-old,s")}
    assert ways(flow, "menu,s") == {
        ("key", "1", "menu,1"),
        ("key", "_2X", "menu,_2X"),
        ("nothing", "", "menu,t"),
        ("wrong", "", "menu,i"),
    }
    assert ways(flow, "menu,1") == {("goes", "", "queue:sales")}
    assert ways(flow, "menu,_2X") == {("goes", "", "custom:AGI(route.agi)")}
    assert ways(flow, "ways,9") == {("goes", "", "conference:1")}
    assert ways(flow, "elsewhere,_X.") == {("goes", "", "refused@elsewhere,_X.")}


def test_one_way_in(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pbx = trees.tree(tree).pbx
    assert {place.key for place in tree_flow(pbx, "old", context="from-pstn", exten="400").places} == {
        "context:from-pstn", "numbers,400", "macro-old,s", "page:PJSIP/1&PJSIP/2",
    }  # fmt: skip
    with pytest.raises(ValueError, match="there is no context 'x'; there are from-pstn"):
        tree_flow(pbx, "old", context="x")
    with pytest.raises(ValueError, match=r"has no extension '9'; it has _0\., 100"):
        tree_flow(pbx, "old", context="from-pstn", exten="9")
    picture = tmp_path / "old.svg"
    assert main(["flow", "--tree", str(tree), "-o", str(picture)]) == Exit.OK
    assert "from-pstn,_0." in picture.read_text(encoding="utf-8")
    assert main(["flow", "--tree", str(tree), "--context", "x"]) == Exit.USAGE
    assert main(["flow"]) == Exit.USAGE
    assert "which site?" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["noor-clinic", "atlas-trading", "brightwater-hotel"])
def test_what_calls_do_is_drawn(name: str) -> None:
    """Every jump that the oracle sees on the caller's channel is a link, in the dial plans of the samples."""
    checked = pipeline.check(SITES, name)
    site, pbx = checked.site, checked.pbx
    flow = tree_flow(pbx, name)
    drawn = {(link.source, link.target) for link in flow.links}
    included = {context.name: [include.context for include in context.includes] for context in pbx.contexts}
    patterns = {context.name: [exten.pattern for exten in context.extens] for context in pbx.contexts}

    def places(context: str, exten: str) -> set[str]:
        """Return the extensions by which a number is found in a context: those of its name, and patterns."""
        mine = {
            f"{context},{one}" for one in patterns.get(context, ()) if one == exten or one.startswith("_")
        }
        return mine.union(*(places(one, exten) for one in included.get(context, ())))

    at = datetime(2026, 11, 28, 10, tzinfo=ZoneInfo(site.time_zone))
    seen = 0
    for state in DEVICE_STATES:
        for start, number in [
            *(
                (f"trunk:{trunk.name}", trunk.dids[0].partition("-")[0])
                for trunk in site.trunks
                if trunk.dids
            ),
            *((f"extension:{site.extensions[0].number}", other.number) for other in site.extensions[1:8]),
        ]:
            call = calls.site_call(site, pbx, start, Dialled(number, at, ""))
            for presses in ((), ("1", "1"), ("2", "2"), ("8", "8", "8", "8")):
                trace = simulate(pbx, call, World(otherwise=state, presses=presses))
                own = [step for step in trace.steps if step.channel == 0]
                for before, after in itertools.pairwise(own):
                    if before.app not in {"Goto", "GotoIf", "GotoIfTime"} or after.priority != 1:
                        continue
                    if (before.context, before.exten) == (after.context, after.exten):
                        continue
                    seen += 1
                    sources, targets = (places(step.context, step.exten) for step in (before, after))
                    assert any(pair[0] in sources and pair[1] in targets for pair in drawn), (before, after)
    assert seen > 40
