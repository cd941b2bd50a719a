"""What a profile and the defaults of site.yml may say of an extension is what an extension may say of itself.

JSON Schema's ``$ref`` would say so in one line, but the loader and editors' completion read schemas as they are written. So
site.schema.json repeats the keys, and this test holds them together; ``--accept`` copies them anew.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from kelid.load.schema import FOLDER, schema

ITS_OWN = {"number", "names", "email", "secret", "profile", "devices"}
"""What belongs to one extension alone."""
A_MAILBOX_S_OWN = {"pin_secret", "email"}


def shared(key: str, said: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Given a key of an extension, and what site.yml says of it until now, return the key as site.yml is to have it."""
    found = copy.deepcopy(said)
    found.pop("default", None)
    found["description"] = said["description"].removesuffix(".").split("; left out")[0] + "."
    if "default" in before:
        found["default"] = before["default"]
        found["description"] = before["description"]
    if key == "voicemail":
        for own in A_MAILBOX_S_OWN:
            found["properties"].pop(own)
        found["examples"] = [{"attach": True}]
        found["description"] = "The mailbox of each extension; with `{}` each has one."
    return found


def wanted() -> dict[str, Any]:
    """Return site.schema.json with the keys of an extension as they are now."""
    site = copy.deepcopy(schema("site"))
    extension = schema("extensions")["properties"]["extensions"]["items"]["properties"]
    keys = {key: said for key, said in extension.items() if key not in ITS_OWN}
    defaults = site["properties"]["defaults"]
    profile = site["properties"]["profiles"]["items"]
    for holder, first in ((defaults, {}), (profile, {"name": profile["properties"]["name"]})):
        before = holder["properties"] if holder is defaults else {}
        holder["properties"] = first | {
            key: shared(key, said, before.get(key, {})) for key, said in keys.items()
        }
    return site


def test_site_yml_knows_the_keys_of_an_extension(accept: bool) -> None:
    site = wanted()
    if accept:
        text = json.dumps(site, ensure_ascii=False, indent=2) + "\n"
        Path(FOLDER / "site.schema.json").write_text(text, encoding="utf-8")
        schema.cache_clear()
    assert json.dumps(schema("site"), indent=1) == json.dumps(site, indent=1), (
        "pytest --accept copies the keys"
    )


@pytest.mark.parametrize("key", sorted(ITS_OWN))
def test_what_is_an_extensions_own_is_in_no_profile(key: str) -> None:
    properties = schema("site")["properties"]
    assert key not in properties["defaults"]["properties"]
    assert key not in properties["profiles"]["items"]["properties"]
