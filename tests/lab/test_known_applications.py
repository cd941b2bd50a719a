"""The lists of applications and functions that lint judges by are those of the real Asterisk."""

from __future__ import annotations

import re

import pytest

from kelid.lab import Lab
from kelid.lint.known import APPLICATIONS, FUNCTIONS

pytestmark = pytest.mark.lab

IMAGES = {22: "pbx", 16: "pbx11"}
DOCUMENTATION = "/usr/share/asterisk/documentation/core-en_US.xml"
SHOWN = 20
"""Characters of a function's name that ``core show functions`` prints."""


@pytest.mark.parametrize("version", sorted(IMAGES))
def test_the_lists_are_those_of_asterisk(lab: Lab, version: int) -> None:
    host = lab.create_host(f"known{version}", image=IMAGES[version])
    host.shell("asterisk -rx 'core waitfullybooted'")
    applications = set(
        re.findall(r"^ +(\w+):", host.shell("asterisk -rx 'core show applications'"), re.MULTILINE)
    )
    functions = set(
        re.findall(r"^([A-Z][A-Z0-9_]+) ", host.shell("asterisk -rx 'core show functions'"), re.MULTILINE)
    )
    assert len(applications) > 150
    assert len(functions) > 150
    known = {name.lower() for name in APPLICATIONS[version]}
    assert {name.lower() for name in applications} <= known
    assert functions <= {name[:SHOWN] for name in FUNCTIONS[version]} | FUNCTIONS[version]
    # What isn't loaded without a configuration of its own is in the documentation that the package brings.
    documented = host.read(DOCUMENTATION)
    named = {name.lower() for name in re.findall(r'<application [^>]*name="([^"]*)"', documented)}
    assert known == named | {name.lower() for name in applications}
    named = set(re.findall(r'<function [^>]*name="([^"]*)"', documented))
    assert FUNCTIONS[version] == named | {name for name in functions if len(name) < SHOWN}
