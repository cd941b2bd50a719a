"""Dial, RetryDial and Page: whom a call reaches, what comes of it, and what is done with whoever answers.

As apps/app_dial.c: which channels can be made, how their ends add up to DIALSTATUS (handle_cause, wait_for_answer),
what options
do before, at and after the answer. A Local channel is followed into the dial plan, a level above the call that waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from kelid.model.call import MADE, Question
from kelid.simulate.applications.flow import CAUSES, length
from kelid.simulate.applications.macro import enter_for_dial
from kelid.simulate.applications.race import First, ahead, is_late, lost
from kelid.simulate.arguments import atoi, split_arguments
from kelid.simulate.functions.parties import split_caller
from kelid.simulate.jumps import goto
from kelid.simulate.options import options
from kelid.simulate.state import (
    ELSEWHERE,
    GO_ON,
    HANG_UP,
    LOST,
    SUSPENDED,
    TOLD,
    Channel,
    Level,
    Moment,
    Result,
    tell_connected,
)
from kelid.simulate.undecided import settled
from kelid.simulate.world import device_of

if TYPE_CHECKING:
    from kelid.simulate.run import Run
    from kelid.simulate.state import Then

STATUSES = ("ANSWER", "BUSY", "NOANSWER", "CHANUNAVAIL", "CONGESTION")
"""How a call to devices may end."""

CAUSE = {"ANSWER": 16, "BUSY": 17, "CONGESTION": 34, "CHANUNAVAIL": 3}
"""HANGUPCAUSE by that: what a SIP phone or trunk gives (hangup_sip2cause; NO_ROUTE_DESTINATION for one that can't be
reached). A phone that rings until the time is over leaves it as it was."""

_UNAVAILABLE = {"IAX2": 20, "DAHDI": 66}
"""HANGUPCAUSE of what can't be reached, where it isn't NO_ROUTE_DESTINATION. IAX2: AST_CAUSE_UNREGISTERED, as iax2_request
finds no address of the peer. DAHDI: AST_CAUSE_CHAN_NOT_IMPLEMENTED, as no driver is loaded: chan_dahdi without a card
declines to load, and ast_request (main/channel.c) finds no such technology. With a card, lines that are all taken or out
of service make CONGESTION, never CHANUNAVAIL (dahdi_request in channels/chan_dahdi.c)."""

_RESET = dict.fromkeys(
    (
        "DIALSTATUS", "DIALEDPEERNUMBER", "DIALEDPEERNAME", "ANSWEREDTIME", "ANSWEREDTIME_MS", "DIALEDTIME",
        "DIALEDTIME_MS", "RINGTIME", "RINGTIME_MS", "PROGRESSTIME", "PROGRESSTIME_MS",
    ),
    "",
)  # fmt: skip
"""What Dial empties before it calls."""


class _Arguments(NamedTuple):
    """Dial's arguments. ``timeout`` is in seconds, None for as long as it rings; ``options`` None where they can't
    be read.
    """

    peers: str
    timeout: int | None
    options: Mapping[str, str | None] | None


class Dialling(NamedTuple):
    """A Dial on its way: its arguments as given, the ends so far, and what is still to be called.

    ``locals`` are Local channels not yet followed, ``number`` is that of the Local channel (its ;2) that is. ``kept`` is
    the moment when it began, where several are followed one after the other. ``busy``, ``congestion`` and ``unavailable``
    count ends (cause_args), ``failed`` what could not even be called, ``created`` all others; ``rings`` is True
    while devices do. ``answer`` is how the devices' call ends, where that was asked before they ring; ``prepared`` are
    those of them for which there is a channel.
    """

    data: str
    devices: tuple[str, ...] = ()
    locals: tuple[str, ...] = ()
    busy: int = 0
    congestion: int = 0
    unavailable: int = 0
    failed: int = 0
    created: int = 0
    rings: bool = False
    number: int = 0
    kept: Moment | None = None
    status: str = ""
    answer: str = ""
    prepared: tuple[str, ...] = ()
    peers: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    local: tuple[Any, ...] = ()
    losers: int = 0
    cut: Moment | None = None
    first: str = ""
    leaves: int = -1
    step: int = -1

    @property
    def single(self) -> bool:
        """True where one channel is called: what it tells of itself is handed on at once (wait_for_answer)."""
        return self.created == 1


TECHNOLOGIES = frozenset(
    """PJSIP SIP IAX2 DAHDI ZAP LOCAL CONSOLE ALSA OSS MGCP SKINNY SCCP UNISTIM USTM H323 OOH323 MOTIF GTALK JINGLE MISDN
    CAPI KHOMP VPB PHONE NBS MOBILE AGENT BRIDGE MULTICASTRTP UNICASTRTP AUDIOSOCKET WEBSOCKET DONGLE QUECTEL RTP SLA
    FEATURES """.split()  # noqa: SIM905
)
"""Technologies that some channel driver of Asterisk's, or a well-known one from elsewhere, has."""


@lru_cache(8192)
def _arguments(data: str) -> _Arguments:
    parts = split_arguments(data, 4)
    parts += [""] * (4 - len(parts))
    timeout = None
    if parts[1]:
        seconds = atoi(parts[1])
        timeout = seconds if seconds > 0 else None
    return _Arguments(parts[0], timeout, options(parts[2]))


def _timed(run: Run, data: str) -> str:
    """Return the arguments with the timeout decided, if it hangs on what isn't decided yet."""
    if run.symbols is None or not run.symbols.within(data):
        return data
    parts = data.split(",", 2)
    if len(parts) > 1:
        parts[1] = run.settle(parts[1])
    return ",".join(parts)


def _subroutine(text: str) -> str:
    """Return Gosub's arguments from those of an option, ``context^exten^priority(one^two)``."""
    return text.replace("^", ",")


