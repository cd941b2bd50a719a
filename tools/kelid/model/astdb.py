"""Families of Asterisk's database (astdb) that the dial plan keeps values in, and that the oracle is told of.

Its keys are compared letter by letter (SQLite, main/db.c): ``blacklist`` is another family than ``BLACKLIST``.
"""

from __future__ import annotations

from collections.abc import Mapping

FORWARDS: Mapping[str, str] = {"always": "CFU", "busy": "CFB", "no_answer": "CFNA"}
"""Which calls of an extension are forwarded -> family; the value is a number."""

DO_NOT_DISTURB = "DND"
"""Extension -> 1 while its owner wants to be left alone."""

NIGHT = "NIGHT"
"""Schedule -> ``closed`` or ``open`` while a code overrides the clock."""

BLACKLIST = "BLACKLIST"
"""A caller's number -> 1 for one whom a phone has refused."""
