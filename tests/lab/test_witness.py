"""The witness itself: what a real Asterisk did is told step by step, in the world and at the time that were asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fidelity.plain import tree
from kelid.lab import Lab
from kelid.lab.processes import wait_until
from kelid.lab.witness import Live, Press, Witness
from kelid.model.call import Call, World
from kelid.model.record import replace
from kelid.simulate import simulate

pytestmark = pytest.mark.lab

IMAGES = {22: "pbx", 16: "pbx11"}
IMAGES_BACK = {image: version for version, image in IMAGES.items()}
AT = datetime(2027, 3, 21, 8, 0, tzinfo=UTC)
DIALPLAN = """
[general]
autofallthrough = yes
clearglobalvars = yes
[from-phone]
exten => dial,1,Dial(PJSIP/101,20)
 same => n,NoOp(${DIALSTATUS})
 same => n,Set(GLOBAL(seen)=$[0${seen} + 1])
exten => menu,1,Answer()
 same => n,WaitExten(5)
exten => t,1,NoOp(nothing)
exten => 12,1,NoOp(${CHANNEL(endpoint)} ${CALLERID(num)})
exten => kept,1,NoOp(${DB(a/b)} ${seen} ${DEVICE_STATE(PJSIP/102)})
exten => when,1,NoOp(${STRFTIME(${EPOCH},UTC,%Y%m%d %H:%M)})
exten => long,1,Answer()
 same => n,Wait(120)
 same => n,NoOp(over)
exten => closing,1,Answer()
 same => n,NoOp(${IFTIME(08:00-08:04,*,*,*?open:closed)})
 same => n,Wait(180)
 same => n,NoOp(${IFTIME(08:00-08:04,*,*,*?open:closed)})
 same => n,Dial(PJSIP/101,180)
 same => n,NoOp(${IFTIME(08:00-08:04,*,*,*?open:closed)})
exten => included,1,Goto(by-day,s,1)
exten => _limited-X,1,Answer()
 same => n,Set(TIMEOUT(absolute)=6)
 same => n,ExecIf(${EXTEN:-1}?Dial(PJSIP/101,6):Wait(6))
 same => n,NoOp(after)
exten => T,1,NoOp(cut off)
exten => forever,1,Echo()
exten => folders,1,NoOp(${ASTETCDIR} ${ASTDBDIR} ${ASTVARLIBDIR} ${ASTDATADIR})
 same => n,NoOp(${ASTAGIDIR} ${ASTKEYDIR} ${ASTSPOOLDIR} ${ASTLOGDIR} ${ASTRUNDIR})
exten => h,1,NoOp(end)
[by-day]
include => day,08:00-08:04,*,*,*
exten => i,1,NoOp(gone)
[day]
exten => s,1,Answer()
 same => n,Wait(180)
 same => n,NoOp(still)
