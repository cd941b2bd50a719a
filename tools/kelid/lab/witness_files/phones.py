"""All phones and trunks of a tree: each has an address of its own on the loopback, registers, calls and is called.

They speak as much SIP as that takes. They send some silence and hear nothing: their SDP names a port without a listener.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

TALK = 25.0
"""Seconds until who has answered hangs up: after all that is done and played before the talk."""
NETWORK_WAITS = 180.0
"""Seconds that a phone or a line rings in vain before its network gives up (timer C of RFC 3261), where Asterisk doesn't."""
PICKS_UP = 0.1
"""Seconds that a phone rings before it is picked up, and that lie between two that are: of those that ring for one call,
the one that was called first answers. Where both have before Asterisk looks, the one called last has the call
(ast_waitfor_nandfds in main/channel.c)."""
ASTERISK = ("127.0.0.1", 5060)
SDP = (
    "v=0\r\no=- {number} {number} IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 8 0 9 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)
REFUSALS = {"busy": "486 Busy Here", "congestion": "503 Service Unavailable", "refused": "603 Decline"}
COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}


class Message:
    """A SIP message: first line, headers in order (small names), body."""

    def __init__(self, data: bytes) -> None:
        """Read it from a datagram."""
        head, _, self.body = data.decode("utf-8", "surrogateescape").partition("\r\n\r\n")
        self.first, *rows = head.split("\r\n")
        self.headers: list[tuple[str, str]] = []
        for row in rows:
            name, _, value = row.partition(":")
            name = name.strip().lower()
            self.headers.append((COMPACT.get(name, name), value.strip()))

    def get(self, name: str) -> str:
        """Return the first header of that name, "" if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def status(self) -> int:
        """Return the status of an answer, 0 for a request."""
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/2.0") else 0


class Leg:
    """One call of a phone, made or taken."""

    def __init__(self, call_id: str, *, made: bool) -> None:
        """Given the Call-ID and whether the phone itself calls."""
        self.call_id, self.made = call_id, made
        self.target = ""
        self.ours, self.theirs = "", ""  # From and To as we write them
        self.sequence = 1
        self.branch = ""
        self.status = 0
        self.over = False
        self.last: bytes = b""
        self.invite: Message | None = None
        self.on_end: Callable[[], None] | None = None
        self.media: tuple[str, int] | None = None
        """Where Asterisk hears."""
        self.begun = time.monotonic()
        self.rang: float | None = None
        """How many true seconds it rang, None while it does."""

    def silent(self) -> None:
        """Note that it rings no more."""
        if self.rang is None:
            self.rang = time.monotonic() - self.begun


class Phone(asyncio.DatagramProtocol):
    """One endpoint. ``behaviour`` is what it does when it is called; ``fast`` by how much time is hastened."""

    def __init__(self, name: str, aor: str, address: str, picked_up: dict[str, float]) -> None:
        """Given Asterisk's name of the endpoint, that of its AOR, its address, and what all phones share.

        ``picked_up`` holds when a call of a caller (From) was picked up last, on the loop's clock.
        """
        self.name, self.aor, self.address = name, aor, address
        self.picked_up = picked_up
        self.behaviour = "answers"
        self.hold = False
        self.fast = 1.0
        self.legs: dict[str, Leg] = {}
        self.count = 0
        self.registered = False
        self.register_answer: asyncio.Future[int] | None = None
        self.calls: list[str] = []

    def connection_made(self, transport: Any) -> None:
        """Keep the socket."""
        self.transport = transport

    def send(self, text: str) -> bytes:
        """Send a message to Asterisk and return its bytes."""
        data = text.encode("utf-8", "surrogateescape")
        self.transport.sendto(data, ASTERISK)
        return data

    def request(
        self,
        method: str,
        target: str,
        leg: Leg,
        *,
        headers: tuple[str, ...] = (),
        body: str = "",
        branch: str = "",
    ) -> bytes:
        """Send a request of a call."""
        self.count += 1
        branch = branch or f"z9hG4bK{self.name}{self.count}"
        rows = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:5060;branch={branch};rport",
            "Max-Forwards: 70",
            f"From: {leg.ours}",
            f"To: {leg.theirs}",
            f"Call-ID: {leg.call_id}",
            f"CSeq: {leg.sequence} {method}",
            f"Contact: <sip:{self.aor}@{self.address}:5060>",
            *headers,
            f"Content-Length: {len(body)}",
        ]
        leg.branch = branch if method == "INVITE" else leg.branch
        return self.send("\r\n".join(rows) + "\r\n\r\n" + body)

    def answer(self, message: Message, status: str, leg: Leg | None = None, *, body: str = "") -> bytes:
        """Answer a request."""
        rows = [f"SIP/2.0 {status}"]
        for name, value in message.headers:
            if name == "to" and "tag=" not in value and not status.startswith("100"):
                rows.append(f"To: {value};tag=t{self.name}")
            elif name in {"via", "from", "to", "call-id", "cseq", "record-route"}:
                rows.append(f"{name.title()}: {value}")
        rows.append(f"Contact: <sip:{self.aor}@{self.address}:5060>")
        if body:
            rows.append("Content-Type: application/sdp")
        rows.append(f"Content-Length: {len(body)}")
        data = self.send("\r\n".join(rows) + "\r\n\r\n" + body)
        if leg:
            leg.last = data
        return data

    # -- registering

    async def register(self, seconds: int) -> None:
        """Register, or with 0 be gone."""
        self.count += 1
        call_id = f"reg-{self.name}"
        self.register_answer = asyncio.get_running_loop().create_future()
        rows = [
            "REGISTER sip:127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:5060;branch=z9hG4bKr{self.name}{self.count};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.aor}@127.0.0.1>;tag=r{self.count}",
            f"To: <sip:{self.aor}@127.0.0.1>",
            f"Call-ID: {call_id}",
            f"CSeq: {self.count} REGISTER",
            f"Contact: <sip:{self.aor}@{self.address}:5060>;expires={seconds}",
            f"Expires: {seconds}",
            "Content-Length: 0",
        ]
        for _ in range(8):  # UDP on a busy machine: again, as RFC 3261 says
            self.send("\r\n".join(rows) + "\r\n\r\n")
            done, _ = await asyncio.wait([self.register_answer], timeout=2)
            if done:
                break
        if not self.register_answer.done() or self.register_answer.result() != 200:
            told = self.register_answer.result() if self.register_answer.done() else "nothing"
            raise RuntimeError(f"{self.name} could not register: {told}")
        self.registered = bool(seconds)

    # -- calling

    def call(self, number: str, caller: str, name: str, on_end: Callable[[], None]) -> Leg:
        """Call a number; ``on_end`` is told when it is over."""
        self.count += 1
        leg = Leg(f"c{self.count}-{self.name}", made=True)
        leg.on_end = on_end
        user = re.sub(r"[^A-Za-z0-9_.!~*'()&=+$,;?/-]", lambda one: f"%{ord(one[0]):02X}", number)
        leg.target = f"sip:{user}@127.0.0.1" if number else "sip:127.0.0.1"
        shown = '"' + re.sub(r'(["\\])', r"\\\1", name) + '" ' if name else ""
        source = f"{caller}@{self.address}" if caller else self.address
        leg.ours = f"{shown}<sip:{source}>;tag=o{self.count}"
        leg.theirs = f"<{leg.target}>"
        body = SDP.format(number=self.count, address=self.address)
        self.legs[leg.call_id] = leg
        self.request("INVITE", leg.target, leg, headers=("Content-Type: application/sdp",), body=body)
        return leg

    def press(self, leg: Leg, key: str) -> None:
        """Press a key in an answered call (or an early one)."""
        leg.sequence += 1
        body = f"Signal={key}\r\nDuration=100\r\n"
        self.request("INFO", leg.target, leg, headers=("Content-Type: application/dtmf-relay",), body=body)

    def hang_up(self, leg: Leg) -> None:
        """End a call, whatever state it is in."""
        if leg.over:
            return
        if leg.made and leg.status < 200:
            saved, leg.theirs = leg.theirs, re.sub(";tag=.*", "", leg.theirs)
            self.request("CANCEL", f"{leg.target}", leg, branch=leg.branch)
            leg.theirs = saved
            return
        leg.sequence += 1
        self.request("BYE", leg.target, leg)
        self.ended(leg)

    def ended(self, leg: Leg) -> None:
        """Note that a call is over."""
        if not leg.over:
            leg.over = True
            leg.silent()
            if leg.on_end:
                leg.on_end()

    # -- what comes

    def datagram_received(self, data: bytes, _source: Any) -> None:
        """Take a message."""
        if len(data) < 20:
            return
        message = Message(data)
        leg = self.legs.get(message.get("call-id"))
        if message.status:
            self.take_answer(message, leg)
        else:
            self.take_request(message, leg)

    def take_answer(self, message: Message, leg: Leg | None) -> None:
        """Take an answer to a request of ours."""
        status, method = message.status, message.get("cseq").split(" ")[-1]
        if method == "REGISTER":
            if self.register_answer and not self.register_answer.done() and status >= 200:
                self.register_answer.set_result(status)
            return
        if leg is None or method != "INVITE" or status == 100:
            return
        port = re.search(r"^m=audio (\d+)", message.body, re.MULTILINE)
        if port and leg.media is None:
            leg.media = ("127.0.0.1", int(port[1]))
            self.speak(leg, 0)
        tagged = message.get("to")
        if "tag=" in tagged:
            leg.theirs = tagged
        leg.status = max(leg.status, status)
        if status < 200:
            return
        if status < 300:
            saved, leg.sequence = leg.sequence, int(message.get("cseq").split(" ")[0])
            self.request("ACK", leg.target, leg)
            leg.sequence = saved
            return
        self.request("ACK", leg.target, leg, branch=leg.branch)
        self.ended(leg)

    def take_request(self, message: Message, leg: Leg | None) -> None:
        """Take a request of Asterisk's."""
        method = message.first.split(" ")[0]
        if method == "ACK":
            if (
                leg
                and not leg.made
                and leg.status == 200
                and not leg.over
                and not self.hold
                and leg.branch != "ending"
            ):
                leg.branch = "ending"
                asyncio.get_running_loop().call_later(TALK / self.fast, self.hang_up, leg)
            return
        if method == "INVITE" and leg is None:
            self.called(message)
            return
        if (
            method == "INVITE"
            and leg
            and not leg.made
            and leg.invite is not None
            and message.get("cseq") == leg.invite.get("cseq")
        ):
            self.transport.sendto(leg.last, ASTERISK)  # it was sent again
            return
        if method == "INVITE" and re.search(r"^m=image [1-9]", message.body, re.MULTILINE):
            self.answer(message, "488 Not Acceptable Here")  # no fax machine (T.38): it stays with sound
            return
        if method == "INVITE":
            self.answer(message, "200 OK", body=SDP.format(number=7, address=self.address))
            return
        self.answer(message, "200 OK")
        if method == "CANCEL" and leg and leg.invite is not None:
            self.answer(leg.invite, "487 Request Terminated", leg)
            self.ended(leg)
        if method == "BYE" and leg:
            self.ended(leg)

    def speak(self, leg: Leg, number: int) -> None:
        """Send a little silence now and then: Asterisk takes two seconds without any sound for the end of a recording."""
        if leg.over or leg.media is None:
            return
        stamp = (number * 160).to_bytes(4, "big")
        packet = b"\x80\x08" + number.to_bytes(2, "big") + stamp + b"wit!" + b"\xd5" * 160
        self.transport.sendto(packet, leg.media)
        asyncio.get_running_loop().call_later(0.7 / self.fast, self.speak, leg, (number + 1) % 65536)

    def called(self, message: Message) -> None:
        """Be called: do what the world says."""
        leg = Leg(message.get("call-id"), made=False)
        leg.invite = message
        leg.theirs = message.get("from")
        leg.ours = message.get("to") + f";tag=t{self.name}"
        contact = re.search(r"<([^>]+)>", message.get("contact"))
        leg.target = contact[1] if contact else "sip:127.0.0.1"
        self.legs[leg.call_id] = leg
        self.calls.append(message.first)
        self.answer(message, "100 Trying")
        if self.behaviour in REFUSALS:
            self.answer(message, REFUSALS[self.behaviour], leg)
            leg.over = True
            leg.rang = 0.0
            return
        self.answer(message, "180 Ringing", leg)
        if self.behaviour == "answers" or self.hold:
            asyncio.get_running_loop().call_later(PICKS_UP / self.fast, self.pick_up, leg)
        else:
            asyncio.get_running_loop().call_later(NETWORK_WAITS / self.fast, self.give_up, leg)

    def give_up(self, leg: Leg) -> None:
        """End a call that still rings: nobody is there."""
        if not leg.over and leg.invite is not None and leg.status < 200:
            self.answer(leg.invite, "480 Temporarily Unavailable", leg)
            self.ended(leg)

    def pick_up(self, leg: Leg) -> None:
        """Answer a call that still rings, a while after another of the same caller was answered: it may be the same call."""
        if leg.over or leg.invite is None:
            return
        loop = asyncio.get_running_loop()
        caller = leg.theirs.partition(";tag=")[0]
        due = self.picked_up.get(caller, 0.0) + PICKS_UP / self.fast
        if loop.time() < due:
            loop.call_at(due, self.pick_up, leg)
        else:
            self.picked_up[caller] = loop.time()
            leg.status = 200
            leg.silent()
            self.answer(leg.invite, "200 OK", leg, body=SDP.format(number=1, address=self.address))
