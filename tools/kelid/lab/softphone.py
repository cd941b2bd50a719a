"""A SIP phone as a process: commands as JSON lines on standard input, events as JSON lines on standard output.

It is run as ``python -m kelid.lab.softphone NUMBER SERVER FOLDER`` inside a network namespace of its own, with the
password as the first line of its input. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import selectors
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pjsua2 as pj

_TONE_HERTZ = 550

_TRANSPORTS = {
    "udp": pj.PJSIP_TRANSPORT_UDP,
    "tcp": pj.PJSIP_TRANSPORT_TCP,
    "tls": pj.PJSIP_TRANSPORT_TLS,
}
"""How the phone can speak SIP. With TLS it takes any certificate."""

_BUSY = 171001
"""What pjsip says while the REGISTER before is still on its way (PJSIP_EBUSY, pjsip/sip_errno.h)."""

_CLOSING_SECONDS = 2.0
"""How long the sound thread may take to close a recording after its call."""


def tell(event: str, **values: object) -> None:
    """Write one event."""
    sys.stdout.write(json.dumps({"event": event, "at": round(time.time(), 3), **values}) + "\n")
    sys.stdout.flush()


def closed(recording: Path) -> bool:
    """Return True if a wav file is complete (its header says its size), or if there is none."""
    if not recording.exists():
        return True
    with recording.open("rb") as file:
        header = file.read(8)
    return len(header) == 8 and int.from_bytes(header[4:], "little") == recording.stat().st_size - 8


class PhoneCall(pj.Call):  # type: ignore[misc]
    """One call of the phone: plays a tone to the other side and records what comes from there."""

    def __init__(self, phone: Phone, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        """Take part in a call that comes in (``call_id``), or in one that is to be made."""
        super().__init__(phone.account, call_id)
        self.phone = phone
        self.number = phone.next_number()
        self.recording = phone.folder / f"heard-{self.number}.wav"
        self.recorder: pj.AudioMediaRecorder | None = None
        self.totals = {"received": 0, "sent": 0, "received_bytes": 0, "sent_bytes": 0}

    def onCallState(self, _prm: pj.OnCallStateParam) -> None:  # noqa: N802  # the library's name
        """Tell how the call goes on."""
        info = self.getInfo()
        state = {
            pj.PJSIP_INV_STATE_CALLING: "calling",
            pj.PJSIP_INV_STATE_EARLY: "early",
            pj.PJSIP_INV_STATE_CONFIRMED: "answered",
            pj.PJSIP_INV_STATE_DISCONNECTED: "ended",
        }.get(info.state)
        if state == "ended":
            self.recorder = None
            values = {
                "call": self.number, "code": int(info.lastStatusCode), "reason": info.lastReason,
                "seconds": info.connectDuration.sec, "recording": str(self.recording), "rtp": self.totals,
            }  # fmt: skip
            self.phone.farewells.append((time.monotonic() + _CLOSING_SECONDS, values))
            self.phone.forget(self)
        elif state:
            tell(state, call=self.number, code=int(info.lastStatusCode), remote=info.remoteUri)

    def onCallMediaState(self, _prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802
        """Join tone, call and recorder as soon as there is sound."""
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                sound = self.getAudioMedia(index)
                if self.recorder is None:
                    self.recorder = pj.AudioMediaRecorder()
                    self.recorder.createRecorder(str(self.recording))
                sound.startTransmit(self.recorder)
                self.phone.tone.startTransmit(sound)
                tell("media", call=self.number)

    def onStreamDestroyed(self, prm: pj.OnStreamDestroyedParam) -> None:  # noqa: N802
        """Keep the counts of a stream that ends."""
        self.count(int(prm.streamIdx))

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:  # noqa: N802
        """Tell of a digit from the other side."""
        tell("digit", call=self.number, digit=prm.digit)

    def count(self, stream: int = 0) -> None:
        """Take over the RTP counts of the call as they are now."""
        try:
            stat = self.getStreamStat(stream).rtcp
        except pj.Error:
            return  # no stream yet, or no more
        self.totals = {
            "received": stat.rxStat.pkt, "received_bytes": stat.rxStat.bytes,
            "sent": stat.txStat.pkt, "sent_bytes": stat.txStat.bytes,
        }  # fmt: skip


class PhoneAccount(pj.Account):  # type: ignore[misc]
    """The phone's line to its server."""

    phone: Phone

    def onRegState(self, prm: pj.OnRegStateParam) -> None:  # noqa: N802
        """Tell what the server said to the registration."""
        info = self.getInfo()
        registered = bool(info.regIsActive) and prm.code // 100 == 2
        tell("registered" if registered else "unregistered", code=int(prm.code), reason=prm.reason)

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802
        """Ring, answer or refuse, as the phone was told."""
        call = PhoneCall(self.phone, prm.callId)
        self.phone.calls.append(call)
        info = call.getInfo()
        tell("incoming", call=call.number, remote=info.remoteUri, to=info.localUri)
        self.phone.respond(call)


