"""Asterisk's manager interface: actions with their answers, and the events of all channels as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SECRET = "witness"  # noqa: S105  (of use in its own network only)
CONF = (
    "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nport = 5038\nwebenabled = no\ntimestampevents = yes\n"
    "allowmultiplelogin = yes\n"
    f"[witness]\nsecret = {SECRET}\nread = call,dialplan,user\nwrite = all\nwritetimeout = 60000\n"
    "eventfilter = !Event: VarSet\n"
)
"""manager.conf of the private Asterisk. VarSet would be nine of ten events, and nobody here reads it."""

Event = dict[str, str]  # the last of fields that repeat


class Manager:
    """A connection, read by a task of the running loop. ``heard`` is told each event."""

    def __init__(self, heard: Callable[[Event], None]) -> None:
        """Use ``connect`` afterwards."""
        self.heard = heard
        self.asked: dict[str, asyncio.Future[Event]] = {}
        self.listed: dict[str, list[Event]] = {}
        self.number = 0

    async def connect(self, limit: float) -> None:
        """Log in. Raise OSError if nobody answers."""
        self.reader, self.writer = await asyncio.wait_for(
            asyncio.open_connection("127.0.0.1", 5038, limit=1 << 24), limit
        )
        await self.reader.readline()
        self.task = asyncio.ensure_future(self.listen())
        await self.act("Login", Username="witness", Secret=SECRET)

    async def close(self) -> None:
        """Let go of the connection."""
        self.writer.close()
        self.task.cancel()

    async def listen(self) -> None:
        """Read messages until the connection closes."""
        fields: Event = {}
        while line := await self.reader.readline():
            text = line.decode("utf-8", "surrogateescape")
            if text.endswith("\r\n"):
                text = text[:-2]
            if text:
                key, _, value = text.partition(": ")
                if key == "Output" and key in fields:
                    value = fields[key] + "\n" + value
                fields[key] = value
                continue
            message, fields = fields, {}
            if "Event" in message and "ActionID" not in message:
                self.heard(message)
            elif "Response" in message:
                answer = self.asked.pop(message.get("ActionID", ""), None)
                if answer and not answer.done():
                    answer.set_result(message)
        for answer in self.asked.values():
            if not answer.done():
                answer.set_exception(ConnectionError("Asterisk closed the manager interface"))

    async def act(self, action: str, **fields: object) -> Event:
        """Carry out an action and return its answer. A field of several lines is a list."""
        self.number += 1
        name = f"w{self.number}"
        rows = [f"Action: {action}", f"ActionID: {name}"]
        for key, value in fields.items():
            rows += [f"{key}: {one}" for one in (value if isinstance(value, list) else [value])]
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self.asked[name] = answer
        self.writer.write(("\r\n".join(rows) + "\r\n\r\n").encode("utf-8", "surrogateescape"))
        return await asyncio.wait_for(answer, 60)

    async def command(self, text: str) -> str:
        """Return what the console answers to a command."""
        return (await self.act("Command", Command=text)).get("Output", "")
