"""Containment while calls run: how many, and how many minutes, may go to costly numbers, and at once per class.

What was counted lies in the database of Asterisk, so a restart forgets nothing: ``caps/NAME/WHO/hour`` holds
``2026112310-CALLS-SECONDS``, ``caps/NAME/WHO/day`` the same for ``20261123``, both by the site's own clock. A record of
another hour or day counts for nothing and is written over, so nothing has to run at midnight and the database doesn't grow.

A call is counted when it is let out. Its seconds are counted when it ends, by a handler of the channel that was called (that
stays when the caller transfers the call), to the hour and the day in which it ends, as far as they lie in them. Until then
nobody knows them: so what is left is shared among the calls that are up, and each is cut when its share is used up.
"""

from __future__ import annotations

from kelid.compile.text import sound
from kelid.findings import NOWHERE, Where
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Cap, OutboundRoute, Site

LEAST = 30
"""Seconds that a call which was let out may last at least."""

_OTHER = "_[a-zA-Z0-9]."
"""Any context; the dial plan of the site's own may lead to a class too. One character would be the extension h as well:
Asterisk runs it when a call is ended here, and its Return would go on with the call."""


def kinds(site: Site) -> frozenset[str]:
    """Return the kinds of routes whose calls a cap counts."""
    return frozenset(kind for cap in site.caps for kind in cap.kinds)


def knows_class(site: Site) -> bool:
    """Return True if a route must know by which context, and so by which class, a call came to it."""
    by_class = any(cap.per == "class" or cap.permission_classes for cap in site.caps)
    return by_class or any(item.max_calls for item in site.permission_classes)


def before(site: Site, kind: str, where: Where) -> list[Step]:
    """Return the steps that let a call to a route of that kind out, or end it."""
    if kind == "emergency":
        return []
    steps = []
    if knows_class(site):
        steps.append(Step("Gosub", "payers,${PAYER},1", where=where))
        steps.append(Step("Set", "PAYER=${GOSUB_RETVAL}", where=where))
    if any(item.max_calls for item in site.permission_classes):
        steps.append(Step("Gosub", "class-limits,${PAYER},1", where=where))
    if kind in kinds(site):
        steps.append(Step("Gosub", f"caps-{kind},check,1", where=where))
    return steps


def on_answer(site: Site, route: OutboundRoute) -> tuple[list[str], str]:
    """Return what is set before Dial, and its options that count and record a call of the route from its answer on.

    Phones bring how calls outside are recorded in ``DIAL_OUTSIDE``: an option U, a key that starts it, or nothing.
    """
    counted = route.kind in kinds(site)
    phones = any(item.recording for item in site.extensions)
    if not counted:
        return [], f"U(recording^route-{route.name})" if route.record else "${DIAL_OUTSIDE}" if phones else ""
    option = f"U(caps-{route.kind})"
    if route.record:
        return [f"_RECORD_AS=route-{route.name}"], option
    if not phones:
        return [], option
    always = '$["${DIAL_OUTSIDE:0:2}" = "U("]'
    return (
        [f"_RECORD_AS=${{IF({always}?extension-${{CALLER_EXTENSION}})}}"],
        f"{option}${{IF({always}?:${{DIAL_OUTSIDE}})}}",
    )


def _records(site: Site, kind: str) -> bool:
    return any(item.recording for item in site.extensions) or any(
        route.record for route in site.outbound_routes if route.kind == kind
    )


def contexts(site: Site) -> tuple[Context, ...]:
    """Return what counts, one context a kind of route, and the limits of the classes."""
    found = [_payers(site)] if knows_class(site) else []
    limited = [item for item in site.permission_classes if item.max_calls]
    if limited:
        extens = [
            Exten(item.name, tuple(_limit(item.name, item.max_calls, place)), place)
            for item in limited
            for place in (item.place("max_calls"),)
        ]
        extens.append(Exten(_OTHER, (Step("Return"),)))
        found.append(Context("class-limits", tuple(extens)))
    for kind in sorted(kinds(site)):
        counted = [(number, cap) for number, cap in enumerate(site.caps, 1) if kind in cap.kinds]
        found.append(
            Context(
                f"caps-{kind}",
                (
                    Exten("check", tuple(_check(site, counted))),
                    Exten("s", tuple(_answered(counted, recorded=_records(site, kind)))),
                ),
            )
        )
    if site.caps:
        found.append(_counter(site.time_zone))
    return tuple(found)


def _payers(site: Site) -> Context:
    """Return the context that tells which class a call belongs to, by the context in which it looked for its number."""
    ways = [
        (f"{way}-{item.name}", item.name)
        for item in site.permission_classes
        for way in ("class", "from-class")
    ]
    ways += [(f"disa-dial-{item.name}", item.permission_class) for item in site.disa]
    ways += [(f"inbound-{item.name}", item.permission_class) for item in site.trunks if item.permission_class]
    extens = [Exten(context, (Step("Return", name),)) for context, name in ways]
    return Context("payers", (*extens, Exten(_OTHER, (Step("Return", "${EXTEN}"),))))


