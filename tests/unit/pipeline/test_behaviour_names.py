"""Changes of calls name sounds by their files at the site."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from kelid import pipeline
from kelid.model.behaviour import CallChange, WayIn
from kelid.model.pbx import Media, Pbx
from kelid.model.trace import Event
from kelid.pipeline.behaviour import Sounds, behaviour_change
from kelid.report.behaviour import change_text

TODAY = date(2026, 11, 26)


def pbx(sites: Path) -> Pbx:
    return pipeline.check(sites, "noor-clinic", today=TODAY).pbx


def test_a_sound_is_called_by_its_file(root: Path, tmp_path: Path) -> None:
    before = root / "sites"
    shutil.copytree(before / "noor-clinic", tmp_path / "noor-clinic")
    file = tmp_path / "noor-clinic" / "hours.yml"
    file.write_text(file.read_text().replace("13:00", "14:00"))
    told = change_text(behaviour_change(pbx(before), pbx(tmp_path), TODAY, zone="Asia/Tehran"))
    assert "was hears closed.wav, then" in told
    assert "now hears welcome.wav, then" in told


def test_one_file_with_another_sound_has_two_names() -> None:
    """Or nothing would seem to change."""

    def side(name: str) -> Pbx:
        media = (Media("", "media/closed.wav", name), Media("", "media/welcome.wav", "e" * 64))
        return Pbx(site="x", asterisk=22, media=media)

    def hears(name: str) -> tuple[Event, ...]:
        return (Event("hears", f"/var/lib/kelid/media/{name}&/var/lib/kelid/media/{'e' * 64}&beep"),)

    way = WayIn(kind="trunk", name="t", names=("t",), context="c")
    one = CallChange(way_in=way, before=hears("a" * 64), after=hears("b" * 64))
    made = Sounds(side("a" * 64), side("b" * 64)).named_in(one)
    assert made.before[0].subject == "closed.wav (aaaaaaaa)&welcome.wav&beep"
    assert made.after[0].subject == "closed.wav (bbbbbbbb)&welcome.wav&beep"
