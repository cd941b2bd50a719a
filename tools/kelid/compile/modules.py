"""Which modules Asterisk loads: an explicit list, so that nothing unknown listens, warns or comes with a package."""

from __future__ import annotations

from kelid.model.pbx import ConfFile, Option, Section

OLDEST = 16
"""The first major version of Asterisk that has all of these modules."""

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
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_dialog_info_body_generator",
    "res_pjsip_diversion",
    "res_pjsip_dtmf_info",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_exten_state",
    "res_pjsip_header_funcs",
    "res_pjsip_logger",
    "res_pjsip_mwi",
    "res_pjsip_mwi_body_generator",
    "res_pjsip_nat",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_publish",
    "res_pjsip_outbound_registration",
    "res_pjsip_path",
    "res_pjsip_pidf_body_generator",
    "res_pjsip_refer",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp",
    "res_rtp_asterisk",
    "res_security_log",
    "chan_pjsip",
    # sound
    "bridge_builtin_features",
    "bridge_holding",
    "bridge_native_rtp",
    "bridge_simple",
    "bridge_softmix",
    "codec_alaw",
    "codec_g722",
    "codec_gsm",
    "codec_resample",
    "codec_ulaw",
    "format_gsm",
    "format_pcm",
    "format_sln",
    "format_wav",
    # functions
    "func_callerid",
    "func_channel",
    "func_cut",
    "func_db",
    "func_devstate",
    "func_dialplan",
    "func_extstate",
    "func_groupcount",
    "func_hangupcause",
    "func_logic",
    "func_math",
    "func_strings",
    "func_timeout",
    # applications
    "app_dial",
    "app_echo",
    "app_playback",
    "app_queue",
    "app_read",
    "app_record",
    "app_senddtmf",
    "app_stack",
    "app_verbose",
    "app_voicemail",
    # records and dial plan
    "cdr_csv",
    "pbx_config",
)


def conf(asterisk: int) -> ConfFile:
    """Given the major version, return modules.conf. Raise ValueError for one that is too old (the schema refuses it)."""
    if asterisk < OLDEST:
        raise ValueError(f"Asterisk {asterisk} is not supported; the oldest is {OLDEST}")
    options = [Option("autoload", "no")]
    options += [Option("load", f"{name}.so") for name in _EVERYWHERE]
    return ConfFile("modules.conf", (Section("modules", tuple(options)),))
