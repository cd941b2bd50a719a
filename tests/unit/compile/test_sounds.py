"""Where sounds lie on the server: found in the caller's language, under names that only what is played decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.compile.sounds import MEDIA, media
from kelid.compile.text import sound
from kelid.load import load_site
from kelid.model.record import replace
from kelid.model.site import MusicClass, Prompt, Recording, Site, Sound


@pytest.fixture
def site(root: Path) -> Site:
    site = load_site(root / "sites" / "noor-clinic").site
    assert site
    sounds = {f"media/{name}.wav": Sound(sha256=name * 64) for name in "abcd"}
    return replace(site, media={**site.media, **sounds})


def prompt(*recordings: tuple[str, str]) -> Prompt:
    both = tuple(Recording(file=f"media/{name}.wav", language=language) for name, language in recordings)
    return Prompt(name="both", recordings=both)


def test_each_language_lies_in_its_folder_but_the_first(site: Site) -> None:
    site = replace(site, prompts=(prompt(("a", ""), ("b", "en"), ("c", "pt-BR")),))
    name = sound(site, "both").removeprefix(f"{MEDIA}/")
    assert {item.file_name: item.sha256[0] for item in media(site)} == {
        f"{name}.wav": "a",
        f"en/{name}.wav": "b",
        f"pt_BR/{name}.wav": "c",
    }


def test_a_name_is_decided_by_all_that_is_played(site: Site) -> None:
    choices = [
        prompt(("a", "")),
        prompt(("b", "")),
        prompt(("a", ""), ("b", "en")),
        prompt(("a", ""), ("b", "de")),
        prompt(("a", ""), ("c", "en")),
        prompt(("b", ""), ("a", "en")),
    ]
    names = [sound(replace(site, prompts=(choice,)), "both") for choice in choices]
    assert len(set(names)) == len(names)
    same = replace(choices[0], names={"en": "Other words"})
    assert sound(replace(site, prompts=(same,)), "both") == names[0]


def test_a_packaged_sound_stays_what_it_is(site: Site) -> None:
    assert sound(site, "builtin:queue-thankyou") == "queue-thankyou"


def test_music_of_the_site_is_a_list_and_what_others_name_is_the_packages(site: Site) -> None:
    own = MusicClass(name="hold", files=("media/a.wav", "media/b.wav"), sort="random", announcement="both")
    queue = replace(site.queues[0], musicclass="spring")
    site = replace(site, prompts=(prompt(("c", "")), *site.prompts), music_classes=(own,), queues=(queue,))
    file = compile_site(site).file("musiconhold.conf")
    assert file
    found = {section.name: [(o.key, o.value) for o in section.options] for section in file.sections}
    assert list(found) == ["default", "spring", "hold"]
    assert (
        found["default"] == found["spring"] == [("mode", "files"), ("directory", "moh"), ("sort", "random")]
    )
    hold = dict(found["hold"])
    assert hold["mode"] == "playlist"
    assert hold["announcement"] == sound(site, "both")
    pieces = [value.removeprefix(f"{MEDIA}/") for key, value in found["hold"] if key == "entry"]
    there = {item.name: item.sha256[0] for item in media(site)}
    assert [there[name] for name in pieces] == ["a", "b"]


def test_a_class_called_default_takes_the_place_of_the_packages(site: Site) -> None:
    own = MusicClass(name="default", files=("media/a.wav",), sort="linear")
    queues = tuple(replace(queue, musicclass="default") for queue in site.queues)
    file = compile_site(replace(site, music_classes=(own,), queues=queues)).file("musiconhold.conf")
    assert file
    assert [section.name for section in file.sections] == ["default"]
    assert file.sections[0].get("mode") == "playlist"
