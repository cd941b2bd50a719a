"""Fixtures for every test, and the option by which golden files are accepted on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--accept``: write what came out as what is expected. Read the difference before you commit it."""
    parser.addoption(
        "--accept", action="store_true", help="write golden files anew; read the diff before committing"
    )


@pytest.fixture(scope="session")
def accept(request: pytest.FixtureRequest) -> bool:
    """Return True if golden files are to be written anew."""
    return bool(request.config.getoption("--accept"))


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the top of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def sample_password() -> bytes:
    """Return the vault password of the sample sites."""
    return (ROOT / "sites" / "sample-vault-password").read_text().splitlines()[-1].encode()
