"""Parking: the lots, the number that parks, and what becomes of a call that nobody fetches."""

from __future__ import annotations

from kelid.compile.conf import section
from kelid.compile.dialplan import NO_REDIRECT
from kelid.compile.text import go
from kelid.model.pbx import ConfFile, Context, Exten, Section, Step
from kelid.model.site import ParkingLot, Site


def conf(site: Site) -> ConfFile:
    """Return res_parking.conf.

    The lots have no ``parkext``: the number that parks, and those that fetch, stand in the dial plan, where everybody can
    read them. ``context`` is what lamps name: ``park:701@parking-front``.
    """
    general = section("general", {"parkeddynamic": False})
    return ConfFile("res_parking.conf", (general, *(_lot(lot) for lot in site.parking_lots)))


def _lot(lot: ParkingLot) -> Section:
    return section(
        lot.name,
        {
            "context": f"parking-{lot.name}",
            "parkpos": (lot.slots, lot.place("slots")),
            "parkingtime": (lot.timeout, lot.place("timeout")),
            "findslot": (lot.find_slot, lot.place("find_slot")),
            "parkedmusicclass": (lot.musicclass, lot.place("musicclass")),
            # Where it goes then stands in the dial plan, as an argument of Park.
            "comebacktoorigin": False,
            # Nobody gets keys from having been parked.
            "parkedcalltransfers": "no",
            "parkedcallreparking": "no",
            "parkedcallhangup": "no",
            "parkedcallrecording": "no",
        },
        lot.place("name"),
    )


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context a lot: ``s`` parks the call, ``returned`` has it back when nobody fetched it in time."""
    return tuple(_context(lot) for lot in site.parking_lots)


def _context(lot: ParkingLot) -> Context:
    where = lot.place("name")
    context = f"parking-{lot.name}"
    back: tuple[Step, ...] = ()
    if lot.return_to_origin:
        place = lot.place("return_to_origin")
        back = (
            # PARKER is PJSIP/101 or PJSIP/101-mobile; nobody but a phone of the site is rung, whoever it was.
            # FILTER drops a dash that no backslash stands before.
            Step("Set", r"TO=${FILTER(0-9a-z_\-,${CUT(PARKER,/,2)})}", where=place),
            Step("GotoIf", "$[${DIALPLAN_EXISTS(direct-dial,${CUT(TO,-,1)},1)} = 0]?onward", where=place),
            Step("Dial", f"PJSIP/${{TO}},{lot.return_time},{NO_REDIRECT}", where=lot.place("return_time")),
        )
    return Context(
        context,
        (
            Exten("s", (Step("Park", f"{lot.name},c({context},returned,1)", where=where),), where),
            Exten("returned", (*back, go(lot.destination, label="onward", where=where)), where),
        ),
        where=where,
    )