def dial(run: Run, data: str) -> int | str:
    """Call devices and wait for who answers first."""
    channel = run.channel
    if all(_RESET.keys().isdisjoint(frame.variables) for frame in channel.frames):
        channel.variables.update(_RESET)
    else:
        for name in _RESET:
            run.set(name, "")
    if channel.forwards <= 0:
        run.warn(f"Cannot place outbound call from channel '{channel.name}'. Max forwards exceeded")
        run.set("DIALSTATUS", "BUSY")
        return HANG_UP
    if not data or channel.hungup:
        run.set("DIALSTATUS", "CANCEL" if data else "INVALIDARGS")
        if not data:
            run.warn("Dial requires an argument (technology/resource)")
        return HANG_UP
    data = _timed(run, data)
    arguments = _arguments(data)
    given = arguments.options
    if given is None:
        run.set("DIALSTATUS", "INVALIDARGS")
        return HANG_UP
    limit = given.get("S")
    if limit and atoi(limit) == 0:
        run.warn(f"Dial does not accept S({limit}), hanging up.")
        run.set("DIALSTATUS", "INVALIDARGS")
        return HANG_UP
    if ("P" in given or "p" in given) and _refuses(run, given):
        return GO_ON
    predial = given.get("B")
    if predial:
        result = run.run_gosub(channel, _subroutine(predial), ((_called_back, data),))
        if result == SUSPENDED:
            return SUSPENDED
    return _call(run, data)


def _refuses(run: Run, given: Mapping[str, str | None]) -> bool:
    """Return True if astdb says what becomes of this caller, without a call (setup_privacy_args)."""
    channel = run.channel
    if not channel.caller or "P" not in given or "N" in given:
        return False
    value = run.database_get(f"privacy/{given['P'] or channel.exten}/{channel.caller}") or ""
    status = {"deny": "NOANSWER", "kill": "DONTCALL", "torture": "TORTURE"}.get(value.lower(), "")
    if status:
        run.set("DIALSTATUS", status)
    return bool(status)


def _called_back(run: Run, ended: Level, data: str, outcome: Result) -> Result:
    """Go on after the subroutine on the caller's channel (option B)."""
    return _call(run, data)


def _call(run: Run, data: str) -> int | str:
    """Make the channels."""
    arguments = _arguments(data)
    given = arguments.options or {}
    channel = run.channel
    if run.get("OUTBOUND_GROUP_ONCE") is not None:
        run.set("OUTBOUND_GROUP_ONCE", None)
    devices: list[str] = []
    locals_: list[str] = []
    unavailable = 0
    peers = arguments.peers
    if run.symbols is not None and run.symbols.within(peers):
        peers = run.symbols.every_item(peers)
    for interface in interfaces(run, peers) if peers else ():
        technology, _, number = interface.partition("/")
        if not number:
            run.warn("Dial argument takes format (technology/resource)")
            return _out(run, Dialling(data, status="INVALIDARGS"), HANG_UP)
        if technology.lower() == "local":
            locals_.append(interface)
        elif technology.upper() not in TECHNOLOGIES:
            unavailable += 1
            channel.hangup_cause = 66  # AST_CAUSE_CHAN_NOT_IMPLEMENTED (ast_request in main/channel.c)
        elif _is_missing(run, technology, number):
            unavailable += 1
            channel.hangup_cause = CAUSE["CHANUNAVAIL"]
        else:
            devices.append(interface)
    dialling = Dialling(
        data,
        tuple(devices),
        tuple(locals_),
        unavailable=unavailable,
        failed=unavailable,
        created=len(devices) + len(locals_),
    )
    predial = given.get("b")
    if predial and (devices or locals_):
        return _prepare(run, (_subroutine(_expanded(channel, predial)), _made(run, dialling), 0))
    return _ring(run, dialling)


def interfaces(run: Run, devices: str) -> list[str]:
    """Return the devices of a list, each as technology/resource.

    A text of which not even the technology is decided may be a list itself, or nothing that can be called: it is decided.
    """
    made: list[str] = []
    for interface in devices.split("&"):
        known = interface.partition("/")[0].isascii()
        made += [interface] if known else settled(run, interface).split("&")
    return made


def _made(run: Run, dialling: Dialling) -> Dialling:
    """Return the Dial with the devices for which there is a channel: a device that can't be reached gets none.

    Asked before option b, which runs on channels only: dial_exec_full makes them all, then runs it on each.
    """
    devices = dialling.devices
    if not devices:
        return dialling
    if run.symbols is not None:
        # How it ends is asked once people have noticed that it rings: of two dial plans, nothing follows where that differs.
        reached = run.ask(Question("reached", "&".join(devices), ("1", "0"))) == "1"
        answer = MADE if reached else "CHANUNAVAIL"
    else:
        answer = run.ask(Question("dial", "&".join(devices), STATUSES))
    if answer == "CHANUNAVAIL":
        return dialling._replace(answer=answer, prepared=())
    if len(devices) > 1 and run.symbols is None:  # to ask of each on every way would make ways without number
        devices = tuple(device for device in devices if _is_reached(run, device))
    return dialling._replace(answer=answer, prepared=devices or dialling.devices)


def _is_reached(run: Run, interface: str) -> bool:
    """Return True for a device that has a contact, and for those that aren't PJSIP's."""
    technology, _, endpoint = device_of(interface).partition("/")
    return technology.upper() != "PJSIP" or run.learn(Question("contacts", endpoint, ("1", "0"))) == "1"


def _expanded(channel: Channel, text: str) -> str:
    """Return a subroutine's place with the caller's context and extension where it names none."""
    place, parenthesis, rest = text.partition("(")
    parts = place.split("^")
    if len(parts) == 1:
        parts = [channel.context, channel.exten, *parts]
    elif len(parts) == 2:
        parts = [channel.context, *parts]
    parts[0], parts[1] = parts[0] or channel.context, parts[1] or channel.exten
    return "^".join(parts) + parenthesis + rest