def _limit(name: str, most: int, where: Where) -> list[Step]:
    return [
        Step("Set", f"GROUP(class)={name}", where=where),
        Step("GotoIf", f"$[${{GROUP_COUNT({name}@class)}} > {most}]?full", where=where),
        Step("Return", where=where),
        # 34 (no circuit available, Q.850) becomes SIP 503.
        Step("Hangup", "34", label="full", where=where),
    ]


def _check(site: Site, counted: list[tuple[int, Cap]]) -> list[Step]:
    """Return the steps of the caller's channel: who it is to each cap, and whether that lets the call out."""
    steps = []
    for number, cap in counted:
        where, after = cap.place("name"), f"after-{number}"
        steps.append(Step("Set", f"_CAP{number}=", where=where))
        if cap.permission_classes:
            mine = " | ".join(f'"${{PAYER}}" = "{name}"' for name in cap.permission_classes)
            steps.append(Step("GotoIf", f"$[{mine}]?:{after}", where=cap.place("permission_classes")))
        per_hour, per_day = cap.minutes_per_hour * 60, cap.minutes_per_day * 60
        limits = f"{cap.calls_per_hour},{cap.calls_per_day},{per_hour},{per_day},{cap.calls_at_once}"
        steps += [
            # One leading underscore: the channel that is called knows it too, and none beyond it.
            Step("Set", f"_CAP{number}={_who(cap)}", where=cap.place("per")),
            Step("Gosub", f"caps,check,1({cap.name},${{CAP{number}}},{limits})", where=where),
            Step("GotoIf", f'$["${{GOSUB_RETVAL}}" = "yes"]?{after}', where=where),
        ]
        if cap.prompt:
            place = cap.place("prompt")
            steps += [
                Step("Progress", where=place),
                Step("Playback", f"{sound(site, cap.prompt)},noanswer", where=place),
            ]
        steps += [Step("Hangup", "21", where=where), Step("NoOp", label=after, where=where)]
    return [*steps, Step("Return")]


def _who(cap: Cap) -> str:
    """Return under whose name a call is counted; nothing in it is the caller's choice."""
    if cap.per == "class":
        return "${PAYER}"
    if cap.per == "extension":
        # All devices of an extension are one: their endpoints' names begin with its number. What is not a phone's own call
        # comes by a channel of the PBX itself.
        return '${IF($["${CHANNEL(channeltype)}" = "PJSIP"]?${CUT(CHANNEL(endpoint),-,1)}:forwarded)}'
    return "site"


def _answered(counted: list[tuple[int, Cap]], *, recorded: bool) -> list[Step]:
    """Return the steps of the channel that was called, when it has answered."""
    steps = []
    for number, cap in counted:
        limits = f"{cap.minutes_per_hour * 60},{cap.minutes_per_day * 60}"
        here = f"caps,answered,1({cap.name},${{CAP{number}}},{limits})"
        steps.append(Step("GosubIf", f'$["${{CAP{number}}}" != ""]?{here}', where=cap.place("name")))
    cut = 'ExecIf($["${CAP_SECONDS}" != ""]?Set(TIMEOUT(absolute)=${CAP_SECONDS}))'
    # Dial has one option U: who records starts here too.
    record = 'GosubIf($["${RECORD_AS}" != ""]?recording,s,1(${RECORD_AS}))'
    return [*steps, _step(cut), *((_step(record),) if recorded else ()), Step("Return")]


