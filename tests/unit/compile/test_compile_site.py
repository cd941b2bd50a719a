"""What compile decides, judged on the sample clinic and on changes to it."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from kelid.compile import compile_site, modules
from kelid.compile.hours import spans, weekdays
from kelid.compile.loops import loops
from kelid.compile.text import literal, name_of
from kelid.load import load_site
from kelid.model.destination import Destination
from kelid.model.pbx import SECRET, Context, Exten, Pbx, Step
from kelid.model.record import replace
from kelid.model.reloads import ONLY_WHERE_USED, RELOADS, RESTART, expectations
from kelid.model.site import DialPattern, Ivr, IvrEntry, OpenHours, Site


@pytest.fixture(scope="module")
def clinic(root: Path) -> Site:
    site = load_site(root / "sites" / "noor-clinic", shown="sites/noor-clinic").site
    assert site is not None
    return site


@pytest.fixture(scope="module")
def pbx(clinic: Site) -> Pbx:
    return compile_site(clinic)


def context(pbx: Pbx, name: str) -> Context:
    return next(item for item in pbx.contexts if item.name == name)


def steps(pbx: Pbx, name: str, pattern: str) -> list[str]:
    exten = next(item for item in context(pbx, name).extens if item.name == pattern)
    return [f"{step.label}:{step.app}({step.data})" for step in exten.steps]


def endpoint(pbx: Pbx, name: str, type_: str = "endpoint") -> dict[str, str]:
    found = next(section for section in pbx.sections("pjsip.conf", type_) if section.name == name)
    return {option.key: option.value for option in found.options}


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (("sat", "sun", "mon", "tue", "wed"), "sat-wed"),
        (("mon", "tue", "wed", "thu", "fri"), "mon-fri"),
        (("thu",), "thu"),
        (("sun", "tue"), "sun&tue"),
        (("sat", "sun", "tue", "wed"), "tue-wed&sat-sun"),
        (("fri", "thu"), "thu-fri"),
        (("sun", "mon", "tue", "wed", "thu", "fri", "sat"), "*"),
    ],
)
def test_days_become_ranges(days: tuple[str, ...], expected: str) -> None:
    assert weekdays(days) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (time(8), time(20), ["08:00-19:59,sat"]),
        (time(8, 30), time(13, 1), ["08:30-13:00,sat"]),
        (time(8), time(0), ["08:00-23:59,sat"]),
        (time(0), time(0), ["*,sat"]),
        (time(20), time(2), ["20:00-23:59,sat", "00:00-01:59,sun"]),
        (time(20), time(0, 1), ["20:00-23:59,sat", "00:00-00:00,sun"]),
    ],
)
def test_the_end_is_not_included(start: time, end: time, expected: list[str]) -> None:
    assert spans(OpenHours(days=("sat",), start=start, end=end)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("پذیرش دو", "پذیرش دو"),
        ("سیزده\u200cبه\u200cدر", "سیزده\u200cبه\u200cدر"),
        ("a,b", "a b"),
        ('"x" <101>', "x 101"),
        ("${SHELL(id)}", "SHELL id"),
        ("$[1+1]", "1+1"),
        ("a\\;b", "a b"),
        ("x)\nexten => 1,1,System(id", "x exten 1 1 System id"),
        ("%%secret:root%%", "secret:root"),
    ],
)
def test_peoples_words_are_inert(text: str, expected: str) -> None:
    assert literal(text) == expected


def test_the_name_is_in_the_sites_language_if_it_has_one() -> None:
    assert name_of({"fa": "پذیرش", "en": "Reception"}, "fa") == "پذیرش"
    assert name_of({"en": "Reception", "de": "Empfang"}, "fa") == "Reception"
    assert name_of({"de": "Empfang"}, "fa") == "Empfang"
    assert name_of({}, "fa") == ""


def test_compile_gives_the_same_for_the_same(clinic: Site, pbx: Pbx) -> None:
    assert compile_site(clinic) == pbx


def test_emergency_is_the_first_way_out_of_every_class(clinic: Site, pbx: Pbx) -> None:
    for item in clinic.permission_classes:
        assert context(pbx, f"from-class-{item.name}").includes[0].context == "emergency"
    assert [i.context for i in context(pbx, "emergency").includes] == ["outbound-emergency"]


def test_a_class_reaches_its_own_routes_only(pbx: Pbx) -> None:
    assert [i.context for i in context(pbx, "class-local").includes] == ["emergency", "outbound-tehran"]
    assert [i.context for i in context(pbx, "class-internal").includes] == ["emergency"]


def test_no_trunk_is_known_by_a_name_that_anyone_can_claim(pbx: Pbx) -> None:
    assert endpoint(pbx, "mokhaberat")["identify_by"] == "ip"
    assert endpoint(pbx, "101")["identify_by"] == "username"
    assert endpoint(pbx, "101")["auth"] == "101"
    loaded = [option.value for section in pbx.sections("modules.conf") for option in section.options]
    assert "res_pjsip_endpoint_identifier_anonymous.so" not in loaded
    assert "anonymous" not in expectations(pbx)["endpoints"]


def test_secrets_are_tokens(pbx: Pbx) -> None:
    passwords = [
        option.value
        for section in pbx.sections("pjsip.conf", "auth")
        for option in section.options
        if option.key == "password"
    ]
    assert len(passwords) == 9
    assert all(SECRET.fullmatch(password) for password in passwords)


def test_the_trunks_limit_holds_all_calls_but_emergencies(pbx: Pbx) -> None:
    limit = "$[${GROUP_COUNT(mokhaberat@trunk-in)} + ${GROUP_COUNT(mokhaberat@trunk-out)} > 4]"
    assert f":GotoIf({limit}?full)" in steps(pbx, "route-mobile", "_[0-9*#+]!")
    assert not any("GROUP_COUNT" in step for step in steps(pbx, "route-emergency", "_[0-9*#+]!"))


def test_trunks_are_tried_in_order(clinic: Site) -> None:
    second = replace(clinic.trunks[0], name="second", max_channels=0, caller_id="")
    mobile = next(route for route in clinic.outbound_routes if route.name == "mobile")
    site = replace(
        clinic,
        trunks=(replace(clinic.trunks[0], max_channels=0, caller_id=""), second),
        outbound_routes=(
            replace(
                mobile,
                trunks=("mokhaberat", "second"),
                patterns=(
                    DialPattern(match="09XXXXXXXXX", strip=1, prepend="98"),
                    DialPattern(match="0", caller_number="1XX"),
                ),
            ),
        ),
    )
    pbx = compile_site(site)
    failed = '$["${DIALSTATUS}" = "CHANUNAVAIL" | "${DIALSTATUS}" = "CONGESTION"]'
    assert steps(pbx, "outbound-mobile", "_09XXXXXXXXX") == [
        ":Goto(route-mobile,98${FILTER(0-9*#+,${EXTEN:1})},1)"
    ]
    assert steps(pbx, "outbound-mobile", "0/_1XX") == [":Goto(route-mobile,${FILTER(0-9*#+,${EXTEN})},1)"]
    assert steps(pbx, "route-mobile", "_[0-9*#+]!") == [
        ":Dial(PJSIP/${EXTEN}@mokhaberat,,i)",
        f":GotoIf({failed}?trunk-2:ended)",
        "trunk-2:Dial(PJSIP/${EXTEN}@second,,i)",
        "ended:Hangup()",
        "full:Hangup(34)",
    ]


def test_an_extension_says_busy_with_the_busy_greeting(pbx: Pbx) -> None:
    assert steps(pbx, "internal", "103") == [
        ":Gosub(ring,${EXTEN},1(PJSIP/103,25,i,0,national))",
        ":Goto(${GOSUB_RETVAL})",
        "unavailable:Goto(voicemail-unavailable,103,1)",
        "busy:Goto(voicemail-busy,103,1)",
        "no-answer:Goto(voicemail-unavailable,103,1)",
    ]


def test_extensions_that_send_a_call_in_a_circle_give_up(clinic: Site) -> None:
    assert loops(clinic) == frozenset()
    one, two, *rest = clinic.extensions
    to_two, to_one = Destination("extension", two.number), Destination("extension", one.number)
    site = replace(clinic, extensions=(replace(one, no_answer=to_two), replace(two, no_answer=to_one), *rest))
    assert loops(site) == {one.number, two.number}
    assert steps(compile_site(site), "internal", one.number)[1] == ":GotoIf($[${HOPS} > 12]?given-up)"


def test_a_menu_with_two_parents_remembers_which(clinic: Site) -> None:
    main, departments = clinic.ivrs
    other = replace(
        main,
        name="other-menu",
        entries=(IvrEntry(digits="5", destination=Destination("ivr", "departments")),),
    )
    pbx = compile_site(replace(clinic, ivrs=(main, departments, other)))
    assert ":Set(HASH(IVR_BEFORE,departments)=other-menu)" in steps(pbx, "ivr-other-menu", "5")
    assert steps(pbx, "ivr-departments", "*") == [
        ':GotoIf($["${HASH(IVR_BEFORE,departments)}" = ""]?s,menu)',
        ":Goto(ivr-${HASH(IVR_BEFORE,departments)},s,1)",
    ]


def test_a_menu_counts_silence_and_wrong_keys_together(pbx: Pbx, clinic: Site) -> None:
    main: Ivr = clinic.ivrs[0]
    count = ":Set(IVR_FAILED=$[${IVR_FAILED} + 1])"
    again = f":GotoIf($[${{IVR_FAILED}} <= {main.retries}]?s,menu)"
    assert steps(pbx, "ivr-main", "t")[:2] == [count, again]
    assert steps(pbx, "ivr-main", "i")[:2] == [count, again]


def test_direct_dial_is_for_menus_that_allow_it(pbx: Pbx) -> None:
    assert [i.context for i in context(pbx, "ivr-main").includes] == ["direct-dial"]
    assert context(pbx, "ivr-departments").includes == ()


def test_every_context_that_is_named_exists(pbx: Pbx) -> None:
    """Asterisk says nothing of a Goto into a context that isn't there."""
    names = {item.name for item in pbx.contexts}
    for item in pbx.contexts:
        assert {i.context for i in item.includes} <= names
        for exten in item.extens:
            for step in exten.steps:
                target = step.data.split(",")
                if step.app == "Goto" and len(target) == 3:
                    assert target[0] in names, (item.name, step)
    for name in expectations(pbx)["endpoints"]:
        assert endpoint(pbx, name)["context"] in names


