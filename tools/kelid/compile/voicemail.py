"""Voicemail: mailboxes with their first PIN, and two ways in (the caller hears which: busy or not there)."""

from __future__ import annotations

import re

from kelid.compile.conf import Value, option, section
from kelid.compile.features.directories import searched
from kelid.compile.sounds import asterisk_language
from kelid.compile.text import go, inert_name, literal, name_of
from kelid.model.pbx import ConfFile, Context, Exten, Option, Section, Step, secret_token
from kelid.model.site import Extension, Site, Voicemail


def conf(site: Site) -> ConfFile:
    """Return voicemail.conf."""
    general = section(
        "general",
        {
            "format": "wav",
            # PINs that users change by phone lie beside their messages; here stands only the first one.
            "passwordlocation": "spooldir",
            "minsecs": 2,
            "maxsecs": 300,
            "maxlogins": 3,
            "attach": False,
            "sendvoicemail": False,
            "review": True,
            "operator": False,
            "emaildateformat": "%Y-%m-%d %H:%M",
            # Names are in any script; left out, Asterisk calls them ISO-8859-1.
            "charset": "UTF-8",
            **_sender(site),
            **_words(site),
        },
    )
    own = {e.voicemail.time_zone: e.voicemail.place("time_zone") for e in site.extensions if e.voicemail}
    zones = Section(
        "zonemessages",
        (
            option("site", (_zone(site.time_zone), site.place("time_zone"))),
            *(option(_zone_name(zone), (_zone(zone), where)) for zone, where in own.items() if zone),
        ),
    )
    boxes = tuple(
        _box(site, extension, extension.voicemail) for extension in site.extensions if extension.voicemail
    )
    return ConfFile("voicemail.conf", (general, zones, Section("default", boxes)))


_WORDS = {
    "fa": (
        "پیام تازه از ${VM_CALLERID}",
        "سلام ${VM_NAME}،\\n\\nدر صندوق ${VM_MAILBOX} پیام تازه‌ای دارید.\\n\\nاز: ${VM_CALLERID}\\nزمان: ${VM_DATE}\\n"
        "مدت: ${VM_DUR}\\nپیام شمارهٔ ${VM_MSGNUM}",
    ),
    "en": (
        "New message from ${VM_CALLERID}",
        "Hello ${VM_NAME},\\n\\nthere is a new message in mailbox ${VM_MAILBOX}.\\n\\nFrom: ${VM_CALLERID}\\n"
        "At: ${VM_DATE}\\nLength: ${VM_DUR}\\nMessage ${VM_MSGNUM}",
    ),
}
"""Language -> subject and text of the mail about a message; app_voicemail fills in its variables and makes new lines of
``\\n``. Sites in other languages get the English ones."""


def _words(site: Site) -> dict[str, Value]:
    subject, body = _WORDS.get(site.language.partition("-")[0], _WORDS["en"])
    return {"emailsubject": subject, "emailbody": body}


def _sender(site: Site) -> dict[str, Value]:
    if site.mail is None:
        return {}
    shown = (
        (inert_name(site.mail.name), site.mail.place("name"))
        if site.mail.name
        else name_of(site.names, site.language)
    )
    return {"serveremail": (site.mail.address, site.mail.place("address")), "fromstring": shown}


def _zone(time_zone: str) -> str:
    return f"{time_zone}|'vm-received' q 'digits/at' R"


def _zone_name(time_zone: str) -> str:
    """Return the name of a zone of zonemessages: letters, digits, ``_`` and ``-``."""
    return re.sub("[^A-Za-z0-9_-]", "_", time_zone)


def _box(site: Site, extension: Extension, voicemail: Voicemail) -> Option:
    settings = {
        "tz": _zone_name(voicemail.time_zone) if voicemail.time_zone else "site",
        "language": asterisk_language(voicemail.language or extension.language or site.language),
        "maxmsg": voicemail.maxmsg,
        "attach": "yes" if voicemail.attach else "no",
        "delete": "yes" if voicemail.delete else "no",
        "saycid": "yes" if voicemail.say_caller_id else "no",
        "envelope": "yes" if voicemail.envelope else "no",
    }
    if voicemail.operator_destination:
        settings |= {"operator": "yes", "exitcontext": f"mailbox-{extension.number}"}
    name = name_of(extension.names, site.language)
    if site.directories:
        # It is what Directory searches, by the letters on keys.
        name = name_of({"en": searched(extension.names)}, "en") or name
        if any(extension.number in directory.exclude for directory in site.directories):
            settings["hidefromdir"] = "yes"
    text = ",".join(
        (
            secret_token(voicemail.pin_secret),
            name,
            literal(voicemail.email),
            "",
            "|".join(f"{key}={value}" for key, value in settings.items()),
        )
    )
    return Option(extension.number, text, extension.place("voicemail"))


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the ways into the mailboxes."""
    owners = [extension for extension in site.extensions if extension.voicemail]
    ways = tuple(
        Context(
            f"voicemail-{greeting}",
            tuple(
                Exten(
                    e.number,
                    (
                        Step("VoiceMail", f"{e.number}@default,{flag}", where=e.place("voicemail")),
                        Step("Hangup", where=e.place("voicemail")),
                    ),
                    e.place("voicemail"),
                )
                for e in owners
            ),
        )
        for greeting, flag in (("unavailable", "u"), ("busy", "b"))
        if owners
    )
    # Who presses 0 goes to the extension o of the mailbox's exitcontext.
    return ways + tuple(
        Context(f"mailbox-{extension.number}", (Exten("o", (go(way, where=way.where),), way.where),))
        for extension in owners
        if extension.voicemail and (way := extension.voicemail.operator_destination)
    )
