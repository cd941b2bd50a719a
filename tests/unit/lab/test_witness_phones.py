"""Who answers first of the witness' phones that ring for one call."""

from __future__ import annotations

import asyncio

from kelid.lab.witness_files.phones import PICKS_UP, Phone

FAST = 4.0


class Wire:
    """Where a phone's datagrams go."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.answered = asyncio.Event()
        self.at = 0.0

    def sendto(self, data: bytes, _to: tuple[str, int]) -> None:
        self.sent.append(data.decode().partition("\r\n")[0])
        if self.sent[-1] == "SIP/2.0 200 OK":
            self.at = asyncio.get_running_loop().time()
            self.answered.set()


def request(method: str, number: str, caller: str) -> bytes:
    rows = (
        f"{method} sip:{number}@127.0.0.1 SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1",
        f"From: <sip:{caller}@127.0.0.1>;tag={number}",
        f"To: <sip:{number}@127.0.0.1>",
        f"Call-ID: {number}-{caller}",
        f"CSeq: 1 {method}",
        "Contact: <sip:127.0.0.1>",
    )
    return "\r\n".join([*rows, "", ""]).encode()


def phones(*names: str) -> list[Phone]:
    picked_up: dict[str, float] = {}
    made = [Phone(name, name, "127.0.0.1", picked_up) for name in names]
    for phone in made:
        phone.fast = FAST
        phone.connection_made(Wire())
    return made


def ring(phone: Phone, caller: str) -> None:
    phone.datagram_received(request("INVITE", phone.name, caller), ("127.0.0.1", 5060))


def test_of_those_that_ring_for_a_caller_one_answers_after_the_other() -> None:
    async def call() -> list[float]:
        made = phones("102", "101", "103")
        for phone in made:
            ring(phone, "0912")
        async with asyncio.timeout(30):
            for phone in made:
                await phone.transport.answered.wait()
        return [phone.transport.at for phone in made]

    first, second, third = asyncio.run(call())
    # Time for Asterisk to end the others.
    assert second - first >= PICKS_UP / FAST
    assert third - second >= PICKS_UP / FAST


def test_who_is_cancelled_before_does_not_answer() -> None:
    async def call() -> list[str]:
        (phone,) = phones("102")
        ring(phone, "0912")
        (leg,) = phone.legs.values()
        phone.datagram_received(request("CANCEL", "102", "0912"), ("127.0.0.1", 5060))
        phone.pick_up(leg)
        return phone.transport.sent

    assert asyncio.run(call()) == [
        "SIP/2.0 100 Trying",
        "SIP/2.0 180 Ringing",
        "SIP/2.0 200 OK",  # that of the CANCEL
        "SIP/2.0 487 Request Terminated",
    ]
