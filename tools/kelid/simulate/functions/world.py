"""What only the server or the world outside can tell: files, programs, databases, and other black boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import split_arguments
from kelid.simulate.registry import reads, writes
from kelid.simulate.undecided import settled

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def _box(name: str) -> None:
    """Let a function be a black box: it is told, and the world says what it gives."""

    def read(run: Run, arguments: str) -> str:
        subject = f"{name}({settled(run, arguments)})"
        run.note("box", subject)
        return run.ask(Question("box", subject))

    reads(name)(read)


def _box_written(name: str) -> None:
    def write(run: Run, arguments: str, value: str) -> None:
        run.note("box", f"{name}({settled(run, arguments)})", ("value", settled(run, value)))

    writes(name)(write)


for _name in (
    "AGENT", "AMI_CLIENT", "CALENDAR_BUSY", "CALENDAR_EVENT", "CALENDAR_QUERY", "CALENDAR_QUERY_RESULT", "CURL",
    "ENUMLOOKUP", "ENUMQUERY", "ENUMRESULT", "GEOLOC_PROFILE", "IAXVAR", "JABBER_RECEIVE", "JABBER_STATUS", "MESSAGE",
    "MESSAGE_DATA", "MINIVMACCOUNT", "MINIVMCOUNTER", "MIXMONITOR", "REALTIME", "REALTIME_DESTROY", "REALTIME_FIELD",
    "REALTIME_HASH", "RECORDING_INFO", "SHELL", "SPEECH", "SPEECH_ENGINE", "SPEECH_GRAMMAR", "SPEECH_SCORE", "SPEECH_TEXT",
    "SRVQUERY", "SRVRESULT", "STIR_SHAKEN", "TXTCIDNAME",
):  # fmt: skip
    _box(_name)
for _name in (
    "AMI_CLIENT", "CALENDAR_WRITE", "GEOLOC_PROFILE", "IAXVAR", "MESSAGE", "MESSAGE_DATA", "MINIVMACCOUNT", "MINIVMCOUNTER",
    "PJSIP_INHERITABLE_HEADER", "REALTIME", "REALTIME_STORE", "SPEECH_ENGINE", "SPEECH_GRAMMAR", "SPEECH_RESULTS_TYPE",
    "SPEECH_SCORE", "SPEECH_TEXT", "STIR_SHAKEN_ATTESTATION",
):  # fmt: skip
    _box_written(_name)


@reads("ODBC_")
def query(run: Run, arguments: str) -> str:
    """Return what a query of func_odbc.conf gives: ``NAME(arguments)``."""
    subject = settled(run, arguments)
    run.note("box", subject)
    return run.ask(Question("box", subject))


@writes("ODBC_")
def set_by_query(run: Run, arguments: str, value: str) -> None:
    """Write to a database by a query of func_odbc.conf."""
    run.note("box", settled(run, arguments), ("value", settled(run, value)))


@reads("SQL_ESC")
def sql_escaped(run: Run, arguments: str) -> str:
    """Return the text with its single quotes doubled (func_odbc.c)."""
    return arguments.replace("'", "''")


@reads("SQL_ESC_BACKSLASHES")
def sql_escaped_backslashes(run: Run, arguments: str) -> str:
    """Return the text with its backslashes doubled (func_odbc.c)."""
    return arguments.replace("\\", "\\\\")


@reads("BLACKLIST")
def blacklisted(run: Run, arguments: str) -> str:
    """Return 1 if the caller's number is in astdb's family ``blacklist``."""
    number = settled(run, run.channel.caller)
    return "1" if number and run.database_get(f"blacklist/{number}") is not None else "0"


@reads("FILE", "STAT", "FILE_COUNT_LINE", "FILE_FORMAT")
def file_content(run: Run, arguments: str) -> str:
    """Return something of a file on the server."""
    return run.learn(Question("read-file", settled(run, arguments)))


@writes("FILE")
def write_file(run: Run, arguments: str, value: str) -> None:
    """Write a file on the server."""
    run.note("log", f"FILE({settled(run, arguments)})", ("value", settled(run, value)))


@reads("ENV")
def environment(run: Run, arguments: str) -> str:
    """Return a variable of Asterisk's environment, as far as the dial plan has set it or the world says."""
    kept = run.shared.get(f"ENV/{arguments}")
    return kept if kept is not None else run.learn(Question("read-file", f"environment {arguments}"))


@writes("ENV")
def set_environment(run: Run, arguments: str, value: str) -> None:
    """Set a variable of Asterisk's environment."""
    run.shared[f"ENV/{arguments}"] = value


@reads("VERSION")
def version(run: Run, arguments: str) -> str:
    """Return Asterisk's version, as far as the site says it."""
    number = run.pbx.asterisk
    return {"ASTERISK_VERSION_NUM": f"{number}0000", "ASTERISK_VERSION": f"{number}"}.get(
        arguments, str(number)
    )


@reads("AST_CONFIG")
def configuration(run: Run, arguments: str) -> str | None:
    """Return an option of a conf file: file, section, option, and which of several alike."""
    given = split_arguments(settled(run, arguments), 4)
    if len(given) < 3:
        run.warn("AST_CONFIG() requires a filename, a category and a variable")
        return None
    file = run.pbx.file(given[0])
    if file is None:
        return run.learn(Question("read-file", ",".join(given)))
    index = int(given[3]) if len(given) > 3 and given[3].lstrip("-").isdigit() else 0
    values = [
        option.value
        for section in file.resolved
        if section.name == given[1]
        for option in section.options
        if option.key == given[2]
    ]
    try:
        return values[index]
    except IndexError:
        run.warn(
            f"'{given[2]}' not found at index {index} under '{given[1]}' in '{given[0]}'.  Maybe '{given[2]}' isn't set"
        )
        return None


@reads("CONFBRIDGE_INFO", "CONFBRIDGE_CHANNELS")
def conference_info(run: Run, arguments: str) -> str:
    """Return how many are in a conference, or something else of it."""
    return run.learn(Question("conference-info", settled(run, arguments), ("0", "1")))


@reads("PRESENCE_STATE")
def presence(run: Run, arguments: str) -> str:
    """Return a presence state."""
    return run.learn(
        Question("device", f"presence {settled(run, arguments)}", ("not_set", "available", "away", "dnd"))
    )


@reads("SYSINFO")
def system_information(run: Run, arguments: str) -> str:
    """Return something of the server."""
    return run.learn(Question("read-file", f"system {settled(run, arguments)}"))


@reads("PARK_GET_CHANNEL", "QUEUE_GET_CHANNEL")
def parked_channel(run: Run, arguments: str) -> str:
    """Return a channel's name that only the moment knows."""
    return run.ask(Question("channel", settled(run, arguments)))


@reads("UUID")
def unique(run: Run, arguments: str) -> str:
    """Return a text that is never the same."""
    return run.ask(Question("random", "uuid")) or "00000000-0000-0000-0000-000000000000"
