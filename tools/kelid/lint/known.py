"""The applications and functions of Asterisk 16 and 22, by the names under which they are registered.

Made from ``core show applications``, ``core show functions`` and the documentation (core-en_US.xml) of Debian's packages,
16.28 and 22.10; a test in the lab compares.
"""

from __future__ import annotations


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_APPLICATIONS = _names(
    """
    AddQueueMember ADSIProg AELSub AgentLogin AgentRequest AGI AlarmReceiver AMD Answer AttendedTransfer
    Authenticate BackGround BackgroundDetect BlindTransfer Bridge BridgeAdd BridgeWait Busy CallCompletionCancel
    CallCompletionRequest CELGenUserEvent ChanIsAvail ChannelRedirect ChanSpy ClearHash ConfBridge ConfKick
    Congestion ContinueWhile ControlPlayback DAHDIAcceptR2Call DAHDIScan DAHDISendCallreroutingFacility
    DAHDISendKeypadFacility DateTime DBdeltree DeadAGI Dial Dictate Directory DISA DumpChan EAGI Echo EndWhile
    Exec ExecIf ExecIfTime ExitWhile ExtenSpy ExternalIVR Festival Flash FollowMe ForkCDR GetCPEID Gosub GosubIf
    Goto GotoIf GotoIfTime Hangup HangupCauseClear IAX2Provision Incomplete IVRDemo JabberJoin JabberLeave
    JabberSend JabberSendGroup JACK Log MeetMe MeetMeAdmin MeetMeChannelAdmin MeetMeCount MessageSend Milliwatt
    MinivmAccMess MinivmDelete MinivmGreet MinivmMWI MinivmNotify MinivmRecord MixMonitor Morsecode MP3Player
    MSet MusicOnHold NoOp ODBC_Commit ODBC_Rollback ODBCFinish Originate Page Park ParkAndAnnounce ParkedCall
    PauseQueueMember Pickup PickupChan Playback PlayTones PrivacyManager Proceeding Progress Queue QueueLog
    QueueUpdate RaiseException Read ReadExten ReceiveFAX ReceiveMF ReceiveSF ReceiveText Record Reload
    RemoveQueueMember ResetCDR RetryDial Return Ringing SayAlpha SayAlphaCase SayCountedAdj SayCountedNoun
    SayDigits SayMoney SayNumber SayOrdinal SayPhonetic SayUnixTime SendDTMF SendFAX SendMF SendSF SendText Set
    SkelGuessNumber SLAStation SLATrunk SMS SoftHangup SpeechActivateGrammar SpeechBackground SpeechCreate
    SpeechDeactivateGrammar SpeechDestroy SpeechLoadGrammar SpeechProcessingSound SpeechStart
    SpeechUnloadGrammar StackPop StartMusicOnHold Stasis StatsD StopMixMonitor StopMusicOnHold StopPlayTones
    StoreDTMF StreamEcho System TestClient TestServer ToneScan Transfer TryExec TrySystem UnpauseQueueMember
    UserEvent Verbose VMAuthenticate VMSayName VoiceMail VoiceMailMain VoiceMailPlayMsg Wait WaitDigit WaitExten
    WaitForCondition WaitForNoise WaitForRing WaitForSilence WaitForTone WaitUntil While Zapateller
    """
)
_APPLICATIONS_16 = _names(
    """
    ChangeMonitor DAHDIRAS ICES ImportVar JabberStatus Macro MacroExclusive MacroExit MacroIf MailboxExists
    Monitor NBScat NoCDR OSPAuth OSPFinish OSPLookup OSPNext PauseMonitor SendImage SendURL SetAMAFlags
    SIPAddHeader SIPDtmfMode SIPRemoveHeader SIPSendCustomINFO StopMonitor UnpauseMonitor
    """
)
_APPLICATIONS_22 = _names(
    """
    AudioSocket Broadcast Else ElseIf EndIf ExitIf If PJSIPHangup PJSIPNotify Signal StasisBroadcast
    WaitForSignal
    """
)

