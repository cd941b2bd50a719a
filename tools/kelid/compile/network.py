"""How SIP and sound reach Asterisk: transports, addresses outside, ports for sound, browsers, and who may come."""

from __future__ import annotations

from kelid.compile.conf import option, section
from kelid.findings import Where
from kelid.model.pbx import ConfFile, Option, Section
from kelid.model.site import Acl, Nat, Site, Transport

TRANSPORTS = "pjsip_transport.conf"
"""The file of the transports alone: Asterisk takes a change of them at a start only, and all else of SIP at a reload."""

_PLAIN_HTTP = 8088
"""Asterisk's HTTP server has a port without TLS too, which only this machine reaches."""


def files(site: Site) -> tuple[ConfFile, ...]:
    """Return the files of the network."""
    return (
        ConfFile(TRANSPORTS, tuple(_transport(site, item) for item in site.transports)),
        # Where res_pjsip looks for its objects, if not in pjsip.conf.
        ConfFile(
            "sorcery.conf",
            (section("res_pjsip", {"transport": f"config,{TRANSPORTS},criteria=type=transport"}),),
        ),
        _rtp(site),
        _http(site),
        ConfFile("acl.conf", tuple(_acl(item) for item in site.acls)),
    )


def browsers(site: Site) -> Transport | None:
    """Return the transport by which browsers come, or None."""
    return next((item for item in site.transports if item.protocol == "wss"), None)


def _transport(site: Site, item: Transport) -> Section:
    where = item.place("protocol")
    found = [
        option("type", "transport", where),
        option("protocol", (item.protocol, where)),
        # Browsers come by the HTTP server's port.
        option(
            "bind", (_host(item.address) if item.protocol == "wss" else _bind(item, item.port), _port(item))
        ),
    ]
    if item.protocol == "tls":
        found += [
            option("cert_file", (item.certificate, item.place("certificate"))),
            option("priv_key_file", (item.private_key, item.place("private_key"))),
            option("method", (item.method, item.place("method"))),
        ]
        if item.ciphers:
            found.append(option("cipher", (",".join(item.ciphers), item.place("ciphers"))))
    if item.tos:
        found.append(option("tos", (item.tos, item.place("tos"))))
    if site.nat:
        found += _outside(site.nat)
    return Section(item.name, tuple(found), where)


def _outside(nat: Nat) -> list[Option]:
    found = [
        option(
            key,
            (getattr(nat, key), nat.place(key) if key in nat.places else nat.place("external_media_address")),
        )
        for key in ("external_media_address", "external_signaling_address")
    ]
    if nat.external_signaling_port:
        key = "external_signaling_port"
        found.append(option(key, (getattr(nat, key), nat.place(key))))
    found += [
        option("local_net", (network, nat.place(f"local_net.{index}")))
        for index, network in enumerate(nat.local_net)
    ]
    return found


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _bind(item: Transport, port: int) -> str:
    return f"{_host(item.address)}:{port}"


def _port(item: Transport) -> Where:
    return item.place("port" if "port" in item.places else "protocol")


def _rtp(site: Site) -> ConfFile:
    rtp = site.rtp
    body = section(
        "general",
        {
            "rtpstart": (rtp.start, rtp.place("start")),
            "rtpend": (rtp.end, rtp.place("end")),
            "strictrtp": ("yes" if rtp.strict else "no", rtp.place("strict")),
        },
    )
    more = (option("stunaddr", (rtp.stun, rtp.place("stun"))),) if rtp.stun else ()
    return ConfFile("rtp.conf", (Section(body.name, body.options + more),))


def _http(site: Site) -> ConfFile:
    """Return http.conf: nobody enters by HTTP, but for browsers where there is a transport for them."""
    transport = browsers(site)
    if transport is None:
        return ConfFile("http.conf", (section("general", {"enabled": False}),))
    where = transport.place("protocol")
    return ConfFile(
        "http.conf",
        (
            section(
                "general",
                {
                    "enabled": True,
                    "bindaddr": "127.0.0.1",
                    "bindport": _PLAIN_HTTP,
                    "enablestatic": False,
                    "enable_status": False,
                    # Each browser that is there holds one.
                    "sessionlimit": 1000,
                    "tlsenable": True,
                    "tlsbindaddr": (_bind(transport, transport.port), _port(transport)),
                    "tlscertfile": (transport.certificate, transport.place("certificate")),
                    "tlsprivatekey": (transport.private_key, transport.place("private_key")),
                },
                where,
            ),
        ),
    )


def _acl(item: Acl) -> Section:
    """Return an ACL; its last line that fits decides, so what may come in stands last."""
    denied = [(text, item.place(f"deny.{index}")) for index, text in enumerate(item.deny)]
    if not denied:
        denied = [("0.0.0.0/0", item.where), ("::/0", item.where)]
    allowed = [(text, item.place(f"permit.{index}")) for index, text in enumerate(item.permit)]
    return Section(
        item.name,
        (*(option("deny", value) for value in denied), *(option("permit", value) for value in allowed)),
        item.place("name"),
    )
