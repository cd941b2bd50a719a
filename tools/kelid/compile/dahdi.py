"""Telephony cards: chan_dahdi.conf, and what the driver must know of the lines, ``/etc/dahdi/system.conf``."""

from __future__ import annotations

from kelid.compile.conf import Value, at, section
from kelid.compile.sounds import asterisk_language
from kelid.compile.trunks import language
from kelid.findings import Where
from kelid.model.pbx import LIST_SUFFIX, ConfFile, ListFile, ListLine, Section
from kelid.model.site import Dahdi, DahdiLine, DahdiSpan, Site, Trunk

SYSTEM = f"dahdi-system{LIST_SUFFIX}"
"""What dahdi_cfg reads before Asterisk starts (role pbx_install makes it so)."""


def _cards(site: Site) -> list[tuple[Trunk, Dahdi]]:
    return [(trunk, trunk.dahdi) for trunk in site.trunks if trunk.kind == "dahdi" and trunk.dahdi]


def files(site: Site) -> tuple[ConfFile, ...]:
    """Return chan_dahdi.conf, where the site has a card: without one nothing opens hardware."""
    cards = _cards(site)
    if not cards:
        return ()
    general = section(
        "channels",
        {
            "language": (asterisk_language(site.language), site.place("language")),
            "callwaiting": False,
            "threewaycalling": False,
            "transfer": False,
            "cancallforward": False,
            "callreturn": False,
            "immediate": False,
            "echocancelwhenbridged": False,
            # The exchange says which kind of number the caller's is; with these in front a phone can call it back.
            "nationalprefix": (site.dial.trunk_prefix, site.dial.place("trunk_prefix")),
            "internationalprefix": (site.dial.international_prefix, site.dial.place("international_prefix")),
        },
    )
    sections = [part for trunk, card in cards for part in _sections(site, trunk, card)]
    return (ConfFile("chan_dahdi.conf", (section("trunkgroups", {}), general, *sections)),)


def _sections(site: Site, trunk: Trunk, card: Dahdi) -> list[Section]:
    """Return one section a span, and one a line: what a section says holds for its channels alone."""
    where = trunk.place("name")
    common: dict[str, Value] = {
        "context": f"from-trunk-{trunk.name}",
        "group": (card.group, card.place("group")),
        "language": language(site, trunk),
        "musicclass": (trunk.musicclass or "default", at(trunk, "musicclass")),
        "rxgain": (card.rxgain, card.place("rxgain")),
        "txgain": (card.txgain, card.place("txgain")),
        "echocancel": (card.echocancel != "none", card.place("echocancel")),
    }
    found = [
        section(f"{trunk.name}-span-{span.span}", {**common, **_span(card, span)}, where)
        for span in card.spans
    ]
    for line in card.lines:
        found.append(section(f"{trunk.name}-line-{line.channel}", {**common, **_line(card, line)}, where))
    return found


def _span(card: Dahdi, span: DahdiSpan) -> dict[str, Value]:
    return {
        "signalling": (span.signalling, span.place("signalling")),
        "switchtype": (span.switchtype, span.place("switchtype")),
        "pridialplan": (card.pridialplan, card.place("pridialplan")),
        "prilocaldialplan": (card.prilocaldialplan, card.place("prilocaldialplan")),
        "overlapdial": ("incoming" if card.overlapdial else "no", card.place("overlapdial")),
        "priindication": "outofband",
        "callerid": "asreceived",
        "dahdichan": (span.channels, span.place("span")),
    }


def _line(card: Dahdi, line: DahdiLine) -> dict[str, Value]:
    options: dict[str, Value] = {
        "signalling": (card.signalling, card.place("signalling")),
        "callerid": "asreceived",
        "usecallerid": (card.usecallerid, card.place("usecallerid")),
        "cidsignalling": (card.cidsignalling, card.place("cidsignalling")),
        "cidstart": (card.cidstart, card.place("cidstart")),
        "answeronpolarityswitch": (card.answeronpolarityswitch, card.place("answeronpolarityswitch")),
        "hanguponpolarityswitch": (card.hanguponpolarityswitch, card.place("hanguponpolarityswitch")),
        "busydetect": (card.busydetect, card.place("busydetect")),
    }
    if card.busydetect:
        options["busycount"] = (card.busycount, card.place("busycount"))
        if card.busypattern:
            options["busypattern"] = (card.busypattern, card.place("busypattern"))
    if line.number:
        options["setvar"] = (f"LINE={line.number}", line.place("number"))
    return {**options, "dahdichan": (line.channel, line.place("channel"))}


def lists(site: Site) -> tuple[ListFile, ...]:
    """Return the driver's configuration, where the site has a card."""
    lines: list[tuple[str, Where]] = []
    for _, card in _cards(site):
        for span in card.spans:
            check = ",crc4" if span.crc4 else ""
            lines += [
                (f"span={span.span},{span.timing},{span.lbo},ccs,hdb3{check}", span.place("span")),
                (f"bchan={span.channels}", span.place("span")),
                (f"dchan={span.signalling_channel}", span.place("span")),
            ]
            lines += _canceller(card, span.channels)
        for line in card.lines:
            lines.append((f"{card.signalling.replace('_', '')}={line.channel}", line.place("channel")))
            lines += _canceller(card, str(line.channel))
    if not lines:
        return ()
    # The driver must have some zone; what people hear are Asterisk's own tones (indications.conf).
    lines += [("loadzone=us", lines[0][1]), ("defaultzone=us", lines[0][1])]
    return (ListFile(SYSTEM, tuple(ListLine(text, where) for text, where in lines)),)


def _canceller(card: Dahdi, channels: str) -> list[tuple[str, Where]]:
    if card.echocancel == "none":
        return []
    return [(f"echocanceller={card.echocancel},{channels}", card.place("echocancel"))]
