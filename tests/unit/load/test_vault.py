"""Sealed values: opened with Ansible's own code, and never shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kelid.findings import Exit, KelidError, Where
from kelid.load import load_site
from kelid.load.vault import seal, unlock
from kelid.model.loaded import VaultValue

PLACE = Where("sites/x/secrets.yml", 3, 1)


def value(text: str, password: bytes = b"open") -> VaultValue:
    return VaultValue(seal(text, password), PLACE)


@pytest.mark.parametrize("text", ["x", "رمز", "two\nlines\n", " spaces ", "a" * 5000])
def test_sealed_and_opened(text: str) -> None:
    assert unlock({"k": value(text)}, b"open") == {"k": text}


def test_wrong_password_names_the_file_and_no_value() -> None:
    with pytest.raises(KelidError, match=r"sites/x/secrets\.yml: the vault's password is wrong") as caught:
        unlock({"one": value("hidden one"), "two": value("hidden two")}, b"shut")
    assert caught.value.exit is Exit.INVALID
    assert [finding.code for finding in caught.value.findings] == ["V001", "V001"]
    assert "hidden" not in str(caught.value) + "".join(map(str, caught.value.findings))
    assert caught.value.__cause__ is None


def test_one_value_of_another_password_is_named() -> None:
    with pytest.raises(KelidError, match="but not two") as caught:
        unlock({"one": value("a"), "two": value("b", b"other")}, b"open")
    assert len(caught.value.findings) == 1


def test_damaged_value() -> None:
    with pytest.raises(KelidError):
        unlock({"k": VaultValue("$ANSIBLE_VAULT;1.1;AES256\n6162\n", PLACE)}, b"open")


@pytest.mark.parametrize("password", [b""])
def test_empty_password(password: bytes) -> None:
    with pytest.raises(KelidError, match="empty"):
        unlock({"k": value("x")}, password)
    with pytest.raises(ValueError, match="password"):
        seal("x", password)


def test_nothing_sealed_needs_no_password() -> None:
    assert unlock({}, b"") == {}


def test_a_sealed_value_does_not_show_itself() -> None:
    assert "ANSIBLE" not in repr(value("x"))


def test_the_sample_opens_with_the_sample_password(root: Path, sample_password: bytes) -> None:
    loaded = load_site(root / "sites" / "noor-clinic")
    opened = unlock(loaded.vault, sample_password)
    assert set(opened) == set(loaded.vault)
    assert opened["backup_ssh_key"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")


def test_ansible_vault_opens_what_we_seal(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open\n")
    sealed = tmp_path / "sealed"
    sealed.write_text(seal("from kelid", b"open"))
    command = [
        str(Path(sys.executable).parent / "ansible-vault"),
        "view",
        "--vault-password-file",
        str(tmp_path / "password"),
    ]
    done = subprocess.run([*command, str(sealed)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "from kelid"


def test_ansible_stays_off_the_path_of_check(root: Path) -> None:
    code = "import sys, kelid.load.vault, kelid.load, kelid.rules; print([m for m in sys.modules if m[:7] == 'ansible'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=root
    )
    assert done.stdout.strip() == "[]"
