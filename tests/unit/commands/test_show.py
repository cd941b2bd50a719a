"""``kelid show``: the merged view, with the place behind every value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kelid.commands import main
from kelid.findings import Exit


def line_of(file: Path, text: str) -> int:
    return next(n for n, row in enumerate(file.read_text(encoding="utf-8").split("\n"), 1) if text in row)


def rows(out: str) -> dict[str, tuple[str, str]]:
    """Return key -> value and place of the lines of an answer."""
    found = {}
    for row in out.split("\n\n", maxsplit=1)[0].splitlines():
        key, _, rest = row.strip().partition("  ")
        value, _, place = rest.strip().rpartition("  ")
        found[key] = (value.strip(), place.strip())
    return found


def test_every_value_has_its_place(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "noor-clinic", "extension:105"]) == Exit.OK

    shown = rows(capsys.readouterr().out)
    extensions, site = clinic / "extensions.yml", clinic / "site.yml"
    here = f"sites/noor-clinic/extensions.yml:{line_of(extensions, 'آزمایشگاه')}"
    assert shown["names.fa"] == ("آزمایشگاه", here)
    assert shown["ring_time"] == ("20", f"sites/noor-clinic/site.yml:{line_of(site, 'ring_time')}")
    assert shown["maxmsg"] == ("100", "default")
    assert shown["secret"] == ("extension_105", "default")
    # The site's own way is not taken: the mailbox is.
    box = line_of(extensions, "آزمایشگاه") + 2
    assert shown["no_answer"] == ("voicemail:105", f"sites/noor-clinic/extensions.yml:{box}")


def test_who_names_it_stands_below(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["show", "noor-clinic", "extension:106"])

    below = capsys.readouterr().out.split("named by\n")[1]
    menu = line_of(clinic / "ivrs.yml", "extension:106")
    assert f"ivr:departments destination  sites/noor-clinic/ivrs.yml:{menu}\n" in below
    assert (
        f"queue:reception extension    sites/noor-clinic/queues.yml:{line_of(clinic / 'queues.yml', '106')}"
        in below
    )


def test_json_has_the_same(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "noor-clinic", "reception", "--json"]) == Exit.OK

    answer = json.loads(capsys.readouterr().out)
    assert answer["object"] == "queue:reception"
    file = "sites/noor-clinic/queues.yml"
    member = answer["values"]["members.2"]
    assert member["values"]["penalty"] == {
        "value": "1",
        "file": file,
        "line": line_of(clinic / "queues.yml", "penalty"),
    }
    assert answer["values"]["announce_frequency"] == {"value": "0", "file": None, "line": None}
    named_by = {use["object"] for use in answer["named_by"]}
    assert {"ivr:main", "ivr:departments"} == {name for name in named_by if not name.startswith("call:")}
    assert "call:reception-in-hours" in named_by


def test_without_an_object_all_are_listed(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "noor-clinic"]) == Exit.OK
    listed = [row.split()[0] for row in capsys.readouterr().out.splitlines()]
    assert {"site", "extension:101", "trunk:mokhaberat", "ivr:departments", "backup"} <= set(listed)
    for what in listed:
        assert main(["show", "noor-clinic", what]) == Exit.OK


def test_a_name_that_several_have_or_none_is_told(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "noor-clinic", "closed"]) == Exit.USAGE
    assert "announcement:closed (" in capsys.readouterr().err
    assert main(["show", "noor-clinic", "ivr:mian"]) == Exit.USAGE
    assert "it has ivr:main, ivr:departments" in capsys.readouterr().err


def test_the_site_itself_says_what_holds_for_all(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["show", "noor-clinic", "site"])
    shown = rows(capsys.readouterr().out)
    assert shown["address"][0] == "pbx.noor-clinic.example"
    assert shown["time_zone"][1] == f"sites/noor-clinic/site.yml:{line_of(clinic / 'site.yml', 'time_zone')}"
