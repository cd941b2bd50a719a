"""Where a call goes: jumps, conditions, the end; and what a channel is told on the way. As in main/pbx_builtins.c."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from kelid.simulate.applications import find
from kelid.simulate.arguments import atoi, leading_integer, split_arguments
from kelid.simulate.jumps import condition, goto
from kelid.simulate.state import GO_ON, HANG_UP, INCOMPLETE, SUSPENDED
from kelid.simulate.substitute import template
from kelid.simulate.timing import Timing, timing
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run
    from kelid.simulate.state import Level, Result


def _branches(rest: str) -> tuple[str, str]:
    first, _, second = rest.partition(":")
    return first, second


def goto_if(run: Run, data: str) -> int | str:
    """Go to one of two places: ``condition?yes:no``."""
    if not data:
        run.warn("Ignoring, since there is no variable to check")
        return GO_ON
    tested, _, rest = data.partition("?")
    first, second = _branches(rest)
    branch = first if condition(run, tested) else second
    return goto(run, branch) if branch else GO_ON


def goto_if_time(run: Run, data: str) -> int | str:
    """Go to one of two places by the time: ``times,weekdays,days,months,zone?yes:no``."""
    if not data:
        run.warn("GotoIfTime requires an argument")
        return HANG_UP
    times, _, rest = data.partition("?")
    first, second = _branches(rest)
    spec = timing(run.settle(times))
    branch = first if spec is not None and _is_time(run, spec) else second
    return goto(run, branch) if branch else GO_ON


def _is_time(run: Run, spec: Timing) -> bool:
    """Return True if it is time; a variable TESTTIME (seconds since 1970) stands for the moment in newer Asterisks."""
    given = run.get("TESTTIME") if run.pbx.asterisk >= _TESTTIME_SINCE else None
    seconds = leading_integer(run.settle(given)) if given else None
    if seconds is None:
        return run.is_time(spec)
    return spec.matches(datetime.fromtimestamp(seconds[0], run.call.at.tzinfo))


_TESTTIME_SINCE = 18


def exec_if_time(run: Run, data: str) -> int | str:
    """Do an application if it is time: ``times,weekdays,days,months?application(arguments)``."""
    times, question, rest = data.partition("?")
    if not question:
        run.warn("ExecIfTime requires an argument")
        return HANG_UP
    spec = timing(run.settle(times))
    if spec is None:
        run.warn(f"Invalid Time Spec: {times}")
        return HANG_UP
    if not run.is_time(spec):
        return GO_ON
    name, parenthesis, arguments = rest.partition("(")
    if parenthesis:
        arguments = arguments.rpartition(")")[0] if ")" in arguments else arguments
    return execute(run, name, arguments)


CAUSES = {
    "UNALLOCATED": 1, "NO_ROUTE_TRANSIT_NET": 2, "NO_ROUTE_DESTINATION": 3, "MISDIALLED_TRUNK_PREFIX": 5,
    "CHANNEL_UNACCEPTABLE": 6, "CALL_AWARDED_DELIVERED": 7, "PRE_EMPTED": 8, "NUMBER_PORTED_NOT_HERE": 14,
    "NORMAL_CLEARING": 16, "USER_BUSY": 17, "NO_USER_RESPONSE": 18, "NO_ANSWER": 19, "CALL_REJECTED": 21,
    "NUMBER_CHANGED": 22, "REDIRECTED_TO_NEW_DESTINATION": 23, "ANSWERED_ELSEWHERE": 26,
    "DESTINATION_OUT_OF_ORDER": 27, "INVALID_NUMBER_FORMAT": 28, "FACILITY_REJECTED": 29,
    "RESPONSE_TO_STATUS_ENQUIRY": 30, "NORMAL_UNSPECIFIED": 31, "NORMAL_CIRCUIT_CONGESTION": 34,
    "NETWORK_OUT_OF_ORDER": 38, "NORMAL_TEMPORARY_FAILURE": 41, "SWITCH_CONGESTION": 42,
    "ACCESS_INFO_DISCARDED": 43, "REQUESTED_CHAN_UNAVAIL": 44, "FACILITY_NOT_SUBSCRIBED": 50,
    "OUTGOING_CALL_BARRED": 52, "INCOMING_CALL_BARRED": 54, "BEARERCAPABILITY_NOTAUTH": 57,
    "BEARERCAPABILITY_NOTAVAIL": 58, "BEARERCAPABILITY_NOTIMPL": 65, "CHAN_NOT_IMPLEMENTED": 66,
    "FACILITY_NOT_IMPLEMENTED": 69, "INVALID_CALL_REFERENCE": 81, "INCOMPATIBLE_DESTINATION": 88,
    "INVALID_MSG_UNSPECIFIED": 95, "MANDATORY_IE_MISSING": 96, "MESSAGE_TYPE_NONEXIST": 97, "WRONG_MESSAGE": 98,
    "IE_NONEXIST": 99, "INVALID_IE_CONTENTS": 100, "WRONG_CALL_STATE": 101, "RECOVERY_ON_TIMER_EXPIRE": 102,
    "MANDATORY_IE_LENGTH_ERROR": 103, "PROTOCOL_ERROR": 111, "INTERWORKING": 127, "BUSY": 17, "CONGESTION": 34,
    "FAILURE": 38, "NORMAL": 16, "NOANSWER": 19, "UNREGISTERED": 20, "NOTDEFINED": 0, "NOSUCHDRIVER": 66,
}  # fmt: skip
"""Names of causes with their numbers of Q.850 (ast_str2cause in main/channel.c; include/asterisk/causes.h)."""


def hangup(run: Run, data: str) -> int | str:
    """Hang up, with a cause by number or by name."""
    cause = 0
    if data:
        data = run.settle(data)
        cause = CAUSES.get(data.upper(), 0)
        if cause <= 0:
            cause = atoi(data)
            if cause <= 0:
                run.warn(f'Invalid cause given to Hangup(): "{data}"')
    channel = run.channel
    if cause > 0:
        channel.hangup_cause = cause
    elif run.cause_of(channel) <= 0:
        channel.hangup_cause = 16
    channel.hungup = True
    return HANG_UP


def no_op(run: Run, data: str) -> int | str:
    """Do nothing."""
    return GO_ON


def answer(run: Run, data: str) -> int | str:
    """Answer the call."""
    channel = run.channel
    if not channel.answered:
        run.answer()
        if data and not channel.hungup:
            run.spend(max(atoi(data), 0) / 1000)
    return HANG_UP if channel.hungup else GO_ON


def incomplete(run: Run, data: str) -> int | str:
    """Let the caller dial on: what was dialled is a beginning."""
    if run.channel.hungup:
        return HANG_UP
    if "n" not in data:
        run.answer()
    return INCOMPLETE


def raise_exception(run: Run, data: str) -> int | str:
    """Go to the extension ``e``."""
    run.raise_exception(data, 0)
    return GO_ON


def busy(run: Run, data: str) -> int | str:
    """Let the caller hear that it is busy until he hangs up."""
    run.indicate_busy()
    return HANG_UP


def congestion(run: Run, data: str) -> int | str:
    """Let the caller hear that there is no way, until he hangs up."""
    run.indicate_congestion()
    return HANG_UP


def ringing(run: Run, data: str) -> int | str:
    """Let the caller hear that it rings."""
    run.note("tone", "ringing")
    return GO_ON


def wait(run: Run, data: str) -> int | str:
    """Wait some seconds."""
    seconds = length(data)
    if seconds > 0:
        run.spend(seconds)
    return HANG_UP if run.channel.hungup else GO_ON


_LENGTH = re.compile(r"([0-9]*\.?[0-9]*)([a-zA-Z]*)")
_UNITS = {"": 1.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def length(text: str) -> float:
    """Return the seconds of a time such as ``1.5``, ``10s``, ``500ms``, ``1m``; 0 for none (ast_app_parse_timelen)."""
    found = _LENGTH.match(text.strip())
    if not found or not found[1].strip("."):
        return 0.0
    return float(found[1]) * _UNITS.get(found[2].lower(), 0.0)


def execute(run: Run, name: str, data: str) -> int | str:
    """Do an application by name. Raise UnknownHere for one that isn't known."""
    name = name.strip()
    application = find(name, run.pbx.asterisk)
    if application is None:
        raise UnknownHere(f"application {name}")
    return application.function(run, data)


