"""Extensions: the phone's SIP objects, the number in the dial plan, and what happens when nobody answers."""

from __future__ import annotations

from kelid.compile import numbers
from kelid.compile.conf import Value, section
from kelid.compile.dialplan import NO_REDIRECT
from kelid.compile.features.codes import code
from kelid.compile.loops import loops
from kelid.compile.text import go, name_of, name_place
from kelid.model.pbx import Context, Exten, Hint, Include, Section, Step, secret_token
from kelid.model.site import Extension, Site

CODECS = "alaw,ulaw,g722"
"""What phones are offered, best first: most telephone networks speak alaw, so nothing is converted."""

HOPS = 12
"""How many extensions in a circle a call may try before it is ended."""


def sip(site: Site) -> tuple[Section, ...]:
    """Return the endpoint, auth and aor of every extension."""
    return tuple(part for extension in site.extensions for part in _sip(site, extension))


def _sip(site: Site, extension: Extension) -> tuple[Section, ...]:
    number, where = extension.number, extension.place("number")
    mailbox: dict[str, Value] = {}
    watched: dict[str, Value] = {}
    if extension.voicemail:
        place = extension.place("voicemail")
        mailbox = {
            "mailboxes": (f"{number}@default", place),
            "mwi_subscribe_replaces_unsolicited": True,
        }
        if own := code(site, "own_mailbox"):
            mailbox["voicemail_extension"] = (own, place)
        watched = {"mailboxes": (f"{number}@default", place)}
    return (
        section(
            number,
            {
                "type": "endpoint",
                "transport": "transport-udp",
                # The name in From decides whose password is asked for; an address never does.
                "identify_by": "username",
                "context": (f"from-class-{extension.permission_class}", extension.place("permission_class")),
                "disallow": "all",
                "allow": CODECS,
                "auth": number,
                "aors": number,
                "callerid": (
                    f'"{name_of(extension.names, site.language)}" <{number}>',
                    name_place(extension, site.language),
                ),
                "language": (site.language, site.place("language")),
                "dtmf_mode": "rfc4733",
                "direct_media": False,
                "rtp_symmetric": True,
                "force_rport": True,
                "rewrite_contact": True,
                **mailbox,
            },
            where,
        ),
        section(
            number,
            {
                "type": "auth",
                "auth_type": "userpass",
                "username": number,
                "password": (secret_token(extension.secret), extension.place("secret")),
            },
            where,
        ),
        section(
            number,
            {
                "type": "aor",
                # One phone a number: for several, Dial needs PJSIP_DIAL_CONTACTS, which puts what phones
                # choose (their address, with commas and ampersands) into the arguments of Dial.
                "max_contacts": 1,
                "remove_existing": True,
                "qualify_frequency": 60,
                **watched,
            },
            where,
        ),
    )


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context of the internal numbers, and that by which menus let callers dial them."""
    others = numbers.extens(site)
    if not site.extensions:
        return (Context("internal", others, hints=numbers.hints(site)),)
    circle = loops(site)
    return (
        Context(
            "internal",
            (
                *(_exten(extension, guard=extension.number in circle) for extension in site.extensions),
                *others,
            ),
            hints=(
                *(Hint(e.number, f"PJSIP/{e.number}", e.place("number")) for e in site.extensions),
                *numbers.hints(site),
            ),
        ),
        Context(
            "direct-dial",
            tuple(
                Exten(
                    e.number,
                    (Step("Goto", f"internal,{e.number},1", where=e.place("number")),),
                    e.place("number"),
                )
                for e in site.extensions
            ),
        ),
    )


def _exten(extension: Extension, *, guard: bool) -> Exten:
    where = extension.place("number")
    steps = []
    if guard:
        steps = [
            Step("Set", "HOPS=$[0${HOPS} + 1]", where=where),
            Step("GotoIf", f"$[${{HOPS}} > {HOPS}]?given-up", where=where),
        ]
    steps += [
        Step("Dial", f"PJSIP/{extension.number},{extension.ring_time},{NO_REDIRECT}", where=where),
        Step("GotoIf", '$["${DIALSTATUS}" = "BUSY"]?busy', where=where),
        Step("GotoIf", '$["${DIALSTATUS}" = "NOANSWER"]?no-answer', where=where),
        go(extension.unavailable, label="unavailable", where=where),
        go(extension.busy, greeting="busy", label="busy", where=where),
        go(extension.no_answer, label="no-answer", where=where),
    ]
    if guard:
        steps.append(Step("Hangup", label="given-up", where=where))
    return Exten(extension.number, tuple(steps), where)


def class_contexts(site: Site) -> tuple[Context, ...]:
    """Return the ways in of the phones, one a permission class; emergency numbers come first in each."""
    found = []
    for item in site.permission_classes:
        where = item.place("name")
        outbound = tuple(
            Include(f"outbound-{route}", where=item.place(f"routes.{index}"))
            for index, route in enumerate(item.routes)
        )
        found.append(Context(f"class-{item.name}", includes=(Include("emergency"), *outbound), where=where))
        found.append(
            Context(
                f"from-class-{item.name}",
                includes=(
                    Include("emergency"),
                    Include("internal"),
                    Include("features"),
                    Include(f"class-{item.name}", where=where),
                    Include("no-such-number"),
                ),
                where=where,
            )
        )
    return tuple(found)
