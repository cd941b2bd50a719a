"""The dial plan as ``dialplan show`` prints it, and the faults that Asterisk says nothing of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from agent.conf import resolved
from agent.dialplan import faults, parse_plan
from agent.silent import addresses, ports
from agent.tables import parse_listeners, parse_modules, parse_objects, parse_peers

APPLICATIONS = "    -= Registered Asterisk Applications =-\n" + "".join(
    f"   {name}: does something\n" for name in ("Answer", "Goto", "GotoIf", "Gosub", "NoOp", "Set", "Hangup")
)
FUNCTIONS = (
    "CALLERID              CALLERID(datatype)   Gets it\nCONFBRIDGE_CHANNELS   x\nPJSIP_SEND_SESSION_R  x\n"
)
PLAN = """\
[ Context 'parkedcalls' created by 'res_parking/default' ]
  '700' =>          1. Park()                                     [res_parking]

[ Context 'internal' created by 'pbx_config' ]
  '101' =>          hint: PJSIP/101&Custom:DND101                 [extensions.conf:142]
                    1. Gosub(ring,${EXTEN},1(PJSIP/101,20,i,0))   [extensions.conf:150]
                    2. GotoIf($["${X}" = "a:b?c"]?busy:internal,102,1) [extensions.conf:151]
     [busy]         3. Hangup(17)                                 [extensions.conf:152]
  '102' (CID match '0912') =>  1. NoOp(a [b] (c))                 [extensions.conf:153]
  '_1XX' =>         1. Set(CALLERID(name)=${CALLERID(num)})       [extensions.conf:154]
  Include =>        'ring'                                        [pbx_config]

[ Context 'ring' created by 'pbx_config' ]
  '_.' =>           1. NoOp()                                     [extensions.conf:160]
