"""The telephone company: a lab host whose Asterisk takes registrations of PBXes, calls in, and answers calls out."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from kelid.lab.audio import seconds_of_sound
from kelid.lab.errors import LabError
from kelid.lab.hosts import Host
from kelid.lab.processes import make_cgroup, wait_until
from kelid.lab.talker import Talker

SPOOL = "/var/spool/asterisk/telco"
"""Where the telephone company keeps recordings and the log of the calls that it got."""

CALLER = "/usr/local/lib/lab/caller.py"

BEHAVIOURS = ("answer", "confirm", "busy", "ring", "congestion", "unknown")
"""What a number outside does when it is called: answers and speaks (a tone), does so and presses 1, is busy, rings for ever,
can't be reached for lack of lines, or doesn't exist."""

_CUSTOMER = """\
[{user}]
type=endpoint
transport=udp
context=from-customer
disallow=all
allow=alaw,ulaw
auth={user}
aors={user}
direct_media=no
identify_by=auth_username,username,ip
trust_id_inbound=yes
set_var=CUSTOMER={user}

[{user}]
type=auth
username={user}
password={password}

[{user}]
type=aor
max_contacts=1
remove_existing=yes
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of the telephone company that has ended: one that it made (to a DID) or one that it got."""

    number: str
    """The number that was dialled."""
    caller: str
    """The caller's number as the called side saw it."""
    answered: bool
    ring_seconds: float
    seconds: float
    """How long it stood."""
    cause: int
    """Q.850 cause: 16 normal, 17 busy, 19 no answer, 34 no line, 1 unknown number."""
    digits: str
    """The keys that the other side pressed."""
    recording: Path | None
    """What came from the other side, a wav file of 8 kHz; None if nothing came."""

    @property
    def seconds_heard(self) -> float:
        """Return how many seconds of what came from the other side were louder than silence."""
        return seconds_of_sound(self.recording) if self.recording else 0.0


class CallIn:
    """A call from outside that is on its way or stands."""

    def __init__(self, telco: Telco, talker: Talker, did: str, caller: str) -> None:
        """Use ``Telco.call_in``, which makes that."""
        self.telco, self.talker, self.did, self.caller = telco, talker, did, caller
        self._recording = ""

    def wait_answered(self, timeout: float = 30) -> None:
        """Wait until the PBX has answered. Raise LabError if it hasn't in time."""
        self._recording = str(self.talker.wait_for("answered", timeout=timeout)["recording"])

    def digits(self, digits: str) -> None:
        """Press keys now."""
        self.talker.tell("digits", digits=digits)

    def hangup(self) -> None:
        """End the call."""
        self.talker.tell("hangup")

    def wait_ended(self, timeout: float = 60) -> Call:
        """Wait until the call has ended, and return how it was."""
        event = self.talker.wait_for("ended", timeout=timeout)
        self.talker.close()
        recording = self.telco.fetch_recording(str(event["recording"])) if event["answered"] else None
        return Call(
            number=self.did,
            caller=self.caller,
            answered=event["answered"],
            ring_seconds=event["ring_seconds"],
            seconds=event["seconds"],
            cause=event["cause"],
            digits=event["digits"],
            recording=recording,
        )


