"""Words of the reports that people read who are no engineers: English and Persian, in one place.

Dialled numbers, keys and names of objects stay as they are written, in every language.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

LANGUAGES = ("en", "fa")
"""Languages that reports are written in."""

HAS_IT = "Nothing to do: the server has this very release."
"""What an apply says that would change nothing."""

RIGHT_TO_LEFT = frozenset({"fa", "ar", "ur", "he", "ckb", "ps"})


def language_of(wanted: str) -> str:
    """Return the language that a report is written in for who wants one: English where it isn't known here."""
    return wanted if wanted in LANGUAGES else "en"


def say(key: str, language: str, /, **values: object) -> str:
    """Return a sentence or a word of the table below in a language, with its values. Raise KeyError for an unknown one."""
    sentence = WORDS[key][LANGUAGES.index(language)]
    if not values:
        return sentence
    return sentence.format(**{name: apart(str(value), language) for name, value in values.items()})


def apart(text: str, language: str) -> str:
    """Return numbers, dates, patterns and names of objects as a part of their own, in a language from right to left.

    Without U+2066 and U+2069 around them ``[2-9]XX`` would be shown as ``XX[2-9]``, and ``1405-09-07`` from its end.
    """
    if not text or language not in RIGHT_TO_LEFT:
        return text
    if any(unicodedata.bidirectional(character) in {"R", "AL", "LRI"} for character in text):
        return text
    return f"\u2066{text}\u2069"


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
    # What happens in a call.
    "did.answered": (
        "Asterisk takes the call: from here it may cost",
        "تماس برقرار می‌شود؛ از اینجا هزینه دارد",
    ),
    "did.hears": ("hears {subject}", "می‌شنود: {subject}"),
    "did.hears.text": ("hears {subject}: “{text}”", "می‌شنود {subject}: «{text}»"),
    "did.hears.music": ("hears music: {subject}", "موسیقی می‌شنود: {subject}"),
    "did.tone.ringing": ("hears it ring", "بوق آزاد می‌شنود"),
    "did.tone.busy": ("hears the busy tone", "بوق اشغال می‌شنود"),
    "did.tone.congestion": ("hears the tone of full lines", "بوق پر بودن خط‌ها را می‌شنود"),
    "did.tone": ("hears a tone: {subject}", "بوق می‌شنود: {subject}"),
    "did.keys": ("presses {subject}", "{subject} را فشار می‌دهد"),
    "did.keys.none": ("presses nothing", "چیزی فشار نمی‌دهد"),
    "did.rings": ("rings {who}", "زنگ می‌خورد: {who}"),
    "did.rings.seconds": ("rings {who} for {seconds} s", "{who} تا {seconds} ثانیه زنگ می‌خورد"),
    "did.calls-out": ("{number} is called over {who}", "شماره {number} از {who} گرفته می‌شود"),
    "did.talks": ("somebody answers", "یک نفر جواب می‌دهد"),
    "did.talks.who": ("{who} answers", "{who} جواب می‌دهد"),
    "did.queue": ("waits in {who}", "در {who} منتظر می‌ماند"),
    "did.queue.seconds": (
        "waits in {who}, at most {seconds} s",
        "در {who} منتظر می‌ماند، حداکثر {seconds} ثانیه",
    ),
    "did.voicemail": ("can leave a message for {who}", "می‌تواند برای {who} پیام بگذارد"),
    "did.mailbox": ("listens to a mailbox: {subject}", "به صندوق صوتی گوش می‌دهد: {subject}"),
    "did.conference": ("is in the conference {who}", "وارد کنفرانس {who} می‌شود"),
    "did.park": ("is parked in {subject}", "در {subject} پارک می‌شود"),
    "did.page": ("speaks through loudspeakers: {subject}", "از بلندگوها صحبت می‌کند: {subject}"),
    "did.limit": ("is cut after {seconds} s", "پس از {seconds} ثانیه قطع می‌شود"),
    "did.pickup": ("fetches a ringing call: {subject}", "تماس در حال زنگ را برمی‌دارد: {subject}"),
    "did.spy": ("listens to a call: {subject}", "به تماس گوش می‌دهد: {subject}"),
    "did.records": ("the call is recorded", "تماس ضبط می‌شود"),
    "did.password": ("is asked for a PIN: {subject}", "رمز خواسته می‌شود: {subject}"),
    "did.directory": ("spells a name", "نام را با کلیدها می‌نویسد"),
    "did.fax": ("a fax is sent or taken", "فکس فرستاده یا گرفته می‌شود"),
    "did.chance": ("a number by chance, one of {subject}", "یک عدد تصادفی از {subject}"),
    "did.keeps": ("kept: {subject}", "نگه داشته می‌شود: {subject}"),
    "did.lamp": ("a lamp changes: {subject}", "چراغ تغییر می‌کند: {subject}"),
    "did.member": ("a queue's member: {subject}", "عضو صف: {subject}"),
    "did.originates": ("a call is made beside this one: {subject}", "تماس دیگری گرفته می‌شود: {subject}"),
    "did.box": (
        "a program outside of Asterisk is asked: {subject}",
        "از برنامه‌ای بیرونی پرسیده می‌شود: {subject}",
    ),
    "did.log": ("logged: {subject}", "ثبت می‌شود: {subject}"),
    "did.unknown": ("could not tell: {subject}", "نامعلوم: {subject}"),
    "did.loop": ("the same again without an end: {subject}", "تکرار بی‌پایان: {subject}"),
    "did.leaves": ("hangs up", "گوشی را می‌گذارد"),
    "did.hangup": ("the call ends: {cause}", "پایان تماس: {cause}"),
    "cause.1": ("no such number", "این شماره وجود ندارد"),
    "cause.3": ("no way there", "راهی به آنجا نیست"),
    "cause.16": ("as usual", "عادی"),
    "cause.17": ("busy", "اشغال"),
    "cause.18": ("nothing answers", "دستگاه جواب نمی‌دهد"),
    "cause.19": ("nobody answers", "کسی جواب نمی‌دهد"),
    "cause.20": ("not reachable", "خارج از دسترس"),
    "cause.21": ("refused", "رد شده"),
    "cause.27": ("out of order", "خراب"),
    "cause.34": ("no line is free", "خط آزاد نیست"),
    "cause.38": ("the network is out of order", "شبکه خراب است"),
    "cause": ("cause {cause} (Q.850)", "علت {cause} (Q.850)"),
    "trace.title": (
        "{caller} calls {number} ({start}), {at}",
        "{caller} به {number} زنگ می‌زند ({start})، {at}",
    ),
    "trace.caller.hidden": ("a caller without a number", "تماس‌گیرنده بی‌شماره"),
    "trace.end.unknown": ("could not tell how the call goes on: {why}", "ادامه تماس معلوم نیست: {why}"),
    "trace.end.loop": ("the call goes round for ever", "تماس بی‌پایان دور می‌زند"),
    "trace.end.transferred": ("the call goes on elsewhere", "تماس جای دیگری ادامه دارد"),
    "trace.end.gone": ("the caller hangs up", "تماس‌گیرنده قطع می‌کند"),
    "day.0": ("Mon", "دوشنبه"),
    "day.1": ("Tue", "سه‌شنبه"),
    "day.2": ("Wed", "چهارشنبه"),
    "day.3": ("Thu", "پنجشنبه"),
    "day.4": ("Fri", "جمعه"),
    "day.5": ("Sat", "شنبه"),
    "day.6": ("Sun", "یکشنبه"),
    "comma": (", ", "، "),
    "kind.device": ("", ""),
    "kind.extension": ("extension", "داخلی"),
    "kind.trunk": ("trunk", "ترانک"),
    "kind.queue": ("queue", "صف"),
    "kind.voicemail": ("mailbox", "صندوق"),
    "kind.conference": ("conference", "کنفرانس"),
    "flow.again": ("again", "دوباره"),
    "flow.title": ("Call flow: {name}", "مسیر تماس‌ها: {name}"),
    # Receipts and releases.
    "verb.apply": ("apply", "اعمال"),
    "verb.rollback": ("rollback", "بازگشت"),
    "verb.adopt": ("adopt", "پذیرش"),
    "verb.upgrade": ("upgrade", "ارتقا"),
    "result.done": ("in force", "در حال اجرا شد"),
    "result.undone": ("undone: the release before is back", "برگردانده شد: نسخهٔ پیشین برقرار است"),
    "result.went-back": ("went back by itself", "سرور خودش به نسخهٔ پیشین برگشت"),
    "result.refused": ("refused: nothing was changed", "پذیرفته نشد: چیزی تغییر نکرد"),
    "result.adopted": ("kept what was there", "آنچه بود نگه داشته شد"),
    "result.waiting": ("waits to be confirmed", "در انتظار تأیید"),
    "result.cut-off": ("cut off before it came to anything", "پیش از آن که کاری شود قطع شد"),
    "receipts.none": ("no receipts yet", "هنوز رسیدی نیست"),
    "receipts.itself": ("the server itself", "خود سرور"),
    "receipts.commit": ("commit", "کامیت"),
    "receipts.plan": ("plan", "طرح"),
    "receipts.override": ("override", "استثنا"),
    "chain.line": ("receipt {number}", "رسید {number}"),
    "chain.whole": (
        "the chain is whole: {lines} lines, each bound to the one before; {notes} of them are kept in git too",
        "زنجیره کامل است: {lines} خط، هر یک پیوسته به خط پیش؛ {notes} خط در گیت هم هست",
    ),
    "chain.unnoted": (
        "{count} receipts of commits have no note in git: --notes writes them",
        "{count} رسید یادداشتی در گیت ندارد: --notes می‌نویسدشان",
    ),
    "releases.current": ("in force", "در حال اجرا"),
    "releases.armed": ("in force, waits to be confirmed", "در حال اجرا، در انتظار تأیید"),
    "releases.previous": ("a rollback goes here", "بازگشت به این‌جاست"),
    "releases.adopted": ("what was there before kelid", "آنچه پیش از کلید بود"),
    "releases.by_hand": ("changed by hand, kept aside", "دستی تغییر کرده، کنار گذاشته شده"),
    "releases.damaged": ("damaged: can't come back", "آسیب‌دیده: بازگشت‌پذیر نیست"),
    "releases.none": ("no releases yet", "هنوز نسخه‌ای نیست"),
    # What differs on a server.
    "drift.title": ("{site}: release {release}, commit {commit}", "{site}: نسخه {release}، کامیت {commit}"),
    "drift.none": ("(none)", "(هیچ)"),
    "drift.same": ("as its release and git say", "همان است که نسخه و گیت می‌گویند"),
    "drift.by_hand": ("changed on the server since its release:", "روی سرور پس از این نسخه تغییر کرده:"),
    "drift.detail": ("{key}: {before} -> {after}", "{key}: از {before} به {after}"),
    "drift.nothing": ("(none)", "(هیچ)"),
    "drift.git.before": ("an apply puts it back", "اعمال بعدی آن را برمی‌گرداند"),
    "drift.git.same": ("git says the same by now", "گیت هم اکنون همین را می‌گوید"),
    "drift.git.other": ("git says something else again", "گیت چیز دیگری می‌گوید"),
    "drift.secrets": (
        "secrets that were changed there: {names}",
        "رمزهایی که آنجا تغییر کرده‌اند: {names}",
    ),
    "drift.unsure": (
        "secrets of which it can't be told whether they are the same: {names}",
        "رمزهایی که معلوم نیست همان باشند: {names}",
    ),
    "drift.spelling": (
        "changed, but not in what Asterisk reads (comments, blanks): {names}",
        "تغییر کرده، اما نه در آنچه استریسک می‌خواند (توضیح، فاصله): {names}",
    ),
    "drift.gone": ("gone: {names}", "حذف شده: {names}"),
    "drift.odd": ("not read: {names}", "خوانده نشد: {names}"),
    "drift.running": (
        "the running Asterisk is not what its files say:",
        "استریسک در حال کار با فایل‌هایش یکی نیست:",
    ),
    "drift.unmodelled": (
        "lines there that are no object of ours:",
        "خط‌هایی که معادلی در مدل ندارند:",
    ),
    "drift.notes": ("beside that:", "جز این:"),
    "drift.ahead": ("an apply would also change:", "اعمال بعدی این‌ها را هم تغییر می‌دهد:"),
    "drift.problem": ("git could not be asked: {why}", "از گیت نمی‌شد پرسید: {why}"),
    "drift.files": (
        "lines differ in {names} (--lines shows them)",
        "خط‌ها فرق دارند در {names} (--lines نشان می‌دهد)",
    ),
    "drift.taken": ("written into the YAML:", "در YAML نوشته شد:"),
    "drift.follows": ("which an apply then changes too:", "که با آن اعمال بعدی این‌ها را هم تغییر می‌دهد:"),
    "drift.left": ("not written; it needs a person:", "نوشته نشد؛ کار یک نفر را می‌خواهد:"),
    "drift.why.secret": (
        "it is a secret, or may hold one: set it with `kelid secret set`, if it is to stay",
        "رمز است یا شاید رمزی در آن باشد؛ اگر باید بماند با `kelid secret set` بنویسید",
    ),
    "drift.why.git": ("git has changed it as well", "گیت هم آن را تغییر داده"),
    "drift.why.model": (
        "no change of the YAML gives this",
        "هیچ تغییری در YAML چنین چیزی نمی‌دهد",
    ),
    "drift.summary": (
        "{count} servers: {differ} differ, {failed} could not be asked",
        "{count} سرور: {differ} فرق دارند، از {failed} نمی‌شد پرسید",
    ),
    # What callers may notice of a change.
    "risk.callers": ("callers", "تماس‌گیرندگان"),
    "risk.now": ("right now: {channels} channels are active", "همین حالا: {channels} کانال فعال است"),
    "risk.waiting": ("; callers wait in queues: {queues}", "؛ در صف‌ها منتظرند: {queues}"),
    "notice.none": ("notice nothing", "متوجه چیزی نمی‌شوند"),
    "notice.starts": (
        "Asterisk doesn't run; this change starts it",
        "استریسک در حال اجرا نیست؛ این تغییر آن را راه می‌اندازد",
    ),
    "notice.restart": (
        "every call that is up ends when Asterisk restarts, and for some seconds nobody gets through",
        "با راه‌اندازی دوبارهٔ استریسک همهٔ تماس‌های برقرار قطع می‌شود و چند ثانیه کسی ارتباط نمی‌گیرد",
    ),
    "notice.dialplan": (
        "calls that are up go on, and take the new steps from their next step on",
        "تماس‌های برقرار ادامه می‌یابد و از گام بعدی مسیر تازه را می‌رود",
    ),
    "notice.lines": (
        "calls that are up go on; a trunk whose registration changes registers anew",
        "تماس‌های برقرار ادامه می‌یابد؛ ترانکی که ثبتش تغییر کند دوباره ثبت می‌شود",
    ),
    "notice.queues": (
        "who waits in a queue stays there; the new settings hold for who comes next",
        "منتظران صف می‌مانند؛ تنظیم تازه برای نفرهای بعدی است",
    ),
    "notice.music": ("music on hold may begin anew", "موسیقی انتظار شاید از نو شروع شود"),
    "notice.voicemail": (
        "a message that is being left is kept; new mailbox settings hold for the next call",
        "پیام در حال ضبط نگه داشته می‌شود؛ تنظیم تازهٔ صندوق برای تماس بعدی است",
    ),
    "notice.features": (
        "calls that are parked, or in a conference, go on as they are",
        "تماس‌های پارک‌شده و کنفرانس‌ها همان‌طور که هست ادامه می‌یابد",
    ),
}
"""Key -> English, Persian."""