"""


class Asked:
    """An Asterisk that knows which places there are."""

    def __init__(self, *there: str) -> None:
        self.there = there

    def ask(self, command: str) -> str:
        place = command.removeprefix("dialplan show ")
        return "it is there" if place in self.there else f"There is no existence of {place} extension\n"


def found(plan: str, *there: str) -> list[tuple[int, str]]:
    told = {"core show applications": APPLICATIONS, "core show functions": FUNCTIONS, "dialplan show": plan}
    asked: Any = Asked(*there)
    return [(one["line"], one["text"]) for one in faults(told, asked)]


def with_steps(*steps: str) -> str:
    """Return a plan with one extension more, 9, whose steps are on lines from 900 on."""
    rows = [f"  '9' =>            {steps[0]} [extensions.conf:900]"]
    rows += [f"                    {step} [extensions.conf:{900 + n}]" for n, step in enumerate(steps[1:], 1)]
    return PLAN + "\n[ Context 'nine' created by 'pbx_config' ]\n" + "\n".join(rows) + "\n"


def test_the_plan_is_read_with_labels_callers_and_lines() -> None:
    plan = parse_plan(PLAN)
    exten = plan["internal"].extens["101", ""]
    assert [(step.priority, step.app, step.line) for step in exten.steps.values()] == [
        (1, "Gosub", 150),
        (2, "GotoIf", 151),
        (3, "Hangup", 152),
    ]
    assert exten.labels == {"busy": 3}
    assert plan["internal"].extens["102", "0912"].steps[1].data == "a [b] (c)"
    assert (plan["internal"].includes, plan["ring"].includes) == (True, False)


def test_a_sound_plan_has_no_faults() -> None:
    assert found(PLAN) == []


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        (("1. Nope()",), (900, "no application is called Nope")),
        (("1. NoOp(${NOPE(1)})",), (900, "no function is called NOPE")),
        (("1. Set(NOPE(1)=2)",), (900, "no function is called NOPE")),
        (("1. NoOp()", "3. Hangup()"), (901, "extension 9 of context nine has no priority 2, but 3")),
        (("2. Hangup()",), (900, "extension 9 of context nine has no priority 1, but 2")),
        (("1. Goto(gone,s,1)",), (900, "Goto to gone,s,1: there is no context gone")),
        (
            ("1. Goto(internal,404,1)",),
            (900, "Goto to internal,404,1: context internal has no extension 404"),
        ),
        (("1. GotoIf(1?:gone,s,1)",), (900, "GotoIf to gone,s,1: there is no context gone")),
        (("1. Gosub(gone,s,1(a,b))",), (900, "Gosub to gone,s,1: there is no context gone")),
        (("1. Goto(7)",), (900, "Goto to 7: extension 9 of context nine has no priority 7")),
        (("1. Goto(there)",), (900, "Goto to there: extension 9 of context nine has no label there")),
        (("1. Goto(8,1)",), (900, "Goto to 8,1: context nine has no extension 8")),
    ],
)
def test_a_fault_is_told_with_its_line(steps: tuple[str, ...], fault: tuple[int, str]) -> None:
    assert found(with_steps(*steps)) == [fault]


@pytest.mark.parametrize(
    "step",
    [
        "1. Goto(internal,102,1)",
        "1. Goto(internal,155,1)",
        "1. Goto(internal,101,busy)",
        "1. Goto(${X},s,1)",
        "1. Goto(+1)",
        "1. NoOp(${PJSIP_SEND_SESSION_REFRESH()})",
        "1. GotoIf($[${X} > 1]?1)",
        "1. GotoIf(1?${A}:${B})",
    ],
)
def test_what_is_right_or_only_known_in_the_call_is_no_fault(step: str) -> None:
    assert found(with_steps(step), "155@internal") == []


def test_a_jump_past_everything_goes_on_at_i_but_no_subroutine_does() -> None:
    caught = "\n[ Context 'caught' created by 'pbx_config' ]\n  'i' => 1. Hangup() [extensions.conf:1]\n"
    assert found(with_steps("1. Goto(caught,s,1)") + caught) == []
    assert len(found(with_steps("1. Gosub(caught,s,1)") + caught)) == 1


def test_sections_have_the_options_of_their_templates() -> None:
    text = "[phone](!)\ntype = endpoint\nauth = x\n[101](phone)\ncontext = internal\n[101]\ntype = auth\n"
    sections = [(section.name, sorted(options)) for section, options in resolved(text)]
    assert sections == [("101", ["auth", "context", "type"]), ("101", ["type"])]


def test_what_lists_of_objects_say() -> None:
    auths = " I/OAuth:  <AuthId/UserName....>\n====\n\n     Auth:  101/101\n     Auth:  line-auth/0218\n"
    assert parse_objects(auths, "Auth") == {"101", "line-auth"}
    transports = (
        "Transport:  <TransportId........>  <Type>\n\nTransport:  transport-udp             udp      0\n"
    )
    assert parse_objects(transports, "Transport") == {"transport-udp"}
    modules = (
        "Module       Description     Use Count  Status      Support Level\n"
        "app_dial.so  Dialing Application                    3          Running              core\n"
        "res_x.so     Something                              0          Not Running          core\n"
    )
    assert parse_modules(modules) == {"app_dial.so": True, "res_x.so": False}
    peers = (
        "Name/Username    Host                                      Mask\n"
        "tehran/isfahan   192.0.2.1                                 (S)  255.255.255.255\n"
        "other            (null)                                    (D)  0.0.0.0\n"
        "2 iax2 peers [1 online, 1 offline, 0 unmonitored]\n"
    )
    assert parse_peers(peers) >= {"tehran", "other"}


def test_ports_of_other_programs() -> None:
    told = (
        'udp   UNCONN 0  0   0.0.0.0:5060   0.0.0.0:*  users:(("asterisk",pid=66,fd=14))\n'
        'udp   UNCONN 0  0   0.0.0.0:5070   0.0.0.0:*  users:(("kamailio",pid=7,fd=3))\n'
        'tcp   LISTEN 0  128    [::]:22        [::]:*  users:(("sshd",pid=5,fd=3))\n'
        "udp   UNCONN 0  0   0.0.0.0:68     0.0.0.0:*\n"
    )
    assert parse_listeners(told) == {("udp", 5070): "kamailio", ("tcp", 22): "sshd"}


@pytest.mark.parametrize(
    ("transport", "lines"),
    [
        ("protocol = udp\nbind = 0.0.0.0:5070\n", [4]),
        ("protocol = udp\nbind = 0.0.0.0\n", []),
        ("protocol = tcp\nbind = 0.0.0.0:5070\n", []),
        ("protocol = tls\nbind = [::]:22\n", [4]),
        ("bind = 192.0.2.7:5060\nprotocol = udp\n", []),
    ],
)
def test_a_port_that_another_program_has_is_no_port_for_sip(
    tmp_path: Path, transport: str, lines: list[int]
) -> None:
    (tmp_path / "pjsip_transport.conf").write_text(f"[udp]\ntype = transport\n{transport}")
    taken = {("udp", 5070): "kamailio", ("tcp", 22): "sshd"}
    assert [one["line"] for one in ports(tmp_path, taken)] == lines


def test_an_address_of_another_machine_is_none_to_listen_on(tmp_path: Path) -> None:
    (tmp_path / "pjsip.conf").write_text(
        "[a]\ntype = transport\nbind = 192.0.2.7:5060\n[b]\ntype = transport\nbind = 203.0.113.9\n"
        "[c]\ntype = transport\nbind = 0.0.0.0:5061\n[d]\ntype = transport\nbind = [2001:db8::1]:5060\n"
    )
    assert [one["line"] for one in addresses(tmp_path, {"192.0.2.7", "2001:db8::1"})] == [6]
