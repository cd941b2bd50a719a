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
    "subroutines": (
        "Gosub", "GosubIf", "Return", "StackPop",
    ),
    "macro": (
        "Macro", "MacroExclusive", "MacroExit", "MacroIf",
    ),
    "loops": (
        "While", "EndWhile", "ContinueWhile", "ExitWhile",
    ),
    "variables": (
        "Set", "MSet", "ImportVar", "ClearHash", "DBdeltree", "SetAMAFlags", "Log", "Verbose",
        "DumpChan", "UserEvent", "CELGenUserEvent", "NoCDR", "ForkCDR", "ResetCDR",
    ),
    "sounds": (
        "Playback", "BackGround", "BackgroundDetect", "ControlPlayback", "SayAlpha", "SayAlphaCase",
        "SayDigits", "SayNumber", "SayPhonetic", "SayUnixTime", "DateTime", "SayCountedNoun", "SayCountedAdj",
        "PlayTones", "StopPlayTones", "MusicOnHold", "StartMusicOnHold", "StopMusicOnHold", "Milliwatt",
        "Zapateller", "MP3Player", "Festival", "NBScat", "ICES", "Echo", "Morsecode", "WaitForSilence",
        "WaitForNoise", "WaitUntil", "SendDTMF", "SendText", "ReceiveDTMF", "AMD",
    ),
    "keys": (
        "WaitExten", "Read", "ReadExten", "Authenticate", "VMAuthenticate", "DISA", "Directory",
        "PrivacyManager",
    ),
    "dial": (
        "Dial", "RetryDial", "Page",
    ),
    "queues": (
        "Queue", "AddQueueMember", "RemoveQueueMember", "PauseQueueMember", "UnpauseQueueMember", "QueueLog",
        "QueueUpdate",
    ),
    "voicemail": (
        "VoiceMail", "VoiceMailMain", "MailboxExists", "VMSayName",
    ),
    "conferences": (
        "ConfBridge", "ConfKick", "MeetMe", "MeetMeAdmin", "MeetMeChannelAdmin",
    ),
    "others": (
        "Park", "ParkedCall", "ParkAndAnnounce", "Pickup", "PickupChan", "ChanSpy", "ExtenSpy", "MixMonitor",
        "StopMixMonitor", "Monitor", "StopMonitor", "PauseMonitor", "UnpauseMonitor", "ChangeMonitor", "Record",
        "Originate", "SendFAX", "ReceiveFAX", "System", "TrySystem", "AGI", "EAGI", "DeadAGI", "Transfer",
        "ChannelRedirect", "SoftHangup", "SIPAddHeader", "SIPRemoveHeader", "SIPDtmfMode", "JabberSend",
        "JabberSendGroup", "Bridge", "BridgeWait", "Stasis", "ExternalIVR", "MessageSend", "AudioSocket",
        "ChanIsAvail", "SetTransferCapability",
    ),
}  # fmt: skip
"""The applications by the module that has them, as Asterisk spells them."""

GONE = {
    "macro": 21, "macroexclusive": 21, "macroexit": 21, "macroif": 21, "monitor": 21, "stopmonitor": 21,
    "pausemonitor": 21, "unpausemonitor": 21, "changemonitor": 21, "sipaddheader": 21, "sipremoveheader": 21,
    "sipdtmfmode": 21, "setamaflags": 21, "mailboxexists": 21, "ices": 19, "nbscat": 19, "nocdr": 21,
}  # fmt: skip
"""The version of Asterisk in which an application went away."""

_MODULES = {name.lower(): (name, family) for family, names in FAMILIES.items() for name in names}


def find(name: str, asterisk: int) -> Application | None:
    """Return the application of that name, in any case, or None where the oracle or that Asterisk doesn't have it."""
    known = _MODULES.get(name.lower())
    if known is None or GONE.get(name.lower(), asterisk + 1) <= asterisk:
        return None
    spelled, family = known
    return Application(spelled, import_module(f"{__name__}.{family}").APPLICATIONS[spelled])
