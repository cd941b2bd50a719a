"""What Asterisk must be told when a file has changed, in order; and what must be there afterwards.

Every command was tried on Asterisk 22.10 and 16.28 and answers that it reloaded; the four that answer nothing (``queue
reload all``, ``moh reload``, ``logger reload``, ``iax2 reload``) show their effect in ``queue show``, ``moh show classes``,
the log and ``iax2 show peers``. chan_dahdi was not tried: it needs a card.
"""

from __future__ import annotations

from collections.abc import Mapping

from kelid.model.pbx import LIST_SUFFIX, Pbx

RELOADS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("logger.conf",), "logger reload"),
    (("cdr.conf",), "module reload cdr"),
    (("cdr.conf",), "module reload cdr_csv.so"),
    (("cel.conf",), "module reload cel"),
    (("manager.conf",), "module reload manager"),
    (("acl.conf",), "module reload acl"),
    (("udptl.conf",), "module reload udptl"),
    (("http.conf",), "module reload http"),
    (("features.conf",), "module reload features"),
    (("indications.conf",), "module reload indications"),
    (("rtp.conf",), "module reload res_rtp_asterisk.so"),
    (("resolver_unbound.conf",), "module reload res_resolver_unbound.so"),
    (("pjproject.conf",), "module reload res_pjproject.so"),
    (("res_fax.conf",), "module reload res_fax.so"),
    (("musiconhold.conf",), "moh reload"),
    (("confbridge.conf",), "module reload app_confbridge.so"),
    (("iax.conf",), "iax2 reload"),
    (("followme.conf",), "module reload app_followme.so"),
    (("res_parking.conf",), "module reload res_parking.so"),
    (("voicemail.conf",), "voicemail reload"),
    (("pjsip.conf",), "module reload res_pjsip.so"),
    (("pjsip_notify.conf",), "module reload res_pjsip_notify.so"),
    (("queues.conf", "queuerules.conf"), "queue reload all"),
    (("extensions.conf",), "dialplan reload"),
)
"""Files -> the command that makes Asterisk read them, for what is added: music before the queues that play it, mailboxes
before the endpoints that watch them, all objects before the dial plan that names them."""

RESTART: Mapping[str, str] = {
    "ccss.conf": "Asterisk refuses to reload it while it runs",
    "chan_dahdi.conf": "spans of a telephony card and their signalling are set up only once",
    "dahdi-system.list": "the driver of telephony cards reads it before Asterisk starts",
    "modules.conf": "modules that are loaded can't be taken out of a running Asterisk with certainty",
    "pjsip_transport.conf": "a SIP transport that is up keeps its address, port and certificate",
    "sorcery.conf": "where SIP objects are kept is settled when Asterisk starts",
}
"""Files that only a start of Asterisk reads whole, and why: ``module reload ccss`` is refused ("does not support reloads"),
of modules.conf a running Asterisk reads nothing, though ``module load`` can add what is new, and chan_dahdi sets up
spans and their signalling only once. A transport of SIP that is up keeps its port and certificate at a reload, so the
transports have a file of their own, to which sorcery.conf leads. dahdi_cfg reads dahdi-system.list before each start
(role pbx_install)."""

ADOPTED_RESTART = (
    "the server's own configuration from before kelid gives way, and nobody knows what a reload of it takes"
)
"""Why the first release after an adoption, and the way back to release 0, restart Asterisk."""

NOTICED: tuple[tuple[tuple[str, ...], str], ...] = (
    (("extensions.conf",), "dialplan"),
    (("pjsip.conf", "acl.conf", "iax.conf"), "lines"),
    (("queues.conf", "queuerules.conf"), "queues"),
    (("musiconhold.conf",), "music"),
    (("voicemail.conf",), "voicemail"),
    (("features.conf", "res_parking.conf", "confbridge.conf"), "features"),
)
"""Files -> what callers may notice of it, by the words in report/words.py (``notice.*``)."""

READ_AT_EACH_CALL: tuple[str, ...] = (LIST_SUFFIX,)
"""How files end that need no reload: Authenticate opens its list whenever it asks somebody (apps/app_authenticate.c).

The firewall's lists are none of Asterisk's: the agent puts them in force itself (agent/firewall.py)."""

ONLY_WHERE_USED: frozenset[str] = frozenset({"chan_dahdi.conf", "dahdi-system.list", "iax.conf"})
"""Files that only a site with such a trunk has; they come and go together with a change of modules.conf."""


def expectations(pbx: Pbx) -> dict[str, list[str]]:
    """Return the names of what a server with this PBX must show, each list sorted.

    ``contexts``, ``endpoints``, ``queues``, ``mailboxes`` (``101@default``) and ``registrations``.
    """
    voicemail = pbx.sections("voicemail.conf")
    return {
        "contexts": sorted(context.name for context in pbx.contexts),
        "endpoints": sorted(section.name for section in pbx.sections("pjsip.conf", "endpoint")),
        "queues": sorted(
            section.name for section in pbx.sections("queues.conf") if section.name != "general"
        ),
        "mailboxes": sorted(
            f"{option.key}@{section.name}"
            for section in voicemail
            if section.name not in {"general", "zonemessages"}
            for option in section.options
        ),
        "registrations": sorted(section.name for section in pbx.sections("pjsip.conf", "registration")),
    }