def test_the_clients_own_contexts_come_last(clinic: Site) -> None:
    own = Context("custom-door", (Exten("s", (Step("Hangup"),)),))
    assert compile_site(clinic, (own,)).contexts[-1] is own


def test_an_unknown_version_is_refused(clinic: Site) -> None:
    with pytest.raises(ValueError, match="Asterisk 13 is not supported"):
        compile_site(replace(clinic, servers=replace(clinic.servers, asterisk=13)))


def test_every_file_is_reloaded_or_needs_a_restart(pbx: Pbx) -> None:
    told = {path for paths, _ in RELOADS for path in paths} | set(RESTART)
    assert told - ONLY_WHERE_USED == {file.path for file in pbx.files} | {"extensions.conf"}
    assert told > ONLY_WHERE_USED


def test_what_listens_or_opens_hardware_is_loaded_only_where_it_is_used() -> None:
    def loaded(*parts: modules.Part) -> set[str]:
        return {option.value for section in modules.conf(16, parts).sections for option in section.options}

    assert not {"chan_iax2.so", "chan_dahdi.so", "res_http_websocket.so"} & loaded()
    assert loaded("iax2") - loaded() == {"res_crypto.so", "chan_iax2.so"}
    assert loaded("iax2", "dahdi", "websocket") > loaded("websocket") > loaded()


