"""The subroutines behind every number that rings: who may be rung, where calls are forwarded, who confirms.

One copy for all extensions, so that an extension without features is a handful of lines. docs/decisions/0006 says why.
What users set with feature codes is read from Asterisk's database at each call: ``DND/<ext>``, ``CW/<ext>`` and the
forwards ``CFU/<ext>`` (all calls), ``CFB/<ext>`` (busy) and ``CFNA/<ext>`` (nobody answers).
"""

from __future__ import annotations

from kelid.compile.dialplan import DIALLED
from kelid.compile.features.codes import code
from kelid.compile.features.payers import may_call
from kelid.compile.features.recording import announcement
from kelid.findings import Where
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Extension, Site

EXTENSION = "_[0-9]!"
"""The number of an extension, as the subroutines' own extension: so the call records show whom a call was for."""

CALLER_NUMBER = "${FILTER(0-9+,${CALLERID(num)})}"
"""Who calls, as far as it can be dialled."""

RINGING_TONE = '${IF($["${ALERT_INFO}" = ""]?:b(alert-info^s^1))}'
"""Option of Dial where an inbound route or a ring group says how phones ring (``__ALERT_INFO``)."""

FORWARDS = 5
"""How many times one call may be forwarded by what users set; after that phones ring as if nothing were set."""

CONFIRM_SECONDS = 20
"""How long somebody outside has for pressing 1: the prompt twice, and five seconds after each."""


_RECORDED = {"always": "U(recording^{what}{told})", "on_demand": "{key}", "never": ""}
"""How a call is recorded -> Dial's options."""


def recorded(how: str, what: str, key: str, *, told: bool = False) -> str:
    """Return the options of Dial that record a call: ``U`` begins when it is answered, on the called channel.

    ``what`` goes into the recording's name; ``key`` is ``x`` where who is called may start it, ``X`` for who calls.
    ``told``: the caller has heard of it (``tell``), so that who answers isn't kept from speaking.
    """
    return _RECORDED[how].format(what=what, key=key, told="^told" if told else "")


def tell(site: Site, condition: str = "", *, where: Where) -> list[Step]:
    """Return the steps by which a caller hears, once, that calls are recorded; ``condition`` is one of ``$[...]``."""
    played = announcement(site)
    if not played:
        return []
    asked = '"${TOLD}" = ""' + (f" & {condition}" if condition else "")
    return [
        Step("ExecIf", f"$[{asked}]?Playback({played})", where=where),
        Step("ExecIf", f"$[{asked}]?Set(TOLD=1)", where=where),
    ]


