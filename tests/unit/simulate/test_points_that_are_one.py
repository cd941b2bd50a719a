"""What makes no difference any more doesn't multiply the points of all calls: columns decided by, numbers shown."""

from __future__ import annotations

from datetime import date

from kelid.model.behaviour import Behaviour
from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.simulate.applications.dial import Dialling, _summed
from kelid.simulate.graph import graph_of
from kelid.simulate.live import GROUP, LIMITED, Live
from kelid.simulate.reach import Reach

ASKED = """
[in]
exten => _1XX,1,Goto(inside,${{EXTEN}},1)
[inside]
{extensions}
[ring]
exten => _X.,1,GotoIf($[${{ARG1}} > 15]?long)
 same => n,Goto(after)
 same => n(long),NoOp(long)
 same => n(after),Set(LOCAL(to)=${{DB(CFU/${{EXTEN}})}})
 same => n,GotoIf($["${{to}}" = ""]?end)
 same => n,Playback(forwarded)
 same => n(end),Return()
"""
SHOWN = """
[in]
{extensions}
[out]
exten => 9,1,Set(SHOWN=${{IF($["${{NUMBER}}" != ""]?${{FILTER(0-9+,${{NUMBER}})}}:100)}})
 same => n,Dial(PJSIP/trunk,,f(${{SHOWN}}))
 same => n,Hangup()
"""


def walked(text: str, context: str = "in") -> Behaviour:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return graph_of(
        Pbx(site="test", asterisk=22, contexts=tuple(contexts)), date(2026, 11, 26), context=context
    )


def asked(times: tuple[int, ...]) -> Behaviour:
    rows = [
        f"exten => {number},1,Gosub(ring,${{EXTEN}},1({seconds}))\n same => n,Hangup()"
        for number, seconds in zip(range(100, 140), times * 40, strict=False)
    ]
    return walked(ASKED.format(extensions="\n".join(rows)))


def test_extensions_that_a_column_told_apart_go_on_together() -> None:
    """Four ring times, two of them long: past the question they are two ways of one step, and then one."""
    assert (
        len(asked((10, 20)).nodes) <= len(asked((10, 10)).nodes) + 2
    )  # the question, and the step of those that it sends there


def test_numbers_that_are_only_shown_are_one() -> None:
    def rows(count: int) -> str:
        return "\n".join(
            f"exten => {100 + number},1,Set(__NUMBER=0{number})\n"
            + " same => n,NoOp()\n" * number
            + " same => n,Goto(out,9,1)"
            for number in range(count)
        )

    def dialled(count: int) -> int:
        nodes = walked(SHOWN.format(extensions=rows(count))).nodes
        return sum("dial" in way.condition.subject for node in nodes for way in node.ways)

    assert dialled(2) == dialled(6) > 0


def plan_of(*steps: str) -> Pbx:
    rows = "\n same => n,".join(steps)
    contexts, problems = read_dialplan("extensions.conf", f"[in]\nexten => 1,1,{rows}\n")
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def test_what_applications_read_by_themselves_is_kept() -> None:
    """PARKINGLOT stands in no other step, and says where a call is parked."""
    steps = ("Set(__PARKINGLOT=in)", "Set(__NUMBER=1)", "Dial(PJSIP/100)")
    assert Reach(plan_of(*steps)).handed_on == {"NUMBER"}
    deciding = ("Set(__NUMBER=1)", 'GotoIf($["${FILTER(0-9,${NUMBER})}" = "1"]?1,1)')
    assert Reach(plan_of(*deciding)).handed_on == frozenset()


def test_memberships_count_where_a_limit_is_low_or_not_known() -> None:
    def kept(condition: str) -> set[str]:
        pbx = plan_of(f"GotoIf($[{condition}]?1,1)", "Hangup()")
        live = Live(pbx, Reach(pbx))
        return {name for name in ("a", "b") if live.bit(GROUP + name)}

    assert kept("${GROUP_COUNT(x@a)} + ${GROUP_COUNT(x@b)} > 60") == set()
    assert kept("${GROUP_COUNT(x@a)} > 2") == {"a"}
    assert kept("${GROUP_COUNT(x@a)} > 60 & ${GROUP_COUNT(x@b)} > ${LIMIT}") == {"a", "b"}


def test_what_is_left_of_a_dials_ends_says_how_their_sum_ends() -> None:
    """Two that were busy and one that has no way are as one that was; somebody who rang is enough for no sum."""
    busy = Dialling("", locals=("Local/1@a",), busy=2, unavailable=1, failed=1, created=3)
    assert _summed(busy) == _summed(busy._replace(busy=1, created=2))
    assert _summed(busy).busy > 0
    rung = _summed(busy._replace(created=4))
    assert (rung.busy, rung.congestion, rung.unavailable, rung.failed) == (0, 0, 0, 0)
    assert rung.created > len(rung.locals)


