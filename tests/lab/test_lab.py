"""The lab itself, on the real thing: hosts, clock, phones, telephone company, store, and the way back to nothing."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kelid.lab import Host, Lab, LabError, Phone, Telco
from kelid.lab.audio import recognise
from kelid.lab.processes import cgroup, pids, wait_until

pytestmark = pytest.mark.lab

PHONES = ("101", "102")
TRUNK_HOST = "sip.mokhaberat.example"
DID = "02191000001"

_PHONE = """\
[{number}]
type=endpoint
context=phones
disallow=all
allow=alaw
auth={number}
aors={number}
direct_media=no
callerid=Phone {number} <{number}>
[{number}]
type=auth
username={number}
password=secret-{number}
[{number}]
type=aor
max_contacts=1
remove_existing=yes
"""

_TRUNK = f"""\
[trunk]
type=endpoint
context=from-trunk
disallow=all
allow=alaw
outbound_auth=trunk
aors=trunk
direct_media=no
[trunk]
type=auth
username=clinic
password=trunk-secret
[trunk]
type=aor
contact=sip:{TRUNK_HOST}:5060
[trunk]
type=registration
server_uri=sip:{TRUNK_HOST}
client_uri=sip:clinic@{TRUNK_HOST}
outbound_auth=trunk
retry_interval=2
max_random_initial_delay=0
[trunk]
type=identify
endpoint=trunk
match={TRUNK_HOST}
"""

_DIALPLAN = f"""\
[phones]
exten => now,1,Set(GLOBAL(NOW)=${{STRFTIME(,Asia/Tehran,%F %H:%M:%S)}})
exten => 700,1,Goto(now,1)
exten => _10X,1,Dial(PJSIP/${{EXTEN}},20)
exten => _9.,1,Dial(PJSIP/${{EXTEN:1}}@trunk,30)
[from-trunk]
exten => {DID},1,Answer()
 same => n,Wait(0.5)
 same => n,Read(KEY,vm-goodbye,1,,1,6)
 same => n,Set(GLOBAL(PRESSED)=${{KEY}} by ${{CALLERID(num)}})
 same => n,SendDTMF(73)
 same => n,Playback(demo-thanks)
 same => n,Hangup()
"""


@pytest.fixture(scope="module")
def telco(lab: Lab) -> Telco:
    """Return a telephone company with the customer ``clinic``."""
    return lab.create_telco("clinic", "trunk-secret", aliases=(TRUNK_HOST,))


@pytest.fixture(scope="module")
def pbx(lab: Lab, telco: Telco) -> Host:
    """Return a PBX, configured by hand, with two phones and a trunk to the telephone company."""
    host = lab.create_host("pbx")
    host.wait_asterisk()  # told to stop while it still loads, Asterisk may take more than a minute to do so
    transport = "[transport]\ntype=transport\nprotocol=udp\nbind=0.0.0.0\n"
    phones = "".join(_PHONE.format(number=number) for number in PHONES)
    host.write("/etc/asterisk/pjsip.conf", transport + phones + _TRUNK, mode="0640", owner="root:asterisk")
    host.write("/etc/asterisk/extensions.conf", _DIALPLAN, mode="0640", owner="root:asterisk")
    host.run(["systemctl", "restart", "asterisk"])
    host.wait_asterisk()
    telco.wait_registered("clinic")
    return host


@pytest.fixture
def phones(pbx: Host, new_phone: Callable[..., Phone]) -> tuple[Phone, Phone]:
    """Return two phones that are registered at the PBX by name and password."""
    both = tuple(new_phone(f"desk-{number}", number, f"secret-{number}", "pbx") for number in PHONES)
    for phone in both:
        phone.register()
        phone.wait_registered()
    return both  # type: ignore[return-value]


def variable(host: Host, name: str) -> str:
    """Return the value of one of Asterisk's global variables, "" if it has none."""
    for line in host.asterisk("dialplan show globals").splitlines():
        key, _, value = line.strip().partition("=")
        if key == name:
            return value
    return ""


def sound(host: Host, name: str, folder: Path) -> Path:
    """Return one of Asterisk's own prompts as a wav file here."""
    host.run(
        ["sox", f"/usr/share/asterisk/sounds/en/{name}.gsm", "-b", "16", "-r", "8000", "/tmp/prompt.wav"]
    )
    target = folder / f"{name}.wav"
    target.write_bytes(base64.b64decode(host.run(["base64", "-w0", "/tmp/prompt.wav"]).stdout))
    return target


# -- hosts


