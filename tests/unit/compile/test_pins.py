"""PIN sets become files that no conf file and no step of the dial plan knows the content of."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kelid.compile import compile_site, pins
from kelid.findings import Where
from kelid.load import load_site
from kelid.model.site import Site
from kelid.render import render

SET = """pin_sets:
  - name: managers
    pins:
      - {account_code: Sara-1}
      - account_code: reza
        secret: reza_pin
permission_classes:
"""


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """Return the folder of the bad sites' base with a PIN set."""
    folder = tmp_path / "base"
    shutil.copytree(root / "tests" / "bad_sites" / "_base", folder)
    routes = folder / "routes.yml"
    routes.write_text(routes.read_text().replace("permission_classes:\n", SET))
    return folder


@pytest.fixture
def site(folder: Path) -> Site:
    site = load_site(folder, shown="base").site
    assert site is not None
    return site


def test_a_set_is_a_file_of_accounts_and_digests_each_with_its_place(folder: Path, site: Site) -> None:
    bundle = render(compile_site(site))
    assert bundle.files["pins-managers.list"] == (
        "Sara-1:%%secret:pin_managers_sara_1:md5%%\nreza:%%secret:reza_pin:md5%%\n"
    )
    text = (folder / "routes.yml").read_text().splitlines()
    lines = [text[where.line - 1] for where in bundle.lines["pins-managers.list"] if where]
    assert [line.split(":")[-1].strip() for line in lines] == ["Sara-1}", "reza_pin"]


def test_who_is_asked_for_a_pin_is_booked_to_an_account(site: Site) -> None:
    step = pins.ask(site, "managers", where=Where("x", 1))
    assert (step.app, step.data) == ("Authenticate", "${ASTETCDIR}/pins-managers.list,am,,agent-pass")