def live_of(text: str) -> Live:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    pbx = Pbx(site="test", asterisk=22, contexts=tuple(contexts))
    return Live(pbx, Reach(pbx))


def is_read(live: Live, name: str, exten: str, priority: int = 1) -> bool:
    return bool(live.look("in", exten, priority).far & live.bit(name))


def test_a_jump_to_what_a_subroutine_returned_goes_nowhere_else() -> None:
    plan = """
[in]
exten => 1,1,Gosub(sub,s,1)
 same => n,Set({name}=${{GOSUB_RETVAL}})
 same => n,Goto(${{WAY}})
 same => n(yes),Hangup()
 same => n(other),NoOp(${{SECRET}})
[sub]
exten => s,1,Return(yes)
"""
    assert not is_read(live_of(plan.format(name="WAY")), "SECRET", "1")
    assert is_read(live_of(plan.format(name="WAY") + " same => n,Set(__WAY=other)\n"), "SECRET", "1")
    assert is_read(live_of(plan.format(name="ELSE")), "SECRET", "1")


def test_a_local_channel_goes_to_its_own_extension_wherever_that_may_be() -> None:
    plan = (
        "[in]\nexten => 1,1,Dial(Local/2@{})\nexten => 2,1,NoOp(${{SECRET}})\nexten => 3,1,NoOp(${{OTHER}})\n"
    )
    known = live_of(plan.format("in/n"))
    assert is_read(known, "SECRET", "1")
    assert not is_read(known, "OTHER", "1")
    assert is_read(live_of(plan.format("i${REST}")), "SECRET", "1")


def test_how_long_keys_are_waited_for_matters_under_a_time_limit_only() -> None:
    plan = "[in]\nexten => 1,1,{}\n same => n,Read(X,beep,4)\n same => n,Hangup()\n"
    for name in LIMITED.values():
        assert not is_read(live_of(plan.format("NoOp()")), name, "1")
        assert is_read(live_of(plan.format("Set(TIMEOUT(absolute)=60)")), name, "1")


COUNTING = """
[in]
{extensions}
[free]
exten => _1XX,1,Set(LOCAL(calls)=${{GROUP_COUNT(${{EXTEN}}@phone)}})
 same => n,GotoIf($[${{calls}} >= ${{ARG1}}]?no)
 same => n,Playback(free)
 same => n,Hangup()
 same => n(no),Playback(busy)
 same => n,Hangup()
"""


def test_two_numbers_that_are_open_are_compared_by_what_they_may_be() -> None:
    """Each phone has a limit of its own: how many calls are too many for it is known, and not just one or the other."""
    rows = [f"exten => {100 + at},1,Gosub(free,${{EXTEN}},1({1 + 999 * (at % 2)}))" for at in range(40)]
    nodes = walked(COUNTING.format(extensions="\n".join(rows))).nodes
    ways = [(node, way) for node in nodes for way in node.ways]
    assert not any(way.condition.about == "free" for _, way in ways if way.condition.subject)
    counts = {
        way.condition.value: {event.subject for event in nodes[way.target].events if event.kind == "hears"}
        for _, way in ways
        if way.condition.subject.startswith("group")
    }
    assert counts == {"0": {"free"}, "1": set(), "1000": {"busy"}}  # with one it goes by the phone


TRUNKS = """
[in]
exten => 1,1,Set(__NUMBER=0100)
 same => n,Goto(out,9,1)
[out]
exten => 9,1,Set(SHOWN=${{FILTER(0-9+,${{NUMBER}})}})
 same => n,Set(SHOWN=${{IF($["c${{SHOWN:0:1}}" = "c0"]?98${{SHOWN:1}}:${{SHOWN}})}})
 same => n,Dial(PJSIP/9@a,,f(${{SHOWN}}))
 same => n,Set(SHOWN=${{FILTER(0-9+,${{NUMBER}})}})
 same => n,{second}
 same => n,Dial(PJSIP/9@b,,f(${{SHOWN}}))
"""


def test_how_a_number_was_shown_to_one_trunk_is_over_at_the_next() -> None:
    """Each trunk has a form of its own for some numbers: what the first made of it isn't carried to the second."""

    def dials(second: str, trunk: str) -> int:
        nodes = walked(TRUNKS.format(second=second)).nodes
        return sum(any(f"@{trunk}" in way.condition.subject for way in node.ways) for node in nodes)

    as_it_is, in_a_form = "NoOp()", 'Set(SHOWN=${IF($["c${SHOWN:0:1}" = "c+"]?00${SHOWN:1}:${SHOWN})})'
    assert dials(as_it_is, "a") == 2
    assert dials(as_it_is, "b") == 1
    assert dials(in_a_form, "b") == 2