def test_a_host_is_a_real_server(pbx: Host) -> None:
    state = wait_until(
        "the end of the boot",
        lambda: (
            pbx.run(["systemctl", "is-system-running"], check=False).stdout.strip().replace("starting", "")
        ),
        timeout=30,
    )
    assert state == "running"
    assert pbx.run(["systemctl", "is-active", "asterisk"]).stdout.strip() == "active"
    assert pbx.asterisk("core show version").startswith("Asterisk 22.")


def test_asterisk_starts_as_the_distribution_packages_it(new_host: Callable[..., Host]) -> None:
    host = new_host("stock")
    host.wait_asterisk()
    changed = host.run(
        ["dpkg", "--verify", "asterisk", "asterisk-config", "asterisk-modules"], check=False
    ).stdout
    assert [
        line for line in changed.splitlines() if "/usr/share/doc/" not in line and "/man/" not in line
    ] == []


def test_a_host_knows_the_others_by_name_also_those_that_came_later(
    pbx: Host, new_host: Callable[..., Host]
) -> None:
    later = new_host("later", "bare", aliases=("files.example",))
    assert pbx.run(["getent", "hosts", "files.example"]).stdout.split()[0] == later.address
    assert later.run(["getent", "hosts", TRUNK_HOST]).returncode == 0


def test_no_way_leads_out_of_a_lab(pbx: Host) -> None:
    assert "default" not in pbx.run(["ip", "route"]).stdout


def test_a_host_with_another_key_is_not_entered(lab: Lab, new_host: Callable[..., Host]) -> None:
    host = new_host("impostor", "bare")
    host.shell("rm /etc/ssh/ssh_host_*\nssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key\n")
    host.run(["systemctl", "restart", "ssh"])
    host.hang_up()
    refused = host.run(["true"], check=False)
    assert refused.returncode == 255
    assert "verification failed" in refused.stderr


def test_an_empty_host_can_install_asterisk_without_a_network(new_host: Callable[..., Host]) -> None:
    host = new_host("empty", "bare")
    assert host.run(["sh", "-c", "command -v asterisk"], check=False).returncode != 0
    host.shell(
        "apt-get -q update\nDEBIAN_FRONTEND=noninteractive apt-get -q -y install asterisk asterisk-modules\n",
        timeout=180,
    )
    host.wait_asterisk()
    assert host.asterisk("core show version").startswith("Asterisk 22.")


def test_debian_11_has_asterisk_16(new_host: Callable[..., Host]) -> None:
    host = new_host("older", "pbx11")
    host.wait_asterisk()
    assert host.asterisk("core show version").startswith("Asterisk 16.28")


def test_a_power_cut_ends_everything_and_keeps_the_disk(lab: Lab, new_host: Callable[..., Host]) -> None:
    host = new_host("cut")
    host.write("/var/lib/asterisk/kept", "still here\n")
    lab.kill_host("cut")
    assert not host.running
    again = lab.boot_host("cut")
    assert again.read("/var/lib/asterisk/kept") == "still here\n"
    again.wait_asterisk()


def test_a_name_is_given_once(lab: Lab, pbx: Host) -> None:
    with pytest.raises(LabError, match="has a host 'pbx' already"):
        lab.create_host("pbx")


def test_an_unknown_image_leaves_nothing(lab: Lab) -> None:
    with pytest.raises(LabError, match="known are bare, pbx"):
        lab.create_host("strange", "slackware")
    assert "strange" not in [host.name for host in lab.hosts()]


# -- the clock


def test_asterisk_lives_at_any_moment_and_goes_on_from_there(pbx: Host, phones: tuple[Phone, Phone]) -> None:
    nowruz = datetime(2027, 3, 21, 8, 0, tzinfo=ZoneInfo("Asia/Tehran"))

    def ask() -> datetime:
        phones[0].call("700")
        phones[0].wait_ended()
        return datetime.strptime(variable(pbx, "NOW"), "%Y-%m-%d %H:%M:%S").replace(
            tzinfo=ZoneInfo("Asia/Tehran")
        )

    try:
        pbx.set_clock(nowruz)
        first = ask()
        assert 0 <= (first - nowruz).total_seconds() < 10
        wait_until("the clock to go on", lambda: ask() > first, timeout=10, interval=0.3)
        pbx.run(["systemctl", "restart", "asterisk"])
        pbx.wait_asterisk()
        phones[0].register()
        phones[0].wait_registered()
        assert 0 <= (ask() - nowruz).total_seconds() < 60
    finally:
        pbx.reset_clock()
    assert abs((ask() - datetime.now(ZoneInfo("Asia/Tehran"))).total_seconds()) < 10
    assert pbx.run(["date", "+%Z"]).stdout.strip() == "UTC"


# -- phones


def test_a_phone_registers_again_when_it_is_told_to_before_the_server_has_answered(
    phones: tuple[Phone, Phone],
) -> None:
    phones[0].register()
    phones[0].register()
    phones[0].wait_registered()
    phones[0].wait_registered()


