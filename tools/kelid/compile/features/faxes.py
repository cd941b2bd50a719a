"""Faxes: received as TIFF files into the spool folder, one folder for all, the fax's name in the file's."""

from __future__ import annotations

from kelid.compile.features.phone import DIGITS
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Fax, Site


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context a fax. What came stays on the server until somebody takes it."""
    return tuple(_fax(site, fax) for fax in site.faxes)


def _fax(site: Site, fax: Fax) -> Context:
    where = fax.place("name")
    steps = [Step("Answer", "1000", where=where)]
    for key, option in (("station_id", "localstationid"), ("header", "headerinfo")):
        text = getattr(fax, key)
        if text:
            steps.append(Step("Set", f"FAXOPT({option})={text}", where=fax.place(key)))
    name = (
        f"${{STRFTIME(${{EPOCH}},{site.time_zone},%Y%m%d-%H%M%S)}}"
        f"-{fax.name}-${{FILTER({DIGITS},${{CALLERID(num)}})}}-${{FILTER(0-9.,${{UNIQUEID}})}}.tif"
    )
    steps += [
        Step("Set", "TIMEOUT(absolute)=1800", where=where),
        Step("Set", f"FAXFILE=${{ASTSPOOLDIR}}/fax/{name}", where=where),
        Step("ReceiveFAX", "${FAXFILE},f", where=where),
        Step("Hangup", where=where),
    ]
    return Context(f"fax-{fax.name}", (Exten("s", tuple(steps), where),), where=where)
