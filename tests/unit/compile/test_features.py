"""What compile makes of features.yml: codes that can be moved, keys for phones alone, PINs where no call shows them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelid.compile import compile_site
from kelid.compile.features.codes import CODES
from kelid.load import load_files
from kelid.model.feature_codes import FEATURE_CODES
from kelid.model.pbx import SECRET, Pbx
from kelid.model.record import replace
from kelid.model.site import Site
from kelid.readback import readback
from kelid.render import render
from kelid.render.gate import Refused

BASE = Path(__file__).resolve().parents[2] / "bad_sites" / "_base"
FEATURES = """
feature_codes: {own_mailbox: "*1", any_mailbox: off, pickup: "*20"}
in_call_keys: {blind_transfer: "##", park: "#72"}
recording: {announcement: "builtin:beep", beep: 15}
parking_lots:
  - {name: front, names: {en: Parking}, number: 700, slots: 701-703, destination: hangup}
pages:
  - {name: all, names: {en: All}, number: 770, members: [201, 202], duplex: true, quiet: true, prompt: "builtin:beep"}
conferences:
  - name: board
    names: {en: Board}
    number: 800
    moderator_number: 801
    pin_secret: room
    moderator_pin_secret: chair
    moderators: [201]
speed_dials:
  - {code: 1, number: 2345678, names: {en: Taxi}}
directories:
  - {name: staff, names: {en: Staff}, number: 411, exclude: [202], destination: hangup}
disa:
  - {name: managers, names: {en: Managers}, pin_set: managers, permission_class: local, callers: ["0151234567"]}
callbacks:
  - {name: staff, names: {en: Staff}, callers: [0151X.], permission_class: local, destination: hangup}
faxes:
  - {name: front, names: {en: Fax}, number: 780, header: Base, station_id: "+49301"}
