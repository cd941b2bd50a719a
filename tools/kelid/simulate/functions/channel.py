"""What a channel is and does: CHANNEL and its like (funcs/func_channel.c, func_timeout.c, func_cdr.c, func_groupcount.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import atoi, leading_double, leading_integer, split_arguments
from kelid.simulate.limits import AT, GIVEN, LAST
from kelid.simulate.registry import reads, writes
from kelid.simulate.regular import PatternError, matches
from kelid.simulate.undecided import settled
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run
    from kelid.simulate.state import Channel

HANDLERS = "CHANNEL/hangup_handlers"
"""Where a channel keeps its hangup handlers: ``context,exten,priority(arguments)``, the next one first, a line each."""

_NORMAL_CLEARING = 16

_KEPT = frozenset((
    "parkinglot", "peeraccount", "hangupsource", "amaflags", "tonezone", "callgroup", "pickupgroup",
    "namedcallgroup", "namedpickupgroup", "userfield", "dtmf_features", "after_bridge_goto",
    "transfercapability", "secure_bridge_signaling", "secure_bridge_media", "max_forwards", "rxgain", "txgain",
    "checkhangup", "caller_url", "tenantid", "relatedtransferee",
))  # fmt: skip
"""What is handed back as it was set."""

_AT_FIRST = {
    "amaflags": "3", "parkinglot": "", "transfercapability": "SPEECH", "callgroup": "", "pickupgroup": "",
    "namedcallgroup": "", "namedpickupgroup": "", "userfield": "", "peeraccount": "", "hangupsource": "", "tonezone": "",
    "dtmf_features": "", "after_bridge_goto": "", "secure_bridge_signaling": "", "secure_bridge_media": "",
    "max_forwards": "20", "caller_url": "", "tenantid": "",
}  # fmt: skip


_BY_NETWORK = frozenset((
    "audionativeformat", "audioreadformat", "audiowriteformat", "videonativeformat", "videoreadformat",
    "videowriteformat", "trace", "dtmf_detect",
))  # fmt: skip
"""What hangs on how the call's sound is sent."""

_BY_SIP = frozenset((
    "call-id", "secure", "target_uri", "local_uri", "local_tag", "remote_uri", "remote_tag", "request_uri", "t38state",
    "local_addr", "remote_addr", "rtp", "rtcp", "pjsip", "contact", "rtpdest", "rtpqos", "rtpsource", "peerip", "recvip",
    "from", "uri", "useragent", "t38passthrough", "peername", "chantype", "dahdi_channel", "dahdi_span",
))  # fmt: skip
"""What only a channel of a network has: its messages' contents and addresses."""


@reads("CHANNEL")
def channel_item(run: Run, arguments: str) -> str | None:
    """Return something of the channel; what only the network knows the world says."""
    channel = run.channel
    item = arguments.lower()
    plain = {
        "endpoint": channel.endpoint,
        "channeltype": channel.technology,
        "language": channel.language,
        "musicclass": channel.musicclass,
        "name": channel.name,
        "channame": channel.name,
        "uniqueid": channel.unique_id,
        "accountcode": channel.account,
        "context": channel.context,
        "exten": channel.exten,
    }
    if item == "endpoint" and channel.technology != "PJSIP":
        run.warn(f"Unknown or unavailable item requested: '{arguments}'")
        return None
    if item in plain:
        return plain[item]
    if item == "state":
        return "Up" if channel.answered else "Ring"
    if item == "linkedid":
        return run.levels[0].channel.unique_id if run.levels else channel.unique_id
    if item == "checkhangup":
        return "1" if channel.hungup else "0"
    if item == "peer":
        return ""
    if item == "onhold":
        return "0"
    if item in _KEPT:
        return channel.hooks.get(f"CHANNEL/{item}", _AT_FIRST.get(item, ""))
    if item == "aor" and channel.technology == "PJSIP":
        return channel.endpoint
    if item.split(",")[0] in _BY_NETWORK or (channel.technology != "Local" and item.split(",")[0] in _BY_SIP):
        return run.learn(Question("channel", f"{channel.name},{settled(run, arguments)}"))
    run.warn(f"Unknown or unavailable item requested: '{arguments}'")
    return None