def _is_missing(run: Run, technology: str, number: str) -> bool:
    """Return True for a PJSIP endpoint that the configuration doesn't have: no channel can be made."""
    if technology.upper() != "PJSIP":
        return False
    name = device_of(f"PJSIP/{number}").partition("/")[2]
    known = run.dialplan.endpoints
    return bool(known) and name not in known and not (run.symbols is not None and run.symbols.within(name))


def _name(interface: str, number: int) -> tuple[str, str]:
    """Return the name of a channel that calls this, and the endpoint that it belongs to."""
    technology, _, rest = interface.partition("/")
    if technology.lower() == "local":
        place = rest.partition("/")[0]
        return f"Local/{place if '@' in place else place + '@default'}-{number:08x};1", ""
    endpoint = device_of(interface).partition("/")[2]
    return f"{technology}/{endpoint}-{number:08x}", endpoint


def new_channel(run: Run, interface: str) -> Channel:
    """Return the channel that the run's channel makes to call this: with the variables that it inherits.

    It knows itself by what its endpoint is called (session->id in res_pjsip_session.c), and nothing else of a caller.
    """
    channel = run.channel
    number = run.new_number()
    technology, _, rest = interface.partition("/")
    name, endpoint = _name(interface, number)
    made = Channel(name, technology, endpoint, channel.context, channel.exten, 1, number)
    made.unique_id = f"{channel.unique_id.partition('.')[0]}.{number + 1}"
    made.caller_name, made.caller = identity(run, endpoint) if technology.upper() == "PJSIP" else ("", "")
    made.ani = made.caller
    made.forwards = channel.forwards - 1
    made.language = run.dialplan.language
    made.musicclass = channel.musicclass
    made.rdnis = channel.rdnis
    made.connected, made.connected_name = channel.caller, channel.caller_name
    for variable, depth in channel.inherited.items():
        text = channel.variables.get(variable)
        if text is not None:
            made.variables[variable] = text
            if depth > 1:
                made.inherited[variable] = depth
    made.variables["DIALEDPEERNUMBER"] = rest
    return made


def identity(run: Run, endpoint: str) -> tuple[str, str]:
    """Return name and number of an endpoint (``callerid`` in pjsip.conf): both empty where it has no number.

    An endpoint with a name alone has none for Asterisk either: what dials it gives it both (dial_exec_full).
    """
    names: dict[str, tuple[str, str]] | None = run.dialplan.memo.get("identities")
    if names is None:
        names = run.dialplan.memo["identities"] = {
            section.name: given
            for section in run.pbx.sections("pjsip.conf", "endpoint")
            if (given := split_caller(section.get("callerid") or ""))[1]
        }
    known, symbols = names, run.symbols
    if symbols is None or not symbols.within(endpoint):
        return known.get(endpoint, ("", ""))
    token = getattr(run.dialplan, "token", 0)
    name = symbols.some_row(endpoint, ("called", token), {one: both[0] for one, both in known.items()}, "")
    number = symbols.some_row(endpoint, ("number", token), {one: both[1] for one, both in known.items()}, "")
    return name, number


def dialled_channel(run: Run, interface: str, given: Mapping[str, str | None]) -> Channel:
    """Return the channel that Dial makes to call this: who it is where it doesn't say so itself, and what it is shown.

    Its number is then the extension that dials; its name was the hint's, and is that of who is connected since Asterisk 18
    (stored_clid in apps/app_dial.c).
    """
    channel = run.channel
    made = new_channel(run, interface)
    made.caller_name, made.caller = _who(run, made.endpoint, given)
    made.connected, made.connected_name = _shown(channel, given)
    return made


def _who(run: Run, endpoint: str, given: Mapping[str, str | None]) -> tuple[str, str]:
    """Return the name and number of a channel that Dial makes; ``endpoint`` is "" where it isn't a phone's."""
    channel = run.channel
    if "o" in given:
        own = given["o"]
        return split_caller(own) if own else (channel.caller_name, channel.caller)
    name, number = identity(run, endpoint)
    if name and number:
        return name, number
    hinted = int(run.pbx.asterisk) < 18
    return _hint_name(run, channel) if hinted else channel.connected_name, number or channel.exten


def _hint_name(run: Run, channel: Channel) -> str:
    """Return the name that the hint of the dialling extension has (get_cid_name)."""
    hint = run.dialplan.hint(run, channel.context, channel.exten)
    return hint.device.partition(",")[2].strip() if hint is not None else ""


def _shown(channel: Channel, given: Mapping[str, str | None]) -> tuple[str, str]:
    """Return number and name that the called see."""
    forced = given.get("f")
    if not forced:
        return channel.caller, channel.caller_name
    name, bracket, rest = forced.partition("<")
    if bracket:
        return rest.partition(">")[0].strip(), name.strip().strip('"')
    plain = forced.strip()
    digits = plain.lstrip("+").replace("-", "").replace(" ", "").replace("(", "").replace(")", "")
    if digits and all(not character.isalpha() for character in digits):
        return plain, ""
    return "", plain


def _prepare(run: Run, data: tuple[str, Dialling, int]) -> int | str:
    """Run the subroutine of option b on each of the channels, one after the other."""
    arguments, dialling, at = data
    interfaces = dialling.prepared + dialling.locals
    while at < len(interfaces):
        peer = dialled_channel(run, interfaces[at], _arguments(dialling.data).options or {})
        at += 1
        if run.run_gosub(peer, arguments, ((_prepared, (arguments, dialling, at)),)) == SUSPENDED:
            return SUSPENDED
    return _ring(run, dialling)