def test_phones_talk_both_ways(phones: tuple[Phone, Phone]) -> None:
    caller, called = phones
    caller.call("102")
    assert called.wait_incoming() == '101 "Phone 101"'
    called.answer()
    caller.wait_answered()
    called.wait_answered()
    caller.digits("15")
    assert [called.wait_for("digit")["digit"] for _ in range(2)] == ["1", "5"]
    wait_until("a second of speech", lambda: min(caller.packets().values()) > 50, timeout=10, interval=0.1)
    caller.hangup()
    for result in (caller.wait_ended(), called.wait_ended()):
        assert result.answered
        assert result.packets_sent > 50
        assert result.packets_received > 50
        assert result.seconds_heard > 0.5


def test_a_wrong_password_does_not_register(pbx: Host, new_phone: Callable[..., Phone]) -> None:
    phone = new_phone("thief", "101", "guessed", "pbx")
    phone.register()
    assert phone.wait_for("unregistered")["code"] in {401, 403}


def test_a_phone_can_be_busy(phones: tuple[Phone, Phone]) -> None:
    caller, called = phones
    called.behave("busy")
    caller.call("102")
    result = caller.wait_ended()
    assert (result.answered, result.code) == (False, 486)


# -- the telephone company


def test_a_call_from_outside_is_heard_and_its_digits_arrive(pbx: Host, telco: Telco, tmp_path: Path) -> None:
    call = telco.call(DID, "09121234567", user="clinic", digits={3.0: "2"})
    assert (call.answered, call.cause, call.digits) == (True, 16, "73")
    assert variable(pbx, "PRESSED") == "2 by 09121234567"
    prompts = {name: sound(pbx, name, tmp_path) for name in ("vm-goodbye", "demo-thanks", "demo-congrats")}
    assert call.recording
    assert [heard.prompt for heard in recognise(call.recording, prompts)] == ["vm-goodbye", "demo-thanks"]


def test_a_did_that_nobody_has_is_refused(pbx: Host, telco: Telco) -> None:
    call = telco.call("02199999999", "09121234567", user="clinic")
    assert not call.answered
    assert call.cause in {1, 3, 21}  # unknown number, no route, rejected
    assert call.recording is None


def test_a_call_to_a_customer_who_is_not_registered_says_so(telco: Telco) -> None:
    with pytest.raises(LabError, match="nobody is not registered"):
        telco.call(DID, "0912", user="nobody")


def test_numbers_outside_answer_or_do_as_they_were_told(telco: Telco, phones: tuple[Phone, Phone]) -> None:
    phone = phones[0]
    phone.call("902188001234")
    phone.wait_answered()
    phone.digits("42")
    wait_until("the voice from outside", lambda: phone.packets()["received"] > 50, timeout=10, interval=0.1)
    phone.hangup()
    assert phone.wait_ended().seconds_heard > 0.5
    call = telco.wait_received("02188001234")
    assert (call.answered, call.caller, call.digits) == (True, "101", "42")
    assert call.seconds_heard > 0.5
    for number, how, cause in (("02188001235", "busy", 17), ("02188001236", "unknown", 1)):
        telco.behave(number, how)
        phone.call("9" + number)
        assert not phone.wait_ended().answered
        refused = telco.wait_received(number)
        assert (refused.answered, refused.cause) == (False, cause)
    telco.behave("02188001237", "ring")
    phone.call("902188001237")
    phone.wait_for("early")
    telco.wait_dialled("02188001237")
    phone.hangup()
    assert not telco.wait_received("02188001237").answered


# -- the store


def test_the_store_takes_a_backup_and_nothing_else(lab: Lab, pbx: Host) -> None:
    pbx.shell("ssh-keygen -q -t ed25519 -N '' -f /root/backup_key")
    store = lab.create_store(pbx.read("/root/backup_key.pub"))
    try:
        pbx.write("/root/.ssh/known_hosts", f"store {lab.host_key('store')}\n", mode="0600")
        restic = "RESTIC_PASSWORD=x restic -q -o sftp.args='-i /root/backup_key' -r sftp:backup@store:pbx"
        pbx.shell(f"{restic} init\n{restic} backup /etc/asterisk\n{restic} check\n", timeout=120)
        assert store.host.run(["ls", "/srv/backup/pbx/config"]).returncode == 0
        shell = pbx.run(["ssh", "-i", "/root/backup_key", "backup@store", "id"], check=False)
        assert "uid=" not in shell.stdout
    finally:
        lab.destroy_host("store")


# -- found again, and ended