@writes("CHANNEL")
def set_channel_item(run: Run, arguments: str, value: str) -> None:
    """Set something of the channel."""
    channel = run.channel
    item = arguments.lower()
    if item == "language":
        channel.language = value
    elif item == "musicclass":
        channel.musicclass = value
    elif item == "accountcode":
        channel.account = value
    elif item == "hangup_handler_push":
        _push_handler(run, channel, value)
    elif item == "hangup_handler_pop":
        waiting = channel.hooks.get(HANDLERS, "").partition("\n")[2]
        channel.hooks[HANDLERS] = waiting
        if value:
            _push_handler(run, channel, value)
    elif item == "hangup_handler_wipe":
        channel.hooks[HANDLERS] = ""
        if value:
            _push_handler(run, channel, value)
    elif item == "amaflags":
        flag = _AMA_FLAGS.get(value.lower(), value)
        if flag[:1].isdigit():
            channel.hooks["CHANNEL/amaflags"] = str(atoi(flag))
    elif item in ("callgroup", "pickupgroup"):
        channel.hooks[f"CHANNEL/{item}"] = group_numbers(value)
    else:
        channel.hooks[f"CHANNEL/{item}"] = value


_AMA_FLAGS = {"omit": "1", "billing": "2", "documentation": "3"}


def group_numbers(text: str) -> str:
    """Return the numbers of ``1,3-5`` as Asterisk writes them: ``1, 3, 4, 5`` (ast_get_group, ast_print_group)."""
    numbers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start = leading_integer(first)
        if start is None:
            continue
        end = leading_integer(last) if dash else start
        numbers.update(
            number for number in range(start[0], (end or start)[0] + 1) if 0 <= number <= _LAST_GROUP
        )
    return ", ".join(map(str, sorted(numbers)))


_LAST_GROUP = 63


def whole_place(channel: Channel, place: str) -> str:
    """Return ``context,exten,priority(arguments)`` of a place of which context and extension may be left out.

    As ast_app_expand_sub_args in main/app.c.
    """
    where, parenthesis, arguments = place.partition("(")
    parts = where.split(",", 2)
    if len(parts) == 1:
        parts = [channel.context, channel.exten, *parts]
    elif len(parts) == 2:  # extension and priority
        parts = [channel.context, *parts]
    return ",".join(parts) + parenthesis + arguments


def _push_handler(run: Run, channel: Channel, value: str) -> None:
    handler = whole_place(channel, value)
    waiting = channel.hooks.get(HANDLERS, "")
    channel.hooks[HANDLERS] = f"{handler}\n{waiting}" if waiting else handler


@reads("CHANNELS")
def channels(run: Run, arguments: str) -> str:
    """Return the names of all channels that a pattern matches: which other calls there are the world says."""
    return run.ask(Question("channel", f"all,{settled(run, arguments)}"))


@reads("CHANNEL_EXISTS")
def channel_exists(run: Run, arguments: str) -> str:
    """Return 1 if the channel is one of this call; whether others are there is asked."""
    if any(arguments in (level.channel.name, level.channel.unique_id) for level in run.levels):
        return "1"
    return run.ask(Question("channel", arguments, ("0", "1"))) or "0"


@reads("EXCEPTION")
def exception(run: Run, arguments: str) -> str | None:
    """Return why the call came to the extension ``e``: ``reason``, ``context``, ``exten``, ``priority``."""
    value = run.channel.hooks.get(f"EXCEPTION/{arguments.lower()}")
    return value if value is not None or "EXCEPTION/reason" not in run.channel.hooks else None


# -- funcs/func_timeout.c


_TIMEOUTS = {"a": "absolute", "d": "digit", "r": "response"}
_DEFAULT = {"absolute": 0.0, "digit": 5.0, "response": 10.0}


@reads("TIMEOUT")
def timeout(run: Run, arguments: str) -> str | None:
    """Return how many seconds are left of the call, or waited for a digit: three places after the point."""
    name = _TIMEOUTS.get(arguments[:1].lower())
    if name is None:
        run.warn(f"Unknown timeout type '{arguments}'")
        return None
    channel = run.channel
    if name == GIVEN:
        at = channel.timeouts.get(AT)
        left = 0.0 if at is None else at - run.elapsed
        return f"{left:.3f}" if left > 0 else "0"
    return f"{channel.timeouts.get(name, _DEFAULT[name]):.3f}"