def _prepared(run: Run, ended: Level, data: tuple[str, Dialling, int], outcome: Result) -> Result:
    """Keep what the subroutine has made of the channel, and go on with the next."""
    arguments, dialling, at = data
    interface = (dialling.prepared + dialling.locals)[at - 1]
    one = (interface, ended.channel.key())
    return _prepare(run, (arguments, dialling._replace(peers=(*dialling.peers, one)), at))


def _callee(run: Run, dialling: Dialling, interface: str) -> Channel:
    """Return the channel that calls this: as option b has left it, or a new one."""
    for prepared, key in dialling.peers:
        if prepared == interface:
            return Channel.of(key)
    return dialled_channel(run, interface, _arguments(dialling.data).options or {})


def _ring(run: Run, dialling: Dialling) -> int | str:
    """Let the devices ring, and say how that ends."""
    arguments = _arguments(dialling.data)
    given = arguments.options or {}
    channel = run.channel
    _tell(run, dialling, arguments)
    if not dialling.created:
        return _not_answered(run, dialling._replace(status="CHANUNAVAIL"))
    dialling = dialling._replace(status="NOANSWER")
    if "d" in given:
        key = run.press()
        context = run.get("EXITCONTEXT") or run.get("MACRO_CONTEXT") or channel.context
        if key and run.exists(context, key):
            channel.context, channel.exten, channel.priority = context, key, 0
            return _out(run, dialling._replace(status="CANCEL"), key)
    if not dialling.devices:
        return _follow(run, _race(run, dialling, "", -1))
    answer = dialling.answer
    if answer in ("", MADE):
        statuses = tuple(one for one in STATUSES if not answer or one != "CHANUNAVAIL")
        answer = run.ask(Question("dial", "&".join(dialling.devices), statuses))
    status, _, peer = answer.partition(" ")
    if is_late(run) and status in ("ANSWER", "NOANSWER", "CANCEL"):
        run.give_up()
        return _out(run, dialling._replace(status="CANCEL"), HANG_UP)
    if dialling.locals and run.symbols is None:
        first = (peer or dialling.devices[0]) if status == "ANSWER" else ""
        dialling = _race(run, dialling, first, atoi(peer) if status == "CANCEL" else -1)
        if dialling.losers:
            if dialling.first or dialling.leaves >= 0:
                return _follow(run, dialling)
            if status in ("ANSWER", "CANCEL"):
                status = "NOANSWER"  # a Local channel is answered before
    if status == "ANSWER":
        return _answered(run, dialling, peer or dialling.devices[0])
    if status == "CANCEL":
        return _left(run, dialling, atoi(peer))
    if alone := _alone(run, dialling, status):
        _tell_connected(run, dialling, alone)
    count = len(dialling.devices)
    if status == "BUSY":
        dialling = dialling._replace(busy=dialling.busy + count)
    elif status == "CONGESTION":
        dialling = dialling._replace(congestion=dialling.congestion + count)
    elif status == "CHANUNAVAIL":
        dialling = dialling._replace(
            unavailable=dialling.unavailable + count,
            failed=dialling.failed + count,
            created=dialling.created - count,
        )
    else:
        dialling = dialling._replace(rings=True)
    if status in CAUSE:
        channel.hangup_cause = CAUSE[status]
        if status == "CHANUNAVAIL":
            technology = dialling.devices[-1].partition("/")[0].upper()
            channel.hangup_cause = _UNAVAILABLE.get(technology, CAUSE[status])
    if dialling.locals:
        return _follow(run, dialling)
    if dialling.rings:
        return _in_vain(run, dialling)
    if not dialling.created:
        dialling = dialling._replace(status="CHANUNAVAIL")
    return _not_answered(run, dialling)


def _left(run: Run, dialling: Dialling, seconds: int) -> int | str:
    """Let the caller hang up while devices ring, after so many seconds; where they ring less long nobody has answered."""
    timeout = _arguments(dialling.data).timeout
    if min(run.left(seconds), timeout or float("inf")) <= seconds:
        return _in_vain(run, dialling)
    if alone := _alone(run, dialling, "CANCEL"):
        _tell_connected(run, dialling, alone)
    run.elapsed += seconds
    run.leave(dialling.step)
    return _out(run, dialling._replace(status="CANCEL"), HANG_UP)


def _alone(run: Run, dialling: Dialling, status: str) -> str:
    """Return the device that is called if it is the only one, "" if several are or it can't be."""
    devices = dialling.devices
    if status == "CHANUNAVAIL" or not run.dialplan.mentions("CONNECTEDLINE"):
        return ""
    if len(devices) > 1 and run.symbols is None and not dialling.locals:
        devices = tuple(device for device in devices if _is_reached(run, device))
    return devices[0] if len(devices) == 1 and not dialling.locals else ""


def _in_vain(run: Run, dialling: Dialling) -> int | str:
    """Let the time pass in which nobody answers."""
    timeout = _arguments(dialling.data).timeout
    left = run.left(float("inf") if timeout is None else timeout)
    if timeout is None and left == float("inf"):
        run.channel.hangup_cause = 19  # the network gives up
        return _out(run, dialling._replace(status="NOANSWER"), GO_ON)
    if timeout is not None and timeout < left:
        run.elapsed += timeout
        return _out(run, dialling._replace(status="NOANSWER"), GO_ON)
    run.elapsed += left
    run.give_up()
    return _out(run, dialling._replace(status="CANCEL"), HANG_UP)


def _tell(run: Run, dialling: Dialling, arguments: _Arguments) -> None:
    """Tell who rings, for how long, and what they see."""
    given = arguments.options or {}
    number, name = _shown(run.channel, given)
    seconds = str(arguments.timeout) if arguments.timeout is not None else ""
    more = tuple((letter, text or "") for letter, text in given.items() if letter != "f")
    phones = [interface for interface in dialling.devices if not _is_trunk(interface)]
    if phones:
        run.note("rings", "&".join(phones), ("seconds", seconds), ("number", number), ("name", name), *more)
    for interface in dialling.devices:
        if _is_trunk(interface):
            run.note(
                "calls-out",
                device_of(interface),
                ("number", _dialled(interface)),
                ("seconds", seconds),
                ("shown", number),
                ("name", name),
                *more,
            )
    if "m" in given:
        run.note("hears", given["m"] or run.channel.musicclass or "default", ("said", "music"))
    elif dialling.created:
        run.note("tone", given.get("r") or "ringing")