def test_no_module_opens_programs_files_or_secrets_to_the_dial_plan() -> None:
    parts: tuple[modules.Part, ...] = ("dahdi", "iax2", "websocket")
    loaded = {option.value for section in modules.conf(22, parts).sections for option in section.options}
    assert not loaded & {
        f"{name}.so"
        for name in (
            "app_system",
            "app_externalivr",
            "app_minivm",
            "func_aes",
            "func_config",
            "func_curl",
            "func_env",
        )
    }
    assert not loaded & {
        f"{name}.so" for name in ("func_odbc", "func_realtime", "func_shell", "func_sorcery", "res_agi")
    }


def test_expectations_name_what_must_be_there(pbx: Pbx) -> None:
    expected = expectations(pbx)
    assert expected["queues"] == ["reception"]
    assert expected["registrations"] == ["mokhaberat"]
    assert "103@default" in expected["mailboxes"]
    assert "102@default" not in expected["mailboxes"]
    assert "mokhaberat" in expected["endpoints"]
    assert "ivr-main" in expected["contexts"]


def test_who_is_called_sends_no_call_elsewhere(pbx: Pbx) -> None:
    """By SIP 302 a phone could name any channel, ``PJSIP/0044...@mokhaberat`` too, whatever its permission class."""
    called = [
        step
        for item in pbx.contexts
        for exten in item.extens
        for step in exten.steps
        if step.app in {"Dial", "Queue"} or step.data.startswith("ring,")
    ]
    assert len(called) > 10
    options = {"Queue": 1, "Dial": 2, "Gosub": 4}
    for step in called:
        if not step.data.startswith("${ARG1},${ARG2},${ARG3}"):
            assert step.data.split(",")[options[step.app]].startswith("i"), step


def test_accounts_at_one_address_know_each_others_numbers(clinic: Site) -> None:
    """Asterisk tells trunks apart by address alone, so any one of them may get the other's calls."""
    first = clinic.trunks[0]
    same = replace(first, name="same", host=first.host.upper(), dids=("02199",))
    away = replace(first, name="away", host="192.0.2.1", dids=("02100",))
    pbx = compile_site(replace(clinic, trunks=(first, same, away)))
    ours = {exten.pattern for exten in context(pbx, "inbound-mokhaberat").extens}
    assert {exten.pattern for exten in context(pbx, "inbound-same").extens} == ours > {"i"}
    assert {exten.pattern for exten in context(pbx, "inbound-away").extens} == {"i"}


def test_a_name_keeps_what_is_harmless_in_it(clinic: Site) -> None:
    assert name_of({"en": "R&D (Lab), O'Brien | 50% = x^2"}, "en") == "R&D (Lab) O'Brien 50% = x^2"
    assert name_of({"en": 'a"b\\c${d}$[e];<f>`g`'}, "en") == "a b c d e f g"
    assert name_of({"fa": "سیزده\u200cبه\u200cدر"}, "fa") == "سیزده\u200cبه\u200cدر"


@pytest.mark.parametrize("version", [16, 18, 20, 21, 22, 23])
def test_every_version_from_16_on_gets_its_files(clinic: Site, version: int) -> None:
    assert (
        compile_site(replace(clinic, servers=replace(clinic.servers, asterisk=version))).asterisk == version
    )
