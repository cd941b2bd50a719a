"""Whether a permission class may call a number, asked before the call, and not only refused in it.

``class-NAME`` answers a number also where a guard refuses it (``refused-abroad``, ``refused-premium``); what the class may
call in spite of them stands in ``open-NAME``.
"""

from __future__ import annotations

from kelid.compile.classes import ABROAD, PREMIUM
from kelid.model.pbx import Context, Exten, Include, Step
from kelid.model.site import Site


def may_call(permission_class: str, number: str, no: str) -> tuple[Step, ...]:
    """Return the steps that go on if the class may call the number, and to the label ``no`` if not: never for help."""
    return (
        Step("Gosub", f"may-call,s,1({permission_class},{number})"),
        Step("GotoIf", f'$["${{GOSUB_RETVAL}}" != "yes"]?{no}'),
    )


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the subroutine, and what each class may call although it is costly."""
    exists = "${DIALPLAN_EXISTS(%s,${ARG2},1)}"
    steps = (
        Step("GotoIf", f"{exists % 'emergency'}?no"),
        Step("GotoIf", f"{exists % 'open-${ARG1}'}?yes"),
        Step("GotoIf", f"$[{exists % ABROAD} | {exists % PREMIUM}]?no"),
        Step("GotoIf", f"{exists % 'class-${ARG1}'}?yes"),
        Step("Return", "no", label="no"),
        Step("Return", "yes", label="yes"),
    )
    routes = {route.name: route for route in site.outbound_routes}
    found = [Context("may-call", (Exten("s", steps),))]
    for item in site.permission_classes:
        costly = tuple(
            Include(f"outbound-{name}", where=item.place(f"routes.{index}"))
            for index, name in enumerate(item.routes)
            if name in routes and routes[name].costly and item.open_to_outside(routes[name])
        )
        if costly:
            found.append(Context(f"open-{item.name}", includes=costly, where=item.place("name")))
    return tuple(found)