def _is_trunk(interface: str) -> bool:
    """Return True for what is called with a number: ``PJSIP/0912@trunk``, ``DAHDI/g1/0912``."""
    rest = interface.partition("/")[2]
    return "@" in rest or "/" in rest


def _dialled(interface: str) -> str:
    rest = interface.partition("/")[2]
    first, at, _ = rest.partition("@")
    return first if at else rest.partition("/")[2]


def _race(run: Run, dialling: Dialling, device: str, leaves: int) -> Dialling:
    """Return the Dial with its Local channels in such an order that those come first who are not answered in time.

    ``device`` is that which answers as soon as it rings, if one does; ``leaves`` after how many seconds the caller hangs up,
    -1 for never.
    """
    if run.symbols is not None or (not dialling.devices and len(dialling.locals) < 2):
        return dialling

    def begin(interface: str) -> Callable[[Run, Then], bool]:
        def beginning(copy: Run, noted: Then) -> bool:
            halves = _halves(copy, dialling, interface)
            if halves is not None:
                copy.push(Level(halves[1], "pbx", ((_nothing, None),), _deadline(copy, dialling), noted))
            return halves is not None

        return beginning

    ends = [(found, at) for at, one in enumerate(dialling.locals) if (found := ahead(run, begin(one)))]
    if device:
        ends.append((First(run.elapsed, 1), -1))
    if leaves >= 0:
        ends.append((First(run.elapsed + leaves, 0), -2))
    if not ends:
        return dialling
    found, at = min(ends)
    others = [one for index, one in enumerate(dialling.locals) if index != at]
    return dialling._replace(
        locals=(*others, *((dialling.locals[at],) if at >= 0 else ())),
        losers=len(others),
        cut=Moment(found.at),
        kept=Moment(run.elapsed),
        first=device if at == -1 else "",
        leaves=leaves if at == -2 else -1,
        step=run.step_count - 1 if at == -2 else -1,
    )


def _deadline(run: Run, dialling: Dialling) -> float | None:
    timeout = _arguments(dialling.data).timeout
    return None if timeout is None else run.elapsed + timeout


def _halves(run: Run, dialling: Dialling, interface: str) -> tuple[Channel, Channel] | None:
    """Return both halves of a Local channel: the one that Dial calls, and the one that goes into the dial plan. None where
    there is no such extension.
    """
    channel = run.channel
    place = interface.partition("/")[2].partition("/")[0]
    exten, at, context = place.partition("@")
    context = context if at else "default"
    given = _arguments(dialling.data).options or {}
    number, name = _shown(channel, given)
    if not run.dialplan.exists(run, context, exten, 1, number):
        run.warn(f"No such extension/context {exten}@{context} while calling Local channel")
        return None
    one = _callee(run, dialling, interface)
    two = one.copy()
    two.name = one.name[:-1] + "2"
    two.number = run.new_number()
    two.context, two.exten, two.priority = context, exten, 1
    two.caller, two.caller_name = number, name
    two.ani = "" if given.get("f") else channel.ani
    two.connected, two.connected_name = one.caller, one.caller_name
    if "c" in given:
        two.hangup_cause = CAUSES["ANSWERED_ELSEWHERE"]  # from the beginning (ast_unreal_call_setup)
        two.hooks[ELSEWHERE] = ""
    return one, two


def _summed(dialling: Dialling) -> Dialling:
    """Return the Dial with its ends as few numbers as say the same: what is left to be told is how the sum will end.

    One channel that ended otherwise, or rings, is enough for no sum; of those that failed the gravest counts.
    """
    waiting = len(dialling.locals)
    ends = dialling.busy + dialling.congestion + dialling.unavailable
    several = min(dialling.created, 2)  # ``single`` must stay as it is
    if dialling.rings or dialling.created + dialling.failed - waiting > ends:
        return dialling._replace(
            busy=0, congestion=0, unavailable=0, failed=0, created=max(waiting + 1, several)
        )
    created = max(waiting, several)
    failed = int(ends > 0 and created == waiting)
    count = created - waiting + failed
    busy, congestion = dialling.busy > 0, not dialling.busy and dialling.congestion > 0
    return dialling._replace(
        busy=count if busy else 0,
        congestion=count if congestion else 0,
        unavailable=0 if busy or congestion else count,
        failed=failed,
        created=created,
    )