class Phone:
    """The phone as a whole: one account, any number of calls, of which the newest is the current one."""

    def __init__(
        self, number: str, server: str, folder: Path, password: str, *, transport: str, encrypted: bool
    ) -> None:
        """Start the SIP stack and prepare the account; nothing is sent yet. ``encrypted``: no sound without SRTP (SDES)."""
        self.number, self.folder = number, folder
        self.server = server if transport == "udp" else f"{server};transport={transport}"
        self.behaviour = "ring"
        self.calls: list[PhoneCall] = []
        self.made = 0
        self.farewells: list[tuple[float, dict[str, Any]]] = []
        self.due: bool | None = None
        """Whether it is to sign on, or off, as soon as it can."""
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0  # callbacks come in this thread only
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.userAgent = "kelid lab phone"
        config.logConfig.level = config.logConfig.consoleLevel = 0
        config.logConfig.filename = str(folder / "sip.log")
        config.logConfig.level = 4
        config.medConfig.noVad = (
            True  # a phone that falls silent sends no packets, and packets are what proves the path
        )
        config.medConfig.ecTailLen = 0
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        self.endpoint.libInit(config)
        self.endpoint.transportCreate(_TRANSPORTS[transport], pj.TransportConfig())
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        self.tone = pj.ToneGenerator()
        self.tone.createToneGenerator(8000, 1)
        desc = pj.ToneDesc()
        desc.freq1, desc.on_msec, desc.off_msec = _TONE_HERTZ, 1000, 0
        tones = pj.ToneDescVector()
        tones.append(desc)
        self.tone.play(tones, True)
        account = pj.AccountConfig()
        account.idUri = f"sip:{number}@{server}"
        account.regConfig.registrarUri = f"sip:{self.server}"
        if encrypted:
            account.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
            account.mediaConfig.srtpSecureSignaling = 0
        account.regConfig.registerOnAdd = False
        account.regConfig.timeoutSec = 120
        account.regConfig.retryIntervalSec = 2
        account.regConfig.firstRetryIntervalSec = 1
        account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", number, 0, password))
        self.account = PhoneAccount()
        self.account.phone = self
        self.account.create(account)
        tell("ready")

    def next_number(self) -> int:
        """Return the number of the next call, counted from 1."""
        self.made += 1
        return self.made

    def forget(self, call: PhoneCall) -> None:
        """Let go of a call that has ended."""
        self.calls = [other for other in self.calls if other is not call]

    def work(self) -> None:
        """Let the SIP stack go on for a moment, and tell of calls whose recording is closed by now."""
        self.endpoint.libHandleEvents(10)
        if self.due is not None:
            self.register(on=self.due)
        for end, values in list(self.farewells):
            if time.monotonic() > end or closed(Path(values["recording"])):
                self.farewells.remove((end, values))
                tell("ended", **values)

    def register(self, *, on: bool) -> None:
        """Sign on or off; once the server has answered, or not, to what was sent before."""
        self.due = None
        try:
            self.account.setRegistration(on)
        except pj.Error as problem:
            if problem.status == _BUSY:
                self.due = on
            else:
                tell("error", message=f"register: {problem.info()}")

    def respond(self, call: PhoneCall) -> None:
        """Do with a call that comes in what the phone was told to do."""
        code = {"ring": 180, "answer": 200, "busy": 486, "silent": 0}[self.behaviour]
        if code:
            answer = pj.CallOpParam()
            answer.statusCode = code
            call.answer(answer)

    def obey(self, command: dict[str, Any]) -> None:
        """Carry out one command."""
        do = command["do"]
        if do == "register":
            self.register(on=bool(command.get("on", True)))
        elif do == "behave":
            self.behaviour = command["how"]
            tell("behave", ask=command["ask"])
        elif do == "call":
            call = PhoneCall(self)
            self.calls.append(call)
            call.makeCall(f"sip:{command['number']}@{self.server}", pj.CallOpParam(True))
        elif do == "stats":
            for one in self.calls:
                one.count()
            counts = {str(one.number): one.totals for one in self.calls}
            tell("stats", ask=command["ask"], calls=counts, ending=len(self.farewells))
        elif not self.calls:
            tell("error", message=f"no call to {do}")
        elif do == "digits":
            self.calls[-1].dialDtmf(command["digits"])
        elif do == "answer":
            answer = pj.CallOpParam()
            answer.statusCode = 200
            self.calls[-1].answer(answer)
        elif do == "hangup":
            answer = pj.CallOpParam()
            answer.statusCode = command.get("code", 0)
            self.calls[-1].count()
            self.calls[-1].hangup(answer)
        else:
            tell("error", message=f"unknown command {do}")

    def stop(self) -> None:
        """Hang up, sign off, and let go of every object before the library ends, or it crashes."""
        self.endpoint.hangupAllCalls()
        with suppress(pj.Error):  # it never was registered
            self.account.setRegistration(False)
        end = time.monotonic() + 1
        while time.monotonic() < end and (self.calls or self.farewells or self.account.getInfo().regIsActive):
            self.work()
        self.calls.clear()
        self.account.shutdown()
        del self.account
        del self.tone
        self.endpoint.libDestroy()


def main() -> None:
    """Run the phone until the input ends."""
    number, server, folder = sys.argv[1:4]
    os.set_blocking(0, False)
    waiting = selectors.DefaultSelector()
    waiting.register(0, selectors.EVENT_READ)
    buffer = b""
    phone: Phone | None = None
    while True:
        if phone is None:
            waiting.select()
        else:
            phone.work()
            if not waiting.select(0):
                continue
        data = os.read(0, 65536)
        if not data:
            break
        buffer += data
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            command = json.loads(line)
            if command["do"] == "start":
                phone = Phone(
                    number,
                    server,
                    Path(folder),
                    command["password"],
                    transport=command.get("transport", "udp"),
                    encrypted=bool(command.get("encrypted")),
                )
            elif phone is not None:
                try:
                    phone.obey(command)
                except pj.Error as problem:
                    tell("error", message=f"{command['do']}: {problem.info()}")
    if phone is not None:
        phone.stop()


if __name__ == "__main__":
    main()
