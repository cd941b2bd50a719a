"""The files that are the same for every site, or nearly: transport, RTP, logs, call records, tones."""

from __future__ import annotations

from kelid.compile import extensions, trunks
from kelid.compile.conf import section
from kelid.model.pbx import ConfFile, Section
from kelid.model.site import Site


def pjsip(site: Site) -> ConfFile:
    """Return pjsip.conf. No endpoint is called anonymous, nor is its identifier loaded: strangers get no way in."""
    return ConfFile(
        "pjsip.conf",
        (
            section(
                "global",
                {
                    "type": "global",
                    "user_agent": "PBX",
                    # The address first: a trunk stays a trunk whatever name its calls carry.
                    "endpoint_identifier_order": "ip,username",
                },
            ),
            section("transport-udp", {"type": "transport", "protocol": "udp", "bind": "0.0.0.0:5060"}),
            *trunks.sip(site),
            *extensions.sip(site),
        ),
    )


def rtp() -> ConfFile:
    """Return rtp.conf."""
    return ConfFile(
        "rtp.conf", (section("general", {"rtpstart": 10000, "rtpend": 20000, "strictrtp": True}),)
    )


def logger() -> ConfFile:
    """Return logger.conf: what needs attention, what concerns security, and the queue log."""
    return ConfFile(
        "logger.conf",
        (
            section("general", {"dateformat": "%F %T.%3q", "queue_log": True}),
            section(
                "logfiles",
                {
                    "console": "notice,warning,error",
                    "messages.log": "notice,warning,error",
                    "security.log": "security",
                },
            ),
        ),
    )


def call_records() -> tuple[ConfFile, ...]:
    """Return cdr.conf and cel.conf: every call once, in Master.csv, with its unique id; no CEL yet."""
    return (
        ConfFile(
            "cdr.conf",
            (
                section("general", {"enable": True, "unanswered": False, "congestion": True}),
                section(
                    "csv",
                    {"usegmtime": False, "loguniqueid": True, "loguserfield": True, "accountlogs": False},
                ),
            ),
        ),
        ConfFile("cel.conf", (section("general", {"enable": False}),)),
    )


def quiet() -> tuple[ConfFile, ...]:
    """Return the files that Asterisk looks for, and warns about or does without a module where they are missing.

    manager.conf and http.conf say that nobody enters by AMI or HTTP; the other files are for parts that no site uses yet.
    """
    return (
        ConfFile("acl.conf", ()),
        ConfFile("ccss.conf", (section("general", {"cc_max_requests": 20}),)),
        ConfFile("features.conf", (section("general", {"transferdigittimeout": 3}),)),
        ConfFile("followme.conf", (section("general", {}),)),
        ConfFile("http.conf", (section("general", {"enabled": False}),)),
        ConfFile("manager.conf", (section("general", {"enabled": False}),)),
        ConfFile("pjproject.conf", ()),
        # "pjsip send notify check-sync endpoint 101" tells a phone to fetch its settings again
        ConfFile("pjsip_notify.conf", (section("check-sync", {"Event": "check-sync"}),)),
        ConfFile("queuerules.conf", ()),
        ConfFile("res_fax.conf", (section("general", {"statusevents": False}),)),
        ConfFile("resolver_unbound.conf", (section("general", {"hosts": "system", "resolv": "system"}),)),
        ConfFile("udptl.conf", (section("general", {"udptlstart": 4000, "udptlend": 4999}),)),
    )


_EUROPEAN: dict[str, str | int] = {
    "description": "common European tones",
    "ringcadence": "1000,4000",
    "dial": "425",
    "busy": "425/500,0/500",
    "ring": "425/1000,0/4000",
    "congestion": "425/250,0/250",
    "callwaiting": "425/200,0/200,425/200,0/9000",
    "record": "1400/500,0/15000",
    "info": "!950/330,!1400/330,!1800/330,0",
}
"""ITU-T E.180: 425 Hz and these cadences lie within what it recommends for every country."""

_TONES: dict[str, tuple[str, dict[str, str | int]]] = {
    # ITU-T, "Various tones used in national networks" (annex to Operational Bulletin 781).
    "98": ("ir", {**_EUROPEAN, "description": "Iran"}),
    "1": (
        "us",
        {
            "description": "United States and Canada",
            "ringcadence": "2000,4000",
            "dial": "350+440",
            "busy": "480+620/500,0/500",
            "ring": "440+480/2000,0/4000",
            "congestion": "480+620/250,0/250",
            "callwaiting": "440/300,0/10000",
            "record": "1400/500,0/15000",
            "info": "!950/330,!1400/330,!1800/330,0",
        },
    ),
}
"""Country code -> Asterisk's name of the zone, and its tones; a country that is not here has the common ones."""


def indications(site: Site) -> ConfFile:
    """Return indications.conf with the tones of the site's country; Asterisk's own list has no Iran."""
    zone, tones = _TONES.get(site.dial.country_code, ("xx", _EUROPEAN))
    where = site.dial.place("country_code")
    return ConfFile(
        "indications.conf",
        (
            section("general", {"country": zone}, where),
            Section(zone, section(zone, dict(tones), where).options, where),
        ),
    )
