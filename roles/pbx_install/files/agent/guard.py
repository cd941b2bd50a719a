"""What a change must not touch unless somebody names it: trunks, emergency routes, and more than a share of the extensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHARE = 0.3
"""More than this share of the extensions gone in one change is more likely a slip than a wish."""


def touched(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Given what two releases guard (``extensions``; ``trunks`` and ``emergency``: name -> digest), return what is touched.

    The keys are the names of overrides (``trunk:NAME``, ``emergency:NAME``, ``extensions``), the values say what happens
    to it. What is new is not touched, and without a release before it nothing is.
    """
    found = {}
    had, has = set(before.get("extensions") or ()), set(after.get("extensions") or ())
    gone = sorted(had - has)
    if had and len(gone) > SHARE * len(had):
        names = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
        found["extensions"] = f"{len(gone)} of {len(had)} extensions go away: {names}"
    for kind, one, what in (("trunks", "trunk", "trunk"), ("emergency", "emergency", "emergency route")):
        now = after.get(kind) or {}
        for name, digest in sorted((before.get(kind) or {}).items()):
            if name not in now:
                found[f"{one}:{name}"] = f"{what} {name} goes away"
            elif now[name] != digest:
                found[f"{one}:{name}"] = f"{what} {name} changes"
    return found