_FUNCTIONS = _names(
    """
    ABS AES_DECRYPT AES_ENCRYPT AGC AGENT AMI_CLIENT ARRAY AST_CONFIG AST_SORCERY BASE64_DECODE BASE64_ENCODE
    BASENAME BLACKLIST CALENDAR_BUSY CALENDAR_EVENT CALENDAR_QUERY CALENDAR_QUERY_RESULT CALENDAR_WRITE
    CALLCOMPLETION CALLERID CDR CDR_PROP CHANNEL CHANNEL_EXISTS CHANNELS CONFBRIDGE CONFBRIDGE_CHANNELS
    CONFBRIDGE_INFO CONNECTEDLINE CSV_QUOTE CURL CURLOPT CUT DB DB_DELETE DB_EXISTS DB_KEYCOUNT DB_KEYS DEC
    DENOISE DEVICE_STATE DIALGROUP DIALPLAN_EXISTS DIRNAME DUNDILOOKUP DUNDIQUERY DUNDIRESULT ENUMLOOKUP
    ENUMQUERY ENUMRESULT ENV EVAL EVAL_EXTEN EXCEPTION EXISTS EXTENSION_STATE FAXOPT FEATURE FEATUREMAP FIELDNUM
    FIELDQTY FILE FILE_COUNT_LINE FILE_FORMAT FILTER FRAME_DROP FRAME_TRACE GEOLOC_PROFILE GLOBAL GROUP
    GROUP_COUNT GROUP_LIST GROUP_MATCH_COUNT HANGUPCAUSE HANGUPCAUSE_KEYS HASH HASHKEYS HINT HOLD_INTERCEPT
    IAXPEER IAXVAR ICONV IF IFMODULE IFTIME IMPORT INC ISNULL JABBER_RECEIVE JABBER_STATUS JACK_HOOK
    JITTERBUFFER JSON_DECODE KEYPADHASH LEN LISTFILTER LOCAL LOCAL_PEEK LOCK MASTER_CHANNEL MATH MAX MD5
    MEETME_INFO MESSAGE MESSAGE_DATA MIN MINIVMACCOUNT MINIVMCOUNTER MIXMONITOR MUTEAUDIO ODBC ODBC_ANTISOLICIT
    ODBC_FETCH ODBC_PRESENCE ODBC_SQL PARK_GET_CHANNEL PASSTHRU PERIODIC_HOOK PITCH_SHIFT PJSIP_AOR
    PJSIP_CONTACT PJSIP_DIAL_CONTACTS PJSIP_DTMF_MODE PJSIP_ENDPOINT PJSIP_HEADER PJSIP_HEADERS
    PJSIP_MEDIA_OFFER PJSIP_MOH_PASSTHROUGH PJSIP_PARSE_URI PJSIP_RESPONSE_HEADER PJSIP_RESPONSE_HEADERS
    PJSIP_SEND_SESSION_REFRESH POLARITY POP PP_EACH_EXTENSION PP_EACH_USER PRESENCE_STATE PUSH QUEUE_EXISTS
    QUEUE_GET_CHANNEL QUEUE_MEMBER QUEUE_MEMBER_COUNT QUEUE_MEMBER_LIST QUEUE_MEMBER_PENALTY QUEUE_VARIABLES
    QUEUE_WAITING_COUNT QUOTE RAND REALTIME REALTIME_DESTROY REALTIME_FIELD REALTIME_HASH REALTIME_STORE
    REDIRECTING REGEX REPLACE SAYFILES SCRAMBLE SET SHA1 SHARED SHELL SHIFT SMDI_MSG SMDI_MSG_RETRIEVE SORT
    SPEECH SPEECH_ENGINE SPEECH_GRAMMAR SPEECH_RESULTS_TYPE SPEECH_SCORE SPEECH_TEXT SPRINTF SQL_ESC
    SQL_ESC_BACKSLASHES SRVQUERY SRVRESULT STACK_PEEK STAT STIR_SHAKEN STRBETWEEN STRFTIME STRPTIME STRREPLACE
    SYSINFO TALK_DETECT TESTTIME TIMEOUT TOLOWER TONE_DETECT TOUPPER TRYLOCK TXTCIDNAME UNLOCK UNSHIFT URIDECODE
    URIENCODE VALID_EXTEN VERSION VM_INFO VMCOUNT VOLUME
    """
)
_FUNCTIONS_16 = _names(
    """
    CALLERPRES CHECKSIPDOMAIN MAILBOX_EXISTS SIP_HEADER SIP_HEADERS SIPPEER
    """
)
_FUNCTIONS_22 = _names(
    """
    DAHDI_CHANNEL DELETE DIGIT_SUM EVAL_SUB EXPORT GLOBAL_DELETE GLOBAL_EXISTS LOG_GROUP LTRIM
    PJSIP_HEADER_PARAM PJSIP_INHERITABLE_HEADER PJSIP_PARSE_URI_FROM PJSIP_TRANSFER_HANDLING RECORDING_INFO
    RTRIM STIR_SHAKEN_ATTESTATION TRIM UUID VARIABLE_EXISTS
    """
)


APPLICATIONS = {16: _APPLICATIONS | _APPLICATIONS_16, 22: _APPLICATIONS | _APPLICATIONS_22}
"""Version -> names of applications; Asterisk compares them in whatever case."""

FUNCTIONS = {16: _FUNCTIONS | _FUNCTIONS_16, 22: _FUNCTIONS | _FUNCTIONS_22}
"""Version -> names of functions; Asterisk compares them letter by letter."""


def version_of(asterisk: int) -> int:
    """Return the version whose lists serve an Asterisk of some major version."""
    return 16 if asterisk < 19 else 22
