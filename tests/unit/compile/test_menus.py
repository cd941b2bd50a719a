"""What compile makes of menus and announcements, judged on the sample clinic with others than its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kelid.compile import compile_site
from kelid.load import load_site
from kelid.model.destination import Destination
from kelid.model.pbx import Context
from kelid.model.record import replace
from kelid.model.site import Announcement, IvrEntry, Site


@pytest.fixture
def site(root: Path) -> Site:
    site = load_site(root / "sites" / "noor-clinic").site
    assert site
    return site


def menu(site: Site, **changes: Any) -> dict[str, Context]:
    """Return the contexts of the site whose first menu has these changes."""
    changed = replace(site.ivrs[0], **changes)
    contexts = compile_site(replace(site, ivrs=(changed, *site.ivrs[1:]))).contexts
    return {context.name: context for context in contexts}


def steps(context: Context, exten: str) -> list[str]:
    found = next(item for item in context.extens if item.pattern == exten)
    return [f"{step.label}:{step.app}({step.data})" for step in found.steps]


def dialled(contexts: dict[str, Context]) -> set[str]:
    names = [include.context for include in contexts["ivr-main"].includes]
    return {exten.pattern for name in names for exten in contexts[name].extens}


def test_callers_dial_what_the_menu_names_and_nothing_else(site: Site) -> None:
    everybody = {extension.number for extension in site.extensions}
    assert dialled(menu(site, direct_dial=())) == set()
    assert dialled(menu(site, direct_dial=("extensions",))) == everybody
    assert dialled(menu(site, direct_dial=("103-105", "108"))) == {"103", "104", "105", "108"}
    assert dialled(menu(site, direct_dial=("10", "0103", "1030-1050"))) == set()


def test_an_extension_that_refuses_is_dialled_in_no_menu(site: Site) -> None:
    shy = tuple(replace(item, direct_dial=item.number != "103") for item in site.extensions)
    found = dialled(menu(replace(site, extensions=shy), direct_dial=("extensions", "103")))
    assert found == {item.number for item in site.extensions} - {"103"}


def test_a_range_opens_queues_and_menus_but_nothing_that_speaks_or_pays(site: Site) -> None:
    site = replace(site, queues=(replace(site.queues[0], number="7001"), *site.queues[1:]))
    closed, *others = site.announcements
    site = replace(site, announcements=(replace(closed, number="7003"), *others))
    assert dialled(menu(site, direct_dial=("7000-7999",), number="7002")) == {"7001", "7002"}
    assert dialled(menu(site, direct_dial=("queues",))) == {"7001"}


def test_menus_that_let_dial_the_same_share_one_context(site: Site) -> None:
    both = tuple(replace(ivr, direct_dial=("103-105",)) for ivr in site.ivrs)
    pbx = compile_site(replace(site, ivrs=both))
    included = [
        i.context for c in pbx.contexts if c.name in {"ivr-main", "ivr-departments"} for i in c.includes
    ]
    assert included == ["ivr-main-numbers"] * 2


def test_a_key_can_change_the_language(site: Site) -> None:
    entry = IvrEntry(digits="9", language="en-GB", destination=Destination("repeat"))
    context = menu(site, entries=(entry,))["ivr-main"]
    assert steps(context, "9") == [":Set(CHANNEL(language)=en_GB)", ":Goto(s,menu)"]


def test_what_was_wrong_is_said_before_the_menu_is_repeated(site: Site) -> None:
    context = menu(site, retries=1, invalid_prompt="builtin:pbx-invalid")["ivr-main"]
    assert steps(context, "i") == [
        ":Set(IVR_FAILED=$[${IVR_FAILED} + 1])",
        ":GotoIf($[${IVR_FAILED} > 1]?over)",
        ":Background(pbx-invalid)",
        ":Goto(s,menu)",
        "over:Goto(internal,101,1)",
    ]
    assert "pbx-invalid" not in str(steps(context, "t"))


PLAIN = Announcement(
    name="x",
    names={"fa": "x"},
    prompt="builtin:hello",
    answer=True,
    skip=False,
    destination=Destination("hangup"),
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"s": [":Answer(500)", ":Playback(hello)", ":Hangup()"]}),
        ({"answer": False}, {"s": [":Playback(hello,noanswer)", ":Hangup()"]}),
        (
            {"skip": True},
            {
                "s": [":Answer(500)", "play:Background(hello,m)", ":Goto(t,1)"],
                "_[0-9*#]": [":Goto(t,1)"],
                "t": [":Hangup()"],
                "i": [":Hangup()"],
            },
        ),
        (
            {"repeat_key": "*", "answer": False},
            {
                "s": ["play:Background(hello,nm)", ":WaitExten(3)", ":Goto(t,1)"],
                "*": [":Goto(s,play)"],
                "t": [":Hangup()"],
                "i": [":Hangup()"],
            },
        ),
    ],
    ids=["plain", "not answered", "skip", "repeat"],
)
def test_an_announcement(site: Site, changes: dict[str, Any], expected: dict[str, list[str]]) -> None:
    pbx = compile_site(replace(site, announcements=(*site.announcements, replace(PLAIN, **changes))))
    context = next(context for context in pbx.contexts if context.name == "announcement-x")
    assert {exten.pattern: steps(context, exten.pattern) for exten in context.extens} == expected