@writes("TIMEOUT")
def set_timeout(run: Run, arguments: str, value: str) -> None:
    """Set how long the call may last, or how long a digit is waited for."""
    name = _TIMEOUTS.get(arguments[:1].lower())
    if name is None:
        run.warn(f"Unknown timeout type '{arguments}'")
        return
    channel = run.channel
    if name == GIVEN:
        channel.timeouts.pop(LAST, None)
    if name == GIVEN and run.symbols is not None and run.symbols.within(value):
        # Nothing of the call can be said by a time that isn't known: it is told, and the call goes on.
        run.note("limit", "", ("seconds", value))
        channel.timeouts.pop(AT, None)
        return
    seconds = max(leading_double(settled(run, value)) or 0.0, 0.0)
    if name == GIVEN:
        channel.timeouts[GIVEN] = seconds
        if seconds > 0:
            channel.timeouts[AT] = run.elapsed + seconds
        else:
            channel.timeouts.pop(AT, None)
        return
    channel.timeouts[name] = seconds


# -- funcs/func_groupcount.c


_DEFAULT_CATEGORY = ""
COUNTS = ("0", "1", "1000")
"""How many other calls are in a group, where it counts: none, one, and more than any limit."""


def split_group(text: str) -> tuple[str, str]:
    """Return group and category of ``group@category`` (ast_app_group_split_group in main/app.c)."""
    group, at, category = text.partition("@")
    return group[:79], category[:79] if at else _DEFAULT_CATEGORY


@reads("GROUP")
def group(run: Run, arguments: str) -> str:
    """Return the group of the channel in a category."""
    return run.channel.groups.get(_category(run.channel, arguments), "")


@writes("GROUP")
def set_group(run: Run, arguments: str, value: str) -> None:
    """Put the channel into a group of a category, or out of it."""
    name, category = split_group(f"{value}@{arguments}" if arguments else value)
    groups = run.channel.groups
    groups.pop(_category(run.channel, category), None)
    if name:
        groups[category] = name
    else:
        run.warn("Setting a group requires an argument (group name)")


def _category(channel: Channel, name: str) -> str:
    """Return the category as the channel has it: small letters and large ones are the same, and the last spelling stays."""
    lower = name.lower()
    return next((category for category in channel.groups if category.lower() == lower), name)


def _with_others(run: Run, name: str, category: str, own: int) -> str:
    """Return how many channels are in the group: of this call, and of others."""

    def both(others: str) -> str:
        number = leading_integer(others)
        return str(own + (max(0, number[0]) if number else 0))

    others = run.learn(Question("group", f"{name}@{category}" if category else name, COUNTS))
    return both(others) if run.symbols is None else run.symbols.derived(others, ("added", own), both)


def _own(run: Run, name: str, category: str) -> int:
    """Return how many channels of this call are in the group; without a category, in a group of that name in any."""
    seen = {id(level.channel): level.channel for level in run.levels} or {0: run.channel}
    seen[id(run.channel)] = run.channel
    lower = name.lower()
    if not category:
        return sum(group.lower() == lower for channel in seen.values() for group in channel.groups.values())
    return sum(
        channel.groups.get(_category(channel, category), "").lower() == lower for channel in seen.values()
    )


@reads("GROUP_COUNT")
def group_count(run: Run, arguments: str) -> str:
    """Return how many channels are in a group."""
    name, category = split_group(settled(run, arguments))
    if not name:
        mine = run.channel.groups
        name = mine.get(_category(run.channel, category), "") if category else next(iter(mine.values()), "")
        if not name:
            run.warn(f"No group could be found for channel '{run.channel.name}'")
            return "0"
    return _with_others(run, name, category, _own(run, name, category))


@reads("GROUP_MATCH_COUNT")
def group_match_count(run: Run, arguments: str) -> str:
    """Return how many channels are in the groups that a pattern matches."""
    name, category = split_group(settled(run, arguments))
    if not name:
        return ""
    count = 0
    for level in run.levels:
        for its_category, its_group in level.channel.groups.items():
            try:
                count += (not category or matches(category, its_category)) and matches(name, its_group)
            except PatternError as problem:
                run.warn(f"Regex compile failed on: {name}: {problem}")
                return "0"
    return _with_others(run, name, category, count)


@reads("GROUP_LIST")
def group_list(run: Run, arguments: str) -> str:
    """Return the groups of the channel: ``group@category``, joined by blanks."""
    groups = run.channel.groups
    return " ".join(f"{name}@{category}" if category else name for category, name in groups.items())


