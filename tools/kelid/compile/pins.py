"""PIN sets: the files that hold them, and the step that asks for one.

A file has a line a PIN: the account code, a colon, and the MD5 of the PIN, as Authenticate takes it with the option m. So
Asterisk books a call to the account and never to the PIN itself, which it does where it reads PINs in clear (option a
without m, and DISA's own file: apps/app_authenticate.c, apps/app_disa.c).
"""

from __future__ import annotations

from kelid.compile.text import sound
from kelid.findings import Where
from kelid.model.pbx import LIST_SUFFIX, ListFile, ListLine, Step, secret_token
from kelid.model.site import PinSet, Site


def lists(site: Site) -> tuple[ListFile, ...]:
    """Return the file of each PIN set, by path."""
    files = (
        ListFile(
            _file(pin_set.name),
            tuple(
                ListLine(f"{pin.account_code}:{secret_token(pin.secret, md5=True)}", pin.place("secret"))
                for pin in pin_set.pins
            ),
        )
        for pin_set in site.pin_sets
    )
    return tuple(sorted(files, key=lambda file: file.path))


def _file(name: str) -> str:
    return f"pins-{name}{LIST_SUFFIX}"


def path(name: str) -> str:
    """Given a PIN set's name, return its file as the dial plan names it, for an application that reads it."""
    return f"${{ASTETCDIR}}/{_file(name)}"


def ask(site: Site, name: str, *, label: str = "", where: Where) -> Step:
    """Return the step that answers the call, asks for a PIN of the set, and books the call to the PIN's account.

    The caller ends the PIN with #. The third wrong one ends the call.
    """
    pin_set: PinSet = next(item for item in site.pin_sets if item.name == name)
    return Step("Authenticate", f"{path(name)},am,,{sound(site, pin_set.prompt)}", label, where)
