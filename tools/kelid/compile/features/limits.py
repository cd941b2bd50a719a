"""How often something may be tried in an hour: counted in Asterisk's database, as ``ATTEMPTS/KEY`` = hour-count."""

from __future__ import annotations

from kelid.model.pbx import Context, Exten, Step

_NOW = "${STRFTIME(${EPOCH},UTC,%Y%m%d%H)}"
_READ = (
    Step("Set", "LOCAL(locked)=${LOCK(attempts)}"),
    Step("Set", f"LOCAL(hour)={_NOW}"),
    Step("Set", "LOCAL(kept)=${DB(ATTEMPTS/${ARG1})}"),
    # A count of an hour that is over is none.
    Step("Set", 'LOCAL(count)=${IF($["${CUT(kept,-,1)}" = "${hour}"]?${CUT(kept,-,2)}:0)}'),
)
_UNLOCK = Step("Set", "LOCAL(locked)=${UNLOCK(attempts)}")


def contexts() -> tuple[Context, ...]:
    """Return the context ``attempts``: ``count`` takes a key and a limit, and returns ``ok`` or ``over``."""
    count = Exten(
        "count",
        (
            *_READ,
            Step("GotoIf", "$[${count} >= ${ARG2}]?over"),
            Step("Set", "DB(ATTEMPTS/${ARG1})=${hour}-$[${count} + 1]"),
            _UNLOCK,
            Step("Return", "ok"),
            Step("Set", "LOCAL(locked)=${UNLOCK(attempts)}", label="over"),
            # In a file of its own, with time and call; the key is made of names in the YAML and filtered digits.
            Step("QueueLog", "NONE,${UNIQUEID},NONE,ALARM,too many attempts: ${ARG1}"),
            Step("Log", "NOTICE,too many attempts: ${ARG1}"),
            Step("Return", "over"),
        ),
    )
    forgive = Exten(
        "forgive",
        (
            *_READ,
            Step("ExecIf", "$[${count} > 0]?Set(DB(ATTEMPTS/${ARG1})=${hour}-$[${count} - 1])"),
            _UNLOCK,
            Step("Return"),
        ),
    )
    return (Context("attempts", (count, forgive)),)


def guard(key: str, limit: int, over: str) -> tuple[Step, Step]:
    """Return the steps that count an attempt and go to the label ``over`` where there were too many in this hour."""
    return (
        Step("Gosub", f"attempts,count,1({key},{limit})"),
        Step("GotoIf", f'$["${{GOSUB_RETVAL}}" = "over"]?{over}'),
    )
