"""Opening and sealing the values of ``secrets.yml``, with Ansible's own code, so that ``ansible-vault`` opens them too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kelid.findings import Exit, Finding, KelidError
from kelid.model.loaded import VaultValue


def read_password(path: Path) -> bytes:
    """Return the vault password that a file holds: its last line that is not empty.

    Raise KelidError if the file can't be read or is empty.
    """
    try:
        lines = [line.strip() for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as problem:
        message = f"can't read the vault password from {path}: {problem.strerror}"
        raise KelidError(message, exit=Exit.USAGE) from problem
    if not lines:
        raise KelidError(f"the vault password file {path} is empty", exit=Exit.USAGE)
    return lines[-1]


def unlock(values: Mapping[str, VaultValue], password: bytes) -> dict[str, str]:
    """Given sealed values by name and the vault's password, return the values in clear.

    Raise KelidError (exit INVALID) if the password opens one of them not, or if what it opens is not text. The message
    and the findings name places, never a value.
    """
    if not values:
        return {}
    if not password:
        raise KelidError(
            "the vault's password is empty; is the password file the right one?", exit=Exit.INVALID
        )
    from ansible.errors import AnsibleError  # noqa: PLC0415 - Ansible takes 0.3 s to import, check without secrets none

    vault = _vault(password)
    opened: dict[str, str] = {}
    closed: list[Finding] = []
    for name, value in values.items():
        try:
            opened[name] = vault.decrypt(value.text.encode()).decode("utf-8")
        except (AnsibleError, ValueError):
            closed.append(
                Finding(
                    value.where,
                    "V001",
                    f"the password does not open the secret {name!r}",
                    "use the password that sealed it, or seal the value again with ansible-vault encrypt_string",
                )
            )
    if not closed:
        return opened
    file = closed[0].where.file
    if opened:
        names = ", ".join(sorted(set(values) - set(opened)))
        message = f"{file}: the vault's password opens some secrets but not {names}; seal those again with it"
    else:
        message = f"{file}: the vault's password is wrong: it opens none of the secrets"
    # The causes are left out on purpose: what a cipher says about a value is nobody's business.
    raise KelidError(message, exit=Exit.INVALID, findings=closed) from None


def seal(text: str, password: bytes) -> str:
    """Given a value in clear and the vault's password, return the sealed text, lines divided by a newline, for ``!vault |``.

    Raise ValueError if the password is empty.
    """
    if not password:
        raise ValueError("a vault needs a password")
    sealed: bytes = _vault(password).encrypt(text.encode())
    return sealed.decode("ascii").rstrip("\n") + "\n"


def _vault(password: bytes) -> Any:
    from ansible.parsing.vault import VaultLib, VaultSecret  # noqa: PLC0415 - slow import, only where a vault is opened

    return VaultLib([("default", VaultSecret(password))])
