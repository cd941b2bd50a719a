"""Words of the reports that people read who are no engineers: English and Persian, in one place.

Dialled numbers, keys and names of objects stay as they are written, in every language.
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("en", "fa")
"""Languages that reports are written in."""

RIGHT_TO_LEFT = frozenset({"fa", "ar", "ur", "he", "ckb", "ps"})


def language_of(wanted: str) -> str:
    """Return the language that a report is written in for who wants one: English where it isn't known here."""
    return wanted if wanted in LANGUAGES else "en"


def say(key: str, language: str, **values: object) -> str:
    """Return a sentence or a word of the table below in a language, with its values. Raise KeyError for an unknown one."""
    return WORDS[key][LANGUAGES.index(language)].format(**values)


def name_in(names: Mapping[str, str], language: str, other: str = "") -> str:
    """Return a name in the language, else in the first one that there is; ``other`` where there is no name."""
    return names.get(language) or next(iter(names.values()), other)


WORDS: Mapping[str, tuple[str, str]] = {
    # Kinds of places.
    "place.trunk": ("Calls from outside", "تماس از بیرون"),
    "place.phone": ("Phone", "تلفن"),
    "place.class": ("Phones of class", "تلفن‌های کلاس"),
    "place.anonymous": ("Strangers", "ناشناس"),
    "place.schedule": ("Hours", "ساعت کار"),
    "place.ivr": ("Menu", "منو"),
    "place.announcement": ("Announcement", "اعلان"),
    "place.queue": ("Queue", "صف"),
    "place.ring_group": ("Ring group", "گروه زنگ"),
    "place.extension": ("Extension", "داخلی"),
    "place.phones": ("Rings", "زنگ می‌خورد"),
    "place.voicemail": ("Mailbox", "صندوق صوتی"),
    "place.external": ("Number outside", "شماره بیرون"),
    "place.route": ("Outbound route", "مسیر خروجی"),
    "place.line": ("Trunk", "ترانک"),
    "place.inside": ("Internal numbers", "شماره‌های داخلی"),
    "place.conference": ("Conference", "کنفرانس"),
    "place.parking": ("Parking", "پارک"),
    "place.page": ("Loudspeakers", "پیجینگ"),
    "place.disa": ("Dial in (DISA)", "شماره‌گیری از بیرون"),
    "place.callback": ("Call-back", "تماس مجدد"),
    "place.fax": ("Fax", "فکس"),
    "place.directory": ("Directory", "دفتر تلفن گویا"),
    "place.custom": ("Own dial plan", "دایل‌پلن اختصاصی"),
    "place.step": ("Dial plan", "دایل‌پلن"),
    "place.hangup": ("The call ends", "پایان تماس"),
    "place.busy": ("Busy tone", "بوق اشغال"),
    "place.refused": ("Refused", "رد می‌شود"),
    "place.unknown": ("Can't be told", "نامعلوم"),
    # Why a call takes a way.
    "why.number": ("{detail}", "{detail}"),
    "why.other": ("any other number", "شماره‌های دیگر"),
    "why.fax_heard": ("fax heard {detail}", "صدای فکس {detail}"),
    "why.blacklisted": ("on the blacklist", "در لیست سیاه"),
    "why.hidden": ("number hidden", "شماره پنهان"),
    "why.full_trunk": ("all lines taken", "همه خط‌ها پر"),
    "why.open": ("open", "باز"),
    "why.closed": ("closed", "بسته"),
    "why.holiday": ("holiday", "تعطیل"),
    "why.night": ("night mode {detail}", "حالت شب {detail}"),
    "why.key": ("{detail}", "{detail}"),
    "why.nothing": ("no key", "بدون کلید"),
    "why.wrong": ("wrong key", "کلید اشتباه"),
    "why.dials": ("dials {detail}", "شماره‌گیری {detail}"),
    "why.then": ("then", "سپس"),
    "why.rings": ("{detail} s", "{detail} ثانیه"),
    "why.waited": ("nobody after {detail} s", "بعد از {detail} ثانیه"),
    "why.full": ("full", "صف پر"),
    "why.empty": ("nobody there", "کسی نیست"),
    "why.no_answer": ("no answer", "بی‌پاسخ"),
    "why.is_busy": ("busy", "اشغال"),
    "why.unavailable": ("unreachable", "خارج از دسترس"),
    "why.secretary": ("first, {detail} s", "اول، {detail} ثانیه"),
    "why.follow": ("follow-me, {detail} s", "پیگیری، {detail} ثانیه"),
    "why.operator": ("key {detail}", "کلید {detail}"),
    "why.found": ("found", "پیدا شد"),
    "why.nobody": ("nobody found", "پیدا نشد"),
    "why.unfetched": ("after {detail} s", "بعد از {detail} ثانیه"),
    "why.called_back": ("called back {detail}", "تماس مجدد {detail}"),
    "why.not_called_back": ("all others", "بقیه"),
    "why.may_not": ("wrong caller, hour or PIN", "تماس‌گیرنده، ساعت یا رمز نادرست"),
    "why.pays": ("class {detail}", "کلاس {detail}"),
    "why.inside": ("internal number {detail}", "شماره داخلی {detail}"),
    "why.no_number": ("no such number", "شماره‌ای نیست"),
    "why.line": ("{detail}. choice", "انتخاب {detail}"),
    "why.line.": ("", ""),
    "why.next_line": ("{detail}. choice, if it fails", "انتخاب {detail}، اگر نشد"),
    "why.out_of_hours": ("out of hours", "بیرون از ساعت"),
    "why.goes": ("{detail}", "{detail}"),
    "why.includes": ("include", "شامل"),
    "why.subroutine": ("subroutine {detail}", "زیربرنامه {detail}"),
    "why.if": ("if {detail}", "اگر {detail}"),
    "why.time": ("at {detail}", "در {detail}"),
    "why.dial": ("{detail}", "{detail}"),
    "why.waited.": ("nobody there", "کسی جواب نداد"),
    "flow.again": ("again", "دوباره"),
    "flow.title": ("Call flow: {name}", "مسیر تماس‌ها: {name}"),
}
"""Key -> English, Persian."""
