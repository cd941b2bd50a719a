"""Voicemail: mailboxes with their first PIN, and two ways in (the caller hears which: busy or not there)."""

from __future__ import annotations

from kelid.compile.conf import option, section
from kelid.compile.text import literal, name_of
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
        },
    )
    zones = Section(
        "zonemessages",
        (option("site", (f"{site.time_zone}|'vm-received' q 'digits/at' R", site.place("time_zone"))),),
    )
    boxes = tuple(
        _box(site, extension, extension.voicemail) for extension in site.extensions if extension.voicemail
    )
    return ConfFile("voicemail.conf", (general, zones, Section("default", boxes)))


def _box(site: Site, extension: Extension, voicemail: Voicemail) -> Option:
    settings = {
        "tz": "site",
        "language": site.language,
        "maxmsg": voicemail.maxmsg,
        "attach": "yes" if voicemail.attach else "no",
        "delete": "yes" if voicemail.delete else "no",
    }
    text = ",".join(
        (
            secret_token(voicemail.pin_secret),
            name_of(extension.names, site.language),
            literal(voicemail.email),
            "",
            "|".join(f"{key}={value}" for key, value in settings.items()),
        )
    )
    return Option(extension.number, text, extension.place("voicemail"))


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the ways into the mailboxes."""
    owners = [extension for extension in site.extensions if extension.voicemail]
    return tuple(
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
