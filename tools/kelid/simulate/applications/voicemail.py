"""Mailboxes: leaving a message, and listening to it. As apps/app_voicemail.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import split_arguments
from kelid.simulate.dialplan import CAN_MATCH
from kelid.simulate.options import options
from kelid.simulate.state import GO_ON, HANG_UP
from kelid.simulate.undecided import named, one_of
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from collections.abc import Hashable

    from kelid.model.pbx import Option
    from kelid.simulate.dialplan import Dialplan
    from kelid.simulate.run import Run


def mailbox(run: Run, address: str) -> Option | None:
    """Return the line of a mailbox in voicemail.conf, ``101@default``; None where there is none."""
    number, at, context = address.partition("@")
    context = context if at and context else "default"
    section = run.dialplan.sections("voicemail.conf").get(context)
    return next((option for option in section.options if option.key == number), None) if section else None


def _one_like_it(run: Run, address: str) -> Option | None:
    """Return the line of a mailbox; where it isn't decided which of several, that of one that lets callers out alike."""
    if run.symbols is None or not run.symbols.within(address):
        return mailbox(run, address)
    rows: list[tuple[frozenset[str], Option]] | None = run.dialplan.memo.get("mailboxes")
    if rows is None:
        rows = run.dialplan.memo["mailboxes"] = _alike(run.dialplan)
    for addresses, line in rows:
        if one_of(run, address, addresses):
            return line
    return None


def _alike(dialplan: Dialplan) -> list[tuple[frozenset[str], Option]]:
    """Return the addresses of all mailboxes and a line of one, those together that the way of a call doesn't tell apart."""
    rows: dict[Hashable, tuple[set[str], Option]] = {}
    for name, section in dialplan.sections("voicemail.conf").items():
        for number, option in {option.key: option for option in reversed(section.options)}.items():
            ways = tuple((key, text) for key, text in _settings(option) if key in ("exitcontext", "operator"))
            addresses = rows.setdefault(ways, (set(), option))[0]
            addresses |= {f"{number}@{name}", *([number] if name == "default" else ())}
    return [(frozenset(addresses), line) for addresses, line in rows.values()]


def _settings(line: Option) -> tuple[tuple[str, str], ...]:
    """Return name, mail and options of a mailbox; never its PIN."""
    parts = line.value.split(",")
    made: list[tuple[str, str]] = []
    for name, at in (("name", 1), ("email", 2), ("pager", 3)):
        if len(parts) > at and parts[at].strip():
            made.append((name, parts[at].strip()))
    if len(parts) > 4:
        for option in ",".join(parts[4:]).split("|"):
            key, _, text = option.strip().partition("=")
            if key:
                made.append((key, text))
    return tuple(made)


def _is_known(run: Run) -> bool:
    return run.pbx.file("voicemail.conf") is not None


def voicemail(run: Run, data: str) -> int | str:
    """Leave a message: ``mailbox[@context][&mailbox...][,options]``."""
    parts = split_arguments(data, 2)
    channel = run.channel
    addresses = parts[0] if parts else ""
    letters = parts[1] if len(parts) > 1 else ""
    given = options(letters) or {}
    if not addresses:
        raise UnknownHere("VoiceMail without a mailbox: the caller is asked for one")
    addresses = named(run, addresses)
    first = addresses.partition("&")[0]
    if "e" not in given and not channel.answered:
        run.answer()
        if channel.hungup:
            return HANG_UP
    line = _one_like_it(run, first)
    if line is None and _is_known(run):
        if run.symbols is not None and run.symbols.may_have(first, "&"):
            run.settle(first)  # it may be several
        run.warn(f"No entry in voicemail config file for '{first.partition('@')[0]}'")
        run.set("VMSTATUS", "FAILED")
        return GO_ON
    # Where all calls are walked, what the line says is told by ``Settings``: it may stay open which mailbox it is.
    greeting = "busy" if "b" in given else "unavailable" if "u" in given else ""
    run.note(
        "voicemail",
        addresses,
        ("greeting", greeting),
        ("options", letters),
        *(_settings(line) if line is not None and run.symbols is None else ()),
    )
    place = given.get("d") or channel.context
    leaves_to = _option(run, line, "exitcontext") or channel.context
    keys: list[str] = []
    if run.exists(leaves_to, "a"):
        keys.append("*")
    if _option(run, line, "operator").strip().lower() in _YES and run.exists(leaves_to, "o"):
        keys.append("0")
    if "d" in given:
        keys += [key for key in "123456789" if run.dialplan.partly(run, place, key, CAN_MATCH)]
    answer = run.ask(Question("voicemail", first, ("SUCCESS", "FAILED", *keys)))
    if answer in ("0", "*"):
        run.note("keys", answer)
        run.set("VMSTATUS", "USEREXIT")
        channel.context, channel.exten, channel.priority = leaves_to, "o" if answer == "0" else "a", 0
        return GO_ON
    if len(answer) == 1:
        run.set("VMSTATUS", "USEREXIT")
        channel.context = place
        return answer
    run.set("VMSTATUS", answer)
    return HANG_UP if channel.hungup else GO_ON


_YES = ("yes", "true", "1", "on", "y", "t")


def _option(run: Run, line: Option | None, name: str) -> str:
    """Return an option of the mailbox, or that of all mailboxes."""
    if line is not None:
        for key, text in _settings(line):
            if key == name:
                return text
    section = run.dialplan.sections("voicemail.conf").get("general")
    return (section.get(name) or "") if section else ""


def voicemail_main(run: Run, data: str) -> int | str:
    """Listen to a mailbox: ``[mailbox][@context][,options]``."""
    parts = split_arguments(data, 2)
    address = parts[0] if parts else ""
    given = options(parts[1] if len(parts) > 1 else "") or {}
    channel = run.channel
    if not channel.answered:
        run.answer()
    if channel.hungup:
        return GO_ON  # nobody is there to log in
    whose = f"mailbox {address}" if address.partition("@")[0] and "p" not in given else "a mailbox"
    if "s" not in given or whose == "a mailbox":
        answer = run.ask(Question("password", whose, ("right", "wrong", "none")))
        run.note("password", whose, ("answer", answer))
        if answer != "right":
            return GO_ON  # the dial plan goes on behind somebody who could not log in
    run.note("mailbox", address, ("options", parts[1] if len(parts) > 1 else ""))
    if run.ask(Question("hangup", whose, ("no", "yes"))) == "yes":
        channel.hungup = True
    return HANG_UP if channel.hungup else GO_ON


def mailbox_exists(run: Run, data: str) -> int | str:
    """Say in VMBOXEXISTSSTATUS whether there is such a mailbox."""
    address = data.partition(",")[0]
    if _is_known(run):
        found = mailbox(run, run.settle(address)) is not None
    else:
        found = run.learn(Question("mailbox", f"{address} exists", ("1", "0"))) == "1"
    run.set("VMBOXEXISTSSTATUS", "SUCCESS" if found else "FAILED")
    return GO_ON


def say_name(run: Run, data: str) -> int | str:
    """Say the name of a mailbox's owner."""
    run.note("hears", data, ("said", "name"))
    return GO_ON


APPLICATIONS = {
    "MailboxExists": mailbox_exists,
    "VMSayName": say_name,
    "VoiceMail": voicemail,
    "VoiceMailMain": voicemail_main,
}
