"""The parts of the lab that need no root: addresses, names, the name server's answers, what was heard."""

from __future__ import annotations

import array
import math
import random
import struct
import wave
from pathlib import Path

import pytest

from kelid.lab import Lab, LabError, images
from kelid.lab.audio import recognise, seconds_of_sound
from kelid.lab.dns import answer, names_in
from kelid.lab.network import address_in, mac_of, namespace_name, short_name
from kelid.lab.phones import caller_of


def test_the_same_address_always_has_the_same_mac() -> None:
    assert mac_of("10.213.7.10") == mac_of("10.213.7.10") == "02:4b:0a:d5:07:0a"
    assert mac_of("10.213.7.11") != mac_of("10.213.7.10")


def test_names_of_interfaces_fit_into_the_kernel_s_15_characters() -> None:
    for lab in ("a", "a-very-long-name-of-a-lab-indeed"):
        inner = namespace_name(lab, address_in("10.213.255.0/24", 254)) + "i"
        assert len(inner) <= 15
    assert short_name("lab") != short_name("lab-2")


@pytest.mark.parametrize("name", ["", "Lab", "../etc", "1lab", "lab\n", "a" * 32, "lab/x", "لاب"])
def test_a_name_that_could_reach_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="can't be a lab's name"):
        Lab(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deb http://mirror.example/debian bookworm main\n", ["http://mirror.example/debian"]),
        ("deb [signed-by=/x] https://m.example/debian stable main", ["https://m.example/debian"]),
        ("Types: deb\nURIs: http://a.example/debian http://b.example/debian\n# URIs: http://no.example\n",
         ["http://a.example/debian", "http://b.example/debian"]),
        ("# deb http://off.example/debian stable main\n", []),
    ],
)  # fmt: skip
def test_the_mirror_is_read_from_either_form_of_apt_sources(text: str, expected: list[str]) -> None:
    assert list(images._addresses(text)) == expected


def test_a_chosen_mirror_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KELID_MIRROR", "http://chosen.example/debian")
    assert images.mirror() == "http://chosen.example/debian"


def query(name: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack("!HHHHHH", 77, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)


def test_the_name_server_knows_hosts_and_says_no_at_once() -> None:
    names = names_in("127.0.0.1 localhost\n::1 localhost\n10.0.0.7 telco sip.Example # the trunk\n")
    assert names == {"localhost": "127.0.0.1", "telco": "10.0.0.7", "sip.example": "10.0.0.7"}
    found = answer(query("SIP.example", 1), names)
    assert found[:2] == struct.pack("!H", 77)
    assert (found[3] & 0x0F, found[6:8], found[-4:]) == (0, b"\0\1", bytes([10, 0, 0, 7]))
    no_such_type = answer(query("sip.example", 33), names)
    assert (no_such_type[3] & 0x0F, no_such_type[6:8]) == (0, b"\0\0")
    unknown = answer(query("elsewhere.example", 1), names)
    assert (unknown[3] & 0x0F, unknown[6:8]) == (3, b"\0\0")


@pytest.mark.parametrize("garbage", [b"", b"x" * 16, query("a.b", 1)[:-3], b"\0" * 12 + b"\x3f" * 8])
def test_what_is_no_query_gets_no_answer(garbage: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        answer(garbage, {})


@pytest.mark.parametrize(
    ("uri", "caller"),
    [
        ('"Phone 101" <sip:101@10.0.0.1>', '101 "Phone 101"'),
        ("<sip:02188001234@10.0.0.1;user=phone>", "02188001234"),
        ("sip:201@10.0.0.1", "201"),
        ('"201" <sip:201@10.0.0.1>', "201"),
        ('"پذیرش" <sip:201@10.0.0.1>', '201 "پذیرش"'),
    ],
)
def test_a_phone_shows_number_and_name(uri: str, caller: str) -> None:
    assert caller_of(uri) == caller


def speech(seed: int, seconds: float) -> list[int]:
    """Return samples (8 kHz) that are loud and soft in the way of speech, another way for each seed."""
    chance = random.Random(seed)  # noqa: S311
    samples: list[int] = []
    while len(samples) < seconds * 8000:
        loud = chance.choice((200, 1500, 6000, 12000))
        length = chance.randrange(400, 1600)
        samples += [int(loud * math.sin(index * 0.35)) for index in range(length)]
    return samples[: round(seconds * 8000)]


def wav(path: Path, samples: list[int]) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(array.array("h", samples).tobytes())
    return path


def test_prompts_are_recognised_in_order_also_one_that_was_cut_off(tmp_path: Path) -> None:
    sounds = {name: speech(seed, 4) for seed, name in enumerate(("welcome", "menu", "closed"))}
    prompts = {name: wav(tmp_path / f"{name}.wav", samples) for name, samples in sounds.items()}
    quiet = [0] * 8000
    heard = quiet + [value // 2 for value in sounds["menu"]] + quiet + sounds["welcome"][:20000]
    found = recognise(wav(tmp_path / "heard.wav", heard), prompts)
    assert [one.prompt for one in found] == ["menu", "welcome"]
    assert found[0].at == pytest.approx(1.0, abs=0.1)
    assert found[1].at == pytest.approx(6.0, abs=0.1)


def test_silence_is_no_prompt_and_no_sound(tmp_path: Path) -> None:
    prompts = {"welcome": wav(tmp_path / "welcome.wav", speech(1, 2))}
    silence = wav(tmp_path / "silence.wav", [3, -3] * 16000)
    assert recognise(silence, prompts) == []
    assert seconds_of_sound(silence) == 0
    assert seconds_of_sound(prompts["welcome"]) > 1
