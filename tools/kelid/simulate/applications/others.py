"""Everything else: parking, fetching, listening, recording, faxes, calls beside this one, programs outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.applications.dial import interfaces
from kelid.simulate.arguments import split_arguments
from kelid.simulate.jumps import goto
from kelid.simulate.options import options
from kelid.simulate.state import GO_ON, HANG_UP, SUSPENDED
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run
    from kelid.simulate.state import Level, Result


def _over(run: Run) -> int:
    return HANG_UP if run.channel.hungup else GO_ON


def _parts(data: str, count: int) -> list[str]:
    parts = split_arguments(data, count)
    return parts + [""] * (count - len(parts))


def _lot(run: Run, name: str) -> tuple[tuple[str, str], ...]:
    for section in run.pbx.sections("res_parking.conf"):
        if section.name == (name or "default"):
            return tuple(
                (option.key, option.value)
                for option in section.options
                if option.key
                in ("parkpos", "parkingtime", "comebacktoorigin", "comebackcontext", "comebackdialtime")
            )
    return ()


def park(run: Run, data: str) -> int | str:
    """Park the call: ``[lot[,options]]``. As res/parking/parking_applications.c."""
    lot, letters = _parts(data, 2)
    given = options(letters) or {}
    channel = run.channel
    run.answer()
    if channel.hungup:
        return HANG_UP
    lot = lot or run.get("PARKINGLOT") or "default"
    run.note("park", lot, *_lot(run, lot))
    answer = run.ask(Question("park", lot, ("fetched", "comes back", "full")))
    if answer == "full":
        run.note("hears", "pbx-parkingfailed")
        return GO_ON
    if answer == "comes back":
        place = given.get("c") or ""
        if place:
            return goto(run, place)
        raise UnknownHere("a parked call that comes back to whoever parked it")
    channel.hungup = True
    run.note("talks", "whoever fetches the call")
    return HANG_UP


def parked_call(run: Run, data: str) -> int | str:
    """Fetch a parked call: ``[lot][,space]``."""
    lot, space = _parts(data, 2)
    run.answer()
    subject = f"{lot or 'default'},{space}"
    answer = run.ask(Question("pickup", f"parked {subject}", ("none", "fetched")))
    run.note("pickup", f"parked {subject}", ("answer", answer))
    if answer == "fetched":
        run.note("talks", "the parked call")
        run.channel.hungup = True
        return HANG_UP
    run.note("hears", "pbx-invalidpark")
    return HANG_UP


def park_and_announce(run: Run, data: str) -> int | str:
    """Park the call and say where."""
    return park(run, data.partition(",")[0])


def pickup(run: Run, data: str) -> int | str:
    """Fetch a ringing call: ``[extension[@context][&...]]``. As apps/app_directed_pickup.c."""
    return _pickup(run, data or "the group")


def pickup_chan(run: Run, data: str) -> int | str:
    """Fetch a call that rings at a device."""
    if not data:
        run.warn("PickupChan requires an argument (channel)!")
        return HANG_UP
    return _pickup(run, data)


def _pickup(run: Run, what: str) -> int | str:
    answer = run.ask(Question("pickup", what, ("none", "fetched")))
    run.note("pickup", what, ("answer", answer))
    if answer == "fetched":
        run.note("talks", "the fetched call")
        if run.answer((_fetched, None)) == SUSPENDED:
            return SUSPENDED
        return _fetched(run, None, None, GO_ON)
    # nothing rang there: the dial plan goes on
    return GO_ON


def _fetched(run: Run, ended: Level | None, data: None, outcome: Result) -> Result:
    run.channel.hungup = True  # the channel takes the place of the one that rang
    return HANG_UP


def spy(run: Run, data: str) -> int | str:
    """Listen to calls: ``[prefix][,options]``. As apps/app_chanspy.c."""
    whom, letters = _parts(data, 2)
    given = options(letters) or {}
    run.answer()
    if run.channel.hungup:
        return HANG_UP
    run.note("spy", whom, ("options", letters))
    if "E" in given or "x" in given:
        answer = run.ask(Question("hangup", f"listening to {whom}", ("yes", "no")))
        if answer == "no":
            return GO_ON
    run.channel.hungup = True
    return HANG_UP


def mix_monitor(run: Run, data: str) -> int | str:
    """Record the call from here on: ``file[,options[,command]]``. As apps/app_mixmonitor.c."""
    file, letters, command = _parts(data, 3)
    if not file:
        run.warn("MixMonitor requires an argument (filename)")
        return HANG_UP
    run.note("records", file, ("options", letters), ("command", command))
    run.set("MIXMONITOR_FILENAME", file if file.startswith("/") else f"/var/spool/asterisk/monitor/{file}")
    given = options(letters) or {}
    if given.get("i"):
        run.assign(given["i"] or "", "0x1")
    return GO_ON


def monitor(run: Run, data: str) -> int | str:
    """Record the call from here on, both sides apart: ``[format[,file[,options]]]``. As res/res_monitor.c."""
    form, file, letters = _parts(data, 3)
    run.note("records", file, ("format", form or "wav"), ("options", letters))
    return GO_ON


def stop_recording(run: Run, data: str) -> int | str:
    """End the recording."""
    run.note("records", "", ("ends", "yes"))
    return GO_ON


def nothing(run: Run, data: str) -> int | str:
    """Do nothing that a call shows."""
    return GO_ON


def record(run: Run, data: str) -> int | str:
    """Record the caller into a file: ``file.format[,silence[,seconds[,options]]]``. As apps/app_record.c."""
    file, _, _, letters = _parts(data, 4)
    if not file:
        run.warn("Record requires an argument (filename)")
        run.set("RECORD_STATUS", "ERROR")
        return HANG_UP
    given = options(letters) or {}
    channel = run.channel
    if not channel.answered:
        if "s" in given:
            run.set("RECORD_STATUS", "SKIP")
            return GO_ON
        if "n" not in given:
            run.answer()
            if channel.hungup:
                run.set("RECORD_STATUS", "HANGUP")
                return HANG_UP
    if channel.hungup:
        run.set("RECORD_STATUS", "HANGUP")
        return GO_ON
    run.note("records", file, ("options", letters), ("of", "the caller"))
    answers = ("DTMF", "SILENCE", "TIMEOUT", "HANGUP", *(("OPERATOR",) if "o" in given else ()))
    answer = run.ask(Question("record", file, answers))
    run.set("RECORDED_FILE", file.rpartition(".")[0] or file)
    run.set("RECORD_STATUS", answer)
    if answer == "HANGUP":
        channel.hungup = True
        return HANG_UP
    return _over(run)


def originate(run: Run, data: str) -> int | str:
    """Make a call beside this one: ``device,exten|app,context or application,...``. As apps/app_originate.c."""
    device, kind, first, second, third, timeout, letters = _parts(data, 7)
    if not device or not kind or not first:
        run.warn("Incorrect number of arguments")
        run.set("ORIGINATE_STATUS", "FAILED")
        return HANG_UP
    given = options(letters) or {}
    details = [("kind", kind), ("to", ",".join(part for part in (first, second, third) if part))]
    if timeout:
        details.append(("seconds", timeout))
    if letters:
        details.append(("options", letters))
    run.note("originates", device, *details)
    if kind.lower() not in ("exten", "app"):
        run.warn(f"Incorrect type, it should be 'exten' or 'app': {kind}")
        run.set("ORIGINATE_STATUS", "FAILED")
        return HANG_UP
    if "a" in given:
        run.set("ORIGINATE_STATUS", "SUCCESS")
        return GO_ON
    answer = run.ask(
        Question(
            "originate", device, ("SUCCESS", "FAILED", "BUSY", "CONGESTION", "HANGUP", "RINGING", "UNKNOWN")
        )
    )
    run.set("ORIGINATE_STATUS", answer)
    return GO_ON


def fax(sends: bool) -> Callable[[Run, str], int | str]:
    """Return the application that sends, or takes, a fax."""

    def send_or_take(run: Run, data: str) -> int | str:
        """Send or take a fax. As res/res_fax.c. A world may answer HANGUP too: whoever is there has no fax and hangs up."""
        file = data.partition(",")[0]
        if not file:
            run.warn("a fax needs a file")
            return HANG_UP
        run.answer()
        if run.channel.hungup:
            return HANG_UP
        run.note("fax", file, ("does", "sends" if sends else "takes"))
        answer = run.ask(Question("fax", file, ("SUCCESS", "FAILED")))
        if answer == "HANGUP":
            run.channel.hungup = True
            answer = "FAILED"
        run.channel.hooks["FAXOPT/status"] = answer
        return _over(run)

    return send_or_take


def system(run: Run, data: str) -> int | str:
    """Run a program: SYSTEMSTATUS tells what came of it. As apps/app_system.c."""
    return _system(run, data, fails=True)


def try_system(run: Run, data: str) -> int | str:
    """Run a program, and go on whatever comes of it."""
    return _system(run, data, fails=False)


def _system(run: Run, data: str, *, fails: bool) -> int | str:
    if not data:
        run.warn("System requires an argument(command)")
        run.set("SYSTEMSTATUS", "FAILURE")
        return HANG_UP if fails else GO_ON
    run.note("box", data, ("program", "yes"))
    answer = run.ask(Question("box", f"System {data}", ("SUCCESS", "APPERROR", "FAILURE")))
    run.set("SYSTEMSTATUS", answer)
    return HANG_UP if fails and answer == "FAILURE" else GO_ON


def agi(name: str) -> Callable[[Run, str], int | str]:
    """Return the application that gives the call to a program of that kind."""

    def run_program(run: Run, data: str) -> int | str:
        """Let a program outside steer the call: a black box. As res/res_agi.c."""
        if not data:
            run.warn("AGI requires an argument (script)")
            return HANG_UP
        if name == "EAGI" and run.channel.hungup:
            run.warn("EAGI cannot be run on a dead/hungup channel, please use AGI.")
            return GO_ON
        run.note("box", data, ("kind", name))
        ends = ("SUCCESS", "FAILURE", "NOTFOUND", *(() if run.channel.hungup else ("HANGUP",)))
        answer = run.ask(Question("box", f"{name} {data}", ends))
        status, _, assigned = answer.partition(" ")
        run.set("AGISTATUS", status)
        for pair in assigned.split():
            variable, sign, text = pair.partition("=")
            if sign:
                run.assign(variable, text)
        if status == "HANGUP" and not run.channel.hungup:
            run.channel.hungup = True
            return HANG_UP
        return GO_ON  # in h, too: the program is run, and the dial plan goes on

    return run_program


def box(name: str) -> Callable[[Run, str], int | str]:
    """Return an application that hands the call to something outside of the dial plan, which may give it back."""

    def outside(run: Run, data: str) -> int | str:
        """Hand the call out."""
        run.note("box", data, ("kind", name))
        answer = run.ask(Question("box", f"{name} {data}", ("SUCCESS", "FAILED", "HANGUP")))
        if name == "Stasis":
            run.set("STASISSTATUS", "SUCCESS" if answer != "FAILED" else "FAILED")
        if answer == "HANGUP":
            run.channel.hungup = True
        return _over(run)

    return outside


def transfer(run: Run, data: str) -> int | str:
    """Let the caller's phone, or the network, call elsewhere. As apps/app_transfer.c."""
    if not data:
        run.warn("Transfer requires an argument ([Tech/]destination)")
        run.set("TRANSFERSTATUS", "FAILURE")
        return GO_ON
    technology, slash, _ = data.partition("/")
    if slash and technology.lower() != run.channel.technology.lower():
        run.set("TRANSFERSTATUS", "FAILURE")
        return GO_ON
    ends = ("UNSUPPORTED",) if run.channel.hungup else ("SUCCESS", "FAILURE", "UNSUPPORTED")
    answer = run.ask(Question("box", f"Transfer {data}", ends))
    run.set("TRANSFERSTATUS", answer)
    run.set("TRANSFERSTATUSPROTOCOL", "0")
    if answer == "SUCCESS":
        run.note("originates", data, ("kind", "transfer"))
    return GO_ON


