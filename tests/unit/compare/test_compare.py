"""Comparing two PBXs by object and by text."""

from __future__ import annotations

import pytest

from kelid.compare import compare, make_plan
from kelid.compare.plans import ServerState, Side
from kelid.findings import Where
from kelid.model.bundle import Bundle
from kelid.model.pbx import ConfFile, Context, Exten, Media, Option, Pbx, Section, Step
from kelid.model.plan import Action, Now, Plan, Restart


def endpoint(name: str, *options: tuple[str, str]) -> Section:
    return Section(name, (Option("type", "endpoint"), *(Option(key, value) for key, value in options)))


def pbx(
    *sections: Section, steps: tuple[Step, ...] = (Step("Hangup"),), media: tuple[Media, ...] = ()
) -> Pbx:
    context = Context("internal", (Exten("101", steps),))
    return Pbx(
        site="s", asterisk=22, files=(ConfFile("pjsip.conf", sections),), contexts=(context,), media=media
    )


def side(value: Pbx, **files: str) -> Side:
    return Side(
        value, Bundle(site="s", asterisk=22, files={f"{name}.conf": text for name, text in files.items()})
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (pbx(endpoint("101")), pbx(endpoint("101")), []),
        (pbx(), pbx(endpoint("101")), [(Action.ADD, "endpoint", "101")]),
        (pbx(endpoint("101")), pbx(), [(Action.REMOVE, "endpoint", "101")]),
        (
            pbx(endpoint("101", ("allow", "alaw"))),
            pbx(endpoint("101", ("allow", "ulaw"))),
            [(Action.CHANGE, "endpoint", "101")],
        ),
        (
            pbx(steps=(Step("Answer"), Step("Hangup"))),
            pbx(steps=(Step("Answer"), Step("Busy"))),
            [(Action.CHANGE, "dial plan", "101 in internal")],
        ),
        (
            pbx(),
            pbx(media=(Media("ab" * 32, "media/a.wav", "cd" * 32),)),
            [(Action.ADD, "prompt", "media/a.wav")],
        ),
    ],
    ids=["same", "added", "removed", "option", "step", "prompt"],
)
def test_objects_that_differ(before: Pbx, after: Pbx, expected: list[tuple[Action, str, str]]) -> None:
    found = compare(side(before), side(after)).objects

    assert [(change.action, change.kind, change.name) for change in found] == expected


def test_a_change_names_the_option_and_both_values() -> None:
    before, after = pbx(endpoint("101", ("allow", "alaw"))), pbx(endpoint("101", ("allow", "ulaw")))

    (detail,) = compare(side(before), side(after)).objects[0].details

    assert (detail.key, detail.before, detail.after) == ("allow", "alaw", "ulaw")


def test_repeated_options_are_compared_together() -> None:
    before = pbx(endpoint("101", ("match", "a"), ("match", "b")))
    after = pbx(endpoint("101", ("match", "a"), ("match", "c")))

    (detail,) = compare(side(before), side(after)).objects[0].details

    assert (detail.before, detail.after) == ("a | b", "a | c")


def test_sections_of_one_name_are_told_apart_by_type() -> None:
    auth = Section("101", (Option("type", "auth"),))

    found = compare(side(pbx(endpoint("101"))), side(pbx(endpoint("101"), auth))).objects

    assert [(change.kind, change.name) for change in found] == [("pjsip auth", "101")]


def test_moving_yaml_about_changes_nothing() -> None:
    moved = Section("101", (Option("type", "endpoint", Where("x.yml", 9)),), Where("x.yml", 8))

    assert compare(side(pbx(endpoint("101"))), side(pbx(moved))).empty


def test_text_is_compared_line_by_line() -> None:
    before, after = side(pbx(), a="x\ny\n", gone="1\n"), side(pbx(), a="x\nz\n", new="2\n")

    changes = {change.path: change for change in compare(before, after).files}

    assert {path: change.action for path, change in changes.items()} == {
        "a.conf": Action.CHANGE,
        "gone.conf": Action.REMOVE,
        "new.conf": Action.ADD,
    }
    assert changes["a.conf"].diff.splitlines()[3:] == [" x", "-y", "+z"]


def a_plan(
    server: ServerState,
    *,
    files: dict[str, str],
    secrets: dict[str, str] | None = None,
    after: Side | None = None,
) -> Plan:
    return make_plan(
        site="s",
        commit="c" * 40,
        dirty=False,
        tool="1",
        release="new",
        after=after or side(pbx()),
        files=files,
        secrets=secrets or {},
        reloads=[(("pjsip.conf",), "reload sip"), (("extensions.conf",), "dialplan reload")],
        restart={"modules.conf": "modules stay"},
        noticed=[(("extensions.conf",), "dialplan"), (("pjsip.conf",), "lines")],
        adopted_restart="made by hand",
        guard={"trunks": {"a": "2"}},
        server=server,
    )