def _follow(run: Run, dialling: Dialling) -> int | str:
    """Go into the dial plan with the next Local channel; whatever comes of it, ``_local_ended`` is next."""
    if run.symbols is not None:
        dialling = _summed(dialling)
    while dialling.locals:
        interface, rest = dialling.locals[0], dialling.locals[1:]
        cut = dialling.cut if dialling.losers > 0 else None
        dialling = dialling._replace(locals=rest, losers=max(dialling.losers - 1, 0))
        halves = _halves(run, dialling, interface)
        if halves is None:
            dialling = dialling._replace(created=dialling.created - 1)
            continue
        one, two = halves
        dialling = dialling._replace(number=two.number, local=one.key())
        if rest and dialling.kept is None:
            dialling = dialling._replace(kept=Moment(run.elapsed))
        elif dialling.kept is not None:
            run.elapsed = dialling.kept
        deadline = _deadline(run, dialling)
        if cut is not None:
            until = cut if deadline is None else min(deadline, cut)
            then: Then = (lost, ((_go_on, dialling), len(run.events)))
            cause = CAUSES["ANSWERED_ELSEWHERE"]
            if dialling.leaves >= 0 and ELSEWHERE not in two.hooks:
                cause = run.cause_of_leaving() or CAUSES["NORMAL_CLEARING"]
            run.push(Level(two, "pbx", (then,), until, verdict=(LOST, cause)))
        else:
            answered: Then = (_local_answered, (dialling, interface))
            run.push(Level(two, "pbx", ((_local_ended, dialling),), deadline, answered))
        return SUSPENDED
    if dialling.first and dialling.cut is not None:
        run.elapsed = dialling.cut
        return _answered(run, dialling._replace(number=0, local=()), dialling.first)
    if dialling.leaves >= 0 and dialling.kept is not None:
        run.elapsed = dialling.kept
        return _left(run, dialling._replace(number=0, local=()), dialling.leaves)
    if not dialling.created:
        dialling = dialling._replace(status="CHANUNAVAIL")
    elif dialling.rings:
        return _in_vain(run, dialling)
    return _not_answered(run, dialling)


def _go_on(run: Run, ended: Level, dialling: Dialling, outcome: Result) -> Result:
    return _follow(run, dialling)


def _local_ended(run: Run, ended: Level, dialling: Dialling, outcome: Result) -> Result:
    """Go on when a Local channel's way has ended: it was answered, or it adds to how the call ended."""
    local = ended.channel
    channel = run.channel
    if dialling.single and not local.answered:
        _hand_on(run, dialling, local, channel)
    if ended.verdict:
        kind, result, status = ended.verdict
        if kind == "refused":
            return _out(run, dialling._replace(status=status), result)
        return _talked(run, None, dialling, GO_ON)
    if local.answered:
        return _talked(run, None, dialling, GO_ON)
    if run.left() < 0 or channel.hungup:
        channel.hungup = True
        return _out(run, dialling._replace(status="CANCEL"), HANG_UP)
    cause = local.hangup_cause
    if ended.deadline is not None and run.elapsed >= ended.deadline:
        cause = 16
    elif "indicated" in local.hooks:
        # The tone comes before the channel has another cause.
        channel.hangup_cause = CAUSES["ANSWERED_ELSEWHERE"] if ELSEWHERE in local.hooks else 0
        cause = int(local.hooks["indicated"])
    else:
        channel.hangup_cause = cause
    if cause == CAUSES["BUSY"]:
        dialling = dialling._replace(busy=dialling.busy + 1)
    elif cause == CAUSES["CONGESTION"]:
        dialling = dialling._replace(congestion=dialling.congestion + 1)
    elif cause not in (16, 19):  # no cause at all counts too (handle_cause)
        dialling = dialling._replace(unavailable=dialling.unavailable + 1)
    return _follow(run, dialling)


def _hand_on(run: Run, dialling: Dialling, local: Channel, channel: Channel) -> None:
    """Tell the caller with whom the Local channel's other side was told it is connected (ast_unreal_indicate)."""
    if TOLD in local.hooks and "I" not in (_arguments(dialling.data).options or {}):
        tell_connected(channel, local.connected_name, local.connected)


def _not_answered(run: Run, dialling: Dialling) -> int | str:
    """Add up how the channels ended, when all have (wait_for_answer)."""
    if dialling.busy + dialling.congestion + dialling.unavailable == dialling.created + dialling.failed:
        if dialling.busy:
            dialling = dialling._replace(status="BUSY")
        elif dialling.congestion:
            dialling = dialling._replace(status="CONGESTION")
        elif dialling.unavailable:
            dialling = dialling._replace(status="CHANUNAVAIL")
    return _out(run, dialling, GO_ON)


def _out(run: Run, dialling: Dialling, result: Result, *, go_on: bool = False) -> Result:
    """End the Dial: DIALSTATUS, and on with the dial plan after option g."""
    run.set("DIALSTATUS", dialling.status)
    given = _arguments(dialling.data).options or {}
    if ("g" in given or go_on) and not run.channel.hungup:
        return GO_ON
    return result


# ---- somebody has answered ---------------------------------------------------------------------------------------------


def _answered(run: Run, dialling: Dialling, interface: str) -> int | str:
    """Do with whoever answered what the options want, then let them talk."""
    channel = run.channel
    channel.hangup_cause = CAUSE["ANSWER"]
    run.set("DIALSTATUS", "ANSWER")
    run.set("DIALEDPEERNAME", _name(interface, run.made + 1)[0])
    run.set("DIALEDPEERNUMBER", interface.partition("/")[2])
    _tell_connected(run, dialling, interface)
    return _with_peer(run, dialling._replace(status="ANSWER"), channel, interface)


def _tell_connected(run: Run, dialling: Dialling, interface: str) -> None:
    """Let the caller know who is called: at once where nobody else is, or as soon as one of several has answered.

    A phone's channel tells it of itself when it calls (update_initial_connected_line in chan_pjsip.c), others don't.
    """
    channel = run.channel
    given = _arguments(dialling.data).options or {}
    if not interface.upper().startswith("PJSIP/") or "I" in given:
        return
    if run.symbols is not None and not run.dialplan.mentions("CONNECTEDLINE"):
        return  # nobody reads it
    for prepared, key in dialling.peers:
        if prepared == interface:
            peer = Channel.of(key)
            tell_connected(channel, peer.caller_name, peer.caller)
            return
    tell_connected(channel, *_who(run, _name(interface, 0)[1], given))


def _peer(run: Run, dialling: Dialling, channel: Channel, interface: str) -> Channel:
    """Return the channel that has answered. A Local channel is who its other side was told it is connected with."""
    was, run.channel = run.channel, channel
    if dialling.local:
        peer = Channel.of(dialling.local)
        two = next(level.channel for level in run.levels if level.channel.number == dialling.number)
        peer.caller, peer.caller_name = two.connected, two.connected_name
    else:
        peer = _callee(run, dialling, interface)
    run.channel = was
    peer.answered = True
    return peer