def soft_hangup(run: Run, data: str) -> int | str:
    """Hang up another channel."""
    run.note("log", "hangs up", ("channel", data))
    return GO_ON


def sip_add_header(run: Run, data: str) -> int | str:
    """Have calls that are made from here carry a SIP header (chan_sip)."""
    number = 1
    while run.get(f"SIPADDHEADER{number:02d}") is not None:
        number += 1
    run.channel.inherited[f"SIPADDHEADER{number:02d}"] = 1
    run.set(f"SIPADDHEADER{number:02d}", data)
    return GO_ON


def message(run: Run, data: str) -> int | str:
    """Send a message to somebody."""
    run.note("log", "message", ("to", data.partition(",")[0]))
    run.set("MESSAGE_SEND_STATUS", "SUCCESS")
    return GO_ON


def bridge(run: Run, data: str) -> int | str:
    """Talk with a channel that is up. As main/features.c."""
    run.note("talks", data.partition(",")[0])
    answer = run.ask(Question("box", f"Bridge {data}", ("SUCCESS", "NONEXISTENT", "FAILURE")))
    run.set("BRIDGERESULT", answer)
    return _over(run) if answer != "SUCCESS" else HANG_UP


def bridge_wait(run: Run, data: str) -> int | str:
    """Wait in a holding bridge."""
    run.note("park", data or "default", ("kind", "bridge"))
    run.channel.hungup = True
    return HANG_UP