def test_only_what_changed_is_reloaded_in_the_given_order() -> None:
    server = ServerState(
        release="old", files={"pjsip.conf": "1", "extensions.conf": "1", "modules.conf": "1"}
    )

    plan = a_plan(server, files={"pjsip.conf": "1", "extensions.conf": "2", "modules.conf": "1"})

    assert plan.reloads == ("dialplan reload",)
    assert plan.restart == ()
    assert plan.notices == ("dialplan",)


def test_a_removed_file_counts_as_changed() -> None:
    plan = a_plan(ServerState(release="old", files={"pjsip.conf": "1"}), files={})

    assert plan.reloads == ("reload sip",)
    assert plan.notices == ("lines",)


def test_where_only_a_restart_will_do_nothing_is_reloaded_and_the_reason_is_told() -> None:
    plan = a_plan(ServerState(release="old", files={"pjsip.conf": "1", "modules.conf": "1"}), files={})

    assert plan.reloads == ()
    assert plan.restart == (Restart(file="modules.conf", why="modules stay"),)
    assert plan.notices == ("restart",)


def modules(*names: str) -> Pbx:
    loads = tuple(Option("load", name) for name in names)
    return Pbx(site="s", asterisk=22, files=(ConfFile("modules.conf", (Section("modules", loads),)),))


@pytest.mark.parametrize(
    ("before", "after", "reloads", "restarts"),
    [
        (("a.so",), ("a.so", "b.so"), ("module load b.so",), False),
        (("a.so", "b.so"), ("a.so",), (), True),
        (("a.so",), ("b.so",), (), True),
    ],
)
def test_modules_that_are_only_added_need_no_restart(
    before: tuple[str, ...], after: tuple[str, ...], reloads: tuple[str, ...], restarts: bool
) -> None:
    server = ServerState(release="old", files={"modules.conf": "1"}, side=side(modules(*before)))

    plan = a_plan(server, files={"modules.conf": "2"}, after=side(modules(*after)))

    assert plan.reloads == reloads
    assert bool(plan.restart) is restarts


def test_what_was_made_by_hand_gives_way_by_a_restart() -> None:
    plan = a_plan(ServerState(release="0" * 64, adopted=True), files={"pjsip.conf": "1"})

    assert [item.why for item in plan.restart] == ["made by hand"]


def test_an_asterisk_that_does_not_run_is_started_and_told_nothing() -> None:
    server = ServerState(release="old", files={"modules.conf": "1"}, now=Now(running=False))

    plan = a_plan(server, files={"modules.conf": "2", "pjsip.conf": "1"})

    assert (plan.reloads, plan.restart, plan.notices) == ((), (), ("starts",))


def test_what_is_guarded_and_changes_is_told_by_the_name_of_its_override() -> None:
    server = ServerState(release="old", files={}, guard={"trunks": {"a": "1", "b": "1"}})

    assert a_plan(server, files={}).touched == {"trunk:a": "trunk a changes", "trunk:b": "trunk b goes away"}


def test_a_file_changed_by_hand_is_reloaded_again() -> None:
    server = ServerState(release="new", files={"pjsip.conf": "1"}, drift=("pjsip.conf",))

    plan = a_plan(server, files={"pjsip.conf": "1"})

    assert plan.reloads == ("reload sip",)
    assert not plan.empty


def test_changed_secrets_are_named() -> None:
    server = ServerState(release="old", files={}, secrets={"a": "1", "b": "1", "gone": "1"})

    assert a_plan(server, files={}, secrets={"a": "1", "b": "2", "fresh": "1"}).secrets == (
        "b",
        "fresh",
        "gone",
    )


def test_the_digest_holds_what_is_done_and_not_who_is_on_the_phone() -> None:
    quiet = a_plan(ServerState(release="old", files={}, now=Now(channels=0)), files={"pjsip.conf": "1"})
    busy = a_plan(ServerState(release="old", files={}, now=Now(channels=7)), files={"pjsip.conf": "1"})
    other = a_plan(ServerState(release="older", files={}), files={"pjsip.conf": "1"})

    assert quiet.digest == busy.digest
    assert quiet.digest != other.digest


def test_a_release_that_is_not_confirmed_yet_is_not_nothing_to_do() -> None:
    waiting = ServerState(release="new", files={"pjsip.conf": "1"}, now=Now(armed=True))
    confirmed = ServerState(release="new", files={"pjsip.conf": "1"})

    assert not a_plan(waiting, files={"pjsip.conf": "1"}).empty
    assert a_plan(confirmed, files={"pjsip.conf": "1"}).empty
