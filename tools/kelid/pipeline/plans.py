"""Plans as files: written once, approved, and done as they are or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kelid.findings import Exit, KelidError
from kelid.model.plan import Plan

FORMAT = "kelid plan 1"

SUFFIX = ".json"
"""How the name of a plan's file ends; no site's name has a dot."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A plan as it was written down: ``data`` is its file, whole and unchanged."""

    path: Path
    data: Mapping[str, Any]

    @property
    def site(self) -> str:
        """Return whose plan it is."""
        return str(self.data["site"])

    @property
    def server(self) -> str:
        """Return which machine of the site it is for."""
        return str(self.data["server"])

    @property
    def digest(self) -> str:
        """Return the digest of what it does."""
        return str(self.data["digest"])

    def changed_since(self, plan: Plan) -> str:
        """Return in words why this is no longer the plan, "" if it still is, given the plan of now."""
        if self.digest == plan.digest or (plan.empty and self.data["release"] == plan.release):
            return ""  # the latter: it is done already
        if self.data["base"] != plan.base:
            had, has = (str(name)[:12] or "none" for name in (self.data["base"], plan.base))
            return f"the server now has release {has}, not {had}"
        if self.data["state"] != plan.state:
            return "files on the server were changed by hand since"
        if self.data["release"] != plan.release:
            return f"the site is now release {plan.release[:12]}, not {str(self.data['release'])[:12]}"
        if self.data["tool"] != plan.tool:
            return f"it was made by kelid {self.data['tool']}, and this is {plan.tool}"
        return "what would be done is not what it says"


def as_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data for a file or a machine, with its digest and a checksum over all that it says."""
    data = {"format": FORMAT, "digest": plan.digest, "empty": plan.empty, **plan.as_dict()}
    return {**data, "checksum": _checksum(data)}


def write(plan: Plan, path: Path) -> None:
    """Write a plan down. Raise KelidError where that can't be."""
    text = json.dumps(as_data(plan), ensure_ascii=False, indent=2) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise KelidError(f"can't write the plan to {path}: {problem.strerror}") from problem


def read(path: Path) -> Approved:
    """Return the plan that a file holds. Raise KelidError if it can't be read, is none, or isn't as it was written."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise KelidError(f"can't read the plan {path}: {problem.strerror}", exit=Exit.USAGE) from problem
    except ValueError as problem:
        raise KelidError(f"{path} is no plan, or a damaged one", exit=Exit.REFUSED) from problem
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise KelidError(
            f"{path} is no plan of this kelid (`kelid plan SITE --out FILE` writes one)", exit=Exit.REFUSED
        )
    checksum = data.pop("checksum", None)
    if checksum != _checksum(data):
        raise KelidError(
            f"{path} is not as it was written: somebody changed the plan. Nothing was done; plan again",
            exit=Exit.REFUSED,
        )
    return Approved(path, data)


def _checksum(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
