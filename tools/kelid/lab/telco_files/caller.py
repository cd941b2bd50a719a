#!/usr/bin/python3
"""Make one call through this host's Asterisk: JSON lines in (call, digits, hangup), JSON lines out (what happened).

Runs on the telephone company's host, with nothing but Python's own library. It ends, and hangs up, when its input does.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
import time

SPOOL = "/var/spool/asterisk/telco"
TICK = 0.05


class Manager:
    """A connection to Asterisk's manager interface."""

    def __init__(self) -> None:
        """Log in; manager.conf beside this file has the account, which is of use on this host only."""
        self.socket = socket.create_connection(("127.0.0.1", 5038), timeout=30)
        self.buffer = b""
        self.waiting: list[dict[str, str]] = []
        self.read_until(b"\r\n")
        self.act("Login", Username="lab", Secret="lab")  # noqa: S106

    def read_until(self, mark: bytes) -> bytes:
        """Return the bytes up to the mark, which is dropped."""
        while mark not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise SystemExit("the manager interface has gone")
            self.buffer += data
        block, self.buffer = self.buffer.split(mark, 1)
        return block

    def message(self) -> dict[str, str]:
        """Return the next message."""
        block = self.read_until(b"\r\n\r\n").decode(errors="replace")
        return dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)

    def act(self, action: str, **fields: object) -> dict[str, str]:
        """Carry out an action and return its response; events that come in between are kept for later."""
        lines = [f"{key}: {value}\r\n" for key, value in {"Action": action, **fields}.items()]
        self.socket.sendall(("".join(lines) + "\r\n").encode())
        while True:
            message = self.message()
            if "Response" in message and "Event" not in message:
                return message
            self.waiting.append(message)

    def listed(self, action: str, end: str) -> list[dict[str, str]]:
        """Return the events that an action lists."""
        self.act(action)
        found: list[dict[str, str]] = []
        while True:
            message = self.waiting.pop(0) if self.waiting else self.message()
            if message.get("Event") == end:
                return found
            found.append(message)

    def receive(self) -> None:
        """Take in what has arrived."""
        data = self.socket.recv(65536)
        if not data:
            raise SystemExit("the manager interface has gone")
        self.buffer += data

    def ready(self) -> list[dict[str, str]]:
        """Return the messages that are there now."""
        found, self.waiting = self.waiting, []
        while b"\r\n\r\n" in self.buffer:
            found.append(self.message())
        return found


def tell(event: str, **values: object) -> None:
    """Write one event."""
    sys.stdout.write(json.dumps({"event": event, "at": round(time.time(), 3), **values}) + "\n")
    sys.stdout.flush()


def address(manager: Manager, user: str, did: str) -> str:
    """Return where to call the DID: what the customer registered, or the fixed address; "" if there is none."""
    for contact in manager.listed("PJSIPShowContacts", "ContactListComplete"):
        if contact.get("ObjectName", "").startswith((user + ";@", user + "@@")):
            match = re.match(r"(sips?):(?:[^@]*@)?(.+)", contact.get("Uri", ""))
            if match:
                return f"{match[1]}:{did}@{match[2]}"
    return ""


class Call:
    """One call, from the order to its end."""

    def __init__(self, manager: Manager, order: dict[str, object]) -> None:
        """Given the order (see ``Telco.call_in``), begin to ring."""
        self.manager = manager
        self.id = str(order["id"])
        self.most = float(str(order["seconds"]))
        self.began, self.answered = time.monotonic(), 0.0
        self.channel, self.cause, self.pressed, self.ended = "", 0, "", False
        self.plan = [(float(at), str(keys)) for at, keys in order["digits"]]  # type: ignore[attr-defined]
        where = address(manager, str(order["user"]), str(order["did"]))
        if not where:
            tell("error", message=f"{order['user']} is not registered with the telephone company")
            raise SystemExit(1)
        name = str(order["name"]).replace('"', "")
        manager.act(
            "Originate",
            Channel=f"PJSIP/{order['user']}/{where}",
            Context="calling",
            Exten="s",
            Priority=1,
            CallerID=f'"{name}" <{order["caller"]}>',
            Timeout=int(float(str(order["ring_seconds"])) * 1000),
            Async="true",
            ChannelId=self.id,
            ActionID=self.id,
            Variable=f"CALL={self.id},TONE={int(bool(order['tone']))}",
        )

    def press(self, keys: str) -> None:
        """Send the keys, as fast as a quick finger."""
        for key in keys:
            self.manager.act("PlayDTMF", Channel=self.channel, Digit=key, Duration=100)
            time.sleep(
                0.2
            )  # the length of a key and of the pause after it: the thing itself, no wait for something

    def hangup(self) -> None:
        """End the call."""
        self.manager.act("Hangup", Channel=self.channel or self.id, Cause=16)

    def take(self, message: dict[str, str]) -> None:
        """Follow one event of Asterisk."""
        event = message.get("Event")
        if event == "OriginateResponse" and message.get("ActionID") == self.id:
            # Without a channel there will be no Hangup either: nobody could be called at all.
            self.ended = self.ended or (message.get("Response") != "Success" and not self.channel)
        if message.get("Uniqueid") != self.id:
            return
        self.channel = message.get("Channel", self.channel)
        if event == "Newstate" and message.get("ChannelStateDesc") == "Ringing":
            tell("ringing")
        elif event == "Newstate" and message.get("ChannelStateDesc") == "Up" and not self.answered:
            self.answered = time.monotonic()
            tell("answered", recording=self.recording)
        elif event == "DTMFEnd" and message.get("Direction") == "Received":
            self.pressed += message.get("Digit", "")
            tell("digit", digit=message.get("Digit"))
        elif event == "Hangup":
            self.cause = int(message.get("Cause") or 0)
            self.ended = True

    def keep_time(self) -> None:
        """Press what is due, and hang up when it is time."""
        if not self.answered or self.ended:
            return
        since = time.monotonic() - self.answered
        while self.plan and self.plan[0][0] <= since:
            self.press(self.plan.pop(0)[1])
        if since > self.most:
            self.most = float("inf")
            self.hangup()

    @property
    def recording(self) -> str:
        """Return where Asterisk keeps what came from the other side."""
        return f"{SPOOL}/{self.id}-heard.wav"

    def report(self) -> None:
        """Tell how the call was."""
        now = time.monotonic()
        tell(
            "ended",
            answered=bool(self.answered),
            cause=self.cause,
            digits=self.pressed,
            ring_seconds=round((self.answered or now) - self.began, 3),
            seconds=round(now - self.answered, 3) if self.answered else 0,
            recording=self.recording,
        )


def main() -> None:
    """Make the call and stay until it has ended."""
    order = json.loads(sys.stdin.buffer.readline())
    os.set_blocking(0, False)
    manager = Manager()
    call = Call(manager, order)
    waiting = selectors.DefaultSelector()
    waiting.register(0, selectors.EVENT_READ, "typed")
    waiting.register(manager.socket, selectors.EVENT_READ, "told")
    typed = b""
    while not call.ended:
        for key, _ in waiting.select(TICK):
            if key.data == "told":
                manager.receive()
                continue
            data = os.read(0, 65536)
            typed += data
            if not data:  # who ordered the call is gone
                waiting.unregister(0)
                call.hangup()
        *lines, typed = typed.split(b"\n")
        for line in lines:
            command = json.loads(line)
            if command["do"] == "digits":
                call.press(command["digits"])
            elif command["do"] == "hangup":
                call.hangup()
        for message in manager.ready():
            call.take(message)
        call.keep_time()
    call.report()


if __name__ == "__main__":
    main()
