"""What compile makes of queues, judged on the sample clinic with other queues than its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.compile.queues.conf import change
from kelid.load import load_site
from kelid.model.pbx import Context, Pbx
from kelid.model.record import replace
from kelid.model.site import PenaltyStep, Site

Make = Callable[[str], Site]


@pytest.fixture
def make(root: Path, tmp_path: Path) -> Make:
    """Return a function that reads the clinic with the text of another queues.yml."""

    def read(text: str) -> Site:
        folder = tmp_path / "noor-clinic"
        shutil.copytree(root / "sites" / "noor-clinic", folder)
        (folder / "queues.yml").write_text(text)
        loaded = load_site(folder)
        assert not loaded.findings, loaded.findings
        assert loaded.site
        return loaded.site

    return read


def options(pbx: Pbx, name: str) -> dict[str, str]:
    found = next(section for section in pbx.sections("queues.conf") if section.name == name)
    return {option.key: option.value for option in found.options}


def context(pbx: Pbx, name: str) -> Context:
    return next(item for item in pbx.contexts if item.name == name)


def steps(pbx: Pbx, name: str, pattern: str) -> list[str]:
    exten = next(item for item in context(pbx, name).extens if item.pattern == pattern)
    return [f"{step.label}:{step.app}({step.data})" for step in exten.steps]


QUEUE = "queues:\n  - name: reception\n    names: {fa: x}\n    members: [{extension: 101}]\n    destination: voicemail:101\n"


def test_a_queue_says_what_its_template_and_the_defaults_leave_out(make: Make) -> None:
    site = make(
        "defaults: {strategy: linear, retry: 9, sounds: {thankyou: closed}}\n"
        "templates: [{name: centre, retry: 3, weight: 2, sounds: {youarenext: welcome}}]\n"
        + QUEUE
        + "    template: centre\n    weight: 7\n"
    )
    queue = site.queues[0]
    assert (queue.strategy, queue.retry, queue.weight, queue.name) == ("linear", 3, 7, "reception")
    assert (queue.sounds.thankyou, queue.sounds.youarenext) == ("closed", "welcome")
    assert queue.place("retry").line == 2


def test_members_have_what_is_theirs_and_no_more(make: Make) -> None:
    text = "{extension: 102, wrapuptime: 9}, {extension: 103, penalty: 2, ringinuse: yes, state_interface: phone}]"
    site = make(QUEUE.replace("{extension: 101}]", text))
    found = [
        option.value
        for section in compile_site(site).sections("queues.conf")
        for option in section.options
        if option.key == "member"
    ]
    assert [line.split(",")[:2] + line.split(",")[3:] for line in found] == [
        ["PJSIP/102", "0", "hint:102@internal", "", "9"],
        ["PJSIP/103", "2", "PJSIP/103", "yes"],
    ]


def test_a_member_with_several_phones_is_one_channel_that_rings_them_all(make: Make) -> None:
    site = make(QUEUE)
    first = site.extensions[0]
    both = (first.devices[0], replace(first.devices[0], name="mobile", endpoint="101-mobile"))
    pbx = compile_site(replace(site, extensions=(replace(first, devices=both), *site.extensions[1:])))
    assert options(pbx, "reception")["member"].startswith("Local/101@queue-phones/n,0,")
    assert options(pbx, "reception")["member"].endswith(",hint:101@internal")
    assert steps(pbx, "queue-phones", "101") == [":Dial(PJSIP/101&PJSIP/101-mobile,,i)"]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (PenaltyStep(after=0, max_penalty="0"), "0,0"),
        (PenaltyStep(after=30, max_penalty="+5", min_penalty="2"), "30,+5,2"),
        (PenaltyStep(after=60, raise_penalty="3"), "60,,,3"),
    ],
)
def test_a_step_of_a_penalty_rule(step: PenaltyStep, line: str) -> None:
    assert change(step) == line


def test_a_penalty_rule_begins_before_the_queue_does_and_ends_with_it(make: Make) -> None:
    rule = "penalty_rules: [{name: widen, steps: [{after: 0, max_penalty: 2}, {after: 9, max_penalty: 5}]}]\n"
    other = "  - {name: other, names: {fa: x}, members: [{extension: 101}], destination: hangup}\n"
    pbx = compile_site(make(rule + QUEUE + "    penalty_rule: widen\n" + other))
    for queue, highest in (("reception", 2), ("other", 1000)):
        way = steps(pbx, "queues", queue)
        wanted = [
            f":Set(QUEUE_MAX_PENALTY={highest})",
            ":Set(QUEUE_MIN_PENALTY=0)",
            ":Set(QUEUE_RAISE_PENALTY=0)",
        ]
        assert way[1:4] == wanted


def test_the_ways_out(make: Make) -> None:
    pbx = compile_site(
        make(
            QUEUE + "    maxlen: 3\n    full_destination: hangup\n    empty_destination: voicemail:103\n"
            "    keys: [{digit: '*', destination: extension:103}]\n    ringing: member\n    answered_elsewhere: true\n"
            "    max_wait: 60\n    tries_once: true\n"
        )
    )
    way = steps(pbx, "queues", "reception")
    assert ":Queue(reception,iRCn,,,60)" in way
    assert way[-3:] == [
        ":Goto(voicemail-unavailable,101,1)",
        "full:Hangup()",
        "empty:Goto(voicemail-unavailable,103,1)",
    ]
    assert options(pbx, "reception")["context"] == "queue-reception-keys"
    assert steps(pbx, "queue-reception-keys", "*") == [":Goto(internal,103,1)"]


def test_callers_with_a_priority_are_known_by_number_or_pattern(make: Make) -> None:
    pbx = compile_site(make(QUEUE + "    priorities: [{callers: [0912, 0935XXX], priority: 10}]\n"))
    patterns = [exten.pattern for exten in context(pbx, "queue-reception-callers").extens]
    assert patterns == ["c0912", "_c0935XXX"]
    asked = next(step for step in steps(pbx, "queues", "reception") if "GosubIf" in step)
    assert "FILTER(0-9+*#,${CALLERID(num)})" in asked


def test_no_option_lets_who_is_called_send_a_call_elsewhere(make: Make) -> None:
    pbx = compile_site(make(QUEUE + "    recording: on_demand\n    caller_id_prefix: 'a,b${X}'\n"))
    way = steps(pbx, "queues", "reception")
    assert ":Set(CALLERID(name)=a b X ${CALLERID(name)})" in way
    called = next(step for step in way if step.startswith(":Queue("))
    assert called.split(",")[1] == "ix"


def test_who_may_log_in_is_named_or_of_a_class(make: Make) -> None:
    site = make(
        QUEUE
        + "    number: 600\n    dynamic: {members: [{extension: 103, penalty: 4}], permission_classes: [international]}\n"
    )
    pbx = compile_site(site)
    patterns = [exten.pattern for exten in context(pbx, "queue-logins").extens]
    classed = {e.number for e in site.extensions if e.permission_class == "international"} - {"101", "103"}
    assert set(patterns) == {"103", "600*103"} | classed | {f"600*{number}" for number in classed}
    assert ":Gosub(queue-member,${ARG1},1(reception,600,4))" in steps(pbx, "queue-logins", "600*103")


def test_without_dynamic_members_nobody_can_log_in(make: Make) -> None:
    pbx = compile_site(make(QUEUE))
    assert "queue-logins" not in {item.name for item in pbx.contexts}
    dialled = {exten.pattern for exten in context(pbx, "features").extens}
    assert {"*47", "*48", "*46"} <= dialled
    assert not {"*41", "*42", "*45", "*33"} & dialled


@pytest.mark.parametrize(
    ("version", "waits"), [(22, "reception,i,,,600,,,,${PLACE}"), (16, "reception,i,,,600,,,,,${PLACE}")]
)
def test_a_place_is_kept_by_a_channel_that_waits_there(make: Make, version: int, waits: str) -> None:
    site = make(
        QUEUE
        + "    callback: {digit: 2, permission_class: national, numbers: [09XXXXXXXXX], max_wait: 600, prepend: 9}\n"
    )
    pbx = compile_site(replace(site, servers=replace(site.servers, asterisk=version)))
    assert steps(pbx, "queue-reception-keys", "2") == [":Goto(queue-reception-callback,s,1)"]
    asked = steps(pbx, "queue-reception-callback", "s")
    started = next(step for step in asked if "Originate" in step)
    way = "Local/${CALL_BACK}*${PLACE}@queue-reception-place/n,exten,queue-reception-called,${CALL_BACK},1,600,a"
    assert started == f":Originate({way})"
    for check in ("FILTER(0-9+", "queue-reception-numbers", "emergency", "class-national", "attempts,count"):
        assert any(check in step for step in asked[: asked.index(started)]), check
    assert f"wait:Queue({waits})" in steps(pbx, "queue-reception-place", "_[0-9+]!")
    assert steps(pbx, "queue-reception-called", "_[0-9+]!") == [
        ":Goto(class-national,9${FILTER(0-9+,${EXTEN})},1)"
    ]


def test_supervisors_hear_calls_of_their_queues_only(make: Make) -> None:
    pbx = compile_site(make(QUEUE + "    supervisors: [{extension: 108, may: [listen, whisper]}]\n"))
    assert steps(pbx, "queue-listen", "108")[0] == ":ChanSpy(${SPIED},qSg(queue-reception))"
    assert steps(pbx, "queue-whisper", "108")[0] == ":ChanSpy(${SPIED},qSwg(queue-reception))"
    assert "queue-barge" not in {item.name for item in pbx.contexts}
    assert ":Set(SPYGROUP=queue-reception)" in steps(pbx, "queue-reception-answered", "s")


def test_the_order_of_queues_in_their_file_makes_no_other_dial_plan(make: Make) -> None:
    """Who logs in or out of all, and the lamp of all pauses, go through them by name."""
    one = QUEUE.removeprefix("queues:\n") + "    number: 600\n    dynamic: {members: [{extension: 103}]}\n"
    other = one.replace("name: reception", "name: after-hours").replace("600", "601")
    site = make(f"queues:\n{one}{other}")
    turned = replace(site, queues=tuple(reversed(site.queues)))
    made = []
    for pbx in map(compile_site, (site, turned)):
        hints = {(one.name, hint.exten): hint.device for one in pbx.contexts for hint in one.hints}
        extens = {(one.name, exten.name): exten.steps for one in pbx.contexts for exten in one.extens}
        made.append((hints, extens))
    assert made[0] == made[1]
    assert any("Queue:after-hours_pause_PJSIP/103&" in device for device in made[0][0].values())