# -- funcs/func_cdr.c and others that only keep


_CDR_TEXTS = {
    "accountcode": "account",
    "uniqueid": "unique_id",
    "channel": "name",
    "dcontext": "context",
    "dst": "exten",
}


@reads("CDR")
def record_item(run: Run, arguments: str) -> str:
    """Return a field of the call's record; times and lengths, which no run can repeat, the world says."""
    given = split_arguments(arguments, 2)
    item = given[0].lower() if given else ""
    channel = run.channel
    kept = channel.hooks.get(f"CDR/{item}")
    if kept is not None:
        return kept
    if item in _CDR_TEXTS:
        return str(getattr(channel, _CDR_TEXTS[item]))
    if item == "src":
        return channel.caller
    if item == "clid":
        return f'"{channel.caller_name}" <{channel.caller}>'
    if item == "linkedid":
        return run.levels[0].channel.unique_id if run.levels else channel.unique_id
    if item in (
        "start",
        "answer",
        "end",
        "duration",
        "billsec",
        "disposition",
        "amaflags",
        "sequence",
        "lastapp",
        "lastdata",
        "dstchannel",
    ):
        return run.ask(Question("cdr", item))
    return ""


@writes("CDR")
def set_record_item(run: Run, arguments: str, value: str) -> None:
    """Set a field of the call's record."""
    given = split_arguments(arguments, 2)
    if given and given[0]:
        run.channel.hooks[f"CDR/{given[0].lower()}"] = value
        if given[0].lower() == "accountcode":
            run.channel.account = value


def _keeps(name: str) -> None:
    """Let a function keep what is set, and give it back: it changes nothing that the dial plan sees."""

    def read(run: Run, arguments: str) -> str:
        return run.channel.hooks.get(f"{name}/{arguments.lower()}", "")

    def write(run: Run, arguments: str, value: str) -> None:
        run.channel.hooks[f"{name}/{arguments.lower()}"] = value

    reads(name)(read)
    writes(name)(write)


def _only_set(name: str) -> None:
    """Let a function take what is set."""

    def write(run: Run, arguments: str, value: str) -> None:
        run.channel.hooks[f"{name}/{arguments.lower()}"] = value

    writes(name)(write)


for _name in ("CURLOPT",):
    _keeps(_name)
for _name in (
    "CONFBRIDGE", "CDR_PROP", "VOLUME", "AGC", "DENOISE", "JITTERBUFFER", "PITCH_SHIFT", "TALK_DETECT", "PERIODIC_HOOK",
    "MUTEAUDIO", "HOLD_INTERCEPT", "TONE_DETECT", "SCRAMBLE", "FRAME_DROP", "FRAME_TRACE", "LOG_GROUP", "PJSIP_MEDIA_OFFER",
    "PJSIP_DTMF_MODE", "PJSIP_MOH_PASSTHROUGH", "PJSIP_TRANSFER_HANDLING", "PJSIP_SEND_SESSION_REFRESH", "CALLCOMPLETION",
):  # fmt: skip
    _only_set(_name)


@reads("LOCK", "TRYLOCK")
def lock(run: Run, arguments: str) -> str:
    """Take a lock, and return 1: nobody keeps one for long."""
    hooks = run.channel.hooks
    hooks[f"LOCK/{arguments}"] = (
        hooks.get(f"LOCK/{arguments}", "") + "1"
    )  # one for each time that it was taken
    return "1"


@reads("UNLOCK")
def unlock(run: Run, arguments: str) -> str:
    """Give a lock back; return 1, or 0 if it wasn't the channel's."""
    hooks = run.channel.hooks
    taken = hooks.pop(f"LOCK/{arguments}", "")
    if len(taken) > 1:
        hooks[f"LOCK/{arguments}"] = taken[1:]
    return "1" if taken else "0"


@reads("HANGUPCAUSE_KEYS")
def hangup_cause_keys(run: Run, arguments: str) -> str:
    """Return the channels that were called and have told why they ended; none before anything was called."""
    return run.learn(Question("channel", "called")) if "DIALSTATUS" in run.channel.variables else ""


@reads("HANGUPCAUSE")
def hangup_cause(run: Run, arguments: str) -> str | None:
    """Return why a channel that was called has ended, in the words of its network."""
    if "DIALSTATUS" in run.channel.variables:
        return run.learn(Question("channel", f"called,{settled(run, arguments)}"))
    run.warn(f"Unable to find information for channel {arguments}")
    return None


