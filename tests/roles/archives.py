"""Release archives made by hand, so that the agent is tested without the stages that make real ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

SECRETS = {
    "extension_101": "w8Rk-pLq2_zT",
    "extension_102": "m3Yv-bNs7_cX",
    "trunk_mokhaberat": "t9Gh-kJd4_fW",
}

MODULES = [
    "res_timing_timerfd",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_pubsub",
    "res_pjsip_authenticator_digest",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration",
    "res_pjsip_registrar",
    "res_pjsip_sdp_rtp",
    "res_rtp_asterisk",
    "res_pjsip_caller_id",
    "res_pjsip_nat",
    "chan_pjsip",
    "codec_ulaw",
    "codec_alaw",
    "codec_gsm",
    "codec_resample",
    "format_gsm",
    "format_pcm",
    "format_wav",
    "bridge_simple",
    "bridge_holding",
    "bridge_builtin_features",
    "bridge_softmix",
    "func_callerid",
    "func_logic",
    "func_strings",
    "app_dial",
    "app_playback",
    "app_queue",
    "app_voicemail",
    "app_stack",
    "app_verbose",
    "pbx_config",
]

PJSIP = """\
[global]
type = global
user_agent = PBX

[transport-udp]
type = transport
protocol = udp
bind = 0.0.0.0:5060

[mokhaberat]
type = registration
server_uri = sip:sip.mokhaberat.example:5060
client_uri = sip:02191001000@sip.mokhaberat.example:5060
outbound_auth = mokhaberat-auth
retry_interval = 30

[mokhaberat-auth]
type = auth
auth_type = userpass
username = 02191001000
password = %%secret:trunk_mokhaberat%%

[mokhaberat]
type = aor
contact = sip:sip.mokhaberat.example:5060
qualify_frequency = 60

[mokhaberat]
type = endpoint
context = from-trunk
disallow = all
allow = alaw
aors = mokhaberat
outbound_auth = mokhaberat-auth

[mokhaberat]
type = identify
endpoint = mokhaberat
match = sip.mokhaberat.example

[101]
type = endpoint
context = internal
disallow = all
allow = alaw
auth = 101
aors = 101

[101]
type = auth
auth_type = userpass
username = 101
password = %%secret:extension_101%%

[101]
type = aor
max_contacts = 2

[102]
type = endpoint
context = internal
disallow = all
allow = alaw
auth = 102
aors = 102

[102]
type = auth
auth_type = userpass
username = 102
password = %%secret:extension_102%%

[102]
type = aor
max_contacts = 2
"""

EXTENSIONS = """\
[general]
static = yes
writeprotect = yes

[internal]
exten => 101,1,Dial(PJSIP/101,20)
 same => n,VoiceMail(101@default,u)
exten => 102,1,Dial(PJSIP/102,20)
exten => 200,1,Queue(reception,,,,60)

[from-trunk]
exten => 02191001000,1,Goto(internal,200,1)
"""

QUEUES = """\
[general]
persistentmembers = yes

[reception]
strategy = ringall
timeout = 15
member => PJSIP/101,0,Sara,PJSIP/101
"""

VOICEMAIL = """\
[general]
format = wav
passwordlocation = spooldir

[default]
101 => 4821,Sara
"""

INDICATIONS = """\
[general]
country = us

[us]
description = United States
ringcadence = 2000,4000
dial = 350+440
busy = 480+620/500,0/500
ring = 440+480/2000,0/4000
congestion = 480+620/250,0/250
"""

TREE: dict[str, str] = {
    **{f"{name}.conf": "" for name in ("acl", "ccss", "cdr", "cel", "features", "pjproject", "udptl")},
    "extensions.conf": EXTENSIONS,
    "indications.conf": INDICATIONS,
    "logger.conf": "[general]\n\n[logfiles]\nmessages.log = notice,warning,error\n",
    "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in MODULES),
    "pjsip.conf": PJSIP,
    "queues.conf": QUEUES,
    "rtp.conf": "[general]\nrtpstart = 10000\nrtpend = 20000\n",
    "voicemail.conf": VOICEMAIL,
}

RELOADS: list[dict[str, Any]] = [
    {"files": ["logger.conf"], "command": "logger reload"},
    {"files": ["pjsip.conf"], "command": "module reload res_pjsip.so"},
    {"files": ["voicemail.conf"], "command": "voicemail reload"},
    {"files": ["queues.conf"], "command": "queue reload all"},
    {"files": ["extensions.conf"], "command": "dialplan reload"},
]

EXPECT: dict[str, Any] = {
    "contexts": ["from-trunk", "internal"],
    "endpoints": ["101", "102", "mokhaberat"],
    "queues": ["reception"],
    "mailboxes": ["101@default"],
    "registrations": ["mokhaberat"],
}


@dataclass(frozen=True)
class Made:
    """A release: its name, manifest and members. ``archive`` packs it."""

    manifest: dict[str, Any]
    members: dict[str, bytes]

    @property
    def name(self) -> str:
        """Return the release's name."""
        return str(self.manifest["release"])

    @property
    def archive(self) -> bytes:
        """Return what the agent reads."""
        return pack({"manifest.json": json.dumps(self.manifest).encode(), **self.members})

    def with_manifest(self, **changes: Any) -> Made:
        """Return the same release with another manifest."""
        return replace(self, manifest={**self.manifest, **changes})


def release(
    changes: Mapping[str, str | None] | None = None,
    *,
    expect: Mapping[str, Any] | None = None,
    media: Mapping[str, bytes] | None = None,
    asterisk: int = 22,
    secrets: Mapping[str, str] = SECRETS,
) -> Made:
    """Given files that differ from the sample tree (None: not there), return the release."""
    texts = {path: text for path, text in {**TREE, **(changes or {})}.items() if text is not None}
    final = {path: fill(text, secrets).encode() for path, text in texts.items()}
    total = hashlib.sha256(repr(sorted(final.items())).encode())
    members = {f"files/{path}": body for path, body in final.items()}
    members |= {f"bundle/{path}": text.encode() for path, text in texts.items()}
    members |= {f"media/{name}": body for name, body in (media or {}).items()}
    manifest = {
        "format": 1,
        "release": total.hexdigest(),
        "site": "by-hand",
        "commit": "",
        "dirty": True,
        "kelid": "0",
        "asterisk": asterisk,
        "bundle": "0" * 64,
        "secrets": {},
        "files": {
            path: {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
            for path, body in final.items()
        },
        "media": sorted(media or {}),
        "reloads": RELOADS,
        "restart": ["modules.conf"],
        "expect": {**EXPECT, **(expect or {})},
    }
    return Made(manifest, members)


def fill(text: str, secrets: Mapping[str, str]) -> str:
    """Return the text with the secrets in place."""
    return re.sub(r"%%secret:([a-z0-9_]+)%%", lambda match: secrets[match[1]], text)


def pack(members: Mapping[str, bytes], *extra: tarfile.TarInfo) -> bytes:
    """Return a gzip tar of the members, and of entries without content (links) where a test wants them."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
        for info in extra:
            tar.addfile(info)
    return out.getvalue()
