"""What compile makes of call handling and ring groups."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.compile import compile_site
from kelid.load import load_site
from kelid.model.destination import Destination
from kelid.model.pbx import Context, Exten
from kelid.model.record import replace
from kelid.model.site import (
    CallRecording,
    FollowMe,
    FollowMeNumber,
    RecordedCalls,
    RingGroup,
    RingGroupMember,
    Secretary,
    Site,
)
from kelid.readback import readback
from kelid.render import render

ROOT = Path(__file__).resolve().parents[3]
MOBILE = "09121111111"
PROMPT = "builtin:followme/options"
STRATEGIES = ("ringall", "hunt", "memoryhunt", "random", "firstavailable", "firstnotonphone")
_LABEL = re.compile(r"[?:]([a-z][a-z0-9-]*)(?=[:]|$)")


@pytest.fixture(scope="module")
def clinic() -> Site:
    site = load_site(ROOT / "sites" / "noor-clinic", shown="sites/noor-clinic").site
    assert site is not None
    return site


CLINIC = load_site(ROOT / "sites" / "noor-clinic", shown="sites/noor-clinic").site


def changed(site: Site, number: str, **changes: object) -> Site:
    """Return the site with one extension changed."""
    return replace(
        site, extensions=tuple(replace(e, **changes) if e.number == number else e for e in site.extensions)
    )


def context(site: Site, name: str) -> Context:
    return next(item for item in compile_site(site).contexts if item.name == name)


def exten(site: Site, name: str, pattern: str) -> Exten:
    return next(item for item in context(site, name).extens if item.name == pattern)


def steps(found: Exten) -> list[str]:
    return [f"{step.label}:{step.app}({step.data})" for step in found.steps]


def group(**changes: object) -> RingGroup:
    values: dict[str, object] = {
        "name": "support", "names": {"en": "Support"}, "strategy": "ringall", "ring_time": 20, "recording": "never",
        "skip_busy": False, "confirm_prompt": PROMPT, "destination": Destination("hangup"),
        "members": (RingGroupMember(extension="101"), RingGroupMember(extension="102")),
    }  # fmt: skip
    return RingGroup(**{**values, **changes})


def test_an_extension_without_features_is_five_steps(clinic: Site) -> None:
    for extension in clinic.extensions:
        assert len(exten(clinic, "internal", extension.number).steps) == 5


def test_who_calls_is_told_by_what_no_phone_can_choose(clinic: Site) -> None:
    site = changed(clinic, "101", outbound_caller_id="02188001235", emergency_caller_id="02188001234")
    found = next(s for s in compile_site(site).sections("pjsip.conf", "endpoint") if s.name == "101")
    assert [option.value for option in found.options if option.key == "set_var"] == [
        "__CALLER_EXTENSION=101",
        "GROUP(phone)=101",
        "__OUTBOUND_CALLER_ID=02188001235",
        "__EMERGENCY_CALLER_ID=02188001234",
    ]


def test_follow_me_rings_phones_and_never_numbers(clinic: Site) -> None:
    """No leg leads into ``internal``, where mailboxes and forwards would answer; outside is paid by the class."""
    numbers = (FollowMeNumber(extension="103"), FollowMeNumber(external=MOBILE, seconds=25))
    follow = FollowMe(strategy="hunt", numbers=numbers, confirm_prompt=PROMPT)
    site = changed(clinic, "102", follow_me=follow, permission_class="national")
    assert steps(exten(site, "internal", "102"))[:6] == [
        ":Gosub(ring,${EXTEN},1(PJSIP/102,20,i,0,national))",
        ':GotoIf($["${GOSUB_RETVAL}" = "busy"]?busy)',
        ":Set(WAY=${GOSUB_RETVAL})",
        ":Dial(Local/1@follow-me-102/n,20,i)",
        ":Dial(Local/2@follow-me-102/n,45,i)",
        ":Goto(${WAY})",
    ]
    assert not [s for e in context(site, "follow-me-102").extens for s in steps(e) if "internal" in s]
    assert steps(exten(site, "follow-me-102", "2")) == [
        ":Set(__OUTBOUND_CALLER_ID=)",
        f":Dial(Local/{MOBILE}@class-national/n,25,iU(confirm^followme/options))",
    ]
    together = changed(site, "102", follow_me=replace(follow, strategy="ringall"))
    assert steps(exten(together, "internal", "102"))[0] == (
        ":Gosub(ring,${EXTEN},1(PJSIP/102&Local/1@follow-me-102/n&Local/2@follow-me-102/n,45,i,0,national))"
    )


def test_recorded_calls(clinic: Site) -> None:
    wanted = RecordedCalls(
        inbound_external="always", inbound_internal="on_demand", outbound_external="always"
    )
    site = changed(clinic, "103", recording=wanted)
    assert 'i${IF($["${CALLER_EXTENSION}" = ""]?U(recording^extension-103^told):x)}' in str(
        steps(exten(site, "internal", "103"))[0].replace("\\", "")
    )
    told = replace(
        site, features=replace(site.features, recording=CallRecording(announcement="builtin:beep"))
    )
    assert "Playback(beep,noanswer)" in steps(exten(told, "internal", "103"))[0]


def test_the_private_number_passes_by_the_secretary(clinic: Site) -> None:
    boss = Secretary(extension="107", vip=("105", MOBILE), private_number="1080")
    site = changed(clinic, "108", secretary=boss)
    assert steps(exten(site, "internal", "1080")) == [":Goto(108,boss)"]
    assert [e.pattern for e in context(site, "vip-108").extens] == ["in105", f"out{MOBILE}"]
    assert [step.app for step in exten(site, "internal", "108").steps if step.label == "boss"] == ["Gosub"]
    assert "1080" not in {e.pattern for e in context(site, "direct-dial").extens}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("outside", [False, True])
def test_every_strategy_is_whole(clinic: Site, strategy: str, outside: bool) -> None:
    """All labels are there, nothing falls off the end, and what was rendered is read back."""
    mobile = RingGroupMember(external=MOBILE, permission_class="national")
    members = (*group().members, *((mobile,) if outside else ()))
    site = replace(clinic, ring_groups=(group(strategy=strategy, members=members, number="600"),))
    extens = [exten(site, "ring-groups", "support")]
    if strategy == "random":
        (begins,) = extens
        assert begins.steps[-1].data == f"ring-turns-support,${{RAND(1,{len(members)})}},1"
        extens = list(context(site, "ring-turns-support").extens)
        following = [step.data for one in extens for step in one.steps if step.app == "Goto"]
        # In a ring: whoever it begins with, each has his turn once.
        assert [one.pattern for one in extens] == [str(at) for at in range(1, len(members) + 1)]
        assert following == [f"ring-turns-support,{at},1" for at in (*range(2, len(members) + 1), 1)]
    for found in extens:
        labels = {step.label for step in found.steps}
        for step in found.steps:
            if step.app == "GotoIf":
                assert set(_LABEL.findall(step.data)) <= labels, step
        assert found.steps[-1].app == "Hangup"
    assert steps(exten(site, "internal", "600")) == [":Goto(ring-groups,support,1)"]
    pbx = compile_site(site)
    assert readback(render(pbx)) == pbx


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20
    )
)
def test_any_prefix_is_inert(text: str) -> None:
    assert CLINIC is not None
    site = replace(CLINIC, ring_groups=(group(caller_id_prefix=text),))
    data = exten(site, "ring-groups", "support").steps[0].data
    start, end = "CALLERID(name)=", " ${CALLERID(name)}"
    assert data.startswith(start)
    assert data.endswith(end)
    assert not set(data[len(start) : -len(end)]) & set("${}[],;\"'\\()<>|&^`=%")


def test_a_forward_is_filtered_before_anything_is_done_with_it(clinic: Site) -> None:
    first, *others = context(clinic, "forward").extens[0].steps
    assert first.data.startswith("LOCAL(to)=${FILTER(0-9*#+,${DB(")
    assert not [step for step in others if "DB(" in step.data]
    order = [
        next(i for i, step in enumerate(others) if word in step.data)
        for word in ("emergency", "internal,", "may-call")
    ]
    assert order == sorted(order)
