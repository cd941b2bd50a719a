"""Edits outside of the dial plan: a call that comes to the object is told, and *none* is only said where none does."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.compare.behaviour import change_of
from kelid.model.behaviour import BehaviourChange
from kelid.model.pbx import ConfFile, Option, Pbx, Section
from kelid.readback import read_dialplan
from kelid.simulate.differing import differing
from kelid.simulate.pairs import Pairs
from kelid.simulate.settings import Settings

PLAN = """
[in]
exten => _1XX,1,VoiceMail(${EXTEN}@default,u)
exten => 98,1,VoiceMailMain(@default)
exten => _*1XX,1,VoiceMailMain(${EXTEN:1}@default,s)
exten => 411,1,Directory(default,in)
exten => 200,1,Queue(sales)
 same => n,Hangup()
exten => 201,1,Queue(care)
exten => 300,1,ConfBridge(room,wide)
exten => 400,1,MusicOnHold(soft)
exten => _5XX,1,Dial(PJSIP/${EXTEN},20)
exten => 700,1,Set(x=${AST_CONFIG(http.conf,general,port)})
 same => n,GotoIf($["${x}" = "8088"]?out)
 same => n,Playback(other)
 same => n(out),Hangup()
exten => 800,1,Playback(hello)
"""


def section(name: str, *options: str) -> Section:
    return Section(name, tuple(Option(*option.split("=", 1)) for option in options))


FILES = {
    "voicemail.conf": (
        section("general", "maxsecs=180"),
        section("default", "100=1234,Ali,ali@site.example", "101=4321,Sara,sara@site.example", "102=1,Reza"),
    ),
    "queues.conf": (
        section("sales", "strategy=ringall", "musicclass=soft", "queue-thankyou=thanks"),
        section("care", "strategy=ringall"),
    ),
    "confbridge.conf": (section("wide", "type=bridge", "max_members=10"),),
    "musiconhold.conf": (section("soft", "mode=files", "directory=soft"),),
    "pjsip.conf": (
        section("501", "type=endpoint", "aors=501", "allow=alaw"),
        section("501", "type=aor", "max_contacts=1"),
        section("502", "type=endpoint", "aors=502", "allow=alaw"),
        section("502", "type=aor", "max_contacts=1"),
    ),
    "res_parking.conf": (section("default", "parkingtime=45"),),
    "http.conf": (section("general", "port=8088"),),
}


def plan(files: dict[str, tuple[Section, ...]], text: str = PLAN) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(
        site="test",
        asterisk=22,
        contexts=tuple(contexts),
        files=tuple(ConfFile(path, sections) for path, sections in files.items()),
    )


def edited(path: str, old: str, new: str) -> dict[str, tuple[Section, ...]]:
    """Return the files with the option ``old`` of one of them made ``new`` (nothing: taken out)."""
    made: list[Section] = []
    found = 0
    for one in FILES[path]:
        options: list[Option] = []
        for option in one.options:
            if f"{option.key}={option.value}" == old and not found:
                found += 1
                if new:
                    options.append(Option(*new.split("=", 1)))
            else:
                options.append(option)
        made.append(Section(one.name, tuple(options)))
    assert found
    return {**FILES, path: tuple(made)}


def changed(files: dict[str, tuple[Section, ...]]) -> BehaviourChange:
    pairs = Pairs(plan(FILES), plan(files), date(2026, 11, 26))
    pairs.walk_all("in")
    return change_of(pairs.changes(), undecided=[*pairs.undecided, *pairs.not_covered])


@pytest.mark.parametrize(
    ("path", "old", "new", "dialled"),
    [
        ("voicemail.conf", "101=4321,Sara,sara@site.example", "101=4321,Sara,new@site.example",
         {"98", "101", "*101", "411"}),
        ("voicemail.conf", "102=1,Reza", "", {"98", "102", "*102", "411"}),
        ("voicemail.conf", "102=1,Reza", "102=2,Reza", set()),  # a PIN: nobody is told
        ("queues.conf", "queue-thankyou=thanks", "queue-thankyou=other", {"200"}),
        ("confbridge.conf", "max_members=10", "max_members=20", {"300"}),
        ("musiconhold.conf", "directory=soft", "directory=loud", {"200", "201", "300", "400"}),
        ("pjsip.conf", "max_contacts=1", "max_contacts=2", {"501"}),
        ("pjsip.conf", "allow=alaw", "allow=ulaw", set()),
        ("http.conf", "port=8088", "port=80", {"700"}),
    ],
)  # fmt: skip
def test_exactly_the_calls_that_come_to_the_object_change(
    path: str, old: str, new: str, dialled: set[str]
) -> None:
    """An object's setting is another one: calls to it are named, others are not."""
    change = changed(edited(path, old, new))
    assert not change.undecided
    assert {part for one in change.changes for part in one.dialled.split("; ")} == dialled


def test_what_everybody_hears_of_voicemail_is_a_change_of_all_of_it() -> None:
    """A setting of all mailboxes: whoever comes to any of them."""
    change = changed(edited("voicemail.conf", "maxsecs=180", "maxsecs=60"))
    assert not change.undecided
    told = {part for one in change.changes for part in one.dialled.split("; ")}
    assert {"98", "411"} <= told
    assert not told & {"200", "300", "800"}


