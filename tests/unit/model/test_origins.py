"""Where calls come into a dial plan: what the files of the channel drivers say, and contexts that nothing leads to."""

from __future__ import annotations

import pytest

from kelid.model.origins import Origin, origins, unled
from kelid.model.pbx import Pbx
from unit.simulate.conftest import pbx_of

PLAN = """
[phones]
exten => 1,1,NoOp()
"""


def found(pbx: Pbx) -> list[tuple[str, str, str]]:
    return [(one.technology, one.name, one.context) for one in origins(pbx)]


def only(pbx: Pbx) -> Origin:
    (one,) = origins(pbx)
    return one


def test_endpoints_and_wizards_of_pjsip() -> None:
    pbx = pbx_of(
        PLAN,
        pjsip="""
        [desk](!)
        type = endpoint
        context = phones
        [101](desk)
        callerid = Ali <101>
        [101]
        type = aor
        [bare]
        type = endpoint
        [anonymous]
        type = endpoint
        context = strangers
        """,
        pjsip_wizard="""
        [line]
        type = wizard
        endpoint/context = from-line
        endpoint/language = fa
        aor/max_contacts = 2
        [other]
        type = phoneprov
        """,
    )
    assert found(pbx) == [
        ("PJSIP", "101", "phones"),
        ("PJSIP", "bare", "default"),
        ("PJSIP", "anonymous", "strangers"),
        ("PJSIP", "line", "from-line"),
    ]
    assert [one.anonymous for one in origins(pbx)] == [False, False, True, False]
    line = list(origins(pbx))[-1]
    assert (line.get("language"), line.get("max_contacts"), line.get("set_var")) == ("fa", "", "")


def test_peers_and_guests_of_chan_sip() -> None:
    pbx = pbx_of(
        PLAN,
        sip="""
        [general]
        context = from-anybody
        language = fa
        [101]
        type = friend
        Context = phones
        [line]
        type = peer
        [user]
        type = user
        language = en
        [thing]
        host = dynamic
        """,
    )
    assert found(pbx) == [
        ("SIP", "guest", "from-anybody"),
        ("SIP", "101", "phones"),
        ("SIP", "line", "from-anybody"),
        ("SIP", "user", "from-anybody"),
    ]
    guest, phone, _, user = origins(pbx)
    assert (guest.anonymous, phone.anonymous) == (True, False)
    assert (phone.get("language"), user.get("language")) == ("fa", "en")


@pytest.mark.parametrize(("allow", "guests"), [("no", 0), ("off", 0), ("yes", 1), ("true", 1)])
def test_guests_are_let_in_or_not(allow: str, guests: int) -> None:
    pbx = pbx_of(PLAN, sip=f"[general]\nallowguest = {allow}\n")
    assert found(pbx) == [("SIP", "guest", "default")] * guests


def test_only_users_and_friends_of_iax_call() -> None:
    pbx = pbx_of(
        PLAN,
        iax="""
        [general]
        [a]
        type = friend
        context = from-a
        [b]
        type = peer
        context = from-b
        [c]
        type = user
        """,
    )
    assert found(pbx) == [("IAX2", "a", "from-a"), ("IAX2", "c", "default")]


def test_lines_of_cards_have_what_was_said_above_them() -> None:
    pbx = pbx_of(
        PLAN,
        chan_dahdi="""
        [channels]
        language = fa
        context = from-pstn
        channel => 1-4
        context = from-extension
        callerid = "Sara" <201>
        channel => 5
        channel => 6
        [e1]
        context = from-e1
        dahdichan = 1-15
        """,
    )
    assert found(pbx) == [
        ("DAHDI", "from-pstn", "from-pstn"),
        ("DAHDI", "from-extension", "from-extension"),
        ("DAHDI", "from-e1", "from-e1"),
    ]
    assert [one.get("callerid") for one in origins(pbx)] == ["", '"Sara" <201>', ""]


def test_other_drivers() -> None:
    one = only(pbx_of(PLAN, skinny="[phone]\nContext = phones\n"))
    assert (one.technology, one.context) == ("Skinny", "phones")