def chan_is_avail(run: Run, data: str) -> int | str:
    """Say whether a device can be called."""
    device = interfaces(run, data.partition(",")[0])[0]
    state = run.learn(Question("device", device, ("NOT_INUSE", "INUSE", "UNAVAILABLE")))
    free = state in ("NOT_INUSE", "UNKNOWN")
    run.set("AVAILCHAN", f"{device}-00000001" if free else "")
    run.set("AVAILORIGCHAN", device if free else "")
    run.set("AVAILSTATUS", {"NOT_INUSE": "1", "INUSE": "2", "UNAVAILABLE": "5"}.get(state, "0"))
    return GO_ON


APPLICATIONS = {
    "AGI": agi("AGI"),
    "AudioSocket": box("AudioSocket"),
    "Bridge": bridge,
    "BridgeWait": bridge_wait,
    "ChanIsAvail": chan_is_avail,
    "ChanSpy": spy,
    "ChangeMonitor": nothing,
    "ChannelRedirect": soft_hangup,
    "DeadAGI": agi("DeadAGI"),
    "EAGI": agi("EAGI"),
    "ExtenSpy": spy,
    "ExternalIVR": box("ExternalIVR"),
    "JabberSend": message,
    "JabberSendGroup": message,
    "MessageSend": message,
    "MixMonitor": mix_monitor,
    "Monitor": monitor,
    "Originate": originate,
    "Park": park,
    "ParkAndAnnounce": park_and_announce,
    "ParkedCall": parked_call,
    "PauseMonitor": nothing,
    "Pickup": pickup,
    "PickupChan": pickup_chan,
    "ReceiveFAX": fax(sends=False),
    "Record": record,
    "SIPAddHeader": sip_add_header,
    "SIPDtmfMode": nothing,
    "SIPRemoveHeader": nothing,
    "SendFAX": fax(sends=True),
    "SetTransferCapability": nothing,
    "SoftHangup": soft_hangup,
    "Stasis": box("Stasis"),
    "StopMixMonitor": stop_recording,
    "StopMonitor": stop_recording,
    "System": system,
    "Transfer": transfer,
    "TrySystem": try_system,
    "UnpauseMonitor": nothing,
}
