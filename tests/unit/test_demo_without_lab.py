"""The demo where no lab can be: what needs none is shown, the rest is named with the reason."""

from __future__ import annotations

import io

import pytest

from kelid import demo


def test_without_a_lab_the_rest_is_shown_and_what_is_left_out_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demo, "missing_requirements", lambda: ["the lab needs root"])
    stream = io.StringIO()

    story = demo.run(stream, colour=False)
    story.table()

    assert story.held
    assert [step.state for step in story.steps] == ["held"] * 3 + ["left out"] * 3
    assert story.steps[-1].shown == "left out: the lab needs root"
    assert "+exten => 3,1,Goto(internal,105,1)" in stream.getvalue()
    assert "Backup, destruction and restore" in stream.getvalue()


def test_a_step_that_fails_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "missing_requirements", lambda: ["the lab needs root"])
    monkeypatch.setattr(demo, "MENU_BEFORE", "this line stands nowhere")

    assert not demo.run(io.StringIO(), colour=False).held
