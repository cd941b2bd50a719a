"""What somebody may have meant who wrote a word that nothing here is called."""

from __future__ import annotations

from collections.abc import Iterable

SYNONYMS = {
    "vm": "voicemail", "mailbox": "voicemail", "mailboxes": "voicemail",
    "ext": "extension", "exten": "extension", "phone": "extension", "user": "extension", "users": "extensions",
    "group": "ring_group", "ringgroup": "ring_group", "huntgroup": "ring_group",
    "menu": "ivr", "auto_attendant": "ivr", "submenu": "ivr",
    "time_condition": "schedule", "timecondition": "schedule", "hours": "schedule", "time": "schedule",
    "meetme": "conference", "confbridge": "conference", "room": "conference",
    "play": "announcement", "playback": "announcement", "prompt": "announcement", "sound": "prompt", "recording": "prompt",
    "outside": "external", "trunk": "external", "mobile": "external", "dial": "external",
    "park": "parking", "paging": "page", "intercom": "page",
    "context": "custom", "goto": "custom",
    "terminate": "hangup", "hang_up": "hangup", "end": "hangup", "congestion": "busy", "back": "parent", "up": "parent",
    "password": "secret", "pass": "secret", "pin": "pin_secret", "vmsecret": "pin_secret", "username": "user",
    "mail": "email", "class": "permission_class", "cos": "permission_class", "music": "musicclass", "moh": "musicclass",
    "mohclass": "musicclass", "callerid": "caller_id", "cid": "caller_id", "cid_prefix": "caller_id_prefix",
    "callgroup": "call_groups", "pickupgroup": "pickup_groups", "ringtime": "ring_time", "failover": "destination",
    "join_empty": "joinempty", "leave_when_empty": "leavewhenempty", "max_callers": "maxlen", "maxcallers": "maxlen",
    "max_wait_time": "max_wait", "maxwait": "max_wait", "wrap_up_time": "wrapuptime", "skipbusy": "skip_busy",
    "option": "digits", "key": "digits", "press": "digits", "timezone": "time_zone", "tz": "time_zone", "lang": "language",
    "roundrobin": "rrmemory", "round_robin": "rrmemory", "all": "ringall", "simultaneous": "ringall",
    "pcma": "alaw", "pcmu": "ulaw", "g711": "alaw", "g711a": "alaw", "g711u": "ulaw", "g.711": "alaw", "gsm-fr": "gsm",
    "rfc2833": "rfc4733", "weekday": "days", "day": "days", "from": "start", "to": "end", "did_number": "did",
    "strip_digits": "strip", "prefix": "prepend", "pattern": "match", "ip": "address", "host": "address", "server": "host",
    "max_messages": "maxmsg", "displayname": "names", "cidname": "names", "label": "title",
}  # fmt: skip
"""Words of FreePBX, of Asterisk and of everyday speech (small letters) -> ours, where they differ."""

LEAST_LETTERS = 2
LISTED = 12
NEAR = 0.6
"""From which likeness on, 0 to 1, a word may have been meant (difflib's own habit)."""


def meant(word: str, known: Iterable[str], near: float = NEAR) -> str:
    """Given a word and those that are known, return the one that was most likely meant; "" if none is near.

    Tried in this order: another case, a synonym, the nearest spelling, the only one that begins alike.
    """
    options = list(known)
    small = word.strip().lower()
    by_small = {option.lower(): option for option in options}
    if small in by_small:
        return by_small[small]
    plain = small.replace("-", "_").replace(" ", "_")
    for other in (
        plain,
        SYNONYMS.get(small, ""),
        SYNONYMS.get(plain, ""),
        SYNONYMS.get(plain.rstrip("s"), ""),
    ):
        if other in by_small:
            return by_small[other]
    import difflib  # noqa: PLC0415  (only where a word is wrong)

    close = difflib.get_close_matches(small, by_small, 1, near)
    if close:
        return by_small[close[0]]
    if len(small) < LEAST_LETTERS or small.isdigit():
        return ""
    alike = [
        option
        for option in by_small
        if option.startswith(small) or (len(option) > LEAST_LETTERS and small.startswith(option))
    ]
    return by_small[alike[0]] if len(alike) == 1 else ""


def instead(word: str, known: Iterable[str], holder: str = "the site", what: str = "none") -> str:
    """Given a name that is not there, and those that are, return what to do: the one that was meant, or the first dozen.

    ``what`` is said where there is none at all: ``no queue``.
    """
    options = list(dict.fromkeys(known))
    near = meant(word, options)
    if near:
        return f"did you mean {near!r}?"
    more = f" and {len(options) - LISTED} more" if len(options) > LISTED else ""
    return f"{holder} has {', '.join(options[:LISTED]) or what}{more}"
