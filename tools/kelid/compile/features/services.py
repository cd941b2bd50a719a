"""Codes that the PBX answers itself: mailboxes, tests, the blacklist, and recording a prompt."""

from __future__ import annotations

from kelid.compile.features.limits import guard
from kelid.compile.features.phone import DIGITS, OWN, Asked, own_only, say
from kelid.model.astdb import BLACKLIST
from kelid.model.pbx import Exten, Step

LOGINS = 10
"""Calls an hour from one phone to ``any_mailbox``: a PIN of four digits has ten thousand values."""

LONGEST_PROMPT = 300
"""Seconds of a prompt."""


def own_mailbox(asked: Asked) -> tuple[Exten, ...]:
    """Return the code for the phone's own mailbox."""
    return (
        asked.exten(
            # Without a mailbox of its own VoiceMailMain would ask for one, and let a phone try the PINs of all.
            Step("GotoIf", f'$["${{VM_INFO({OWN}@default,exists)}}" = "1"]?own'),
            Step("Hangup", "1"),
            Step("Answer", "500", label="own"),
            Step("VoiceMailMain", f"{OWN}@default"),
            Step("Hangup"),
        ),
    )


def any_mailbox(asked: Asked) -> tuple[Exten, ...]:
    """Return the code for any mailbox; nobody can try many PINs."""
    return (
        asked.exten(
            *own_only(),
            *guard(f"mailbox-{OWN}", LOGINS, "refused"),
            Step("VoiceMailMain", "@default"),
            Step("Hangup"),
            say("please-try-call-later", label="refused"),
            Step("Hangup"),
        ),
    )


def echo_test(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that sends back what is said; the phone ends it with #, or time does."""
    return (
        asked.exten(
            Step("Answer", "500"),
            Step("Set", "TIMEOUT(absolute)=120"),
            say("demo-echotest"),
            Step("Echo"),
            say("demo-echodone"),
            Step("Hangup"),
        ),
    )


def speaking_clock(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that tells the site's time."""
    return (
        asked.exten(
            Step("Answer", "500"),
            say("at-tone-time-exactly"),
            Step("SayUnixTime", f"${{EPOCH}},{asked.site.time_zone},R"),
            say("beep"),
            Step("Hangup"),
        ),
    )


def own_number(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that tells the phone's number."""
    return (asked.exten(*own_only(), say("extension"), Step("SayDigits", OWN), Step("Hangup")),)


def record_prompt(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that records a prompt among the recordings, which backups have, and plays it back."""
    zone = asked.site.time_zone
    name = f"monitor/prompts/{OWN}-${{STRFTIME(${{EPOCH}},{zone},%Y%m%d-%H%M%S)}}"
    return (
        asked.exten(
            *own_only(),
            Step("Set", f"TO=${{ASTSPOOLDIR}}/{name}"),
            say("beep"),
            Step("Record", f"${{TO}}.wav,5,{LONGEST_PROMPT},q"),
            Step("Playback", "${TO}"),
            say("vm-msgsaved"),
            Step("Hangup"),
        ),
    )


def blacklist_add(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that puts a number on the blacklist."""
    return _blacklist(asked, "enter-num-blacklist", "Set", f"DB({BLACKLIST}/${{TO}})=1", "added")


def blacklist_remove(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that takes a number off the blacklist."""
    return _blacklist(
        asked, "entr-num-rmv-blklist", "NoOp", f"${{DB_DELETE({BLACKLIST}/${{TO}})}}", "removed"
    )


def blacklist_last(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that puts the phone's last caller on the blacklist."""
    return (
        asked.exten(
            *own_only(),
            Step("Set", f"TO=${{FILTER({DIGITS},${{DB(LASTCALLER/{OWN})}})}}"),
            *_change("Set", f"DB({BLACKLIST}/${{TO}})=1", "added"),
        ),
    )


def _blacklist(asked: Asked, prompt: str, app: str, data: str, done: str) -> tuple[Exten, ...]:
    change = _change(app, data, done)
    return (
        asked.exten(
            *own_only(),
            Step("Read", f"TO,{prompt},20,,1,10"),
            Step("Set", f"TO=${{FILTER({DIGITS},${{TO}})}}"),
            *change,
        ),
        asked.exten(
            *own_only(), Step("Set", f"TO=${{FILTER({DIGITS},{asked.rest})}}"), *change, after="[0-9+]."
        ),
    )


def _change(app: str, data: str, done: str) -> tuple[Step, ...]:
    return (
        Step("GotoIf", '$["${TO}" = ""]?none'),
        Step(app, data),
        Step("SayDigits", "${TO}"),
        say("num-was-successfully", done),
        Step("Hangup"),
        say("invalid", label="none"),
        Step("Hangup"),
    )