def _with_peer(run: Run, dialling: Dialling, channel: Channel, interface: str) -> int | str:
    """Do the options that come between the answer and the talk. A step of the called channel is a level of its own."""
    given = _arguments(dialling.data).options or {}
    if "P" in given or "p" in given:
        key = run.ask(Question("confirm", interface, ("accept", "reject")))
        if key != "accept":
            return _refused(run, dialling._replace(status="NOANSWER"), GO_ON)
    if given.get("G"):
        place = _subroutine(given["G"] or "")
        was, run.channel = run.channel, channel
        goto(run, place)
        run.channel = was
        return _refused(run, dialling, GO_ON)
    if given.get("M"):
        return enter_for_dial(
            run,
            _peer(run, dialling, channel, interface),
            _subroutine(given["M"] or ""),
            ((_confirmed, (dialling, interface, "MACRO")),),
        )
    text = given.get("U")
    if text:
        context, _, rest = _subroutine(text).partition(",")
        place = f"{context},s,1({rest})" if "^" in text else f"{context},s,1"
        peer = _peer(run, dialling, channel, interface)
        if run.symbols is not None and not dialling.number:
            dialling, interface = _without_number(dialling, interface)
        if run.run_gosub(peer, place, ((_confirmed, (dialling, interface, "GOSUB")),)) == SUSPENDED:
            return SUSPENDED
    return _bridge(run, dialling, channel, interface)


def option_letters(dialling: Dialling) -> str:
    """Return the letters of a Dial's options."""
    return "".join(_arguments(dialling.data).options or ())


def answered_dial(level: Level) -> Dialling | None:
    """Return the Dial of which whoever has answered is asked something before they talk; None for anything else.

    The step with the Dial looks at nothing of its own any more: what follows is that the call ends, or the next step.
    """
    for _, data in level.then:
        if isinstance(data, tuple) and data and isinstance(data[0], Dialling):
            return data[0] if data[0].status == "ANSWER" and not data[0].number else None
    return None


def _without_number(dialling: Dialling, interface: str) -> tuple[Dialling, str]:
    """Return what goes on once somebody has answered, without the number that was called: nobody asks for it any more."""
    device = device_of(interface)
    _, comma, rest = dialling.data.partition(",")
    return dialling._replace(data=f"{device}{comma}{rest}", devices=(device,), prepared=(), peers=()), device


def _outer(run: Run, dialling: Dialling) -> Channel:
    """Return the channel that dials: below the Local channel that it waits for, or the one on top."""
    if dialling.number:
        for at, level in enumerate(run.levels):
            if level.channel.number == dialling.number:
                return run.levels[at - 1].channel
    return run.levels[-1].channel


def _confirmed(run: Run, ended: Level, data: tuple[Dialling, str, str], outcome: Result) -> Result:
    """Go on after the subroutine or macro on the called channel: its RESULT says what becomes of the call."""
    dialling, interface, kind = data
    channel = _outer(run, dialling)
    peer = ended.channel
    result = peer.variables.get(f"{kind}_RESULT", "")
    if outcome == GO_ON and result:
        if kind == "GOSUB" and "GOSUB_RETVAL" in peer.variables:
            _on(run, channel, "GOSUB_RETVAL", peer.variables["GOSUB_RETVAL"])
        upper = result.upper()
        if upper in ("BUSY", "CONGESTION", "CHANUNAVAIL"):
            return _refused(run, dialling._replace(status=result), HANG_UP, go_on=True)
        if upper == "CONTINUE":
            return _refused(run, dialling, HANG_UP, go_on=True)
        if upper == "ABORT":
            return _refused(run, dialling, HANG_UP)
        if upper.startswith("GOTO:"):
            was, run.channel = run.channel, channel
            found = goto(run, _subroutine(result[5:])) == GO_ON
            run.channel = was
            return _refused(run, dialling, HANG_UP, go_on=found)
    if peer.hungup:
        return _refused(run, dialling, HANG_UP)
    return _bridge(run, dialling, channel, interface)


def _on(run: Run, channel: Channel, name: str, text: str) -> None:
    was, run.channel = run.channel, channel
    run.set(name, text)
    run.channel = was


def _refused(run: Run, dialling: Dialling, result: Result, *, go_on: bool = False) -> Result:
    """Hang up whoever answered, without a talk; go on if the options or the subroutine say so."""
    if not dialling.number:
        return _out(run, dialling, result, go_on=go_on)
    for level in run.levels:
        if level.channel.number == dialling.number:
            level.channel.hungup = True
            level.verdict = ("refused", GO_ON if go_on else result, dialling.status)
    return GO_ON


def _bridge(run: Run, dialling: Dialling, channel: Channel, interface: str) -> int | str:
    """Let them talk: the caller's channel is answered now, and whoever waits for that has his turn first."""
    if dialling.number:
        for level in run.levels:
            if level.channel.number == dialling.number:
                level.verdict = ("talks", GO_ON, "")
        return run.answer((_nothing, None), channel)
    given = _arguments(dialling.data).options or {}
    limit = given.get("S") or given.get("L") or ""
    run.note("talks", device_of(interface), *((("limit", limit),) if limit else ()))
    then: Then = (_talked, dialling)
    if run.answer(then, channel) == SUSPENDED:
        return SUSPENDED
    return _talked(run, None, dialling, GO_ON)


def _nothing(run: Run, ended: Level, data: None, outcome: Result) -> Result:
    return GO_ON


