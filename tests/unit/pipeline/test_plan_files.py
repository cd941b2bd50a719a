"""Plans as files, what is guarded at the sample sites, and what can't be staged, held against the agent's own words."""

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kelid import pipeline
from kelid.compare.staging import not_staged
from kelid.findings import Exit, KelidError
from kelid.model import guard
from kelid.model.pbx import Pbx
from kelid.model.plan import Action, Comparison, Now, ObjectChange, Plan, Restart
from kelid.pipeline import plans
from kelid.pipeline.release import guard_of

SITES = pipeline.root() / "sites"
NAMES = ("noor-clinic", "atlas-trading", "atlas-isfahan", "brightwater-hotel", "sepehr-call-centre")
sys.path.insert(0, str(pipeline.root() / "roles" / "pbx_install" / "files"))


@pytest.fixture
def plan() -> Plan:
    return Plan(
        site="noor-clinic",
        commit="c" * 40,
        dirty=False,
        base="a" * 64,
        state="d" * 64,
        release="b" * 64,
        comparison=Comparison(
            objects=(ObjectChange(action=Action.REMOVE, kind="endpoint", name="صدا"),),
        ),
        restart=(Restart(file="modules.conf", why="because"),),
        touched={"trunk:a": "trunk a changes"},
        tool="1.0",
        now=Now(channels=3),
    )


def test_a_plan_comes_back_as_it_was_written(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "noor.plan.json"
    plans.write(plan, path)
    found = plans.read(path)
    assert (found.site, found.server, found.digest) == ("noor-clinic", "primary", plan.digest)
    assert found.changed_since(plan) == ""
    data = json.loads(path.read_text(encoding="utf-8"))
    for key in (
        "site",
        "commit",
        "base",
        "state",
        "release",
        "objects",
        "reloads",
        "restart",
        "not_staged",
        "risk",
        "touched",
    ):
        assert key in data


def test_any_bit_that_is_changed_is_noticed(plan: Plan, tmp_path: Path) -> None:
    """Also where the plan still says the same to a machine: nobody approved that text."""
    path = tmp_path / "noor.plan.json"
    plans.write(plan, path)
    whole = path.read_bytes()
    ends = len(whole.rstrip())
    chance = random.Random(11)  # noqa: S311 - the same bits each time
    for _ in range(300):
        at, bit = chance.randrange(ends), 1 << chance.randrange(8)
        changed = bytearray(whole)
        changed[at] ^= bit
        path.write_bytes(bytes(changed))
        if json_equal(bytes(changed), whole):
            continue  # white space, or an escape that means the same
        with pytest.raises(KelidError) as caught:
            plans.read(path)
        assert caught.value.exit is Exit.REFUSED


def json_equal(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"base": "e" * 64}, "the server now has release eeeeeeeeeeee, not aaaaaaaaaaaa"),
        ({"base": ""}, "the server now has release none"),
        ({"state": "e" * 64}, "changed by hand since"),
        ({"release": "e" * 64}, "the site is now release eeeeeeeeeeee, not bbbbbbbbbbbb"),
        ({"tool": "2.0"}, "made by kelid 1.0, and this is 2.0"),
        ({"reloads": ("moh reload",)}, "what would be done is not what it says"),
        ({"commit": "f" * 40, "dirty": True}, ""),
        ({"now": Now(channels=9)}, ""),
    ],
)
def test_what_changed_since_is_told(plan: Plan, tmp_path: Path, changes: dict[str, object], why: str) -> None:
    path = tmp_path / "noor.plan.json"
    plans.write(plan, path)
    found = plans.read(path).changed_since(replace(plan, **changes))  # type: ignore[arg-type]
    assert why in found
    assert bool(found) is bool(why)


def test_what_is_no_plan_is_refused(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"format": "kelid plan 1"}', '{"site": "noor-clinic"}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(KelidError):
            plans.read(tmp_path / "x.json")
    with pytest.raises(KelidError):
        plans.read(tmp_path / "none.json")


def pbx(name: str) -> Pbx:
    return pipeline.check(SITES, name).pbx


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_names_the_same_as_the_agent_leaves_out(name: str) -> None:
    from agent.adapt import Adapter

    checked = pipeline.check(SITES, name)
    adapter = Adapter()
    for path, text in checked.bundle.files.items():
        adapter.adapt(path, text)
    assert sorted(not_staged(checked.pbx)) == sorted(set(adapter.not_staged))


def test_the_agent_and_the_plan_guard_alike() -> None:
    from agent.guard import SHARE, touched

    assert SHARE == guard.SHARE
    had = {
        "extensions": [str(n) for n in range(100, 110)],
        "trunks": {"a": "1", "b": "1"},
        "emergency": {"sos": "1"},
    }
    for has in (
        {},
        had,
        {"extensions": ["100"], "trunks": {"a": "2"}, "emergency": {"sos": "2"}},
        {**had, "extensions": [str(n) for n in range(103, 113)]},
        {**had, "extensions": [str(n) for n in range(104, 113)]},
    ):
        assert touched(had, has) == guard.touched(had, has)
        assert touched(has, had) == guard.touched(has, had)


def test_the_sample_sites_guard_their_trunks_and_emergency_routes() -> None:
    for name in NAMES:
        checked = pipeline.check(SITES, name)
        found = guard_of(checked, {})
        assert set(found["trunks"]) == {trunk.name for trunk in checked.site.trunks}
        assert len(set(found["trunks"].values())) == len(found["trunks"]) or any(
            trunk.kind == "dahdi" for trunk in checked.site.trunks
        )
        assert set(found["emergency"]) == {
            route.name for route in checked.site.outbound_routes if route.emergency
        }
        assert set(found["extensions"]) == {extension.number for extension in checked.site.extensions}


def test_a_rotated_password_touches_its_trunk_alone() -> None:
    checked = pipeline.check(SITES, "noor-clinic")
    before = guard_of(checked, {"trunk_mokhaberat": "1", "extension_101": "1"})
    assert guard.touched(before, guard_of(checked, {"trunk_mokhaberat": "1", "extension_101": "2"})) == {}
    assert list(
        guard.touched(before, guard_of(checked, {"trunk_mokhaberat": "2", "extension_101": "1"}))
    ) == ["trunk:mokhaberat"]
