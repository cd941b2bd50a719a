"""Extensions: the number in the dial plan, and what happens when nobody answers. Its phones are in ``devices``."""

from __future__ import annotations

from kelid.compile import hours, numbers
from kelid.compile.devices import dial
from kelid.compile.dialplan import NO_REDIRECT
from kelid.compile.loops import loops
from kelid.compile.text import go
from kelid.model.pbx import Context, Exten, Hint, Include, Step
from kelid.model.site import Extension, Site

HOPS = 12
"""How many extensions in a circle a call may try before it is ended."""


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
                *(Hint(e.number, dial(e), e.place("number")) for e in site.extensions),
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
        Step("Dial", f"{dial(extension)},{extension.ring_time},{NO_REDIRECT}", where=where),
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
    overrides = (Include(hours.OVERRIDES),) if hours.overridden(site) else ()
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
                    *overrides,
                    Include(f"class-{item.name}", where=where),
                    Include("no-such-number"),
                ),
                where=where,
            )
        )
    return tuple(found)
