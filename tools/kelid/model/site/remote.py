"""What callers from outside can be given: DISA, call-back, and fax (features.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.site.base import Names, Placed


class Disa(Placed):
    """A caller dials on as if from inside, after a PIN; the class says how far, and pays."""

    KIND: ClassVar[str] = "disa"
    REFERS: ClassVar[Mapping[str, str]] = {
        "pin_set": "pin_set",
        "permission_class": "permission_class",
        "time_group": "time_group",
    }

    name: str
    names: Names
    number: str = ""
    pin_set: str
    permission_class: str
    callers: tuple[str, ...] = ()
    """The caller IDs that may try at all; none named: everybody."""
    time_group: str = ""
    max_duration: int
    attempts_per_hour: int


class Callback(Placed):
    """A caller is not answered but called back; the class pays for that call."""

    KIND: ClassVar[str] = "callback"
    REFERS: ClassVar[Mapping[str, str]] = {"permission_class": "permission_class"}

    name: str
    names: Names
    callers: tuple[str, ...]
    """Patterns of the caller IDs that are called back."""
    permission_class: str
    prepend: str = ""
    delay: int
    calls_per_hour: int
    destination: Destination


class Fax(Placed):
    """Faxes are received and kept on the server, and sent by mail to ``email``, if there is one."""

    KIND: ClassVar[str] = "fax"

    name: str
    names: Names
    number: str = ""
    station_id: str = ""
    """The number that the sender's machine shows; "" for none."""
    header: str = ""
    """The text at the top of each page."""
    email: str = ""