def exec_if(run: Run, data: str) -> int | str:
    """Do one of two applications: ``condition?application(arguments):application(arguments)``. As apps/app_exec.c."""
    question, comma = data.find("?"), data.find(",")
    if question < 0 or 0 <= comma < question:
        return _exec_if_of_old(run, data)
    parts = split_arguments(data, 2, "?", keep=True)
    if len(parts) < 2 or not parts[1]:
        run.warn(f"Usage: ExecIf(<expr>?<appiftrue>(<args>)[:<appiffalse>(<args)]), not '{data}'")
        return HANG_UP
    chosen = _chosen(parts[1], condition(run, parts[0]))
    if not chosen:
        return GO_ON
    name, parenthesis, arguments = chosen.partition("(")
    if parenthesis and ")" in arguments:
        arguments = arguments[: arguments.rindex(")")]
    return execute(run, name, arguments) if name else GO_ON


def _exec_if_of_old(run: Run, data: str) -> int | str:
    """Do an application by the syntax of old, ``condition,application,arguments``, which is still taken."""
    parts = split_arguments(data, 3)
    parts += [""] * (3 - len(parts))
    run.warn(f"Deprecated syntax found.  Please upgrade to using ExecIf(<expr>?{parts[1]}({parts[2]}))")
    if not condition(run, parts[0]) or not parts[1]:
        return GO_ON
    return execute(run, parts[1], parts[2])


