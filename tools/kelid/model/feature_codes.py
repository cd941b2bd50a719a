"""What phones can dial beside numbers: every feature code, the one it has by default, and what it does.

The keys of ``feature_codes`` in features.yml and their defaults are those of this table (a test compares them with the
schema); ``compile/features/codes.py`` has the steps of each. Codes are FreePBX's where it has one.
"""

from __future__ import annotations

from kelid.model.record import Record

OFF = "off"
"""What is written instead of a code that the site doesn't want."""


class FeatureCode(Record):
    """One code: the key in features.yml, the code that it has by default, what it does, and what is dialled after it.

    ``takes`` is "" (nothing), ``extension``, ``queue`` (its number, or nothing: then all), ``speed_dial`` (its code) or
    ``number`` (or nothing: then the phone is asked).
    """

    key: str
    code: str
    meaning: str
    takes: str = ""


FEATURE_CODES: dict[str, FeatureCode] = {
    code.key: code
    for code in (
        FeatureCode(key="own_mailbox", code="*97", meaning="Hear the messages of the phone's own mailbox."),
        FeatureCode(
            key="any_mailbox",
            code="*98",
            meaning="Hear the messages of a mailbox by its number and PIN, from any phone.",
        ),
        FeatureCode(
            key="forward_all",
            code="*72",
            takes="number",
            meaning="Send every call to a number, which follows the code.",
        ),
        FeatureCode(key="forward_all_off", code="*73", meaning="Send calls no longer."),
        FeatureCode(
            key="forward_busy",
            code="*90",
            takes="number",
            meaning="Send calls to a number when the phone is busy.",
        ),
        FeatureCode(
            key="forward_busy_off", code="*91", meaning="Send calls no longer when the phone is busy."
        ),
        FeatureCode(
            key="forward_no_answer",
            code="*52",
            takes="number",
            meaning="Send calls to a number when nobody answers.",
        ),
        FeatureCode(
            key="forward_no_answer_off", code="*53", meaning="Send calls no longer when nobody answers."
        ),
        FeatureCode(key="dnd_on", code="*78", meaning="Do not disturb: the phone no longer rings."),
        FeatureCode(key="dnd_off", code="*79", meaning="The phone rings again."),
        FeatureCode(
            key="dnd_toggle",
            code="*76",
            meaning="Do not disturb, on and off in turn; with a number after it, what a lamp key watches.",
        ),
        FeatureCode(
            key="call_waiting_on", code="*70", meaning="A second call is announced while the phone is in one."
        ),
        FeatureCode(
            key="call_waiting_off", code="*71", meaning="The phone is busy for others while it is in a call."
        ),
        FeatureCode(
            key="pickup",
            code="**",
            takes="extension",
            meaning="Take the call that rings at an extension, whose number follows.",
        ),
        FeatureCode(
            key="group_pickup", code="*8", meaning="Take a call that rings at a phone of the pickup group."
        ),
        FeatureCode(
            key="intercom",
            code="*80",
            takes="extension",
            meaning="Speak to an extension, whose phone answers by itself.",
        ),
        FeatureCode(key="intercom_on", code="*54", meaning="The phone answers intercom calls by itself."),
        FeatureCode(
            key="intercom_off", code="*55", meaning="The phone rings for intercom calls like for others."
        ),
        FeatureCode(
            key="speed_dial",
            code="*0",
            takes="speed_dial",
            meaning="Call the number behind a short code, which follows.",
        ),
        FeatureCode(
            key="blacklist_add",
            code="*30",
            takes="number",
            meaning="Refuse calls from a number from now on, for the whole site.",
        ),
        FeatureCode(
            key="blacklist_remove",
            code="*31",
            takes="number",
            meaning="Take calls from a number again.",
        ),
        FeatureCode(
            key="blacklist_last",
            code="*32",
            meaning="Refuse calls from now on from whoever called the phone last.",
        ),
        FeatureCode(key="call_last", code="*69", meaning="Call back whoever called the phone last."),
        FeatureCode(
            key="record_prompt",
            code="*77",
            meaning="Record a prompt; it waits on the server for whoever puts it into media.yml.",
        ),
        FeatureCode(
            key="queue_login",
            code="*41",
            takes="queue",
            meaning="Log in to the queues that the phone may answer, or to the one whose number follows.",
        ),
        FeatureCode(
            key="queue_logout",
            code="*42",
            takes="queue",
            meaning="Log out of all queues, or of the one whose number follows.",
        ),
        FeatureCode(
            key="queue_login_toggle",
            code="*45",
            takes="queue",
            meaning="Log in and out in turn; a lamp key has the own number after it, or a queue's, a star and the own.",
        ),
        FeatureCode(
            key="queue_pause",
            code="*47",
            takes="queue",
            meaning="Take no calls from the queues for a while, or from the one whose number follows.",
        ),
        FeatureCode(
            key="queue_unpause",
            code="*48",
            takes="queue",
            meaning="Take calls from queues again.",
        ),
        FeatureCode(
            key="queue_pause_toggle",
            code="*46",
            takes="queue",
            meaning="Pause and go on in turn; a lamp key has the own number after it, or a queue's, a star and the own.",
        ),
        FeatureCode(
            key="queue_listen",
            code="*33",
            takes="extension",
            meaning="Supervisors: listen to the queue calls of the member whose number follows, or of all in turn by `*`.",
        ),
        FeatureCode(
            key="queue_whisper",
            code="*34",
            takes="extension",
            meaning="The same, and the member hears the supervisor.",
        ),
        FeatureCode(
            key="queue_barge",
            code="*35",
            takes="extension",
            meaning="The same, and both hear the supervisor.",
        ),
        FeatureCode(key="echo_test", code="*43", meaning="Hear oneself, to test phone and network."),
        FeatureCode(key="speaking_clock", code="*60", meaning="Hear the time."),
        FeatureCode(key="own_number", code="*65", meaning="Hear the phone's own number."),
    )
}
"""Every code by its key."""