@dataclass(frozen=True, slots=True)
class Telco:
    """The telephone company on its host."""

    host: Host

    @staticmethod
    def files() -> dict[str, tuple[str, int]]:
        """Return what must lie on the host before it boots: Asterisk's configuration and the program that calls."""
        names = ("pjsip.conf", "extensions.conf", "manager.conf", "modules.conf", "rtp.conf")
        conf = {f"/etc/asterisk/{name}": (_template(name), 0o644) for name in names}
        return {**conf, CALLER: (_template("caller.py"), 0o755)}

    def install(self) -> None:
        """Make the host's folders and the voice of those who are called, and wait until Asterisk is there."""
        self.host.shell(
            f"install -d -o asterisk -g asterisk {SPOOL}\n"
            "install -d -o root -g asterisk -m 750 /etc/asterisk/customers\n"
            "sox -n -r 8000 -c 1 -b 16 /usr/share/asterisk/sounds/outside.wav synth 5 sine 660 gain -12\n"
        )
        self.host.wait_asterisk()

    def add_customer(self, user: str, password: str, *, address: str = "") -> None:
        """Accept a PBX that registers and calls with this user and password.

        With ``address`` its calls are also taken without a password, and it is called there without a registration.
        """
        if not re.fullmatch(r"[A-Za-z0-9_.+-]{1,40}", user) or not re.fullmatch(r"[^\s;]{1,80}", password):
            raise LabError(
                "a customer's user is of letters, digits and _.+-, the password without spaces and semicolons"
            )
        text = _CUSTOMER.format(user=user, password=password)
        if address:
            text += (
                f"contact=sip:{address}:5060\n\n[{user}]\ntype=identify\nendpoint={user}\nmatch={address}\n"
            )
        self.host.write(f"/etc/asterisk/customers/{user}.conf", text, mode="0640", owner="root:asterisk")
        self.host.asterisk("module reload res_pjsip.so")
        wait_until(
            "the customer", lambda: f" {user}" in self.host.asterisk("pjsip list endpoints"), timeout=10
        )

    def registered(self, user: str) -> bool:
        """Return True if the customer's PBX is registered now."""
        return f"{user}/sip:" in self.host.asterisk(f"pjsip show aor {user}")

    def wait_registered(self, user: str, timeout: float = 30) -> None:
        """Wait until the customer's PBX has registered. Raise LabError if it hasn't in time."""
        wait_until(
            f"the registration of {user}", lambda: self.registered(user), timeout=timeout, interval=0.2
        )

    # -- calls in

    def call_in(
        self, did: str, caller: str, *, user: str, digits: dict[float, str] | None = None, seconds: float = 20,
        ring_seconds: float = 30, name: str = "", tone: bool = True,
    ) -> CallIn:  # fmt: skip
        """Call a DID of a customer's PBX and return the call at once.

        ``digits``: seconds after the answer -> keys to press then. ``seconds``: when to hang up after the answer.
        ``ring_seconds``: when to give up. ``tone``: speak all the while (a tone of 440 Hz), or be silent.
        """
        order = {
            "did": did, "caller": caller, "name": name, "user": user, "seconds": seconds, "ring_seconds": ring_seconds,
            "digits": sorted((digits or {}).items()), "tone": tone, "id": secrets.token_hex(6),
        }  # fmt: skip
        group = make_cgroup(self.host.lab, "ssh")
        ssh: list[str | Path] = [
            "ssh",
            "-F",
            self.host.folders.ssh_config,
            self.host.name,
            "--",
            "python3",
            CALLER,
        ]
        talker = Talker(f"the call to {did}", group, ssh, self.host.folders.state / "caller.log")
        talker.tell("call", **order)
        return CallIn(self, talker, did, caller)

    def call(
        self, did: str, caller: str, *, user: str, digits: dict[float, str] | None = None, seconds: float = 20,
        ring_seconds: float = 30, name: str = "", tone: bool = True,
    ) -> Call:  # fmt: skip
        """Do as ``call_in`` and wait until the call has ended."""
        call = self.call_in(
            did,
            caller,
            user=user,
            digits=digits,
            seconds=seconds,
            ring_seconds=ring_seconds,
            name=name,
            tone=tone,
        )
        return call.wait_ended(seconds + ring_seconds + 15)

    # -- calls out

    def behave(self, number: str, how: str) -> None:
        """Say what a number outside does when it is called: one of ``BEHAVIOURS``. All answer unless they were told."""
        if how not in BEHAVIOURS:
            raise LabError(f"a number can {', '.join(BEHAVIOURS)}; not {how!r}")
        self.host.asterisk(f"database put telco {_number(number)} {how}")

    def received(self) -> list[Call]:
        """Return the calls that came from PBXes and have ended, oldest first, without their recordings' sound."""
        return [
            self._received(fields, recording=None) for fields in self._log() if fields["event"] == "ended"
        ]

    def wait_received(self, number: str, timeout: float = 30, *, after: int = 0) -> Call:
        """Wait until a call to ``number`` has come and ended, and return it with its recording.

        ``after``: how many calls to that number are to be passed over (those of before).
        """

        def ended() -> list[dict[str, str]]:
            found = [one for one in self._log() if one["event"] == "ended" and one["number"] == number]
            return found[after:]

        fields = wait_until(f"a call to {number}", ended, timeout=timeout, interval=0.2)[0]
        recording = f"{SPOOL}/{fields['id']}-heard.wav" if fields["answered"] == "1" else ""
        return self._received(fields, recording=self.fetch_recording(recording) if recording else None)

    def wait_dialled(self, number: str, timeout: float = 30) -> None:
        """Wait until a call to ``number`` has come, answered or not. Raise LabError if it hasn't in time."""
        wait_until(
            f"a call to {number}",
            lambda: [one for one in self._log() if one["number"] == number],
            timeout=timeout,
            interval=0.1,
        )

    def forget(self) -> None:
        """Forget all calls so far and how numbers behave."""
        self.host.shell(f"rm -f {SPOOL}/*")
        self.host.asterisk("database deltree telco")

    def fetch_recording(self, path: str) -> Path | None:
        """Copy a recording from the host and return where it is now; None if there is none or it is empty."""
        done = self.host.run(["base64", "-w0", "--", path], check=False)
        data = base64.b64decode(done.stdout) if done.returncode == 0 else b""
        if len(data) <= 60:  # a header and no sound
            return None
        folder = self.host.folders.state / "recordings"
        folder.mkdir(exist_ok=True)
        target = folder / Path(path).name
        target.write_bytes(data)
        return target

    def _log(self) -> list[dict[str, str]]:
        """Return the lines of the log of calls that came in."""
        text = self.host.run(["cat", f"{SPOOL}/received"], check=False).stdout
        names = (
            "event",
            "id",
            "customer",
            "number",
            "caller",
            "answered",
            "began",
            "at",
            "seconds",
            "cause",
            "digits",
        )
        return [dict(zip(names, line.split("|"), strict=False)) for line in text.splitlines() if line]

    def _received(self, fields: dict[str, str], *, recording: Path | None) -> Call:
        """Return the call that a line of the log describes."""
        seconds = float(fields["seconds"] or 0)
        return Call(
            number=fields["number"],
            caller=fields["caller"],
            answered=fields["answered"] == "1",
            ring_seconds=max(0.0, float(fields["at"]) - float(fields["began"]) - seconds),
            seconds=seconds,
            cause=int(fields["cause"] or 0),
            digits=fields["digits"],
            recording=recording,
        )


def _template(name: str) -> str:
    """Return a file that is put onto the telephone company's host."""
    return resources.files("kelid.lab").joinpath("telco_files", name).read_text(encoding="utf-8")


def _number(number: str) -> str:
    """Return the number if it can stand in a console's command. Raise LabError if not."""
    if not re.fullmatch(r"[0-9*#+]{1,40}", number):
        raise LabError(f"{number!r} is not a number")
    return number
