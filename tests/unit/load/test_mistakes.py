# ruff: noqa: E501 - messages stand here as they are said
"""What an engineer types wrong, and what kelid says to it: file, line and column, what is wrong, and the way out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kelid.load import load_files
from kelid.rules import check

CLINIC = Path(__file__).resolve().parents[3] / "sites" / "noor-clinic"

MISTAKES = [
    (
        'queues.yml',
        '    strategy: rrmemory',
        '\tstrategy: rrmemory',
        'queues.yml:5:1 L010 the line holds a tab; indent with spaces',
    ),
    (
        'queues.yml',
        '    strategy: rrmemory',
        '   strategy: rrmemory',
        'queues.yml:5:4 L001 this line begins in column 4, and the list from line 3 on in column 3; indent it as the lines that it belongs to',
    ),
    (
        'queues.yml',
        '    strategy: rrmemory',
        '     strategy: rrmemory',
        'queues.yml:5:6 L001 this line begins in column 6, and the keys from line 3 on in column 5; indent it as the lines that it belongs to',
    ),
    (
        'queues.yml',
        'strategy: rrmemory',
        'strategy:rrmemory',
        'queues.yml:5:5 L001 there is no space after the colon; write strategy: rrmemory',
    ),
    (
        'queues.yml',
        'strategy: rrmemory',
        'strategy rrmemory',
        'queues.yml:5:5 L001 there is no colon after the key; write strategy: rrmemory',
    ),
    (
        'extensions.yml',
        'number: "101"',
        'number: "101',
        'extensions.yml:3:13 L010 the quote that begins here is closed on line 9 only; close it on this line; a text has no line breaks',
    ),
    (
        'extensions.yml',
        'number: "101"',
        'number: 101"',
        'extensions.yml:3:13 S004 \'101"\' doesn\'t fit here: The number; did you mean \'101\'?',
    ),
    (
        'queues.yml',
        'joinempty: [unavailable, invalid, unknown]',
        'joinempty: [unavailable, invalid, unknown',
        "queues.yml:10:16 L001 the [ that begins here isn't closed with a ]; close it, or write a comma at the end of line 10",
    ),
    (
        'ivrs.yml',
        '- {digits: "1", destination: queue:reception}',
        '- {digits: "1", destination: queue:reception',
        "ivrs.yml:10:9 L001 the { that begins here isn't closed with a }; close it, or write a comma at the end of line 10",
    ),
    (
        'ivrs.yml',
        '- {digits: "1", destination: queue:reception}',
        '- {digits: "1" destination: queue:reception}',
        'ivrs.yml:10:22 L001 a comma or a } is wanted before this; write the comma; quote a text that has quotes in it',
    ),
    (
        'queues.yml',
        'strategy: rrmemory',
        'stratgey: rrmemory',
        "queues.yml:5:5 S001 nothing here is called 'stratgey'; did you mean 'strategy'?",
    ),
    (
        'queues.yml',
        'strategy: rrmemory',
        'strategy: rrmemry',
        "queues.yml:5:15 S004 'rrmemry' is not known here; did you mean 'rrmemory'?",
    ),
    (
        'queues.yml',
        'strategy: rrmemory',
        'strategy: roundrobin',
        "queues.yml:5:15 S004 'roundrobin' is not known here; did you mean 'rrmemory'?",
    ),
    (
        'extensions.yml',
        '    voicemail:\n      email: reception@noor-clinic.example',
        '    voicemail:\n      - email: reception@noor-clinic.example',
        'extensions.yml:7:7 S003 a mapping of keys is wanted here, not a list; take the dashes away; for example {email: reception@noor-clinic.example}',
    ),
    (
        'queues.yml',
        '      - extension: "101"\n',
        '        extension: "101"\n',
        'queues.yml:18:7 L001 this line begins in column 7, and the keys from line 3 on in column 5; indent it as the lines that it belongs to',
    ),
    (
        'queues.yml',
        'joinempty: [unavailable, invalid, unknown]',
        'joinempty: unavailable',
        'queues.yml:10:16 S003 a list is wanted here; write [unavailable]',
    ),
    (
        'queues.yml',
        'joinempty: [unavailable, invalid, unknown]',
        'joinempty: yes',
        'queues.yml:10:16 S003 a list is wanted here; write [yes]',
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: twenty',
        "queues.yml:6:14 S003 a whole number is wanted here, and 'twenty' is none; for example 20, without quotes, unit or leading zeros",
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: 20s',
        "queues.yml:6:14 S003 a whole number is wanted here, and '20s' is none; write 20, without quotes, unit or leading zeros",
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: "20"',
        'queues.yml:6:14 S003 a whole number is wanted here, and this is a quoted text; take the quotes away',
    ),
    (
        'queues.yml',
        'ringinuse: false',
        'ringinuse: no',
        'queues.yml:13:16 S003 true or false is wanted here; write false, without quotes',
    ),
    (
        'queues.yml',
        'ringinuse: false',
        'ringinuse: False',
        'queues.yml:13:16 S003 true or false is wanted here; write false, without quotes',
    ),
    (
        'queues.yml',
        'ringinuse: false',
        'ringinuse: "false"',
        'queues.yml:13:16 S003 true or false is wanted here; write false, without quotes',
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: -1',
        "queues.yml:6:14 S005 '-1' is too small; the least is 1",
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: 2.5',
        "queues.yml:6:14 S003 a whole number is wanted here, and '2.5' is none; for example 20, without quotes, unit or leading zeros",
    ),
    (
        'queues.yml',
        'destination: voicemail:101',
        'destination: 101',
        "queues.yml:21:18 S004 no destination is called '101'; did you mean 'extension:101'?",
    ),
    (
        'queues.yml',
        'destination: voicemail:101',
        'destination: voicemail: 101',
        'queues.yml:21:27 L001 there is a second colon in this value; write voicemail:101 without the space',
    ),
    (
        'queues.yml',
        'destination: voicemail:101',
        'destination: vm:101',
        "queues.yml:21:18 S004 no destination is called 'vm'; did you mean 'voicemail:101'?",
    ),
    (
        'ivrs.yml',
        'extension:103',
        'ext:103',
        "ivrs.yml:22:36 S004 no destination is called 'ext'; did you mean 'extension:103'?",
    ),
    (
        'ivrs.yml',
        'extension:103',
        'extension:1003',
        "ivrs.yml:22:36 D001 there is no extension '1003'; did you mean '103'?",
    ),
    (
        'ivrs.yml',
        'queue:reception',
        'queue:receptoin',
        "ivrs.yml:10:36 D001 there is no queue 'receptoin'; did you mean 'reception'?",
    ),
    (
        'ivrs.yml',
        'extension:103',
        'extension/103',
        "ivrs.yml:22:36 S004 no destination is called 'extension/103'; did you mean 'extension:103'?",
    ),
    (
        'ivrs.yml',
        'extension:103',
        'from-internal,103,1',
        "ivrs.yml:22:36 S004 no destination is called 'from-internal'; known are extension, ring_group, queue, ivr, voicemail, schedule, conference, announcement, external, parking, page, disa, callback, fax, directory, hangup, busy, custom, repeat, parent",
    ),
    (
        'ivrs.yml',
        'extension:103',
        'external:09121234567',
        "ivrs.yml:22:36 S004 'external:09121234567' is no destination; write external:NUMBER@CLASS, with the permission class that pays",
    ),
    (
        'ivrs.yml',
        'digits: "*"',
        'digits: *',
        'ivrs.yml:27:18 L006 YAML can\'t carry \'*\' bare; quote it: "*"',
    ),
    (
        'ivrs.yml',
        'digits: "*"',
        'digits: #',
        'ivrs.yml:27:18 L006 YAML can\'t carry \'#\' bare; quote it: "#"',
    ),
    (
        'routes.yml',
        '"[2-9]XXXXXXX"',
        '[2-9]XXXXXXX',
        'routes.yml:23:24 L006 YAML can\'t carry \'[2-9]XXXXXXX\' bare; quote it: "[2-9]XXXXXXX"',
    ),
    (
        'routes.yml',
        'match: 09XXXXXXXXX',
        'match: _09XXXXXXXXX',
        "routes.yml:28:24 S004 '_09XXXXXXXXX' doesn't fit here: Dialled numbers; did you mean '09XXXXXXXXX'?",
    ),
    (
        'routes.yml',
        'match: 09XXXXXXXXX',
        'match: 09xxxxxxxxx',
        "routes.yml:28:24 S004 '09xxxxxxxxx' doesn't fit here: Dialled numbers; did you mean '09XXXXXXXXX'?",
    ),
    (
        'routes.yml',
        'match: 09XXXXXXXXX',
        'match: ^09[0-9]{9}$',
        'routes.yml:28:27 L006 YAML can\'t carry \'[0-9]{9\' bare; quote it: "[0-9]{9"',
    ),
    (
        'routes.yml',
        'match: 09XXXXXXXXX',
        'match: 0|9XXXXXXXXX',
        "routes.yml:28:24 S004 '0|9XXXXXXXXX' doesn't fit here: Dialled numbers, as Asterisk's pattern without the underscore: X is 0-9, Z 1-9, N 2-9, `[2-9]` a set, `.` one or more of anything at the end; quote what begins with a bracket or a star; for example 09XXXXXXXXX or [2-9]XXXXXXX",
    ),
    (
        'extensions.yml',
        'number: "101"',
        'number: "۱۰۱"',
        "extensions.yml:3:13 S004 '۱۰۱' doesn't fit here: The number; did you mean '101'?",
    ),
    (
        'queues.yml',
        '    timeout: 20\n',
        '    timeout: 20\n    timeout: 30\n',
        "queues.yml:7:5 L002 the key 'timeout' stands here twice; first on line 6; keep one",
    ),
    (
        'extensions.yml',
        'number: "102"',
        'number: "101"',
        'extensions.yml:9:13 E001 the number 101 is taken; it stands on line 3 too; give this phone another',
    ),
    (
        'extensions.yml',
        '    names: {fa: پذیرش دو, en: Reception Two}\n',
        '',
        "extensions.yml:9:5 S002 'names' is missing; add it: whose phone it is, as other phones show it",
    ),
    (
        'extensions.yml',
        'names: {fa: پذیرش دو, en: Reception Two}',
        'name: Reception Two',
        "extensions.yml:9:5 S002 'names' is missing; add it: whose phone it is, as other phones show it",
    ),
    (
        'extensions.yml',
        'names: {fa: پذیرش دو, en: Reception Two}',
        'names: Reception Two',
        'extensions.yml:10:12 S003 a mapping of keys is wanted here; write key: value on lines of their own, or {fa: پذیرش, en: Reception}',
    ),
    (
        'extensions.yml',
        'names: {fa: پذیرش دو, en: Reception Two}',
        'names: {Persian: x, english: y}',
        "extensions.yml:10:13 S001 'Persian' can't stand here as a key; write a language tag such as fa or en",
    ),
    (
        'hours.yml',
        'start: 08:00',
        'start: 8:00',
        "hours.yml:6:50 S004 '8:00' doesn't fit here: The first minute that is open; did you mean '08:00'?",
    ),
    (
        'hours.yml',
        'start: 08:00',
        'start: 8am',
        "hours.yml:6:50 S004 '8am' doesn't fit here: The first minute that is open; did you mean '08:00'?",
    ),
    (
        'hours.yml',
        'start: 08:00, end: 20:00',
        'start: 20:00, end: 08:00',
        "hours.yml:6:62 H003 schedule 'office': 20:00 to 08:00 has no minute in it; for a night write two: until 24:00, and from 00:00 on the next day",
    ),
    (
        'hours.yml',
        '[thu]',
        '[thursday]',
        "hours.yml:7:17 S004 'thursday' is not known here; did you mean 'thu'?",
    ),
    (
        'hours.yml',
        '[thu]',
        '[Thu]',
        "hours.yml:7:17 S004 'Thu' is not known here; did you mean 'thu'?",
    ),
    (
        'hours.yml',
        '[sat, sun, mon, tue, wed]',
        'sat-wed',
        'hours.yml:6:16 S003 a list is wanted here; write [one, two] of sat, sun, mon, tue, wed, thu, fri',
    ),
    (
        'hours.yml',
        '1405-11-22',
        '1405/11/22',
        "hours.yml:21:15 S004 '1405/11/22' doesn't fit here: The date; did you mean '1405-11-22'?",
    ),
    (
        'hours.yml',
        '1405-11-22',
        '1405-13-22',
        "hours.yml:21:15 S004 '1405-13-22' doesn't fit here: The date, YYYY-MM-DD in the calendar that `dates` names; for example 1406-01-01 or 2027-03-21",
    ),
    (
        'hours.yml',
        '1405-11-22',
        '2027-02-11',
        'hours.yml:21:15 H013 2027-02-11 is in the year 2648 if it is Jalali; write it in that calendar, or say with dates: beside it which one it is of',
    ),
    (
        'queues.yml',
        'strategy: rrmemory',
        'strategy:',
        'queues.yml:5:14 L005 there is no value here; leave the key out; an empty text is ""',
    ),
    (
        'queues.yml',
        'strategy: rrmemory',
        'strategy: null',
        'queues.yml:5:15 L005 null means that there is no value; leave the key out; quote it if it is a text',
    ),
    (
        'extensions.yml',
        'reception@noor-clinic.example',
        'reception@',
        "extensions.yml:7:14 S004 'reception@' doesn't fit here: Where messages are announced; left out: the extension's email; for example reception@noor-clinic.example",
    ),
    (
        'queues.yml',
        'strategy: rrmemory',
        'strategy: rrmemory\t',
        'queues.yml:5:23 L010 the line holds a tab; indent with spaces',
    ),
    (
        'site.yml',
        'client: noor-clinic',
        'client: noor: clinic',
        'site.yml:3:13 L001 there is a second colon in this value; quote the text',
    ),
    (
        'site.yml',
        'en: Noor Clinic}',
        "en: 'O'Brien'}",
        'site.yml:5:32 L001 a comma or a } is wanted before this; write the comma; quote a text that has quotes in it',
    ),
    (
        'extensions.yml',
        'number: "101"',
        'number: “101”',
        "extensions.yml:3:13 S004 '“101”' doesn't fit here: The number; did you mean '101'?",
    ),
    (
        'queues.yml',
        '    strategy: rrmemory',
        '\xa0\xa0\xa0\xa0strategy: rrmemory',
        'queues.yml:5:1 L010 the line is indented with the invisible character U+00A0; indent with spaces',
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: &t 20',
        'queues.yml:6:14 L003 anchors are not taken; write the value out; quote it if it begins with &',
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: !!int 20',
        "queues.yml:6:14 L004 the tag 'tag:yaml.org,2002:int' is not taken; leave it out; quote it if it is a text",
    ),
    (
        'queues.yml',
        '      - extension: "101"\n',
        '      - "101"\n',
        'queues.yml:17:9 S003 a mapping of keys is wanted here; write key: value on lines of their own, or {extension: "101", penalty: 1}',
    ),
    (
        'site.yml',
        'Asia/Tehran',
        'Asia/Teheran',
        "site.yml:6:12 N004 no time zone is called 'Asia/Teheran'; did you mean 'Asia/Tehran'?",
    ),
    (
        'site.yml',
        'country: IR',
        'country: Iran',
        "site.yml:8:10 S004 'Iran' doesn't fit here: Country where the site stands, by its two letters of ISO 3166; how numbers are dialled and how tones sound goes by it; for example IR or GB",
    ),
    (
        'site.yml',
        'language: fa',
        'language: farsi',
        "site.yml:7:11 S004 'farsi' doesn't fit here: Language of the prompts and of the names on the phones; for example fa",
    ),
    (
        'extensions.yml',
        'permission_class: local',
        'permission_class: locale',
        "extensions.yml:11:23 E002 extension 102: there is no permission class 'locale'; did you mean 'local'?",
    ),
    (
        'routes.yml',
        'trunks: [mokhaberat]',
        'trunks: [mokhaberat2]',
        "routes.yml:18:14 R001 route 'emergency': there is no trunk 'mokhaberat2'; did you mean 'mokhaberat'?",
    ),
    (
        'routes.yml',
        'did: "02188001234"',
        'did: "021 8800 1234"',
        "routes.yml:5:10 S004 '021 8800 1234' doesn't fit here: The number that was called; did you mean '02188001234'?",
    ),
    (
        'trunks.yml',
        'host: sip.mokhaberat.example',
        'host: sip:sip.mokhaberat.example',
        "trunks.yml:4:11 S004 'sip:sip.mokhaberat.example' doesn't fit here: Host name or IPv4 address of the other side; did you mean 'sip.mokhaberat.example'?",
    ),
    (
        'trunks.yml',
        'host: sip.mokhaberat.example',
        'host: sip.mokhaberat.example:5060',
        "trunks.yml:4:11 S004 'sip.mokhaberat.example:5060' doesn't fit here: Host name or IPv4 address of the other side; did you mean 'sip.mokhaberat.example'?",
    ),
    (
        'trunks.yml',
        'codecs: [alaw, ulaw]',
        'codecs: [G711, pcma]',
        "trunks.yml:10:14 S004 'G711' doesn't fit here: One codec; did you mean 'alaw'?",
    ),
    (
        'trunks.yml',
        'secret: trunk_mokhaberat',
        'secret: Sup3r$ecret!',
        'trunks.yml:7:13 S004 this is no name of a secret; write its name, of small letters, digits and _, and seal the value: kelid secret set SITE NAME; what stood here in clear is no secret any more',
    ),
    (
        'trunks.yml',
        'secret: trunk_mokhaberat',
        'password: Sup3rSecret',
        "trunks.yml:7:5 S001 nothing here is called 'password'; did you mean 'secret'?",
    ),
    (
        'extensions.yml',
        '    voicemail:\n      email: reception@noor-clinic.example',
        '    voicemail:\n      pin: 1234\n      email: reception@noor-clinic.example',
        "extensions.yml:7:7 S001 nothing here is called 'pin'; did you mean 'pin_secret'?",
    ),
    (
        'extensions.yml',
        'number: "101"',
        'number: 0101',
        "extensions.yml:3:5 K001 secrets.yml has no 'extension_0101' for extension 0101; seal one: kelid secret set noor-clinic extension_0101",
    ),
    (
        'ivrs.yml',
        'prompt: departments',
        'prompt: department',
        "ivrs.yml:18:13 N006 there is no prompt 'department'; did you mean 'departments'?",
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: 020',
        "queues.yml:6:14 S003 a whole number is wanted here, and '020' is none; write 20, without quotes, unit or leading zeros",
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: 1_000',
        "queues.yml:6:14 S003 a whole number is wanted here, and '1_000' is none; write 1000, without quotes, unit or leading zeros",
    ),
    (
        'queues.yml',
        '      - extension: "106"',
        '      -extension: "106"',
        'queues.yml:19:7 L001 there is no space after the dash; write a dash and a space',
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: 20#seconds',
        "queues.yml:6:14 S003 a whole number is wanted here, and '20#seconds' is none; write 20, without quotes, unit or leading zeros",
    ),
    (
        'extensions.yml',
        '  - number: "103"',
        '  number: "103"',
        'extensions.yml:14:3 L001 a key stands where an item of a list is wanted; begin the line with a dash',
    ),
    (
        'queues.yml',
        'timeout: 20',
        'timeout: 99999999999999999999999',
        "queues.yml:6:14 S003 a whole number is wanted here, and '99999999999999999999999' is none; for example 20, without quotes, unit or leading zeros",
    ),
]  # fmt: skip
"""File of the sample clinic, what stands there, what is typed instead, and the first thing that is said."""


@pytest.mark.parametrize(
    ("file", "before", "after", "said"), MISTAKES, ids=[row[2].strip()[:40] for row in MISTAKES]
)
def test_a_mistake_is_said_with_the_way_out(file: str, before: str, after: str, said: str) -> None:
    files = {path.name: path.read_bytes() for path in CLINIC.glob("*.yml")}
    files |= {f"media/{path.name}": path.read_bytes() for path in (CLINIC / "media").iterdir()}
    text = files[file].decode()
    assert before in text
    loaded = load_files(
        "noor-clinic", {**files, file: text.replace(before, after, 1).encode()}, shown="noor-clinic"
    )
    found = list(loaded.findings)
    if loaded.site is not None:
        found += check(loaded.site, today=date(2026, 11, 26), secrets=None)
    shown = [str(one).removeprefix("noor-clinic/") for one in found if one.where.file.endswith(file)]
    assert shown[:1] == [said]