def machine() -> dict[str, set[str]]:
    """Return what a lab could leave on this machine, or take from it."""
    listing = {
        "links": ["ip", "-o", "link"], "namespaces": ["ip", "netns"], "addresses": ["ip", "-o", "-4", "address"],
    }  # fmt: skip
    found = {
        what: {line.split("@")[0].split(" (id")[0] for line in _lines(argv)} for what, argv in listing.items()
    }
    found["links"] = {line.split(":")[1] for line in found["links"]}
    found["mounts"] = {
        line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    }
    found["groups"] = (
        {path.name for path in cgroup().iterdir() if path.is_dir()} if cgroup().exists() else set()
    )
    for folder in (Path("/run/kelid-lab"), Path("/var/lib/kelid-lab")):
        found[str(folder)] = {path.name for path in folder.iterdir()} if folder.exists() else set()
    return found


def _lines(argv: list[str]) -> list[str]:
    """Return the lines that a program prints."""
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()


def alive(pid: int) -> bool:
    """Return True if the process runs; one that has ended and that init hasn't noticed yet doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] not in {
            "Z",
            "X",
        }
    except OSError:
        return False


def carries(lab: Lab, listing: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return what of a listing belongs to the lab."""
    marks = (lab.name, _short_name(lab))
    found = {
        what: {one for one in names if any(mark in one for mark in marks)} for what, names in listing.items()
    }
    return {what: names for what, names in found.items() if names}


def _short_name(lab: Lab) -> str:
    from kelid.lab.network import short_name

    return short_name(lab.name)


@pytest.fixture
def other(lab_possible: None) -> Iterator[Lab]:
    """Return a second lab that isn't up yet and is gone after the test."""
    other = Lab(f"other-{os.getpid()}-{secrets.token_hex(2)}")
    yield other
    other.down()


_MAKER = """
import sys
from kelid.lab import Lab
lab = Lab.up(sys.argv[1])
lab.create_host("one")
lab.phone("desk", "101", "none", "one")
print("begun", flush=True)
while True:
    lab.destroy_host("two")
    lab.create_host("two", "bare")
"""


def test_a_maker_killed_half_way_leaves_nothing_that_down_does_not_find(other: Lab) -> None:
    before = carries(other, machine())
    assert before == {}
    for delay in (0.05, 0.45):
        with subprocess.Popen(
            [sys.executable, "-c", _MAKER, other.name], stdout=subprocess.PIPE, text=True
        ) as maker:
            assert maker.stdout
            assert maker.stdout.readline() == "begun\n"
            inside = set(pids(cgroup(other.name)))
            time.sleep(delay)  # no wait for anything: the moments at which the maker is struck
            maker.send_signal(signal.SIGKILL)
        assert Lab.find(other.name).host("one").run(["hostname"]).stdout == "one\n"
        assert set(carries(other, machine())) >= {"links", "namespaces", "groups"}
        other.down()
        assert carries(other, machine()) == {}
        assert not [pid for pid in inside if alive(pid)]
    other.down()  # nothing is there: nothing happens


def test_a_second_lab_disturbs_neither_the_first_nor_the_machine(
    lab: Lab, pbx: Host, other: Lab, phones: tuple[Phone, Phone]
) -> None:
    own = carries(lab, machine())
    routes = {line for line in _lines(["ip", "route"]) if "kl" not in line}
    phones[0].call("102")
    phones[1].wait_incoming()
    phones[1].answer()
    phones[0].wait_answered()
    Lab.up(other.name)
    assert other.subnet != lab.subnet
    twin = other.create_host("pbx")
    assert twin.address.rsplit(".", 1)[0] != pbx.address.rsplit(".", 1)[0]
    assert other.host("pbx").run(["ping", "-c1", "-W1", pbx.address], check=False).returncode != 0
    other.down()
    assert carries(lab, machine()) == own
    assert {line for line in _lines(["ip", "route"]) if "kl" not in line} == routes
    heard = phones[0].packets()["received"]
    wait_until(
        "the call to go on", lambda: phones[0].packets()["received"] > heard + 10, timeout=5, interval=0.1
    )
    phones[0].hangup()
    phones[1].wait_ended()


def test_the_command_brings_a_lab_up_and_down(other: Lab) -> None:
    kelid = [sys.executable, "-m", "kelid", "lab"]
    up = subprocess.run(
        [*kelid, "up", "--lab", other.name], capture_output=True, text=True, check=False, timeout=120
    )
    assert up.returncode == 0, up.stderr
    assert {host.name for host in other.hosts()} == {"pbx", "telco", "store"}
    ssh = subprocess.run(
        [*kelid, "ssh", "--lab", other.name, "pbx", "--", "echo", "a  b"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ssh.stdout == "a  b\n"
    down = subprocess.run([*kelid, "down", "--lab", other.name], capture_output=True, text=True, check=False)
    assert down.returncode == 0, down.stderr
    assert carries(other, machine()) == {}
