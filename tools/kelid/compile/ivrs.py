"""Menus: what callers hear, what their keys do, and what happens to those who press none or a wrong one."""

from __future__ import annotations

from kelid.compile.text import go, sound
from kelid.findings import Where
from kelid.model.destination import Destination
from kelid.model.pbx import Context, Exten, Include, Step
from kelid.model.site import Ivr, IvrEntry, Site


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context a menu."""
    parents = {ivr.name: [other.name for other in site.ivrs if _leads(other, ivr.name)] for ivr in site.ivrs}
    return tuple(_ivr(site, ivr, parents) for ivr in site.ivrs)


def _leads(ivr: Ivr, name: str) -> bool:
    return ivr.name != name and any(
        e.destination.kind == "ivr" and e.destination.name == name for e in ivr.entries
    )


def _ivr(site: Site, ivr: Ivr, parents: dict[str, list[str]]) -> Context:
    where = ivr.place("name")
    start = Exten(
        "s",
        (
            # Half a second lets the sound path open, or callers miss the first word.
            Step("Answer", "500", where=where),
            Step("Set", "TIMEOUT(digit)=3", where=where),
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
            _failed("t", ivr, ivr.timeout_destination, parents),
            _failed("i", ivr, ivr.invalid_destination, parents),
        ),
        includes=(Include("direct-dial", where=ivr.place("direct_dial")),)
        if ivr.direct_dial and site.extensions
        else (),
        where=where,
    )


def _entry(ivr: Ivr, entry: IvrEntry, parents: dict[str, list[str]]) -> Exten:
    return Exten(
        entry.digits,
        _way(ivr, entry.destination, parents, where=entry.place("digits")),
        entry.place("digits"),
    )


def _failed(pattern: str, ivr: Ivr, destination: Destination, parents: dict[str, list[str]]) -> Exten:
    """Return what a timeout (t) or a wrong key (i) does: the menu again, until both are too many."""
    where = ivr.place("name")
    return Exten(
        pattern,
        (
            Step("Set", "IVR_FAILED=$[${IVR_FAILED} + 1]", where=where),
            Step("GotoIf", f"$[${{IVR_FAILED}} <= {ivr.retries}]?s,menu", where=ivr.place("retries")),
            *_way(ivr, destination, parents, where=where),
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
