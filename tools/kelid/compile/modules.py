"""Which modules Asterisk loads: an explicit list, so that nothing unknown listens, warns or comes with a package."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from kelid.model.pbx import ConfFile, Option, Section

OLDEST = 16
"""The first major version of Asterisk that has all modules that every server loads."""

_EVERYWHERE = (
    # what others stand on
    "res_timing_timerfd",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "res_musiconhold",
    # reads the hosts file and asks for names without holding SIP up, both unlike the built-in resolver
    "res_resolver_unbound",
    # SIP
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_pubsub",
    "res_pjsip_acl",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_dialog_info_body_generator",
    "res_pjsip_diversion",
    "res_pjsip_dlg_options",
    "res_pjsip_dtmf_info",
    "res_pjsip_empty_info",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_exten_state",
    "res_pjsip_header_funcs",
    "res_pjsip_logger",
    "res_pjsip_mwi",
    "res_pjsip_mwi_body_generator",
    "res_pjsip_nat",
    "res_pjsip_notify",
    "res_pjsip_one_touch_record_info",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_publish",
    "res_pjsip_outbound_registration",
    "res_pjsip_path",
    "res_pjsip_pidf_body_generator",
    "res_pjsip_refer",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp",
    "res_pjsip_sips_contact",
    "res_pjsip_t38",
    "res_pjsip_xpidf_body_generator",
    "res_rtp_asterisk",
    "res_srtp",
    "res_security_log",
    "chan_pjsip",
    # paging by multicast: only sends
    "res_rtp_multicast",
    "chan_rtp",
    # what codecs say of themselves in SDP, also those that are only passed through
    "res_format_attr_g729",
    "res_format_attr_h263",
    "res_format_attr_h264",
    "res_format_attr_ilbc",
    "res_format_attr_opus",
    "res_format_attr_silk",
    "res_format_attr_vp8",
    # sound
    "bridge_builtin_features",
    "bridge_builtin_interval_features",
    "bridge_holding",
    "bridge_native_rtp",
    "bridge_simple",
    "bridge_softmix",
    "codec_a_mu",
    "codec_alaw",
    "codec_g722",
    "codec_g726",
    "codec_gsm",
    "codec_resample",
    "codec_speex",
    "codec_ulaw",
    "format_g729",
    "format_gsm",
    "format_pcm",
    "format_sln",
    "format_wav",
    "format_wav_gsm",
    # calls: parking, muting, fax, lamps of mailboxes
    "res_parking",
    "res_mutestream",
    "res_fax",
    "res_fax_spandsp",
    "res_mwi_devstate",
    # functions; left out for good: AES, AST_CONFIG, AST_SORCERY, CURL, ENV, FILE, ODBC, REALTIME, SHELL, which reach
    # secrets, files, programs or the network
    "func_callcompletion",
    "func_callerid",
    "func_cdr",
    "func_channel",
    "func_cut",
    "func_db",
    "func_devstate",
    "func_dialplan",
    "func_extstate",
    "func_global",
    "func_groupcount",
    "func_hangupcause",
    "func_jitterbuffer",
    "func_lock",
    "func_logic",
    "func_math",
    "func_md5",
    "func_module",
    "func_periodic_hook",
    "func_pjsip_aor",
    "func_pjsip_contact",
    "func_pjsip_endpoint",
    "func_presencestate",
    "func_rand",
    "func_sha1",
    "func_speex",
    "func_sprintf",
    "func_strings",
    "func_timeout",
    "func_uri",
    "func_version",
    "func_vmcount",
    "func_volume",
    # applications; left out for good: AGI, ExternalIVR, MiniVM, System
    "app_authenticate",
    "app_bridgewait",
    "app_cdr",
    "app_celgenuserevent",
    "app_chanisavail",
    "app_channelredirect",
    "app_chanspy",
    "app_confbridge",
    "app_controlplayback",
    "app_db",
    "app_dial",
    "app_directed_pickup",
    "app_directory",
    "app_disa",
    "app_echo",
    "app_exec",
    "app_followme",
    "app_milliwatt",
    "app_mixmonitor",
    "app_originate",
    "app_page",
    "app_playback",
    "app_playtones",
    "app_queue",
    "app_read",
    "app_readexten",
    "app_record",
    "app_sayunixtime",
    "app_senddtmf",
    "app_softhangup",
    "app_stack",
    "app_transfer",
    "app_userevent",
    "app_verbose",
    "app_voicemail",
    "app_waituntil",
    "app_while",
    # records and dial plan
    "cdr_csv",
    "pbx_config",
    # places the calls that an apply is verified with: `channel originate` on the command line of root
    "res_clioriginate",
)


Part = Literal["dahdi", "iax2", "websocket"]

_WHERE_USED: dict[Part, tuple[str, ...]] = {
    # telephony cards, from the package asterisk-dahdi; timing comes from timerfd on every server
    "dahdi": ("codec_dahdi", "chan_dahdi"),
    # listens on UDP 4569
    "iax2": ("res_crypto", "chan_iax2"),
    # SIP for browsers: listens where http.conf says
    "websocket": ("res_http_websocket", "res_pjsip_transport_websocket"),
}
"""What opens hardware or listens on the network, so that only a server whose site uses it has it: the first trunk or browser
phone of its kind needs a restart, and so does the end of the last."""


def conf(asterisk: int, parts: Collection[Part] = ()) -> ConfFile:
    """Given the major version, and what the site uses of what not every server has, return modules.conf.

    Raise ValueError for a version that is too old (the schema refuses it).
    """
    if asterisk < OLDEST:
        raise ValueError(f"Asterisk {asterisk} is not supported; the oldest is {OLDEST}")
    wanted = [*_EVERYWHERE, *(name for part, names in _WHERE_USED.items() if part in parts for name in names)]
    options = [Option("autoload", "no"), *(Option("load", f"{name}.so") for name in wanted)]
    return ConfFile("modules.conf", (Section("modules", tuple(options)),))
