"""Paging: one voice to many phones, which answer by themselves."""

from __future__ import annotations

from kelid.compile.devices import dial
from kelid.compile.features.phone import is_phone
from kelid.compile.text import sound
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Page, Site


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context of the groups: each group's name is an extension."""
    extens = tuple(_page(site, page) for page in site.pages)
    return (Context("pages", extens),) if extens else ()


def _page(site: Site, page: Page) -> Exten:
    where = page.place("name")
    steps = [
        Step("Set", f"TIMEOUT(absolute)={page.max_duration}", where=page.place("max_duration")),
        Step("Set", "TO=", where=where),
    ]
    for index, number in enumerate(page.members):
        # The phone that speaks is left out: it would answer its own call. Who doesn't want to be disturbed, is not.
        free = f'$["${{DB(DND/{number})}}" = "" & !({is_phone(number)})]'
        place = page.place(f"members.{index}")
        steps.append(Step("ExecIf", f"{free}?Set(TO=${{TO}}&{dial(site.by_number[number])})", where=place))
    steps += [
        Step("GotoIf", '$["${TO}" = ""]?nobody', where=where),
        Step("Page", f"${{TO:1}},{_options(site, page)}", where=where),
        Step("Hangup", where=where),
        # 20 (subscriber absent, Q.850) becomes SIP 480.
        Step("Hangup", "20", label="nobody", where=where),
    ]
    return Exten(page.name, tuple(steps), where)


def _options(site: Site, page: Page) -> str:
    # i: a phone that sends the call elsewhere counts as busy, as with Dial.
    letters = "i" + "d" * page.duplex + "q" * page.quiet + "s" * page.skip_busy
    prompt = f"A({sound(site, page.prompt)})" if page.prompt else ""
    return f"{letters}{prompt}b(auto-answer^s^1)"
