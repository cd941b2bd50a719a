"""Releases: secrets in their places, names that give nothing away, the same bytes for the same input."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from kelid.deliver.release import fill, make_release, secret_names
from kelid.findings import Exit, KelidError
from kelid.model.bundle import Bundle
from kelid.model.pbx import Media, secret_token
from kelid.model.release import Release
from kelid.render import escape

SECRETS = {"release_key": "k" * 32, "extension_101": "p;w", "unused": "u"}
BUNDLE = Bundle(
    site="s",
    asterisk=22,
    files={"pjsip.conf": f"[101]\npassword = {secret_token('extension_101')}\n", "rtp.conf": "[general]\n"},
    media=(Media("cd" * 32, "media/a.wav", "ab" * 32),),
)


def release(bundle: Bundle = BUNDLE, **changes: str) -> Release:
    return make_release(
        bundle,
        secrets={**SECRETS, **changes},
        escape=escape,
        expect={"endpoints": ["101"]},
        reloads=[(("pjsip.conf",), "module reload res_pjsip.so")],
        restart=["modules.conf"],
        media=lambda item: item.source.encode(),
        commit="c" * 40,
        dirty=False,
        tool="1.0",
    )


def members(value: Release) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(value.archive)) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]


def test_the_archive_holds_final_files_the_text_with_tokens_and_media() -> None:
    found = members(release())

    assert found["files/pjsip.conf"] == b"[101]\npassword = p\\;w\n"
    assert found["bundle/pjsip.conf"] == BUNDLE.files["pjsip.conf"].encode()
    assert found[f"media/{'ab' * 32}.wav"] == b"media/a.wav"
    assert json.loads(found["manifest.json"]) == release().manifest


def test_a_list_gets_the_digest_of_a_pin_and_never_the_pin() -> None:
    bundle = Bundle(site="s", asterisk=22, files={"a.list": f"sara:{secret_token('pin', md5=True)}\n"})
    made = release(bundle, pin="270194")

    # md5 of 270194, as md5sum prints it
    assert members(made)["files/a.list"] == b"sara:da741fdfc18509babb15d916b759fa5a\n"
    assert list(made.manifest["secrets"]) == ["pin"]
    assert made.name != release(bundle, pin="270195").name
    assert b"270194" not in b"".join(members(made).values())


def test_the_manifest_comes_first_so_that_a_reader_can_refuse_early() -> None:
    assert next(iter(members(release()))) == "manifest.json"


def test_the_same_input_gives_the_same_bytes() -> None:
    made = release().archive

    assert made == release().archive
    assert made[4:8] == bytes(
        4
    )  # gzip's own time stamp (RFC 1952), which a test within one second would not notice


def test_no_secret_is_in_the_manifest_or_in_what_is_shown_of_a_release() -> None:
    made = release(extension_101="canary-value-1234")

    assert "canary-value-1234" not in json.dumps(made.manifest) + repr(made)
    assert b"canary-value-1234" in members(made)["files/pjsip.conf"]


def test_the_name_follows_text_secrets_and_key_but_no_secret_that_is_not_used() -> None:
    other_text = Bundle(site="s", asterisk=22, files={"rtp.conf": "[general]\n"})
    names = [
        release().name,
        release(extension_101="x").name,
        release(release_key="y").name,
        release(other_text).name,
    ]

    assert len(set(names)) == 4
    assert release(unused="z").name == release().name


def test_a_missing_secret_is_named() -> None:
    bundle = Bundle(site="s", asterisk=22, files={"a.conf": secret_token("trunk_x")})

    with pytest.raises(KelidError, match="trunk_x") as caught:
        release(bundle)

    assert caught.value.exit is Exit.INVALID


@pytest.mark.parametrize("value", ["two\nlines", "nul\0", "carriage\rreturn"])
def test_a_secret_that_would_break_the_line_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(KelidError, match="extension_101") as caught:
        release(extension_101=value)

    assert value not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_secret_that_looks_like_a_token_is_not_filled_again() -> None:
    text = fill(
        secret_token("extension_101"),
        {"extension_101": secret_token("release_key"), "release_key": "K"},
        lambda v: v,
    )

    assert text == secret_token("release_key")


def test_names_are_listed_once_and_sorted() -> None:
    bundle = Bundle(
        site="s", asterisk=22, files={"a": secret_token("b") + secret_token("a"), "c": secret_token("b")}
    )

    assert secret_names(bundle) == ("a", "b")
