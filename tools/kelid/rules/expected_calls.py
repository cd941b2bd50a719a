"""O: the calls that matter, and what must happen with them (outcomes)."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.model.moments import moment
from kelid.model.site import ExpectedCall, Site
from kelid.model.site.references import named
from kelid.rules.dids import has
from kelid.rules.registry import Fault, rule


def _texts(call: ExpectedCall) -> Iterator[tuple[str, str]]:
    """Yield every text of a call that may name a trunk, and the key where it stands in the call itself."""
    yield "from", call.start
    for key in ("expect", "expect_not"):
        for index, text in enumerate(getattr(call, key)):
            yield f"{key}.{index}", text


@rule("O001")
def call_trunk_unknown(site: Site) -> Iterator[Fault]:
    """A trunk that an expected call names is at the site."""
    known = [trunk.name for trunk in site.trunks]
    for call in site.calls:
        places = [(call.place(key), text) for key, text in _texts(call)]
        places += [(call.world.place(f"devices.{text}"), text) for text in call.world.devices]
        for where, text in places:
            kind, name = named(text)
            if kind == "trunk" and name not in known:
                has_ = f"the site has {', '.join(known)}" if known else "the site has no trunk"
                yield where, f"there is no trunk {name!r}", has_


@rule("O002")
def call_at_no_time(site: Site) -> Iterator[Fault]:
    """An expected call comes at a time that there is."""
    for call in site.calls:
        try:
            moment(call.at, site.time_zone)
        except ValueError as problem:
            yield call.place("at"), str(problem), "write day and time by the site's clock"
        except (KeyError, OSError):
            return  # the zone itself is unknown, which N004 says


@rule("O003")
def call_number_unknown(site: Site) -> Iterator[Fault]:
    """A call from a trunk is to a number that the trunk has."""
    trunks = {trunk.name: trunk for trunk in site.trunks}
    for call in site.calls:
        kind, name = named(call.start)
        trunk = trunks.get(name) if kind == "trunk" else None
        if trunk is None or trunk.internal or not trunk.dids or has(trunk, call.dial):
            continue
        text = f"the trunk {name!r} has no number {call.dial}"
        yield call.place("dial"), text, f"its dids are {', '.join(trunk.dids[:8])}"


@rule("O004")
def call_asks_both(site: Site) -> Iterator[Fault]:
    """What must happen is not forbidden too."""
    for call in site.calls:
        for index, text in enumerate(call.expect_not):
            # `extension:101` forbids any ringing; `extension:101 20s` that of twenty seconds alone.
            clash = [item for item in call.expect if item == text or item.partition(" ")[0] == text]
            if clash:
                yield (
                    call.place(f"expect_not.{index}"),
                    f"call {call.name!r} must do {clash[0]!r} and must not",
                    "take one of the two away",
                )


@rule("O005")
def call_night_mode(site: Site) -> Iterator[Fault]:
    """Night mode is set for a schedule that has a code for it."""
    overrides = {schedule.name: schedule.override for schedule in site.schedules}
    for call in site.calls:
        for name, state in call.world.night_mode.items():
            if name not in overrides:
                continue  # N006 says so
            override = overrides[name]
            if override is None or (state == "open" and not override.open_code):
                what = "code" if override is None else "open_code"
                yield (
                    call.world.place(f"night_mode.{name}"),
                    f"no phone can make the schedule {name!r} {state}: it has no {what}",
                    "give it one in hours.yml (override), or take it away here",
                )