"""
PINS = "pin_sets:\n  - {name: managers, pins: [{account_code: sara}]}\npermission_classes:"


def loaded(features: str = FEATURES) -> Site:
    files = {str(path.relative_to(BASE)): path.read_bytes() for path in BASE.rglob("*") if path.is_file()}
    files["features.yml"] = features.encode()
    files["routes.yml"] = files["routes.yml"].replace(b"permission_classes:", PINS.encode())
    site = load_files("base", files, shown="base")
    assert site.site, [str(finding) for finding in site.findings]
    return site.site


@pytest.fixture(scope="module")
def site() -> Site:
    return loaded()


@pytest.fixture(scope="module")
def pbx(site: Site) -> Pbx:
    return compile_site(site)


def extens(pbx: Pbx, context: str) -> dict[str, list[str]]:
    found = next(item for item in pbx.contexts if item.name == context)
    return {exten.pattern: [f"{step.app}({step.data})" for step in exten.steps] for exten in found.extens}


def test_every_code_of_the_table_has_steps() -> None:
    assert set(CODES) == set(FEATURE_CODES)


def test_a_code_can_be_moved_and_switched_off(pbx: Pbx) -> None:
    found = extens(pbx, "features")
    assert "VoiceMailMain" in " ".join(found["*1"])
    assert not {"*97", "*98", "_**X."} & set(found)
    assert found["_*20X."][0] == "PickupChan(PJSIP/${FILTER(0-9,${EXTEN:3})})"
    keys = {
        option.value
        for s in pbx.sections("pjsip.conf")
        for option in s.options
        if option.key == "voicemail_extension"
    }
    assert keys == {"*1"}


def test_filters_keep_the_dashes_that_they_name(pbx: Pbx) -> None:
    # At the end of what FILTER lets through a dash is the start of a range, and kept out.
    data = [step.data for context in pbx.contexts for exten in context.extens for step in exten.steps]
    assert [text for text in data if re.search(r"FILTER\([^,]*[^\\]-,", text)] == []


def test_keys_during_a_call_are_for_phones_alone(site: Site, pbx: Pbx) -> None:
    numbers = {extension.number for extension in site.extensions}
    with_keys = {
        section.name
        for section in pbx.sections("pjsip.conf", "endpoint")
        for option in section.options
        if option.key == "set_var"
        and re.match("DIAL_INSIDE=.*[TK]|TRANSFER_CONTEXT=from-class-local", option.value)
    }
    assert with_keys == numbers
    for context in pbx.contexts:
        for exten in context.extens:
            for step in exten.steps:
                if step.app in {"Dial", "Queue", "Page"}:
                    # Letters that let the calling side send the call on come from the variable only.
                    options = step.data.replace("${DIAL_INSIDE}", "").replace("${DIAL_OUTSIDE}", "")
                    plain = re.sub(r"\$\{[^}]*\}|\([^)]*\)", "", options.split(",", 2)[-1])
                    assert not set(plain) & set("TKHWX"), (context.name, step)


def test_without_keys_no_phone_has_any() -> None:
    text = str(render(compile_site(loaded("speed_dials: []\n"))).files["pjsip.conf"])
    assert "DIAL_INSIDE" not in text
    assert "TRANSFER_CONTEXT" not in text


def test_no_pin_is_where_calls_show_it(pbx: Pbx) -> None:
    files = render(pbx).files
    assert not SECRET.search(files["extensions.conf"])
    assert re.findall("pin = (.*)", files["confbridge.conf"]) == ["%%secret:room%%", "%%secret:chair%%"]


def test_a_moderators_phone_is_asked_for_nothing(pbx: Pbx) -> None:
    steps = extens(pbx, "conferences")["board"]
    assert steps[1] == 'GotoIf($["${CHANNEL(name):0:10}" = "PJSIP/201-"]?moderator)'
    assert steps[-2] == "ConfBridge(board,board-room,board-phone,kelid-moderator)"


def test_disa_guards_before_it_asks(pbx: Pbx) -> None:
    apps = [step.partition("(")[0] for step in extens(pbx, "disa-managers")["s"]]
    assert apps == ["GotoIf", "Gosub", "GotoIf", "Authenticate", "Gosub", "Set", "DISA", "Hangup", "Hangup"]
    assert "0151234567" in extens(pbx, "disa-callers-managers")


def test_slots_are_dialled_and_watched(pbx: Pbx) -> None:
    assert extens(pbx, "internal")["702"] == ["ParkedCall(front,702)"]
    internal = next(context for context in pbx.contexts if context.name == "internal")
    assert {hint.exten: hint.device for hint in internal.hints}["702"] == "park:702@parking-front"


@pytest.mark.parametrize(
    ("slots", "count"), [("701-703", 3), ("703-701", 0), ("001-002", 2), ("0000000000-9999999999", 200)]
)
def test_slots_are_counted_in_bounded_time(site: Site, slots: str, count: int) -> None:
    lot = replace(site.parking_lots[0], slots=slots)
    assert len(lot.numbers()) == count
    assert all(len(number) == len(lot.first) for number in lot.numbers())


HOSTILE = st.one_of(
    st.sampled_from(
        [
            "a,b",
            "x)\nexten => 1,1,System(id)",
            "${SHELL(id)}",
            "a;b",
            ";--",
            "#include x",
            "[x]",
            'a"b',
            "a\\",
            "&PJSIP/x",
            "%%secret:room%%",
        ]
    ),
    st.text(max_size=60),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE)
def test_names_are_inert(site: Site, pbx: Pbx, text: str) -> None:
    """Through every name in features.yml: what comes out has the same steps and sections, or is refused with its place."""
    changed = replace(
        site,
        **{
            key: tuple(replace(thing, names={"en": text}) for thing in getattr(site, key))
            for key in (
                "parking_lots",
                "pages",
                "conferences",
                "speed_dials",
                "directories",
                "disa",
                "callbacks",
                "faxes",
            )
        },
    )
    made = compile_site(changed)
    try:
        bundle = render(made)
    except Refused:
        return
    assert readback(bundle) == made
    shape = [(c.name, [(e.pattern, [s.app for s in e.steps]) for e in c.extens]) for c in made.contexts]
    assert shape == [
        (c.name, [(e.pattern, [s.app for s in e.steps]) for e in c.extens]) for c in pbx.contexts
    ]
