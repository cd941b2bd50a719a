"""The applications of the dial plan, one module for each family.

An application is a function of the run and its evaluated arguments. It returns 0 to go on, -1 to hang up, the key that was
pressed, or one of the results in ``simulate.run``. A family is read when the first of its applications is used.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kelid.simulate.run import Run


class Application(NamedTuple):
    """An application: its name as Asterisk registers it, and what it does."""

    name: str
    function: Callable[[Run, str], int | str]


FAMILIES: dict[str, tuple[str, ...]] = {
    "flow": (
        "Goto", "GotoIf", "GotoIfTime", "Hangup", "NoOp", "Incomplete", "RaiseException", "Busy", "Congestion",
        "ExecIf", "Exec", "TryExec", "ExecIfTime", "Wait", "Answer", "Ringing", "Progress", "Proceeding",
    ),
    "subroutines": ("Gosub", "GosubIf", "Return", "StackPop"),
    "macro": ("Macro", "MacroExclusive", "MacroExit", "MacroIf"),
    "loops": ("While", "EndWhile", "ContinueWhile", "ExitWhile"),
    "variables": (
        "Set", "MSet", "ImportVar", "ClearHash", "DBdel", "DBdeltree", "SetAMAFlags", "Log", "Verbose", "DumpChan",
        "UserEvent", "CELGenUserEvent", "NoCDR", "ForkCDR", "ResetCDR", "CDR",
    ),
    "sounds": (
        "Playback", "BackGround", "BackgroundDetect", "ControlPlayback", "SayAlpha", "SayAlphaCase", "SayDigits",
        "SayNumber", "SayPhonetic", "SayUnixTime", "DateTime", "SayCountedNoun", "SayCountedAdj", "PlayTones",
        "StopPlayTones", "MusicOnHold", "StartMusicOnHold", "StopMusicOnHold", "SetMusicOnHold", "WaitMusicOnHold",
        "Milliwatt", "Zapateller", "MP3Player", "Festival", "NBScat", "ICES", "Echo", "Morsecode", "WaitForSilence",
        "WaitForNoise", "WaitForRing", "WaitUntil", "Flash", "SendDTMF", "SendText", "SendImage", "SendURL",
        "ReceiveDTMF", "TestClient", "TestServer", "DAHDIBarge", "AMD",
    ),
    "keys": ("WaitExten", "Read", "ReadExten", "Authenticate", "VMAuthenticate", "DISA", "Directory", "PrivacyManager"),
    "dial": ("Dial", "RetryDial", "Page"),
    "queues": (
        "Queue", "AddQueueMember", "RemoveQueueMember", "PauseQueueMember", "UnpauseQueueMember", "QueueLog",
        "QueueUpdate", "AgentLogin", "AgentRequest",
    ),
    "voicemail": ("VoiceMail", "VoiceMailMain", "MailboxExists", "VMSayName", "VoiceMailPlayMsg", "MiniVM"),
    "conferences": ("ConfBridge", "ConfKick", "MeetMe", "MeetMeAdmin", "MeetMeChannelAdmin", "MeetMeCount"),
    "others": (
        "Park", "ParkedCall", "ParkAndAnnounce", "Pickup", "PickupChan", "ChanSpy", "ExtenSpy", "MixMonitor",
        "StopMixMonitor", "Monitor", "StopMonitor", "PauseMonitor", "UnpauseMonitor", "ChangeMonitor", "Record",
        "Dictate", "Originate", "SendFAX", "ReceiveFAX", "System", "TrySystem", "AGI", "EAGI", "DeadAGI", "AsyncAGI",
        "Transfer", "ChannelRedirect", "SoftHangup", "SIPAddHeader", "SIPRemoveHeader", "SIPDtmfMode",
        "JabberSend", "JabberSendGroup", "JabberStatus", "Bridge", "BridgeWait", "BridgeAdd", "AELSub", "Stasis",
        "ExternalIVR", "MessageSend", "BlindTransfer", "AttendedTransfer", "CallCompletionRequest",
        "CallCompletionCancel", "ADSIProg", "GetCPEID", "StreamEcho", "AudioSocket", "Jack", "SLAStation", "SLATrunk",
        "SpeechCreate", "IAX2Provision", "ChanIsAvail", "SetCallerPres", "SetTransferCapability", "Dial-Stub",
    ),
}  # fmt: skip
"""The applications by the module that has them, as Asterisk spells them."""

GONE = {
    "macro": 21, "macroexclusive": 21, "macroexit": 21, "macroif": 21, "monitor": 21, "stopmonitor": 21,
    "pausemonitor": 21, "unpausemonitor": 21, "changemonitor": 21, "sipaddheader": 21, "sipremoveheader": 21,
    "sipdtmfmode": 21, "ices": 22, "nbscat": 19, "meetme": 21, "meetmeadmin": 21, "meetmechanneladmin": 21,
    "meetmecount": 21, "vmauthenticate": 0, "setmusiconhold": 13, "waitmusiconhold": 13, "deadagi": 12,
    "setcallerpres": 13, "chanisavail": 0,
}  # fmt: skip
"""The version of Asterisk in which an application went away; 0: never."""

_MODULES = {name.lower(): (name, family) for family, names in FAMILIES.items() for name in names}


def find(name: str, asterisk: int) -> Application | None:
    """Return the application of that name, in any case, or None where the oracle or that Asterisk doesn't have it."""
    known = _MODULES.get(name.lower())
    if known is None or 0 < GONE.get(name.lower(), 0) <= asterisk:
        return None
    spelled, family = known
    try:
        module = import_module(f"{__name__}.{family}")
    except ModuleNotFoundError:
        return None
    function = module.APPLICATIONS.get(spelled)
    return Application(spelled, function) if function else None
