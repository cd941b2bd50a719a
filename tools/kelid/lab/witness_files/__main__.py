"""Place calls in a private Asterisk and tell each step that they take: JSON lines in, JSON lines out.

Runs on a lab host in a network of its own (``unshare -n -m``), with Python's standard library only (3.9 and newer).
What may be asked (``do``):
``start`` a tree, read another ``dialplan``, prepare a ``world``, place ``calls``, ask a ``command``, tell the ``log``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
import traceback
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from .manager import Event
from .phones import Leg, Phone
from .private import Private

LIMIT = 60
MOST_STEPS = 3000
"""Steps after which the caller hangs up: the call may be in a loop without an end."""
OUTGOING = "(Outgoing Line)"
"""What stands where the arguments of a step are, for a channel that somebody called: it takes no steps of its own."""


class Turns:
    """Who may go when: so many calls at a time, and of those that need the same thing so many as it allows."""

    def __init__(self, together: int, limits: dict[str, int]) -> None:
        """Given how many go at a time, and how many may share a thing (what isn't named: one)."""
        self.free, self.limits = together, limits
        self.taken: dict[str, int] = {}
        self.changed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self, needs: list[str]) -> AsyncIterator[None]:
        """Wait until all that is needed is free, and have it."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.free > 0 and all(self.is_free(need) for need in needs))
            self.free -= 1
            for need in needs:
                self.taken[need] = self.taken.get(need, 0) + 1
        try:
            yield
        finally:
            async with self.changed:
                self.free += 1
                for need in needs:
                    self.taken[need] -= 1
                self.changed.notify_all()

    def is_free(self, need: str) -> bool:
        """Return True if one more may have it."""
        return self.taken.get(need, 0) < self.limits.get(need, 1)


class Placed:
    """A call on its way."""

    def __init__(self, task: dict[str, Any], number: int) -> None:
        """Given what was asked for."""
        self.task, self.number = task, number
        self.channel = ""
        self.root = ""
        self.others: dict[str, int] = {}
        self.open: set[str] = set()
        self.steps: list[list[Any]] = []
        self.keys = task["keys"]
        self.taken = 0
        self.leg: Leg | None = None
        self.phone: Phone | None = None
        self.cause = ""
        self.gave_up = ""
        self.rings: list[list[Any]] = []
        self.moved = time.monotonic()
        self.begun: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def end(self) -> None:
        """Note that it is over."""
        if not self.begun.done():
            self.begun.set_result(False)
        if not self.over.done():
            self.over.set_result(True)

    def result(self) -> dict[str, Any]:
        """Return what was seen of it."""
        status = self.leg.status if self.leg else 0
        return {
            "steps": self.steps,
            "cause": self.cause,
            "gave_up": self.gave_up,
            "status": status,
            "rings": self.rings,
        }


class Witness:
    """All that this program does."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.asterisk = Private(self.heard)
        self.phones: dict[str, Phone] = {}
        self.places: dict[str, Phone] = {}
        self.calls: dict[str, Placed] = {}  # by the unique id of its first channel, and of all that follow
        self.by_channel: dict[str, Placed] = {}
        self.starting: dict[str, Placed] = {}
        self.channels: set[str] = set()
        self.empty = asyncio.Event()
        self.empty.set()
        self.count = 0
        self.marks: dict[
            str, Placed
        ] = {}  # calls that may have been refused, by the channel that is made to know it
        self.alone = False
        """True while one call is on its way at a time: then it is known for which of them a phone rings."""
        self.tasks: set[asyncio.Future[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it beside everything else."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # -- what the manager interface tells

    def heard(self, event: Event) -> None:
        """Take an event."""
        kind = event["Event"]
        if kind == "Newexten":
            self.step(event)
        elif kind == "Newchannel":
            self.new_channel(event)
        elif kind == "Hangup":
            self.gone(event)

    def new_channel(self, event: Event) -> None:
        """Learn to which call a new channel belongs."""
        name, unique = event["Channel"], event["Uniqueid"]
        refused = self.marks.pop(unique, None)
        if refused and not refused.channel:
            refused.end()
        self.channels.add(unique)
        self.empty.clear()
        if event["ChannelState"] == "4" and name.startswith("PJSIP/"):
            call = self.starting.get(name[6:].rpartition("-")[0])
            if call and not call.channel:
                call.channel, call.root = unique, event["Linkedid"]
                self.calls[call.root] = call
                call.begun.set_result(True)
        call = self.calls.get(event["Linkedid"])
        if call:
            call.open.add(unique)
            self.by_channel[unique] = call

    def gone(self, event: Event) -> None:
        """Note that a channel is gone, and perhaps its call."""
        unique = event["Uniqueid"]
        self.channels.discard(unique)
        if not self.channels:
            self.empty.set()
        call = self.by_channel.pop(unique, None)
        if call:
            call.open.discard(unique)
            if unique == call.channel:
                call.cause = event["Cause"]
            if not call.open:
                call.end()

    def step(self, event: Event) -> None:
        """Note a step, and press the key that is due."""
        unique = event["Uniqueid"]
        call = self.by_channel.get(unique) or self.calls.get(event["Linkedid"])
        if call is None:
            return
        number = 0 if unique == call.channel else call.others.setdefault(unique, len(call.others) + 1)
        call.moved = time.monotonic()
        application = event["Application"]
        step = [
            event["Context"],
            event["Extension"],
            int(event["Priority"]),
            application,
            event.get("AppData", ""),
        ]
        call.steps.append([*step, number, event.get("Language", "")])
        if len(call.steps) == MOST_STEPS:
            call.gave_up = "a loop"
            self.hang_up(call)
        if number == 0 and event.get("AppData") != OUTGOING:
            for at, after, keys, every in call.keys:
                if at == call.taken:
                    self.spawn(self.press(call, at, after, keys, every))
            call.taken += 1

    async def press(self, call: Placed, at: int, after: float, keys: str, every: float) -> None:
        """Press keys, one after the other, ``after`` seconds of the call's time; ``!`` hangs up.

        With ``every`` (seconds) they are pressed again and again while the call is at that step.
        """
        rate = self.asterisk.rate
        await asyncio.sleep(after / rate)
        while True:
            for key in keys:
                if call.over.done():
                    return
                if key == "!":
                    self.hang_up(call)
                elif call.leg and call.phone:
                    call.phone.press(call.leg, key)
                else:
                    await self.asterisk.manager.act(
                        "PlayDTMF", Channel=call.task["other"], Digit=key, Duration=80
                    )
                await asyncio.sleep(0.25 / rate)
            if not every:
                return
            await asyncio.sleep(every / rate)
            if call.over.done() or call.taken != at + 1:
                return

    def give_up(self, call: Placed) -> None:
        """Let the caller lose patience. On a busy machine a datagram gets lost: what that doesn't end is ended by force."""
        if not call.gave_up:
            call.gave_up = call.steps[-1][3] if call.steps else "nothing"
            self.hang_up(call)
        elif call.channel:
            self.spawn(self.asterisk.manager.act("Hangup", Channel=call.channel))
        else:
            call.end()

    def hang_up(self, call: Placed) -> None:
        """Let the caller hang up."""
        if call.leg and call.phone:
            call.phone.hang_up(call.leg)
        else:
            self.spawn(self.asterisk.manager.act("Hangup", Channel=call.task["other"]))

    # -- what is asked for

    async def start(self, task: dict[str, Any]) -> dict[str, Any]:
        """Load a tree: ``files``, ``media``, ``phones`` (endpoint -> [aor, address]), ``rate``, ``clock``."""
        await self.asterisk.start(task["files"], task["media"], task["rate"], task["clock"])
        for phone in self.phones.values():
            phone.transport.close()
        self.phones.clear()
        await asyncio.sleep(0)  # sockets close when the loop has its turn
        loop = asyncio.get_running_loop()
        picked_up: dict[str, float] = {}
        for name, (aor, address) in task["phones"].items():
            phone = self.phones[name] = Phone(name, aor, address, picked_up)
            await loop.create_datagram_endpoint(partial(_same, phone), local_addr=(address, 5060))
        return {"log": self.asterisk.log()}

    async def world(self, task: dict[str, Any]) -> dict[str, Any]:
        """Prepare the world that calls shall meet, ``clock`` and ``rate``; with ``reload`` globals are new."""
        manager = self.asterisk.manager
        await self.clear()
        if task.get("reload"):
            await manager.command("dialplan reload")
        await self.asterisk.log_out()
        await self.asterisk.forget(task["database"])
        for name, value in task["globals"].items():
            await manager.act("Setvar", Variable=name, Value=value)
        if self.asterisk.faked:
            self.asterisk.rate = task["rate"]
        for name, phone in self.phones.items():
            wanted = task["devices"].get(name, task["otherwise"])
            phone.behaviour, phone.fast, phone.hold = wanted, task["rate"], name in task["in_use"]
            here = wanted != "unavailable" or phone.hold
            if here != phone.registered:
                await phone.register(100_000_000 if here else 0)
        for name in task["in_use"]:
            await manager.act(
                "Originate", Channel=f"PJSIP/{name}", Application="Wait", Data="100000", Timeout=60000
            )
            self.phones[name].hold = True
        if self.asterisk.faked:
            await self.asterisk.set_clock(task["clock"])
        return {"now": await self.asterisk.now()}

    async def dialplan(self, task: dict[str, Any]) -> dict[str, Any]:
        """Read another extensions.conf, and keep everything else."""
        before = len(self.asterisk.log())
        self.asterisk.write("extensions.conf", task["text"])
        await self.asterisk.manager.command("dialplan reload")
        return {"log": self.asterisk.log()[before:]}

    async def clear(self) -> None:
        """End all channels that are left. Raise TimeoutError if they stay."""
        end = time.monotonic() + LIMIT
        while self.channels:
            await self.asterisk.manager.command("channel request hangup all")
            try:
                await asyncio.wait_for(self.empty.wait(), 1)
            except asyncio.TimeoutError:
                if time.monotonic() > end:
                    shown = await self.asterisk.manager.command("core show channels concise")
                    if shown.strip():
                        raise TimeoutError("channels stay: " + shown) from None
                    self.channels.clear()
                    self.empty.set()

    async def place_all(self, task: dict[str, Any]) -> dict[str, Any]:
        """Place calls, ``together`` at a time; return what each did."""
        held = set(self.channels)
        self.alone = task["together"] == 1
        turns = Turns(task["together"], task["limits"])
        begin = time.monotonic()
        results = await asyncio.gather(*(self.place(call, turns, task["patience"]) for call in task["calls"]))
        self.calls.clear()
        for channel in list(self.by_channel):
            self.by_channel.pop(channel)
        left = len(self.channels - held)
        return {"results": results, "seconds": time.monotonic() - begin, "left": left}

    async def place(self, task: dict[str, Any], turns: Turns, patience: float) -> dict[str, Any]:
        """Place a call and wait for its end; ``patience``: seconds of its time without a step until the caller hangs up."""
        async with turns.turn(task["needs"]):
            self.count += 1
            call = Placed(task, self.count)
            before = {name: len(phone.legs) for name, phone in self.phones.items()}
            if task["endpoint"]:
                await self.place_by_sip(call)
            else:
                await self.place_by_manager(call)
            while not call.over.done():
                left = call.moved + patience / self.asterisk.rate - time.monotonic()
                if left <= 0:
                    self.give_up(call)
                    call.moved = time.monotonic()
                    left = 5
                await asyncio.wait([call.over], timeout=left)
            if self.alone:
                call.rings = list(self.rings(before))
            return call.result()

    def rings(self, before: dict[str, int]) -> Iterator[list[Any]]:
        """Yield which phones were called since they had so many calls: name, who was shown (name, number), seconds."""
        legs = [
            (leg.begun, name, leg)
            for name, phone in self.phones.items()
            for leg in list(phone.legs.values())[before[name] :]
            if not leg.made
        ]
        for _, name, leg in sorted(legs, key=lambda one: one[0]):
            shown = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<]*?))\s*<sips?:(?:([^@>]*)@)?', leg.theirs)
            name_shown, bare, number = shown.groups() if shown else ("", "", "")
            rang = (leg.rang if leg.rang is not None else 0.0) * self.asterisk.rate
            yield [name, name_shown or bare or "", number or "", round(rang, 1)]

    async def place_by_sip(self, call: Placed) -> None:
        """Let a phone call; return when its channel is there, or it was refused."""
        phone = self.phones[call.task["endpoint"]]
        while phone.name in self.starting:  # one at a time: so a new channel of this endpoint is this call's
            await asyncio.wait([self.starting[phone.name].begun], timeout=LIMIT)
        self.starting[phone.name] = call
        call.phone = phone

        def ended() -> None:
            if not call.channel:
                self.spawn(self.refused(call))

        call.leg = phone.call(call.task["exten"], call.task["caller"], call.task["caller_name"], ended)
        await asyncio.wait([call.begun], timeout=LIMIT)
        del self.starting[phone.name]

    async def refused(self, call: Placed) -> None:
        """A call was answered with its end before its channel was told: end it, unless the channel comes after all.

        Events are told later than SIP is answered, but those of channels in their order: once a channel that we make now is
        told, nothing of the call can come. (The manager's own UserEvent overtakes what channels do.)
        """
        mark = f"m{call.number}"
        self.marks[mark] = call
        await self.asterisk.manager.act(
            "Originate",
            Async="true",
            Channel="Local/nobody@nowhere/n",
            ChannelId=mark,
            OtherChannelId=f"{mark}.2",
            Application="Wait",
            Data="0",
        )

    async def place_by_manager(self, call: Placed) -> None:
        """Let Asterisk make a Local channel whose far half takes the steps."""
        task = call.task
        first, call.channel = f"w{self.count}.1", f"w{self.count}.2"
        task["other"] = first
        call.root = first
        self.calls[first] = self.calls[call.channel] = call
        fields: dict[str, Any] = {}
        if task["caller"] or task["caller_name"]:
            fields["CallerID"] = f'"{task["caller_name"]}" <{task["caller"]}>'
        if task.get("variables"):
            fields["Variable"] = [f"{key}={value}" for key, value in task["variables"].items()]
        answer = await self.asterisk.manager.act(
            "Originate",
            Async="true",
            Channel=f"Local/{task['exten']}@{task['context']}/n",
            ChannelId=first,
            OtherChannelId=call.channel,
            Timeout=100_000_000,
            Application="Wait",
            Data="1000000",
            **fields,
        )
        if answer.get("Response") != "Success":
            call.end()

    async def serve(self) -> None:
        """Do what is asked until the input ends; then whoever asked is gone, and what is half done ends too."""
        reader = asyncio.StreamReader(limit=1 << 28)
        serving = asyncio.current_task()

        class Input(asyncio.StreamReaderProtocol):
            def eof_received(self) -> bool | None:
                if serving is not None:
                    serving.cancel()
                return super().eof_received()

        await asyncio.get_running_loop().connect_read_pipe(lambda: Input(reader), sys.stdin)
        try:
            while line := await reader.readline():
                task = json.loads(line)
                try:
                    reply = await self.reply(task)
                except Exception as problem:  # told to whoever asked, with its place
                    reply = {"event": "error", "message": f"{problem!r}\n{traceback.format_exc()[-1500:]}"}
                print(json.dumps({"event": task["do"], "ask": task.get("ask"), **reply}), flush=True)
        finally:
            await self.asterisk.stop()
            self.asterisk.remove()

    async def reply(self, task: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a task."""
        do = task["do"]
        if do == "start":
            return await self.start(task)
        if do == "world":
            return await self.world(task)
        if do == "dialplan":
            return await self.dialplan(task)
        if do == "calls":
            return await self.place_all(task)
        if do == "command":
            return {"text": await self.asterisk.manager.command(task["command"])}
        if do == "log":
            return {"log": self.asterisk.log()}
        raise ValueError(f"what is {do}?")


def _same(phone: Phone) -> Phone:
    """Return the phone itself, for whoever makes its socket."""
    return phone


async def main() -> None:
    """Make the witness where its loop runs already: before Python 3.10 an Event belongs to the loop of its making."""
    await Witness().serve()


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(main())
