"""Trunks."""

from __future__ import annotations

from kelid.findings import Finding
from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.model.site import Trunk

MOST_NUMBERS = 20_000
"""Numbers that all trunks of a site may have together; rules look at them one by one."""
LARGEST_BLOCK = 10_000
"""What a longer block counts: rule T007 refuses it."""


def build(source: Source) -> tuple[Trunk, ...]:
    """Return the trunks of the site; one with a user registers, and has a secret, by convention if it names none."""
    found = []
    left = MOST_NUMBERS
    for view in source.file("trunks").each("trunks"):
        dids = view.texts("dids")
        for index, text in enumerate(dids):
            left -= _count(text)
            if left < 0:
                where = view.places.get(f"dids.{index}", view.at("dids"))
                message = f"with {text} the trunks have more than {MOST_NUMBERS} numbers"
                source.findings.append(Finding(where, "S009", message, "write those that the client has"))
                dids = dids[:index]
                break
        found.append(_trunk(view, dids))
    return tuple(found)


def _count(did: str) -> int:
    """Return how many numbers a number, or a block of them, is."""
    first, _, last = did.partition("-")
    return min(max(int(last) - int(first) + 1, 1), LARGEST_BLOCK) if last else 1


def _trunk(view: View, dids: tuple[str, ...]) -> Trunk:
    user = view.get("user")
    conventional = f"trunk_{view.get('name').replace('-', '_')}"
    registration = view.get("registration", "send" if user and view.get("kind") == "sip" else "none")
    needs_secret = bool(user) or registration == "accept"
    return view.make(
        Trunk,
        dids=dids,
        registration=registration,
        secret=view.get("secret", conventional if needs_secret else ""),
    )