def _chosen(rest: str, yes: bool) -> str:
    parts = split_arguments(rest, 2, ":", keep=True)
    if yes:
        return parts[0]
    return parts[1] if len(parts) > 1 else ""


def exec_(run: Run, data: str) -> int | str:
    """Do an application whose name was put together: ``application(arguments)``. As apps/app_exec.c."""
    if not data:
        return GO_ON
    name, parenthesis, arguments = data.partition("(")
    if parenthesis:
        arguments = arguments[: arguments.rindex(")")] if ")" in arguments else arguments
    return execute(run, name, _substituted(run, arguments))


def _substituted(run: Run, text: str) -> str:
    if "${" not in text and "$[" not in text:
        return text
    return template(text)(run)


def try_exec(run: Run, data: str) -> int | str:
    """Do an application and go on whatever comes of it: TRYSTATUS tells. As apps/app_exec.c."""
    if not data:
        return GO_ON
    name, parenthesis, arguments = data.partition("(")
    if parenthesis:
        arguments = arguments[: arguments.rindex(")")] if ")" in arguments else arguments
    if find(name.strip(), run.pbx.asterisk) is None:
        raise UnknownHere(f"application {name.strip()}")
    depth = len(run.levels)
    result = execute(run, name, _substituted(run, arguments))
    if result == SUSPENDED:
        level = run.levels[depth]
        level.then = (*level.then, (_after_try, None))
        return SUSPENDED
    return _tried(run, result)


def _after_try(run: Run, ended: Level, data: None, outcome: Result) -> Result:
    return _tried(run, outcome)


def _tried(run: Run, result: int | str) -> int:
    run.set("TRYSTATUS", "FAILED" if result else "SUCCESS")
    return GO_ON


APPLICATIONS = {
    "Answer": answer,
    "Busy": busy,
    "Congestion": congestion,
    "Exec": exec_,
    "ExecIf": exec_if,
    "ExecIfTime": exec_if_time,
    "Goto": goto,
    "GotoIf": goto_if,
    "GotoIfTime": goto_if_time,
    "Hangup": hangup,
    "Incomplete": incomplete,
    "NoOp": no_op,
    "Proceeding": no_op,
    "Progress": no_op,
    "RaiseException": raise_exception,
    "Ringing": ringing,
    "TryExec": try_exec,
    "Wait": wait,
}
