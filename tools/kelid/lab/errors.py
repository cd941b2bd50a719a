"""What can go wrong in a lab."""

from __future__ import annotations

from kelid.findings import KelidError


class LabError(KelidError):
    """The lab could not do what it was asked; the message says what and, where known, the way out."""
