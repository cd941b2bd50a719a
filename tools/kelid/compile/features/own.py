"""What a phone sets for itself: forwards, do-not-disturb, call waiting, and whether it answers intercom calls.

All is kept in Asterisk's database and read when a call comes: ``CFU/101``, ``CFB/101``, ``CFNA/101`` (a number), ``DND/101``
(1), ``CW/101`` and ``INTERCOM/101`` (off). Lamps watch ``Custom:DND101`` and ``Custom:CFU101``.
"""

from __future__ import annotations

from kelid.compile.features.payers import may_call
from kelid.compile.features.phone import DIGITS, OWN, PAYER, Asked, forget, lamp, own_only, say
from kelid.model.pbx import Context, Exten, Hint, Step

FORWARDS = {"CFU": "call-fwd-unconditional", "CFB": "call-fwd-on-busy", "CFNA": "call-fwd-no-ans"}
"""Family in the database -> the packaged sound that names the forward."""

LONGEST = 20
"""Digits of a number: ITU-T E.164 has 15, and a prefix comes before them."""


def forward(asked: Asked, family: str) -> tuple[Exten, ...]:
    """Return the code with a number after it, and alone: then the phone asks for the number."""
    onward = Step("Goto", f"call-forward,{family},1")
    return (
        asked.exten(*own_only(), Step("Read", f"TO,vm-enter-num-to-call,{LONGEST},,1,10"), onward),
        asked.exten(*own_only(), Step("Set", f"TO={asked.rest}"), onward, after="[0-9+]."),
    )


def forward_off(asked: Asked, family: str) -> tuple[Exten, ...]:
    """Return the code that ends a forward; the one for all calls with the phone's number too, which its lamp key dials."""
    alone = asked.exten(
        *own_only(),
        forget(f"{family}/{OWN}"),
        *((lamp(f"CFU{OWN}", on=False),) if family == "CFU" else ()),
        say(FORWARDS[family], "de-activated"),
        Step("Hangup"),
    )
    return (alone, _with_number(asked)) if family == "CFU" else (alone,)


def contexts() -> tuple[Context, ...]:
    """Return the context that sets a forward to ``TO``: where the phone may call, and neither to itself nor for help."""
    return (Context("call-forward", tuple(_forward(family) for family in FORWARDS)),)


def _forward(family: str) -> Exten:
    return Exten(
        family,
        (
            Step("Set", f"TO=${{FILTER({DIGITS},${{TO}})}}"),
            Step("GotoIf", f'$["${{TO}}" = "" | "${{TO}}" = "{OWN}"]?refused'),
            Step("GotoIf", "${DIALPLAN_EXISTS(emergency,${TO},1)}?refused"),
            Step("GotoIf", "${DIALPLAN_EXISTS(internal,${TO},1)}?allowed"),
            *may_call(PAYER, "${TO}", "refused"),
            Step("Goto", "allowed"),
            say("ss-noservice", label="refused"),
            Step("Hangup"),
            Step("Set", f"DB({family}/{OWN})=${{TO}}", label="allowed"),
            *((lamp(f"CFU{OWN}", on=True),) if family == "CFU" else ()),
            say(FORWARDS[family], "activated"),
            Step("Hangup"),
        ),
    )


def dnd_on(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that stops the phone's ringing."""
    return (asked.exten(*own_only(), *_dnd(on=True)),)


def dnd_off(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that lets the phone ring again."""
    return (asked.exten(*own_only(), *_dnd(on=False)),)


def dnd_toggle(asked: Asked) -> tuple[Exten, ...]:
    """Return the code alone, and with the phone's own number, which is what a lamp key dials."""
    steps = (
        *own_only(),
        Step("GotoIf", f'$["${{DB(DND/{OWN})}}" = "1"]?off'),
        *_dnd(on=True),
        *_dnd(on=False, label="off"),
    )
    return (asked.exten(*steps), _with_number(asked))


def _with_number(asked: Asked) -> Exten:
    """Return what a lamp key dials: the code and a number. It does what the code does, if the number is the phone's own."""
    mine = Step("GotoIf", f'$["${{FILTER(0-9,{asked.rest})}}" = "{OWN}"]?{asked.code},1')
    return asked.exten(mine, Step("Hangup", "1"), after="X.")


def _dnd(*, on: bool, label: str = "") -> tuple[Step, ...]:
    return (
        Step("Set", f"DB(DND/{OWN})=1") if on else Step("NoOp", f"${{DB_DELETE(DND/{OWN})}}", label=label),
        lamp(f"DND{OWN}", on=on),
        say("do-not-disturb", "activated" if on else "de-activated"),
        Step("Hangup"),
    )


def call_waiting_on(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that lets a second call in."""
    return (asked.exten(*own_only(), forget(f"CW/{OWN}"), say("call-waiting", "activated"), Step("Hangup")),)


def call_waiting_off(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that makes the phone busy while it is in a call."""
    return (
        asked.exten(
            *own_only(),
            Step("Set", f"DB(CW/{OWN})=off"),
            say("call-waiting", "de-activated"),
            Step("Hangup"),
        ),
    )


def intercom_on(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that lets the phone answer intercom calls by itself."""
    return (asked.exten(*own_only(), forget(f"INTERCOM/{OWN}"), say("activated"), Step("Hangup")),)


def intercom_off(asked: Asked) -> tuple[Exten, ...]:
    """Return the code that makes intercom calls ring."""
    return (
        asked.exten(*own_only(), Step("Set", f"DB(INTERCOM/{OWN})=off"), say("de-activated"), Step("Hangup")),
    )


def hints(asked: Asked, family: str) -> tuple[Hint, ...]:
    """Return what lamp keys watch: the code and an extension's number, one pattern for all of them."""
    return (Hint(f"_{asked.code}X.", f"Custom:{family}{asked.rest}", asked.where),)