# --- contexts that nothing leads to ----------------------------------------------------------------

TWO = """
[internal]
exten => _1XX,1,Dial(PJSIP/${EXTEN})
 same => n,Goto(closed,s,1)
[closed]
exten => s,1,Playback(closed)
[originated]
exten => _X.,1,NoOp()
"""
PHONE = "[101]\ntype = endpoint\ncontext = internal\n"


def test_a_context_that_no_channel_and_no_step_leads_to() -> None:
    assert unled(pbx_of(TWO, pjsip=PHONE)) == ("originated",)
    assert unled(pbx_of(TWO)) == ("internal", "originated")


@pytest.mark.parametrize(
    "step",
    [
        "Goto(target,s,1)",
        "GotoIf($[1]?target,s,1)",
        "Gosub(target,s,1(a))",
        "Dial(Local/s@target/n)",
        "Dial(PJSIP/101,5,U(target^s^1))",
        "ExecIf(1?Goto(target,s,1))",
        "Set(WHERE=target,s,1)",
        "Goto(tar${X},s,1)",
        "Goto(${WHERE},s,1)",
    ],
)
def test_what_a_step_names_is_led_to(step: str) -> None:
    plan = f"[globals]\nWHERE=target\n[in]\nexten => s,1,{step}\n[target]\nexten => s,1,NoOp()\n"
    assert unled(pbx_of(plan)) == ("in",)


def test_what_is_included_is_led_to() -> None:
    assert unled(pbx_of("[in]\ninclude => target\n[target]\nexten => 1,1,NoOp()\n")) == ("in",)


def test_contexts_that_lead_to_one_another_have_one_way_in() -> None:
    plan = "[a]\nexten => s,1,Goto(b,s,1)\n[b]\nexten => s,1,Goto(a,s,1)\n"
    assert unled(pbx_of(plan)) == ("a",)


def test_macros_and_subroutines_are_no_ways_in() -> None:
    plan = """
    [in]
    exten => s,1,Macro(used)
    [macro-used]
    exten => s,1,NoOp()
    [macro-spare]
    exten => s,1,NoOp()
    [sub]
    exten => s,1,Return()
    """
    assert unled(pbx_of(plan, asterisk=16)) == ("in",)


def test_a_queue_and_a_mailbox_lead_to_contexts() -> None:
    plan = "[in]\nexten => s,1,Queue(q)\n[keys]\nexten => 1,1,NoOp()\n[out]\nexten => a,1,NoOp()\n"
    files = {"queues": "[q]\ncontext = keys\n", "voicemail": "[default]\n101 => 1,Ali,,,exitcontext=out\n"}
    assert unled(pbx_of(plan, pjsip=PHONE, **files)) == ("in",)


def test_without_channels_a_context_of_numbers_is_a_way_in_though_a_step_leads_there() -> None:
    plan = """
    [trunk]
    exten => s,1,Goto(phones,101,1)
    [phones]
    exten => _1XX,1,NoOp()
    include => more
    [more]
    exten => _2XX,1,NoOp()
    [menu]
    exten => s,1,Goto(phones,102,1)
    exten => 1,1,NoOp()
    """
    assert unled(pbx_of(plan)) == ("trunk", "menu", "phones")
    assert unled(pbx_of(plan, pjsip=PHONE)) == ("trunk", "menu")


def test_where_a_database_holds_the_phones_any_context_is_a_way_in() -> None:
    pbx = pbx_of(TWO, extconfig="[settings]\nps_endpoints => odbc,asterisk\n")
    assert unled(pbx) == ("internal", "closed", "originated")


def test_what_is_made_of_yaml_is_no_way_in_by_itself() -> None:
    pbx = pbx_of(TWO)
    assert unled(pbx)
    made = [
        type(one)(
            name=one.name,
            extens=one.extens,
            includes=one.includes,
            where=one.where._replace(file="sites/x/routes.yml"),
        )
        for one in pbx.contexts
    ]
    assert unled(Pbx(site="x", asterisk=22, contexts=tuple(made))) == ()
