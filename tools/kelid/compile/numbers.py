"""The internal numbers of what isn't an extension: queues, groups, menus, conferences, parking slots..."""

from __future__ import annotations

from kelid.compile.text import go
from kelid.model.destination import Destination
from kelid.model.numbers import InternalNumber, internal_numbers
from kelid.model.pbx import Exten, Hint, Step
from kelid.model.site import Site


def extens(site: Site) -> tuple[Exten, ...]:
    """Return one extension a number for the context ``internal``, each with the one step that leads on."""
    return tuple(Exten(item.number, (_step(item),), item.where) for item in internal_numbers(site))


def _step(item: InternalNumber) -> Step:
    name = item.thing.label
    if item.use == "slot":
        return Step("ParkedCall", f"{name},{item.number}", where=item.where)
    if item.use == "moderator":
        return Step("Goto", f"conference-moderators,{name},1", where=item.where)
    if item.use == "boss":
        return Step("Goto", f"{name},boss", where=item.where)
    return go(Destination(item.thing.KIND, name), where=item.where)


def hints(site: Site) -> tuple[Hint, ...]:
    """Return what lamp keys can watch of them: whether somebody waits in a slot or a queue, or is in a conference."""
    found = []
    for item in internal_numbers(site):
        if item.use == "slot":
            found.append(Hint(item.number, f"park:{item.number}@parking-{item.thing.label}", item.where))
        elif item.thing.KIND == "conference":
            found.append(Hint(item.number, f"confbridge:{item.thing.label}", item.where))
        elif item.thing.KIND == "queue":
            found.append(Hint(item.number, f"Queue:{item.thing.label}", item.where))
    return tuple(found)
