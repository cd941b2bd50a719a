"""Codes that make or take a call: pickup, intercom, speed dials, and calling back who called last."""

from __future__ import annotations

from kelid.compile.features.payers import may_call
from kelid.compile.features.phone import DIGITS, OWN, PAYER, Asked, own_only, say
from kelid.compile.text import name_of
from kelid.model.pbx import Context, Exten, Step

NO_REDIRECT = "i"


def pickup(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that takes the call that rings at an extension; the name of its channel begins with it."""
    return (
        asked.exten(Step("PickupChan", f"PJSIP/${{FILTER(0-9,{asked.rest})}}"), Step("Hangup"), after="X."),
    )


def group_pickup(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that takes a call of the phone's pickup groups."""
    return (asked.exten(Step("Pickup"), Step("Hangup")),)


def intercom(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that calls a phone which answers by itself; one that is busy, or doesn't want to, is rung."""
    to = f"${{FILTER(0-9,{asked.rest})}}"
    return (
        asked.exten(
            Step("Set", f"TO={to}"),
            Step("GotoIf", "$[${DIALPLAN_EXISTS(direct-dial,${TO},1)} = 0]?none"),
            Step("GotoIf", '$["${DB(DND/${TO})}" = "1" | "${DB(INTERCOM/${TO})}" = "off"]?ring'),
            Step("GotoIf", '$["${DEVICE_STATE(PJSIP/${TO})}" != "NOT_INUSE"]?ring'),
            Step("Dial", f"PJSIP/${{TO}},10,{NO_REDIRECT}b(auto-answer^s^1)"),
            Step("Hangup"),
            Step("Goto", "internal,${TO},1", label="ring"),
            Step("Hangup", "1", label="none"),
            after="X.",
        ),
    )


def auto_answer() -> tuple[Context, ...]:
    """Return the context that asks a phone to answer by itself, in the words of most makers; it runs on the call to it.

    ``answer-after`` is understood by Yealink, Grandstream, Snom, Cisco and Fanvil, ``alert-autoanswer`` by most of these, by
    Mitel and Panasonic; Polycom's word, ``Auto Answer``, stands in its own settings.
    """
    steps = (
        Step("Set", "PJSIP_HEADER(add,Call-Info)=<sip:pbx>;answer-after=0"),
        Step("Set", "PJSIP_HEADER(add,Alert-Info)=<http://pbx>;info=alert-autoanswer;delay=0"),
        Step("Return"),
    )
    return (Context("auto-answer", (Exten("s", steps),)),)


def speed_dial(asked: Asked) -> tuple[Exten, ...]:
    """Return each short code: the phone goes on in its own context, as if it had dialled the number."""
    return tuple(
        Exten(
            f"{asked.code}{item.code}",
            (
                Step("NoOp", name_of(item.names, asked.site.language), where=item.place("names")),
                Step("Goto", f"${{CONTEXT}},{item.number},1", where=item.place("number")),
            ),
            item.place("code"),
        )
        for item in asked.site.speed_dials
    )


def call_last(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that calls back who called last. What a caller sends as a number never becomes a feature code."""
    return (
        asked.exten(
            *own_only(),
            Step("Set", f"TO=${{FILTER({DIGITS},${{DB(LASTCALLER/{OWN})}})}}"),
            Step("GotoIf", '$["${TO}" = ""]?none'),
            Step("GotoIf", "${DIALPLAN_EXISTS(internal,${TO},1)}?inside"),
            *may_call(PAYER, "${TO}", "none"),
            Step("Goto", f"class-{PAYER},${{TO}},1"),
            Step("Goto", "internal,${TO},1", label="inside"),
            say("unidentified-no-callback", label="none"),
            Step("Hangup"),
        ),
    )
