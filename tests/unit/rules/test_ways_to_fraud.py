"""Ways by which a caller could make calls at the client's expense, each tried on the sample clinic: none passes unseen."""

from __future__ import annotations

import contextlib
import shutil
from datetime import date
from pathlib import Path

import pytest

from kelid import pipeline

SITES = Path(__file__).resolve().parents[3] / "sites"
ABROAD = "external:00441632960000@international"
CITY = 'patterns: [{match: "[2-9]XXXXXXX", prepend: "021"}]'
DIRECT = "destination: extension:107"
OPEN = (
    "routes.yml",
    "  - name: international\n    routes: [",
    "  - name: international\n    allow_from_outside: the boss roams\n    routes: [",
)
DOOR = ("routes.yml", DIRECT, "destination: custom:door,s")
CALLBACK = """callbacks:
  - {name: cb, names: {fa: x}, callers: ["X."], permission_class: international, destination: hangup}
"""

Edit = tuple[str, str, str]


def custom(*steps: str) -> Edit:
    """Return a dial plan of the site's own with these steps, which the accountants' number leads to."""
    first, *rest = steps
    return (
        "custom/door.conf",
        "",
        "\n".join(["[door]", f"exten => s,1,{first}", *(f" same => n,{one}" for one in rest), ""]),
    )


WAYS: dict[str, tuple[str, list[Edit]]] = {
    "a menu's key": ("X001", [("ivrs.yml", "extension:103", ABROAD)]),
    "nobody answers": ("X001", [("extensions.yml", "no_answer: extension:101", f"no_answer: {ABROAD}")]),
    "after a queue": ("X001", [("queues.yml", "destination: voicemail:101", f"destination: {ABROAD}")]),
    "a queue's key": (
        "X001",
        [
            (
                "queues.yml",
                "    destination: v",
                f"    keys: [{{digit: 1, destination: '{ABROAD}'}}]\n    destination: v",
            )
        ],
    ),
    "an inbound route": ("X001", [("routes.yml", DIRECT, f"destination: {ABROAD}")]),
    "out of hours": (
        "X001",
        [("hours.yml", "closed_destination: announcement:closed", f"closed_destination: {ABROAD}")],
    ),
    "after an announcement": (
        "X001",
        [("ivrs.yml", "    destination: voicemail:101", f"    destination: {ABROAD}")],
    ),
    "0 in a mailbox": (
        "X001",
        [
            (
                "extensions.yml",
                "      email: reception@",
                f"      operator_destination: {ABROAD}\n      email: reception@",
            )
        ],
    ),
    "follow-me": (
        "X001",
        [
            (
                "extensions.yml",
                "    permission_class: local\n    no_answer: extension:101",
                "    permission_class: international\n"
                "    follow_me: {numbers: [{external: '00441632960000', seconds: 20}]}",
            )
        ],
    ),
    "digits put in front": ("X003", [("routes.yml", CITY, CITY.replace("021", "00"))]),
    "digits cut off": ("X003", [("routes.yml", CITY, 'patterns: [{match: "900X.", strip: 1}]')]),
    "digits that the trunk puts in front": (
        "X003",
        [("trunks.yml", "    max_channels: 4", "    max_channels: 4\n    number_out: {prepend: '00'}")],
    ),
    "an emergency route": (
        "X003",
        [("routes.yml", '{match: "110"}', '{match: "110", prepend: "0044163296"}')],
    ),
    "a wide emergency route": ("R013", [("routes.yml", '{match: "110"}', '{match: "110"}, {match: "00X."}')]),
    "a route between offices": (
        "X003",
        [
            ("routes.yml", "kind: local", "kind: internal"),
            ("routes.yml", CITY, 'patterns: [{match: "8X.", strip: 1}]'),
        ],
    ),
    "a route of another kind": ("X013", [("routes.yml", "kind: international", "kind: national")]),
    "a plus for the prefix": ("X013", [("routes.yml", CITY, 'patterns: [{match: "+X."}]')]),
    "a telephone company as an office": (
        "T019",
        [
            (
                "trunks.yml",
                "    max_channels: 4",
                "    max_channels: 4\n    internal: true\n    permission_class: international",
            )
        ],
    ),
    "a call-back without a cap": (
        "F011",
        [
            OPEN,
            ("features.yml", "", CALLBACK),
            ("routes.yml", DIRECT, "destination: callback:cb"),
        ],
    ),
    "a place kept in a queue, without a cap": (
        "F011",
        [
            OPEN,
            (
                "queues.yml",
                "    destination: v",
                "    callback: {digit: 2, permission_class: international, numbers: ['X.']}\n    destination: v",
            ),
        ],
    ),
    "own dial plan: a class": ("C013", [DOOR, custom("Read(N,beep)", "Goto(class-international,${N},1)")]),
    "own dial plan: a phone's way": (
        "C013",
        [DOOR, custom("Goto(from-class-international,${CALLERID(num)},1)")],
    ),
    "own dial plan: a trunk": ("C013", [DOOR, custom("Read(N,beep)", "Dial(PJSIP/${N}@mokhaberat)")]),
    "own dial plan: a Local channel": ("C013", [DOOR, custom("Dial(Local/00441@from-class-international)")]),
    "own dial plan: DISA": ("C013", [DOOR, custom("DISA(no-password,class-international)")]),
    "own dial plan: a route": ("C013", [DOOR, custom("Goto(route-international,00441632960000,1)")]),
    "own dial plan: a name in a variable": (
        "C013",
        [DOOR, custom("Set(C=from-class-international)", "Goto(${C},00441632960000,1)")],
    ),
    "own dial plan: transfers": (
        "C013",
        [DOOR, custom("Set(__TRANSFER_CONTEXT=from-class-international)", "Dial(PJSIP/101,20,tT)")],
    ),
    "own dial plan: a command": ("C014", [DOOR, custom("System(log ${CALLERID(name)})")]),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_way_is_found(name: str, tmp_path: Path) -> None:
    code, edits = WAYS[name]
    site = tmp_path / "noor-clinic"
    shutil.copytree(SITES / "noor-clinic", site)
    for file, before, after in edits:
        path = site / file
        path.parent.mkdir(exist_ok=True)
        text = path.read_text() if path.exists() else ""
        assert before in text
        path.write_text(text.replace(before, after, 1) if before else text + after)
    with contextlib.chdir(tmp_path):
        checked = pipeline.check(Path(), "noor-clinic", today=date(2026, 11, 26))
    assert code in {finding.code for finding in checked.findings}, [
        str(finding) for finding in checked.findings
    ]
