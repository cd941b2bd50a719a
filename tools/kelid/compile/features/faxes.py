"""Faxes: received as TIFF files into the spool folder, one folder for all, the fax's name in the file's.

Asterisk starts no program to send one by mail. A call that brought pages writes down the file's name in its database, and
the server's agent, which looks once a minute, sends what is written there and strikes it out (``agent faxes``).
"""

from __future__ import annotations

from kelid.compile.features.phone import DIGITS
from kelid.model.pbx import LIST_SUFFIX, Context, Exten, ListFile, ListLine, Step
from kelid.model.site import Fax, Site

FAMILY = "faxes"
"""Asterisk's database: the file's name -> the fax's. The agent knows it too (roles/pbx_install/files/agent/faxes.py)."""

LIST = f"fax-mail{LIST_SUFFIX}"
"""A line a fax that is sent by mail: its name, a space, the address; another space and the sender's, if the site says it."""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context a fax. What came stays on the server until somebody takes it."""
    return tuple(_fax(site, fax) for fax in site.faxes)


def lists(site: Site) -> tuple[ListFile, ...]:
    """Return the list of where faxes are sent, if any is."""
    sender = f" {site.mail.address}" if site.mail else ""
    lines = tuple(
        ListLine(f"{fax.name} {fax.email}{sender}", fax.place("email")) for fax in site.faxes if fax.email
    )
    return (ListFile(LIST, lines),) if lines else ()


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
        Step("Set", f"FAXNAME={name}", where=where),
        Step("ReceiveFAX", "${ASTSPOOLDIR}/fax/${FAXNAME},f", where=where),
        Step("Hangup", where=where),
    ]
    extens = [Exten("s", tuple(steps), where)]
    if fax.email:
        # The sender's machine hangs up when it is done. FAXPAGES is ReceiveFAX's (res/res_fax.c).
        place = fax.place("email")
        sent = Step("ExecIf", f"$[0${{FAXPAGES}} > 0]?Set(DB({FAMILY}/${{FAXNAME}})={fax.name})", where=place)
        extens.append(Exten("h", (sent,), place))
    return Context(f"fax-{fax.name}", tuple(extens), where=where)
