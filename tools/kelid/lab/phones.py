"""Real SIP phones, each a process with an address of its own in the lab."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kelid.lab.audio import seconds_of_sound
from kelid.lab.processes import wait_until
from kelid.lab.talker import Event, Talker


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCallResult:
    """A call of a phone that has ended. Packets are RTP, ``recording`` is what the phone heard (wav, 8 kHz)."""

    answered: bool
    code: int
    """The SIP status with which it ended: 200 after a normal call, 486 busy, 404 unknown number..."""
    reason: str
    seconds: int
    packets_received: int
    packets_sent: int
    recording: Path

    @property
    def seconds_heard(self) -> float:
        """Return how many seconds of what was heard were louder than silence."""
        return seconds_of_sound(self.recording) if self.recording.exists() else 0.0


class Phone:
    """A phone. It rings until it is told what to do; it plays a tone into every call and records what it hears."""

    def __init__(self, name: str, number: str, password: str, server: str, *, namespace: str, address: str, group: Path,
                 folder: Path, transport: str = "udp", encrypted: bool = False) -> None:  # fmt: skip
        """Start the phone's process in its namespace. Use ``Lab.phone``, which makes that.

        The process ends when its input does: with ``stop``, and also when the one who made it is killed.
        """
        self.name, self.number, self.address, self.namespace, self.folder = (
            name,
            number,
            address,
            namespace,
            folder,
        )
        argv: list[str | Path] = ["nsenter", f"--net=/run/netns/{namespace}", "--"]
        argv += [sys.executable, "-m", "kelid.lab.softphone", number, server, folder]
        self.talker = Talker(f"phone {name}", group, argv, folder / "errors.log")
        self.talker.tell("start", password=password, transport=transport, encrypted=encrypted)
        self.talker.wait_for("ready", timeout=20)

    def register(self) -> None:
        """Sign on to the server; see ``wait_registered``."""
        self.talker.tell("register", on=True)

    def wait_registered(self, timeout: float = 30) -> None:
        """Wait until the server has accepted the password. Raise LabError if it hasn't in time."""
        self.talker.wait_for("registered", timeout=timeout)

    def unregister(self) -> None:
        """Sign off from the server."""
        self.talker.tell("register", on=False)
        self.talker.wait_for("unregistered")

    def behave(self, how: str) -> None:
        """Say what to do with calls that come in: ``ring``, ``answer``, ``busy`` (486) or ``silent`` (no response)."""
        self.talker.ask("behave", how=how)

    def call(self, number: str) -> None:
        """Dial a number."""
        self.talker.tell("call", number=number)

    def dial(self, code: str, timeout: float = 30) -> None:
        """Dial a code that the server ends by itself, such as a feature code, and wait for the end of that very call."""
        before = len(self.talker.events("calling"))
        self.call(code)
        wait_until(f"{self.name} calls", lambda: self.talker.events("calling")[before:], timeout=timeout)
        call = self.talker.events("calling")[before]["call"]
        self.talker.wait_for("ended", timeout=timeout, where={"call": call})

    def wait_incoming(self, timeout: float = 30) -> str:
        """Wait until a call comes in and return the caller's number and name, ``02188001234`` or ``101 "Name"``."""
        remote = str(self.talker.wait_for("incoming", timeout=timeout)["remote"])
        return caller_of(remote)

    def answer(self) -> None:
        """Take the call that rings."""
        self.talker.tell("answer")

    def wait_answered(self, timeout: float = 30) -> None:
        """Wait until the call stands."""
        self.talker.wait_for("answered", timeout=timeout)

    def digits(self, digits: str) -> None:
        """Press keys during the call (RFC 4733)."""
        self.talker.tell("digits", digits=digits)

    def quiet(self, timeout: float = 20) -> None:
        """Wait until the phone has no call any more, and let go of all that it told of those."""

        def still() -> bool:
            stats = self.talker.ask("stats")
            return not stats["calls"] and not stats["ending"]

        wait_until(f"{self.name} without a call", still, timeout=timeout, interval=0.05)
        self.talker.forget()

    def hangup(self) -> None:
        """End the call."""
        self.talker.tell("hangup")

    def packets(self) -> dict[str, int]:
        """Return the RTP packets and bytes ``received`` and ``sent`` so far by the newest call; empty without one."""
        calls: dict[str, dict[str, int]] = self.talker.ask("stats")["calls"]
        return list(calls.values())[-1] if calls else {}

    def wait_for(self, event: str, timeout: float = 30) -> Event:
        """Wait for the next event of that name: incoming, early, answered, media, digit, ended, registered..."""
        return self.talker.wait_for(event, timeout=timeout)

    def wait_ended(self, timeout: float = 30) -> PhoneCallResult:
        """Wait until a call has ended and return how it was."""
        event = self.talker.wait_for("ended", timeout=timeout)
        answered = any(one["call"] == event["call"] for one in self.talker.events("answered"))
        rtp: dict[str, Any] = event["rtp"]
        return PhoneCallResult(
            answered=answered, code=event["code"], reason=event["reason"], seconds=event["seconds"],
            packets_received=rtp["received"], packets_sent=rtp["sent"], recording=Path(event["recording"]),
        )  # fmt: skip

    def stop(self) -> None:
        """Hang up, sign off and end the phone's process. Its namespace goes with the lab, or with ``Lab.remove_phone``."""
        self.talker.close()


def caller_of(uri: str) -> str:
    """Given a SIP address as phones show it, return the number, and the name after it if there is one."""
    match = re.search(r'(?:"(?P<name>[^"]*)"\s*)?<?sips?:(?P<number>[^@>;]*)', uri)
    if not match:
        return uri
    name = match["name"]
    return f'{match["number"]} "{name}"' if name and name != match["number"] else match["number"]
