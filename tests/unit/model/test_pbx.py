"""What Asterisk makes of sections that inherit."""

from __future__ import annotations

import pytest

from kelid.model.pbx import ConfFile, Option, Pbx, Section


def options(*values: str) -> tuple[Option, ...]:
    return tuple(Option("k", value) for value in values)


TEMPLATES = (
    Section("t", options("1", "2"), template=True),
    Section("u", options("3"), template=True, inherits=("t",)),
)


def test_the_options_of_templates_come_first_and_in_order() -> None:
    file = ConfFile("c.conf", (*TEMPLATES, Section("s", options("4"), inherits=("u", "t"))))
    assert [*file.resolved] == [Section("s", options("1", "2", "3", "1", "2", "4"))]


def test_a_name_stands_for_the_first_section_that_has_it() -> None:
    file = ConfFile(
        "c.conf", (Section("t", options("0")), *TEMPLATES, Section("s", options("4"), inherits=("t",)))
    )
    assert [*file.resolved][-1] == Section("s", options("0", "4"))


def test_a_template_must_stand_above() -> None:
    with pytest.raises(KeyError):
        list(ConfFile("c.conf", (Section("s", (), inherits=("t",)), *TEMPLATES)).resolved)


def test_sections_of_a_type_are_found_by_what_they_inherit_too() -> None:
    made = Section("made", (Option("type", "aor"),), template=True)
    file = ConfFile("pjsip.conf", (made, Section("101", (), inherits=("made",))))
    pbx = Pbx(site="s", asterisk=22, files=(file,))
    assert [section.name for section in pbx.sections("pjsip.conf", "aor")] == ["101"]
