#!/usr/bin/python3
"""Make one call through this host's Asterisk: JSON lines in (call, digits, hangup), JSON lines out (what happened).

Runs on the telephone company's host, with nothing but Python's own library. It ends, and hangs up, when its input does.
"""

import json
import os
import re
import selectors
import socket
import sys
import time

SPOOL = "/var/spool/asterisk/telco"


class Manager:
    """A connection to Asterisk's manager interface."""

    def __init__(self):
        """Log in."""
        self.socket = socket.create_connection(("127.0.0.1", 5038), timeout=5)
        self.buffer = b""
        self.waiting = []
        self.read_until(b"\r\n")
        self.act(Action="Login", Username="lab", Secret="lab")

    def read_until(self, mark):
        """Return the bytes up to the mark, which is dropped."""
        while mark not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise SystemExit("the manager interface has gone")
            self.buffer += data
        block, self.buffer = self.buffer.split(mark, 1)
        return block

    def message(self):
        """Return the next message as a dict."""
        block = self.read_until(b"\r\n\r\n").decode(errors="replace")
        return dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)

    def act(self, **fields):
        """Carry out an action and return its response; events that come in between are kept for later."""
        self.socket.sendall(
            ("".join(f"{key}: {value}\r\n" for key, value in fields.items()) + "\r\n").encode()
        )
        while True:
            message = self.message()
            if "Response" in message:
                return message
            self.waiting.append(message)

    def listed(self, action, end):
        """Return the events that an action lists."""
        self.act(Action=action)
        found = []
        while True:
            message = self.waiting.pop(0) if self.waiting else self.message()
            if message.get("Event") == end:
                return found
            found.append(message)

    def ready(self):
        """Return the messages that are there now."""
        found, self.waiting = self.waiting, []
        while b"\r\n\r\n" in self.buffer:
            found.append(self.message())
        return found


def tell(event, **values):
    """Write one event."""
    print(json.dumps({"event": event, "at": round(time.time(), 3), **values}), flush=True)


def address(manager, user, did):
    """Return where to call the DID: the address that the customer registered, or the fixed one; "" if there is none."""
    for contact in manager.listed("PJSIPShowContacts", "ContactListComplete"):
        if contact.get("Endpoint") == user or contact.get("ObjectName", "").startswith(
            (user + ";@", user + "@@")
        ):
            match = re.match(r"(sips?):(?:[^@]*@)?(.+)", contact.get("Uri", ""))
            if match:
                return f"{match[1]}:{did}@{match[2]}"
    return ""


def main():
    """Make the call and stay until it has ended."""
    order = json.loads(sys.stdin.buffer.readline())
    os.set_blocking(0, False)
    manager = Manager()
    where = address(manager, order["user"], order["did"])
    if not where:
        tell("error", message=f"{order['user']} is not registered with the telephone company")
        return
    began = time.monotonic()
    channel = ""
    answered = 0.0
    cause, pressed, to_press, typed = 0, "", [(float(at), keys) for at, keys in order["digits"]], b""
    name = order["name"].replace('"', "")
    manager.act(
        Action="Originate", Channel=f"PJSIP/{order['user']}/{where}", Context="calling", Exten="s", Priority=1,
        CallerID=f'"{name}" <{order["caller"]}>', Timeout=int(order["ring_seconds"] * 1000), Async="true",
        ChannelId=order["id"], Variable=f"CALL={order['id']},TONE={int(order['tone'])}", ActionID=order["id"],
    )  # fmt: skip
    waiting = selectors.DefaultSelector()
    waiting.register(0, selectors.EVENT_READ)
    waiting.register(manager.socket, selectors.EVENT_READ)
    ended = False
    while not ended:
        for key, _ in waiting.select(0.05):
            if key.fileobj == 0:
                data = os.read(0, 65536)
                if not data:
                    manager.act(Action="Hangup", Channel=channel or order["id"])
                    waiting.unregister(0)
                    break
                typed += data
            else:
                manager.buffer += manager.socket.recv(65536)
        *lines, typed = typed.split(b"\n")
        for line in lines:
            command = json.loads(line)
            if command["do"] == "digits":
                press(manager, channel, command["digits"])
            elif command["do"] == "hangup":
                manager.act(Action="Hangup", Channel=channel, Cause=16)
        for message in manager.ready():
            event = message.get("Event")
            if event == "OriginateResponse" and message.get("ActionID") == order["id"]:
                if message.get("Response") != "Success" and not channel:
                    ended = True  # there never was a channel
                continue
            if message.get("Uniqueid") != order["id"]:
                continue
            channel = message.get("Channel", channel)
            if event == "Newstate" and message.get("ChannelStateDesc") == "Ringing":
                tell("ringing")
            elif event == "Newstate" and message.get("ChannelStateDesc") == "Up" and not answered:
                answered = time.monotonic()
                tell("answered", recording=f"{SPOOL}/{order['id']}-heard.wav")
            elif event == "DTMFEnd" and message.get("Direction") == "Received":
                pressed += message.get("Digit", "")
                tell("digit", digit=message.get("Digit"))
            elif event == "Hangup":
                cause = int(message.get("Cause") or 0)
                ended = True
        if answered and not ended:
            since = time.monotonic() - answered
            while to_press and to_press[0][0] <= since:
                press(manager, channel, to_press.pop(0)[1])
            if since > order["seconds"]:
                manager.act(Action="Hangup", Channel=channel, Cause=16)
                order["seconds"] = float("inf")
    now = time.monotonic()
    tell(
        "ended", answered=bool(answered), cause=cause, digits=pressed, ring_seconds=round((answered or now) - began, 3),
        seconds=round(now - answered, 3) if answered else 0, recording=f"{SPOOL}/{order['id']}-heard.wav",
    )  # fmt: skip


def press(manager, channel, keys):
    """Send the keys, as fast as a quick finger."""
    for key in keys:
        manager.act(Action="PlayDTMF", Channel=channel, Digit=key, Duration=100)
        time.sleep(
            0.2
        )  # the length of a key and the pause to the next one, which is the thing itself and no wait


if __name__ == "__main__":
    main()