def _counter(zone: str) -> Context:
    """Return the context that counts; it is the same for all caps but for the zone of its clock.

    ``check`` (cap, who, calls an hour, calls a day, seconds an hour, seconds a day, calls at once) returns yes or no,
    ``answered`` (cap, who, seconds an hour, seconds a day) tells a channel when to end, ``ended`` (cap, who, since when)
    adds up.
    """
    clock = f"${{STRFTIME(${{EPOCH}},{zone},%Y%m%d%H)}}"
    minutes, hours = f"${{STRFTIME(${{EPOCH}},{zone},%M)}}", f"${{STRFTIME(${{EPOCH}},{zone},%H)}}"
    seconds = f"${{STRFTIME(${{EPOCH}},{zone},%S)}}"
    read = [
        "Set(LOCAL(key)=caps/${ARG1}/${ARG2})",
        f"Set(LOCAL(now)={clock})",
        f"Set(LOCAL(in_hour)=$[{minutes} * 60 + {seconds}])",
        f"Set(LOCAL(in_day)=$[{hours} * 3600 + ${{in_hour}}])",
        # Two calls in the same instant must not both be the last one that is allowed.
        "Set(LOCAL(locked)=${LOCK(caps)})",
        "Set(LOCAL(hour)=${DB(${key}/hour)})",
        "Set(LOCAL(day)=${DB(${key}/day)})",
        'ExecIf($["${CUT(hour,-,1)}" != "${now}"]?Set(hour=${now}-0-0))',
        'ExecIf($["${CUT(day,-,1)}" != "${now:0:8}"]?Set(day=${now:0:8}-0-0))',
    ]
    unlock = "Set(LOCAL(locked)=${UNLOCK(caps)})"
    check = [
        *read,
        "Set(GROUP(cap-${ARG1})=${ARG2})",
        # The widest limit first: of several that are reached it is told, as calls are refused for longest by it.
        *_over("day-minutes", "${ARG6} & ${CUT(day,-,3)} >= ${ARG6}"),
        *_over("hour-minutes", "${ARG5} & ${CUT(hour,-,3)} >= ${ARG5}"),
        *_over("day-calls", "${ARG4} & ${CUT(day,-,2)} >= ${ARG4}"),
        *_over("hour-calls", "${ARG3} & ${CUT(hour,-,2)} >= ${ARG3}"),
        *_over("hour-at-once", "${ARG7} & ${GROUP_COUNT(${ARG2}@cap-${ARG1})} > ${ARG7}"),
        "Set(DB(${key}/hour)=${CUT(hour,-,1)}-$[0${CUT(hour,-,2)} + 1]-${CUT(hour,-,3)})",
        "Set(DB(${key}/day)=${CUT(day,-,1)}-$[0${CUT(day,-,2)} + 1]-${CUT(day,-,3)})",
        unlock,
        "Return(yes)",
        # An alarm is told once for each hour or day in which that limit was reached.
        'Set(LOCAL(window)=${IF($["${CUT(over,-,1)}" = "day"]?${now:0:8}:${now})}) [over]',
        "Set(LOCAL(told)=${DB(${key}/${over})})",
        "Set(DB(${key}/${over})=${window})",
        unlock,
        'GotoIf($["${told}" = "${window}"]?no)',
        "Log(WARNING,kelid alarm: cap ${ARG1} of ${ARG2}: ${over} reached in ${window} and calls are refused)",
        "UserEvent(KelidAlarm,Cap: ${ARG1},Of: ${ARG2},Limit: ${over},Window: ${window})",
        "Return(no) [no]",
    ]
    answered = [
        *read,
        unlock,
        "Set(GROUP(open-${ARG1})=${ARG2})",
        "Set(LOCAL(open)=${GROUP_COUNT(${ARG2}@open-${ARG1})})",
        *_share("${ARG3}", 3600, "hour", "${in_hour}"),
        *_share("${ARG4}", 86400, "day", "${in_day}"),
        "Set(CHANNEL(hangup_handler_push)=caps,ended,1(${ARG1},${ARG2},${EPOCH}))",
        "Return()",
    ]
    ended = [
        "Set(LOCAL(lasted)=$[${EPOCH} - ${ARG3}])",
        *read,
        *(
            f"Set(DB(${{key}}/{span})=${{CUT({span},-,1)}}-${{CUT({span},-,2)}}-"
            f"$[0${{CUT({span},-,3)}} + ${{IF($[${{lasted}} > ${{in_{span}}}]?${{in_{span}}}:${{lasted}})}}])"
            for span in ("hour", "day")
        ),
        unlock,
        "Return()",
    ]
    named = (("check", check), ("answered", answered), ("ended", ended))
    return Context("caps", tuple(Exten(name, tuple(_step(text) for text in lines)) for name, lines in named))


def _over(what: str, condition: str) -> tuple[str, str]:
    return f"Set(LOCAL(over)={what})", f"GotoIf($[{condition}]?over)"


def _share(most: str, length: int, span: str, begun: str) -> list[str]:
    """Return the steps that shorten CAP_SECONDS to a call's share of what is left in an hour or a day.

    A call that will still be up when the next hour begins has its share of that one too. Where the cap is too large for all
    calls together to reach it, nothing is cut.
    """
    left = f"$[({most} - 0${{CUT({span},-,3)}}) / ${{open}}]"
    later = f"$[{length} - {begun} + {most} / ${{open}}]"
    return [
        f"Set(LOCAL(most)=${{IF($[{left} < {length} - {begun}]?{left}:{later})}})",
        f"Set(LOCAL(most)=${{IF($[${{most}} < {LEAST}]?{LEAST}:${{CUT(most,.,1)}})}})",
        f"Set(LOCAL(cuts)=$[{most} > 0 & {most} < {length} * ${{open}}])",
        'Set(LOCAL(cuts)=$[${cuts} & ("${CAP_SECONDS}" = "" | 0${CAP_SECONDS} > ${most})])',
        "ExecIf($[${cuts}]?Set(CAP_SECONDS=${most}))",
    ]


def _step(text: str) -> Step:
    """Given ``App(data)``, with `` [label]`` after it where it has one, return the step."""
    label = ""
    if text.endswith("]"):
        text, _, label = text[:-1].rpartition(" [")
    app, _, data = text.partition("(")
    return Step(app, data[:-1], label, NOWHERE)
