"""A small tree around a dial plan of one's own: what Asterisk needs to run it, with phones that can be called."""

from __future__ import annotations

from kelid.model.pbx import Pbx
from kelid.readback import read_tree

COMMON = """
app_authenticate app_cdr app_chanisavail app_controlplayback app_db app_dial app_directed_pickup app_directory app_disa app_echo app_exec
app_originate app_page app_playback app_playtones app_queue app_read app_readexten app_record app_sayunixtime app_senddtmf
app_softhangup app_stack app_transfer app_userevent app_verbose app_voicemail app_waituntil app_while app_confbridge
app_mixmonitor app_system app_dumpchan app_celgenuserevent app_channelredirect app_forkcdr app_sendtext app_test app_waitforring app_waitforsilence
bridge_builtin_features bridge_holding bridge_simple bridge_softmix chan_bridge_media codec_alaw codec_gsm codec_ulaw
format_gsm format_pcm format_sln format_wav func_aes func_base64 func_blacklist func_callcompletion func_callerid func_cdr
func_channel func_config func_cut func_db func_devstate func_dialgroup func_dialplan func_enum func_env func_extstate
func_global func_groupcount func_hangupcause func_holdintercept func_iconv func_jitterbuffer func_lock func_logic func_math
func_md5 func_module func_periodic_hook func_pjsip_aor func_pjsip_contact func_pjsip_endpoint func_presencestate func_rand
func_realtime func_scramble func_sha1 func_shell func_sorcery func_speex func_sprintf func_srv func_strings func_sysinfo
func_timeout func_uri func_version func_vmcount func_volume pbx_config res_musiconhold res_parking res_pjproject
res_sorcery_config res_sorcery_memory res_sorcery_astdb res_timing_timerfd res_rtp_asterisk res_pjsip res_pjsip_session
res_pjsip_pubsub res_pjsip_caller_id res_pjsip_dtmf_info res_pjsip_endpoint_identifier_ip res_pjsip_header_funcs
res_pjsip_registrar res_pjsip_sdp_rtp res_pjsip_diversion res_pjsip_rfc3326 res_pjsip_authenticator_digest chan_pjsip
res_mutestream res_speech res_crypto app_chanspy res_agi
""".split()
OLD = ("app_macro",)
"""What only Asterisk 16 of the two still has."""

PHONES = ("100", "101", "102", "103", "104", "trunk")
_CALLED = {"104": "callerid = <104>", "trunk": ""}
"""What an endpoint is called, where that isn't name and number."""

_PJSIP = """
[{name}]
type = endpoint
context = from-phone
disallow = all
allow = alaw
aors = {name}
{more}
[{name}]
type = aor
"""
_VOICEMAIL = """
[general]
format = wav
[default]
101 => 4711,Sara Ahmadi
102 => 4711,Omid Karimi
103 => 4711,Lena Weber
[shy]
101 => 4711,Sara Ahmadi,,,hidefromdir=yes
102 => 4711,Omid Karimi
"""
_CONFBRIDGE = """
[general]
[locked]
type = user
pin = 4711
[quiet]
type = user
quiet = yes
[way-out]
type = menu
* = leave_conference
"""
_QUEUES = """
[general]
[support]
strategy = ringall
timeout = 10
retry = 1
member => PJSIP/101
member => PJSIP/102
[desk]
strategy = linear
timeout = 4
retry = 1
setinterfacevar = yes
member => PJSIP/103,0,Lena
member => PJSIP/104
member => PJSIP/101,3
"""


def tree(dialplan: str, asterisk: int = 22) -> tuple[Pbx, dict[str, str]]:
    """Given the text of extensions.conf, return what Asterisk reads and the files of the tree."""
    modules = [*COMMON, *(OLD if asterisk == 16 else ())]
    pjsip = "".join(
        _PJSIP.format(name=name, more=_CALLED.get(name, f'callerid = "Phone {name}" <{name}>'))
        for name in PHONES
    )
    files = {
        "extensions.conf": dialplan,
        "modules.conf": "[modules]\nautoload = no\n"
        + "".join(f"load = {name}.so\n" for name in dict.fromkeys(modules)),
        "pjsip.conf": pjsip,
        "voicemail.conf": _VOICEMAIL,
        "queues.conf": _QUEUES,
        "rtp.conf": "[general]\nrtpstart = 10000\nrtpend = 20000\n",
        "indications.conf": "[general]\ncountry = us\n[us]\ndescription = US\nringcadence = 2000,4000\nbusy = 480+620/500,0/500\n"
        "dial = 350+440\nring = 440+480/2000,0/4000\ncongestion = 480+620/250,0/250\n",
        "features.conf": "[general]\n",
        "res_parking.conf": "[general]\n",
        "confbridge.conf": _CONFBRIDGE,
        "musiconhold.conf": "[general]\n",
        "cdr.conf": "[general]\nenable = no\n",
        "cel.conf": "[general]\nenable = no\n",
        "http.conf": "[general]\nenabled = no\n",
        "ccss.conf": "[general]\n",
        "udptl.conf": "[general]\n",
        "acl.conf": "",
        "sorcery.conf": "",
    }
    return read_tree({path: text.encode() for path, text in files.items()}, asterisk=asterisk).pbx, files
