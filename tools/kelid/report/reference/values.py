"""The pages' contents as values, which ``kelid.reference`` gathers from the rooms that own them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kelid.findings import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One file of a site: its schema, and whether every site has it."""

    name: str
    schema: Mapping[str, Any]
    needed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One finding's code: what it means or asks for, and a line that it writes ("" where nothing small enough earns it)."""

    code: str
    severity: Severity
    asks: str
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that the pages say. ``families`` tells what the letter of a code stands for."""

    topics: tuple[Topic, ...]
    codes: tuple[Code, ...]
    families: Mapping[str, str]