_FAX_DEFAULTS = {
    "ecm": "yes", "maxrate": "14400", "minrate": "4800", "modem": "V17,V27,V29", "pages": "0", "t38timeout": "5000",
    "negotiate_both": "yes", "gateway": "no", "faxdetect": "no",
}  # fmt: skip
"""What FAXOPT is before anything is set (res/res_fax.c)."""


@reads("FAXOPT")
def fax_option(run: Run, arguments: str) -> str:
    """Return an option of faxes on this channel: what was set, what res_fax.conf says, or Asterisk's default."""
    kept = run.channel.hooks.get(f"FAXOPT/{arguments.lower()}")
    if kept is not None:
        return kept
    return _from_file(run, "res_fax.conf", "general", arguments.lower()) or _FAX_DEFAULTS.get(
        arguments.lower(), ""
    )


@writes("FAXOPT")
def set_fax_option(run: Run, arguments: str, value: str) -> None:
    """Set an option of faxes on this channel."""
    run.channel.hooks[f"FAXOPT/{arguments.lower()}"] = value


def _from_file(run: Run, path: str, section: str, key: str) -> str:
    found = [one.get(key) for one in run.pbx.sections(path) if one.name == section]
    return found[-1] or "" if found else ""


_FEATURE_DEFAULTS = {
    "inherit": "no", "featuredigittimeout": "1000", "transferdigittimeout": "3", "atxfernoanswertimeout": "15",
    "atxferdropcall": "no", "atxferloopdelay": "10", "atxfercallbackretries": "2", "xfersound": "beep",
    "xferfailsound": "beeperr", "atxferabort": "*1", "atxfercomplete": "*2", "atxferthreeway": "*3", "atxferswap": "*4",
    "pickupexten": "*8", "pickupsound": "", "pickupfailsound": "", "courtesytone": "", "recordingfailsound": "",
    "transferdialattempts": "3", "transferretrysound": "pbx-invalid", "transferinvalidsound": "privacy-incorrect",
}  # fmt: skip
"""What FEATURE is before anything is set (main/features_config.c)."""


@reads("FEATURE")
def feature(run: Run, arguments: str) -> str:
    """Return an option of features.conf, as it is for this channel."""
    kept = run.channel.hooks.get(f"FEATURE/{arguments.lower()}")
    return (
        kept
        or _from_file(run, "features.conf", "general", arguments)
        or _FEATURE_DEFAULTS.get(arguments.lower(), "")
    )


@writes("FEATURE")
def set_feature(run: Run, arguments: str, value: str) -> None:
    """Set an option of features.conf for this channel."""
    run.channel.hooks[f"FEATURE/{arguments.lower()}"] = value


@reads("FEATUREMAP")
def feature_code(run: Run, arguments: str) -> str:
    """Return the code of a feature, as it is for this channel."""
    kept = run.channel.hooks.get(f"FEATUREMAP/{arguments.lower()}")
    return (
        kept
        or _from_file(run, "features.conf", "featuremap", arguments)
        or {"blindxfer": "#"}.get(arguments.lower(), "")
    )


@writes("FEATUREMAP")
def set_feature_code(run: Run, arguments: str, value: str) -> None:
    """Set the code of a feature for this channel."""
    run.channel.hooks[f"FEATUREMAP/{arguments.lower()}"] = value


@reads("DIALGROUP")
def dial_group(run: Run, arguments: str) -> str:
    """Return the members of a group that Dial can call. Raise UnknownHere for several: Asterisk has them in no order."""
    members = run.shared.get(f"DIALGROUP/{arguments}", "")
    if "&" in members:
        raise UnknownHere("the order of DIALGROUP's members")
    return members


@writes("DIALGROUP")
def set_dial_group(run: Run, arguments: str, value: str) -> None:
    """Set the members of a group, or ``add`` one, or take one away (``del``)."""
    given = split_arguments(arguments, 2)
    name = f"DIALGROUP/{given[0] if given else ''}"
    members = [member for member in run.shared.get(name, "").split("&") if member]
    operation = given[1].lower() if len(given) > 1 else ""
    if operation == "add":
        members = [*members, value] if value not in members else members
    elif operation == "del":
        members = [member for member in members if member != value]
    else:
        members = value.split("&")
    run.shared[name] = "&".join(members)