def _talked(run: Run, ended: Level | None, dialling: Dialling, outcome: Result) -> Result:
    """End the talk."""
    channel = run.channel
    given = _arguments(dialling.data).options or {}
    for name in ("ANSWEREDTIME", "DIALEDTIME"):
        if run.dialplan.mentions(name):
            seconds = run.learn(Question("talk", "seconds", (), 6)) or "60"
            run.set(name, seconds)
            run.set(f"{name}_MS", f"{seconds}000")
    if channel.hungup:
        return _out(run, dialling._replace(status="ANSWER"), HANG_UP)
    if (
        "g" in given
        and run.ask(Question("hangup", f"talk with {_arguments(dialling.data).peers}", ("no", "yes")))
        == "yes"
    ):
        channel.hungup = True
    return _out(run, dialling._replace(status="ANSWER"), HANG_UP)


def _local_answered(run: Run, level: Level, data: tuple[Dialling, str], outcome: Result) -> Result:
    """Do what Dial does when the Local channel that it called is answered on its other side."""
    dialling, interface = data
    channel = _outer(run, dialling)
    was, run.channel = run.channel, channel
    one = Channel.of(dialling.local)
    if (one.caller_name, one.caller) != _who(run, "", _arguments(dialling.data).options or {}):
        level.channel.hooks[TOLD] = ""  # what option b has made of the channel is told with the answer
    _hand_on(run, dialling, level.channel, channel)
    for name, text in (
        ("DIALSTATUS", "ANSWER"),
        ("DIALEDPEERNAME", _name(interface, run.made + 1)[0]),
        ("DIALEDPEERNUMBER", interface.partition("/")[2]),
    ):
        run.set(name, text)
    channel.hangup_cause = CAUSE["ANSWER"]
    run.channel = was
    return _with_peer(run, dialling._replace(status="ANSWER"), channel, interface)


# ---- RetryDial and Page ------------------------------------------------------------------------------------------------


def retry_dial(run: Run, data: str) -> int | str:
    """Dial again and again: ``announce,sleep,retries,arguments of Dial``."""
    parts = split_arguments(data, 4)
    if len(parts) < 4:
        run.warn("RetryDial requires a 4th argument (dialdata)")
        return HANG_UP
    seconds = atoi(parts[1])
    return _retry(run, (parts[0], seconds if seconds >= 1 else 10, atoi(parts[2]) or -1, parts[3]))


def _retry(run: Run, data: tuple[str, int, int, str]) -> int | str:
    _, _, loops, arguments = data
    if not loops:
        return GO_ON
    depth = len(run.levels)
    result = dial(run, arguments)
    if result == SUSPENDED:
        level = run.levels[depth]
        level.then = (*level.then, (_retried, data))
        return SUSPENDED
    return _retried(run, None, data, result)


def _retried(run: Run, ended: Level | None, data: tuple[str, int, int, str], outcome: Result) -> Result:
    announce, seconds, loops, arguments = data
    status = run.get("DIALSTATUS")
    if outcome != GO_ON or status == "ANSWER" or run.channel.hungup:
        return outcome
    if announce:
        run.note("hears", announce)
    if not run.spend(seconds):
        return HANG_UP
    if loops == 1:
        return GO_ON
    if loops < 0 and run.symbols is None and loops < -_MOST_RETRIES:
        return GO_ON
    return _retry(run, (announce, seconds, loops - 1, arguments))


_MOST_RETRIES = 100


def page(run: Run, data: str) -> int | str:
    """Speak to several phones at once: ``devices[,options[,timeout]]``. As apps/app_page.c."""
    parts = split_arguments(data, 3)
    parts += [""] * (3 - len(parts))
    if not parts[0]:
        run.warn("This application requires at least one argument (destination(s) to page)")
        return HANG_UP
    given = options(parts[1]) or {}
    predial = given.get("b")
    if predial:
        arguments = _subroutine(_expanded(run.channel, predial))
        return _page_prepare(run, (arguments, parts[0], parts[1], parts[2], 0))
    return _page(run, parts[0], parts[1], parts[2])


def _page_prepare(run: Run, data: tuple[str, str, str, str, int]) -> int | str:
    arguments, devices, letters, timeout, at = data
    called = interfaces(run, devices)
    while at < len(called):
        interface = called[at]
        at += 1
        if not _is_paged(run, interface, letters):
            continue
        peer = new_channel(run, interface)
        if (
            run.run_gosub(peer, arguments, ((_page_prepared, (arguments, devices, letters, timeout, at)),))
            == SUSPENDED
        ):
            return SUSPENDED
    return _page(run, devices, letters, timeout)


def _is_paged(run: Run, interface: str, letters: str) -> bool:
    """Return True for a device that a page gets a channel for; with option s only if it is in no call."""
    if interface.upper().startswith("LOCAL/"):
        return True
    if _is_missing(run, interface.partition("/")[0], interface.partition("/")[2]):
        return False
    if run.symbols is not None:  # as in _made
        return True
    if "s" in (options(letters) or {}):
        states = ("NOT_INUSE", "INUSE", "UNAVAILABLE")
        return run.learn(Question("device", device_of(interface), states)) in ("NOT_INUSE", "UNKNOWN")
    return _is_reached(run, interface)


def _page_prepared(run: Run, ended: Level, data: tuple[str, str, str, str, int], outcome: Result) -> Result:
    return _page_prepare(run, data)


def _page(run: Run, devices: str, letters: str, timeout: str) -> int | str:
    if run.answer((_paged, (devices, letters, timeout))) == SUSPENDED:
        return SUSPENDED
    return _paged(run, None, (devices, letters, timeout), GO_ON)


def _paged(run: Run, ended: Level | None, data: tuple[str, str, str], outcome: Result) -> Result:
    devices, letters, timeout = data
    run.note("page", devices, ("options", letters), ("seconds", str(length(timeout)) if timeout else ""))
    return HANG_UP


APPLICATIONS = {"Dial": dial, "Page": page, "RetryDial": retry_dial}
