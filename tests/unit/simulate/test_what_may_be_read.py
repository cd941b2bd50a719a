"""What may still be read is told no wider than it is: what reads nothing of phones keeps nothing that was found of them."""

from __future__ import annotations

from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.simulate.live import ASTDB, Live
from kelid.simulate.reach import Reach

PLAN = """
[route]
exten => _X.,1,Gosub(caps,check,1(local,${PAYER}))
 same => n,Set(SHOWN=${OUTBOUND})
 same => n,Dial(PJSIP/${EXTEN}@line,,f(${SHOWN}))
 same => n,Hangup()
[caps]
exten => check,1,Set(LOCAL(key)=caps/${ARG1}/${ARG2})
 same => n,Set(LOCAL(hour)=${DB(${key}/hour)})
 same => n,Return(${hour})
[ring]
exten => _X.,1,Set(__OUTBOUND=${ARG2})
 same => n,Dial(${ARG1},20)
[group]
exten => 1,1,GotoIf($["${DB(DND/100)}" = "1"]?no)
 same => n(no),Hangup()
[in]
exten => 7,1,Gosub(ring,${EXTEN},1(PJSIP/7&Local/1@group/n,managers))
"""


def families(text: str, context: str, exten: str) -> set[str]:
    """Return the families of astdb that may be read from the first step of an extension on."""
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    pbx = Pbx(site="test", asterisk=22, contexts=tuple(contexts))
    live = Live(pbx, Reach(pbx))
    far = live.at(context, context, exten, 1).far
    return {
        family for family in ("DND", "caps", "") if far & live.family_bit(family) and live.bit(ASTDB + family)
    }


def test_a_caller_that_is_shown_is_nobody_who_is_called() -> None:
    """A variable in an option of Dial may have the text of a device: it isn't called for that."""
    assert families(PLAN, "route", "_X.") == {"caps"}
    shown = PLAN.replace("Set(SHOWN=${OUTBOUND})", "Set(SHOWN=Local/1@group)")
    assert families(shown, "route", "_X.") == {"caps"}


def test_an_argument_is_what_stands_in_its_place() -> None:
    """What a subroutine is given first is not what it takes from the second."""
    called = PLAN.replace("PJSIP/${EXTEN}@line", "PJSIP/${EXTEN}${OUTBOUND}@line")
    assert families(called, "route", "_X.") == {"caps"}
    second = called.replace("1(PJSIP/7&Local/1@group/n,managers)", "1(PJSIP/7,Local/1@group)")
    assert "DND" in families(second, "route", "_X.")


def test_whom_an_argument_names_is_called() -> None:
    assert "DND" in families(PLAN, "ring", "_X.")
    assert "DND" in families(PLAN, "in", "7")


def test_a_key_that_begins_with_a_variable_may_be_of_any_family() -> None:
    assert "" in families(PLAN.replace("=caps/${ARG1}", "=${ARG1}"), "route", "_X.")
