"""D: destinations, and the ways that calls take."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.destination import KINDS
from kelid.model.meant import instead
from kelid.model.site import Site
from kelid.rules.calls import loops, reachable
from kelid.rules.payers import refusal
from kelid.rules.registry import Fault, rule

_RINGS = frozenset({"extension", "ring_group"})
"""Kinds of objects that ring phones and go on when nobody answers."""


@rule("D001")
def destination_unknown(site: Site) -> Iterator[Fault]:
    """A destination is at the site."""
    known = site.named
    seen = set()
    for way in site.ways:
        kind, name = way.target
        if not KINDS[kind].names_object or kind == "voicemail" or way.target in known:
            continue
        if (way.where, way.target) in seen:
            continue
        seen.add((way.where, way.target))
        others = [other for kind_, other in known if kind_ == kind]
        yield way.where, f"there is no {kind} {name!r}", instead(name, others, what=f"no {kind}")


@rule("D002")
def no_such_mailbox(site: Site) -> Iterator[Fault]:
    """A message can be left only where there is a mailbox."""
    known = site.named
    seen = set()
    for way in site.ways:
        if way.destination.kind != "voicemail" or way.target in known or (way.where, way.target) in seen:
            continue
        seen.add((way.where, way.target))
        if ("extension", way.destination.name) in known:
            fix = "give it voicemail: {} in extensions.yml, or send the call elsewhere"
            yield way.where, f"extension {way.destination.name} has no mailbox", fix
        else:
            yield (
                way.where,
                f"there is no mailbox {way.destination.name!r}",
                "write the number of an extension that has one",
            )


@rule("D003")
def who_pays(site: Site) -> Iterator[Fault]:
    """A call that is sent outside is paid by a permission class that may call that number."""
    for way in site.ways:
        to = way.destination
        if to.kind != "external":
            continue
        if why := refusal(site, to.permission_class, to.name):
            known = [item.name for item in site.permission_classes]
            fix = (
                "name a class that may call it"
                if to.permission_class in known
                else instead(to.permission_class, known)
            )
            yield way.where, why, fix


@rule("D004")
def goes_round(site: Site) -> Iterator[Fault]:
    """No call goes round for ever among menus, schedules and announcements while nobody does anything."""
    for way, path in loops(site):
        if not {kind for kind, _ in path} & {*_RINGS, "queue"}:
            yield (
                way.where,
                f"a call can go round for ever: {_round(path)}",
                "let one of them end it, or ring a phone",
            )


@rule("D005")
def rings_round(site: Site) -> Iterator[Fault]:
    """No call goes round for ever among phones that don't answer."""
    for way, path in loops(site):
        kinds = {kind for kind, _ in path}
        if kinds & _RINGS and "queue" not in kinds:
            fix = "let one of them go to a mailbox, to a queue, or end"
            yield way.where, f"a call that nobody answers goes round for ever: {_round(path)}", fix


@rule("D006", Severity.WARNING)
def waits_round(site: Site) -> Iterator[Fault]:
    """No caller comes back to the queue that sent them on, without a way out."""
    for way, path in loops(site):
        if "queue" in {kind for kind, _ in path}:
            yield (
                way.where,
                f"a caller never gets out of {_round(path)}",
                "let the last one be a mailbox or the end",
            )


def _round(path: tuple[tuple[str, str], ...]) -> str:
    return " -> ".join(f"{kind}:{name}" for kind, name in (*path, path[0]))


@rule("D007", Severity.WARNING)
def nothing_leads_here(site: Site) -> Iterator[Fault]:
    """What calls can pass through is reached from somewhere."""
    reached = reachable(site)
    for point, where in site.named.items():
        kind, name = point
        if kind in {"extension", "voicemail"} or kind not in KINDS or point in reached:
            continue
        fix = f"send calls there with {kind}:{name}, or remove it"
        yield where, f"no call ever gets to the {kind} {name!r} ({KINDS[kind].meaning})", fix


@rule("D008")
def no_menu_before(site: Site) -> Iterator[Fault]:
    """``parent`` needs a menu that leads to this one."""
    for ivr in site.ivrs:
        leads = any(
            entry.destination.kind == "ivr" and entry.destination.name == ivr.name
            for other in site.ivrs
            if other.name != ivr.name
            for entry in other.entries
        )
        for entry in ivr.entries:
            if entry.destination.kind == "parent" and not leads:
                fix = f"name the destination, or lead to ivr:{ivr.name} from another menu"
                yield (
                    entry.destination.where,
                    f"no menu leads to {ivr.name!r}, so there is none to go back to",
                    fix,
                )
