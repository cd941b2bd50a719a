"""Menus: what callers hear, what their keys do, and what happens to those who press none or a wrong one."""

from __future__ import annotations

from kelid.compile.sounds import asterisk_language
from kelid.compile.text import go, sound
from kelid.findings import Where
from kelid.model.destination import Destination
from kelid.model.numbers import direct_dials
from kelid.model.pbx import Context, Exten, Include, Step
from kelid.model.site import Ivr, IvrEntry, Site


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context a menu, and those of the numbers that callers may dial in them; menus of one mind share one."""
    parents: dict[str, list[str]] = {ivr.name: [] for ivr in site.ivrs}
    for ivr in site.ivrs:
        ahead = dict.fromkeys(e.destination.name for e in ivr.entries if e.destination.kind == "ivr")
        for name in ahead:
            if name != ivr.name and name in parents:
                parents[name].append(ivr.name)
    shared: dict[frozenset[str], Context] = {}
    dialled = {ivr.name: _dialled(site, ivr, shared) for ivr in site.ivrs if ivr.direct_dial}
    menus = (_ivr(site, ivr, parents, dialled.get(ivr.name)) for ivr in site.ivrs)
    return (*menus, *shared.values())


def _dialled(site: Site, ivr: Ivr, shared: dict[frozenset[str], Context]) -> str:
    """Return the name of the context with the numbers that callers may dial in a menu; "" if there is none."""
    numbers = direct_dials(site, ivr)
    key = frozenset(item.number for item in numbers)
    if key and key == site.by_number.keys():
        return "direct-dial"
    if numbers and key not in shared:
        shared[key] = Context(
            f"ivr-{ivr.name}-numbers",
            tuple(
                Exten(item.number, (Step("Goto", f"internal,{item.number},1", where=item.where),), item.where)
                for item in numbers
            ),
            where=ivr.place("direct_dial"),
        )
    return shared[key].name if numbers else ""


def _ivr(site: Site, ivr: Ivr, parents: dict[str, list[str]], dialled: str | None) -> Context:
    where = ivr.place("name")
    start = Exten(
        "s",
        (
            # Half a second lets the sound path open, or callers miss the first word.
            Step("Answer", "500", where=where),
            Step("Set", f"TIMEOUT(digit)={ivr.digit_timeout}", where=ivr.place("digit_timeout")),
            Step("Set", "IVR_FAILED=0", where=where),
            Step("Background", sound(site, ivr.prompt), label="menu", where=ivr.place("prompt")),
            Step("WaitExten", str(ivr.timeout), where=ivr.place("timeout")),
        ),
        where,
    )
    return Context(
        f"ivr-{ivr.name}",
        (
            start,
            *(_entry(ivr, entry, parents) for entry in ivr.entries),
            _failed(site, "t", ivr, parents),
            _failed(site, "i", ivr, parents),
        ),
        includes=(Include(dialled, where=ivr.place("direct_dial")),) if dialled else (),
        where=where,
    )


def _entry(ivr: Ivr, entry: IvrEntry, parents: dict[str, list[str]]) -> Exten:
    speak: tuple[Step, ...] = ()
    if entry.language:
        language = f"CHANNEL(language)={asterisk_language(entry.language)}"
        speak = (Step("Set", language, where=entry.place("language")),)
    way = _way(ivr, entry.destination, parents, where=entry.place("digits"))
    return Exten(entry.digits, (*speak, *way), entry.place("digits"))


def _failed(site: Site, pattern: str, ivr: Ivr, parents: dict[str, list[str]]) -> Exten:
    """Return what a timeout (t) or a wrong key (i) does: the menu again, until both are too many."""
    key = {"t": "timeout", "i": "invalid"}[pattern]
    prompt = {"t": ivr.timeout_prompt, "i": ivr.invalid_prompt}[pattern]
    destination = {"t": ivr.timeout_destination, "i": ivr.invalid_destination}[pattern]
    where = ivr.place("name")
    count = Step("Set", "IVR_FAILED=$[${IVR_FAILED} + 1]", where=where)
    way = _way(ivr, destination, parents, where=where)
    if not prompt:
        again = Step("GotoIf", f"$[${{IVR_FAILED}} <= {ivr.retries}]?s,menu", where=ivr.place("retries"))
        return Exten(pattern, (count, again, *way), where)
    first, *rest = way
    return Exten(
        pattern,
        (
            count,
            Step("GotoIf", f"$[${{IVR_FAILED}} > {ivr.retries}]?over", where=ivr.place("retries")),
            # Background: who knows the menu need not hear it out.
            Step("Background", sound(site, prompt), where=ivr.place(f"{key}_prompt")),
            Step("Goto", "s,menu", where=where),
            Step(first.app, first.data, "over", first.where),
            *rest,
        ),
        where,
    )


def _way(
    ivr: Ivr, destination: Destination, parents: dict[str, list[str]], *, where: Where
) -> tuple[Step, ...]:
    place = destination.where if destination.where.file else where
    if destination.kind == "repeat":
        return (Step("Goto", "s,menu", where=place),)
    if destination.kind == "parent":
        before = parents[ivr.name]
        if not before:
            return (Step("Goto", "s,menu", where=place),)
        if len(before) == 1:
            return (Step("Goto", f"ivr-{before[0]},s,1", where=place),)
        came = f"${{HASH(IVR_BEFORE,{ivr.name})}}"
        return (
            Step("GotoIf", f'$["{came}" = ""]?s,menu', where=place),
            Step("Goto", f"ivr-{came},s,1", where=place),
        )
    step = go(destination, where=where)
    if destination.kind == "ivr" and len(parents.get(destination.name, ())) > 1:
        # More than one menu leads there: remember which, for the way back.
        return (Step("Set", f"HASH(IVR_BEFORE,{destination.name})={ivr.name}", where=place), step)
    return (step,)