"""


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def witness(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Witness]:
    host = lab.create_host(f"witness{request.param}", image=IMAGES[request.param])
    with Witness(host) as witness:
        pbx, files = tree(DIALPLAN, request.param)
        witness.load(pbx, files, at=AT)
        yield witness


def call(exten: str, endpoint: str = "100") -> Call:
    technology = "PJSIP" if endpoint else "Local"
    return Call(
        context="from-phone", exten=exten, at=AT, caller=endpoint, endpoint=endpoint, technology=technology
    )


def shown(live: Live) -> list[str]:
    return [step.data for step in live.steps if step.app.lower() == "noop"]


def test_phones_do_what_the_world_says(witness: Witness) -> None:
    ends = {
        "answers": [],
        "busy": ["BUSY"],
        "no_answer": ["NOANSWER"],
        "unavailable": ["CHANUNAVAIL"],
        "congestion": ["CONGESTION"],
    }
    for how, status in ends.items():
        witness.prepare(World(devices={"PJSIP/101": how}), AT)
        for live in witness.place([call("dial"), call("dial", "")]):
            assert shown(live) == [*status, "end"], how


def test_keys_are_pressed_at_their_step(witness: Witness) -> None:
    witness.prepare(World(), AT)
    by_sip, by_local, silent = witness.place(
        [call("menu"), call("menu", ""), call("menu")], [[Press(1, "12")], [Press(1, "12")], []]
    )
    assert shown(by_sip) == ["100 100", "end"]
    assert shown(by_local)[0].endswith("end" if len(shown(by_local)) == 1 else " ")
    assert [step.exten for step in by_local.steps if step.channel == 0][-2:] == ["12", "h"]
    assert shown(silent) == ["nothing", "end"]


def test_a_call_that_is_refused_is_over(witness: Witness) -> None:
    witness.prepare(World(), AT)
    refused, after = witness.place([call("nowhere"), call("12")])
    assert refused.steps == ()
    assert refused.status == 404
    assert shown(after) == ["100 100", "end"]


def test_each_world_is_its_own(witness: Witness) -> None:
    witness.prepare(World(database={"a/b": "x"}, globals={"seen": "5"}, in_use=frozenset({"PJSIP/102"})), AT)
    (live,) = witness.place([call("kept")])
    assert shown(live) == ["x 5 INUSE", "end"]
    witness.prepare(World(), AT, reload=True)
    (live,) = witness.place([call("kept")])
    assert shown(live) == ["  NOT_INUSE", "end"]


def test_the_clock_shows_what_was_set_and_waits_are_short(witness: Witness) -> None:
    for days in (0, 200, -3):
        moment = AT + timedelta(days=days)
        witness.prepare(World(), moment)
        begin = datetime.now(UTC)
        when, long = witness.place([call("when"), call("long")])
        assert shown(when) == [moment.strftime("%Y%m%d %H:%M"), "end"]
        assert shown(long) == ["over", "end"]
        assert datetime.now(UTC) - begin < timedelta(seconds=60)


def test_the_clock_goes_on_while_a_call_waits(witness: Witness) -> None:
    """Over a border of time: conditions, and an include that a call is in."""
    nobody = World(devices={"PJSIP/101": "no_answer"})
    pbx, _ = tree(DIALPLAN)
    for minutes in (0.1, 3):  # a minute and more from the border at each look: the clock is hastened
        at = AT + timedelta(minutes=minutes)
        witness.prepare(nobody, at)
        calls = [replace(call(exten), at=at) for exten in ("closing", "included")]
        told = [
            [step.data for step in simulate(pbx, one, nobody).steps if step.app == "NoOp"] for one in calls
        ]
        assert [shown(live) for live in witness.place(calls)] == told
        assert told[0][:-1] == ["open", "open" if minutes < 1 else "closed", "closed"]


def test_a_limit_is_over_before_a_wait_that_ends_with_it(witness: Witness) -> None:
    nobody = World(devices={"PJSIP/101": "no_answer"})
    pbx, _ = tree(DIALPLAN)
    witness.prepare(nobody, AT)
    calls = [call("limited-0"), call("limited-1")]
    told = [[step.data for step in simulate(pbx, one, nobody).steps if step.app == "NoOp"] for one in calls]
    assert [shown(live) for live in witness.place(calls)] == told
    assert told == [["cut off", "end"]] * 2


def test_its_folders_are_those_of_a_server(witness: Witness) -> None:
    """``Authenticate(${ASTETCDIR}/pins)``: a PIN set's list is shown, and found, where it is on a server."""
    witness.prepare(World(), AT)
    (live,) = witness.place([call("folders")])
    pbx, _ = tree(DIALPLAN)
    told = [step.data for step in simulate(pbx, call("folders"), World()).steps]
    assert shown(live) == told
    assert told[0] == "/etc/asterisk /var/lib/asterisk/astdb /var/lib/asterisk /usr/share/asterisk"


def test_a_caller_who_waits_for_nothing_hangs_up(witness: Witness) -> None:
    witness.prepare(World(), AT)
    (live,) = witness.place([call("forever")], patience=20)
    assert live.gave_up == "Echo"
    assert shown(live) == ["end"]
    (live,) = witness.place([call("forever")], [[Press(0, "!", after=2)]])
    assert live.gave_up == ""


def test_many_at_once_are_told_apart(witness: Witness) -> None:
    witness.prepare(World(), AT)
    calls = [call("12", "" if number % 2 else str(100 + number % 4)) for number in range(60)]
    for asked, live in zip(calls, witness.place(calls), strict=True):
        assert [step.exten for step in live.steps if step.channel == 0] == ["12", "h"]
        if asked.endpoint:
            assert shown(live)[0] == f"{asked.endpoint} {asked.endpoint}"


def test_files_of_the_program_are_shipped(root: Path) -> None:
    from kelid.lab import witness

    files = {path.name for path in (root / "tools/kelid/lab/witness_files").glob("*.py")}
    assert files == set(witness._FILES)


ASKS = """
import sys
from datetime import datetime, UTC
from kelid.lab import Lab
from kelid.lab.witness import Witness
from kelid.model.call import Call, World
from kelid.model.record import replace
from fidelity.plain import tree
witness = Witness(Lab.find(sys.argv[1]).host(sys.argv[2]))
at = datetime(2027, 3, 21, 8, 0, tzinfo=UTC)
pbx, files = tree(sys.argv[3], int(sys.argv[4]))
witness.load(pbx, files, at=at)
witness.prepare(World(), at)
print("places", flush=True)
witness.place([Call(context="from-phone", exten="forever", at=at)])
"""


def test_it_ends_with_whoever_asked(lab: Lab, witness: Witness, root: Path) -> None:
    """Killed in the midst of a call, whoever asked says no good-bye; nothing may stay on the host."""
    host = witness.host

    def running() -> int:
        return len(host.run(["pgrep", "-f", "asterisk -C /tmp/witness-"], check=False).stdout.split())

    before = running()
    words = [sys.executable, "-c", ASKS, lab.name, host.name, DIALPLAN, str(IMAGES_BACK[host.image])]
    path = os.pathsep.join([str(root / "tests"), str(root / "tools")])
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as asks:
        assert asks.stdout
        assert asks.stdout.readline() == "places\n"
        assert running() == before + 1
        asks.kill()
    wait_until("the end of its Asterisk", lambda: running() == before, timeout=60)