def calls_at_once(extension: Extension) -> int:
    """Return how many calls the extension takes part in before it is busy; 0 means any number."""
    return extension.max_calls if extension.call_waiting else 1


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the subroutines."""
    return (_ring(site), _forward(), _phone_free(), _reach(), _confirm(), _alert_info())


def _ring(site: Site) -> Context:
    """Return ``ring``: it rings the extension's devices, or goes where its user forwards.

    ARG1 devices, ARG2 seconds, ARG3 Dial's options, ARG4 calls at once (0: any number), ARG5 the class that pays for
    forwards, ARG6 the number that these show. Returns ``busy``, ``no-answer`` or ``unavailable``.
    """
    payer = "${ARG5},${ARG6}"
    wanted = code(site, "call_last") or code(site, "blacklist_last")
    last = (Step("Set", f"DB(LASTCALLER/${{EXTEN}})={CALLER_NUMBER}"),) if wanted else ()
    return Context(
        "ring",
        (
            Exten(
                EXTENSION,
                (
                    *last,
                    Step("Gosub", f"forward,${{EXTEN}},1(CFU,{payer})"),
                    Step("Gosub", "phone-free,${EXTEN},1(${ARG4})"),
                    Step("GotoIf", "$[${GOSUB_RETVAL} = 0]?busy"),
                    Step("Dial", f"${{ARG1}},${{ARG2}},${{ARG3}}${{DIAL_INSIDE}}{RINGING_TONE}"),
                    Step("GotoIf", '$["${DIALSTATUS}" = "BUSY"]?busy'),
                    Step("Set", 'LOCAL(way)=${IF($["${DIALSTATUS}" = "NOANSWER"]?no-answer:unavailable)}'),
                    Step("Gosub", f"forward,${{EXTEN}},1(CFNA,{payer})"),
                    Step("Return", "${way}"),
                    Step("Gosub", f"forward,${{EXTEN}},1(CFB,{payer})", label="busy"),
                    Step("Return", "busy"),
                ),
            ),
        ),
    )


def _forward() -> Context:
    """Return ``forward``: it leaves for the number that the user set, or returns.

    ARG1 the family, ARG2 the class that pays, ARG3 the number that is shown. What is set is filtered like what is
    dialled; it may be an internal number or one that the class may call. Emergency numbers are open to every class, so
    they are no target; nor is the extension itself.
    """
    return Context(
        "forward",
        (
            Exten(
                EXTENSION,
                (
                    Step("Set", f"LOCAL(to)=${{FILTER({DIALLED},${{DB(${{ARG1}}/${{EXTEN}})}})}}"),
                    # With a letter before them they are compared as text: 0101 is not 101.
                    Step("GotoIf", '$["${to}" = "" | "x${to}" = "x${EXTEN}"]?stay'),
                    Step("GotoIf", f"$[0${{FORWARDS}} >= {FORWARDS}]?stay"),
                    Step("GotoIf", "${DIALPLAN_EXISTS(emergency,${to},1)}?stay"),
                    Step("GotoIf", "${DIALPLAN_EXISTS(internal,${to},1)}?inside"),
                    *may_call("${ARG2}", "${to}", "stay"),
                    Step("Set", "FORWARD_OUT=class-${ARG2},${to},1"),
                    Step("Set", "__OUTBOUND_CALLER_ID=${ARG3}"),
                    *_leaving("FORWARD_OUT"),
                    Step("Return", label="stay"),
                    # By a variable of its own: who reads the plan sees that a call which stays inside comes to no trunk.
                    Step("Set", "FORWARD_IN=internal,${to},1", label="inside"),
                    *_leaving("FORWARD_IN"),
                ),
            ),
        ),
    )


def _leaving(variable: str) -> tuple[Step, ...]:
    """Return how ``forward`` goes where a variable says. Nothing comes back: it and ring are left for good."""
    return (
        Step("Set", "__FORWARDS=$[0${FORWARDS} + 1]"),
        Step("StackPop"),
        Step("StackPop"),
        Step("Goto", f"${{{variable}}}"),
    )


def _phone_free() -> Context:
    """Return ``phone-free``: 1 if one more call may ring the extension, else 0. ARG1 calls at once (0: any number)."""
    return Context(
        "phone-free",
        (
            Exten(
                EXTENSION,
                (
                    Step("GotoIf", "${DB_EXISTS(DND/${EXTEN})}?no"),
                    Step("Set", "LOCAL(calls)=${GROUP_COUNT(${EXTEN}@phone)}"),
                    Step("GotoIf", "$[${ARG1} & ${calls} >= ${ARG1}]?no"),
                    Step("GotoIf", '$["${DB(CW/${EXTEN})}" = "off" & ${calls}]?no'),
                    Step("Return", "1"),
                    Step("Return", "0", label="no"),
                ),
            ),
        ),
    )


def _reach() -> Context:
    """Return ``reach``: it adds the extension's devices to RINGS if they can be rung; nobody's mailbox ever answers.

    ARG1 devices, ARG2 calls at once (0: any number).
    """
    return Context(
        "reach",
        (
            Exten(
                EXTENSION,
                (
                    Step("Gosub", "phone-free,${EXTEN},1(${ARG2})"),
                    Step("GotoIf", "$[${GOSUB_RETVAL} = 0]?no"),
                    Step("GotoIf", '$["${EXTENSION_STATE(${EXTEN}@internal)}" = "UNAVAILABLE"]?no'),
                    Step("Set", "RINGS=${RINGS}&${ARG1}"),
                    Step("Return", label="no"),
                ),
            ),
        ),
    )


def _confirm() -> Context:
    """Return ``confirm``, which who answers outside runs through: 1 takes the call, anything else, and nothing, doesn't.

    ARG1 the sound that says so.
    """
    return Context(
        "confirm",
        (
            Exten(
                "s",
                (
                    Step("Read", "CONFIRMED,${ARG1},1,,2,5"),
                    Step("GotoIf", '$["${CONFIRMED}" = "1"]?taken'),
                    Step("Set", "GOSUB_RESULT=CONTINUE"),
                    Step("Return", label="taken"),
                ),
            ),
        ),
    )


def _alert_info() -> Context:
    """Return ``alert-info``, which runs on the channel to a phone before it rings; other channels have no such header."""
    return Context(
        "alert-info",
        (
            Exten(
                "s",
                (
                    Step("GotoIf", '$["${CHANNEL(channeltype)}" != "PJSIP"]?other'),
                    Step("Set", "PJSIP_HEADER(add,Alert-Info)=${ALERT_INFO}"),
                    Step("Return", label="other"),
                ),
            ),
        ),
    )