def test_a_file_that_nobody_knows_is_not_none() -> None:
    """What differs in a file of which it isn't known who reads it can't be called nothing."""
    pairs = Pairs(plan(FILES), plan({**FILES, "own.conf": (section("a", "b=c"),)}), date(2026, 11, 26))
    pairs.walk_all("in")
    assert not change_of(pairs.changes(), undecided=list(pairs.undecided)).none


def test_a_lot_that_waits_longer_changes_the_calls_that_are_parked() -> None:
    """Where a parked call comes back to isn't known here; that it is parked otherwise is."""
    text = "[in]\nexten => 600,1,Park()\nexten => 601,1,Playback(hello)\n"
    after = edited("res_parking.conf", "parkingtime=45", "parkingtime=60")
    pairs = Pairs(plan(FILES, text), plan(after, text), date(2026, 11, 26))
    pairs.walk_all("in")
    assert {one.dialled for one in pairs.changes()} == {"600"}


def test_a_call_over_a_trunk_uses_the_trunk_whatever_the_number() -> None:
    """A phone's settings mark what may call that phone, and not each step with a number that isn't known yet."""
    text = (
        "[in]\nexten => _9X.,1,Dial(PJSIP/${EXTEN:1}@trunk,20,f(${SHOWN}))\nexten => _5XX,1,Dial(PJSIP/${EXTEN},20)\n"
        "exten => 600,1,Dial(PJSIP/501&PJSIP/${EXTEN}@trunk,20)\nexten => 601,1,Dial(PJSIP/${EXTEN}@${TRUNK},20)\n"
        "exten => 602,1,Dial(Local/${EXTEN}@in,20)\nexten => 603,1,Dial(PJSIP/1@trunk,${PJSIP_ENDPOINT(501,context)})\n"
    )

    def marked(changed: str) -> set[str]:
        def side(value: str) -> Pbx:
            sections = tuple(
                section(name, "type=endpoint", f"callerid={value if name == changed else 'x'}")
                for name in ("501", "trunk")
            )
            return plan({"pjsip.conf": sections}, text)

        sides = side("a"), side("b")
        return {exten for _, exten, _ in differing(*sides, Settings(*sides)).steps[0]}

    assert marked("501") == {"_5XX", "600", "601", "602", "603"}
    assert marked("trunk") == {"_9X.", "_5XX", "600", "601", "602", "603"}


def touched(files: dict[str, tuple[Section, ...]]) -> list[str]:
    sides = (plan(FILES), plan(files))
    settings = Settings(*sides)
    return [
        f"{step.app}({step.data})"
        for context in sides[0].contexts
        for exten in context.extens
        for step in exten.steps
        if settings.touches(step)
    ]


@pytest.mark.parametrize("path", ["queues.conf", "pjsip.conf"])
def test_the_order_of_objects_is_nothing(path: str) -> None:
    half = len(FILES[path]) // 2
    assert touched(FILES | {path: (*FILES[path][half:], *FILES[path][:half])}) == []


def test_the_order_of_a_phones_options_is_nothing_but_of_codecs() -> None:
    def phone(*options: str) -> list[str]:
        return touched(FILES | {"pjsip.conf": (section("501", *options), *FILES["pjsip.conf"][1:])})

    assert phone("allow=alaw", "type=endpoint", "aors=501") == []
    assert phone("aors=501", "allow=alaw", "disallow=all", "type=endpoint") != []
    before = (section("501", "disallow=all", "allow=alaw", "type=endpoint"),)
    after = (section("501", "allow=alaw", "disallow=all", "type=endpoint"),)
    settings = Settings(plan({"pjsip.conf": before}), plan({"pjsip.conf": after}))
    assert settings._changed == {
        "pjsip.conf": {}
    }  # a file that is another one, though no object is told to differ


def test_the_order_counts_where_somebody_goes_by_it() -> None:
    """The directory says mailboxes in theirs; queues above ``general`` have other defaults than those below."""
    swapped = (FILES["voicemail.conf"][0], section("default", "101=4321,Sara", "100=1234,Ali"))
    assert "Directory(default,in)" in touched(FILES | {"voicemail.conf": swapped})
    general = section("general", "autofill=no")
    sides = [
        plan(FILES | {"queues.conf": rows})
        for rows in (
            (general, *FILES["queues.conf"]),
            (*FILES["queues.conf"], general),
        )
    ]
    assert Settings(*sides)._changed == {"queues.conf": {}}


@pytest.mark.parametrize(
    "asked", ["VoiceMailMain(@default)", "VoiceMailMain()", "ExecIf(1?VoiceMailMain(@default,s))"]
)
def test_whoever_is_asked_for_his_mailbox_may_come_to_the_changed_one(asked: str) -> None:
    """Also where no other step tells the two dial plans apart."""
    text = f"[in]\nexten => 97,1,{asked}\n same => n,Hangup()\n"
    pairs = Pairs(
        plan(FILES, text), plan(edited("voicemail.conf", "102=1,Reza", ""), text), date(2026, 11, 26)
    )
    pairs.walk_all("in")
    assert {one.dialled for one in pairs.changes()} == {"97"}
