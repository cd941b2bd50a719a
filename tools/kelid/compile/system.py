"""The files that are the same for every site, or nearly: logs, call records, and what others look for."""

from __future__ import annotations

from kelid.compile import devices, sip_trunks
from kelid.compile.conf import section
from kelid.findings import NOWHERE
from kelid.model.pbx import ConfFile
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
                    "user_agent": (site.user_agent, site.places.get("user_agent", NOWHERE)),
                    # The address first: a trunk stays a trunk whatever name its calls carry.
                    "endpoint_identifier_order": "ip,username,auth_username",
                },
            ),
            *sip_trunks.sections(site),
            *devices.sip(site),
        ),
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
        ConfFile("ccss.conf", (section("general", {"cc_max_requests": 20}),)),
        ConfFile("followme.conf", (section("general", {}),)),
        ConfFile("manager.conf", (section("general", {"enabled": False}),)),
        ConfFile("pjproject.conf", ()),
        # "pjsip send notify check-sync endpoint 101" tells a phone to fetch its settings again
        ConfFile("pjsip_notify.conf", (section("check-sync", {"Event": "check-sync"}),)),
        ConfFile("res_fax.conf", (section("general", {"statusevents": False}),)),
        ConfFile("resolver_unbound.conf", (section("general", {"hosts": "system", "resolv": "system"}),)),
        ConfFile("udptl.conf", (section("general", {"udptlstart": 4000, "udptlend": 4999}),)),
    )
