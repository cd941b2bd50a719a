"""A lab for the tests that need real hosts: one for each module, under a name of its own, gone at its end."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator

import pytest

from kelid.lab import Host, Lab, Phone, missing_requirements


@pytest.fixture(scope="session")
def lab_possible() -> None:
    """Skip, and say why, where no lab can be built."""
    missing = missing_requirements()
    if missing:
        pytest.skip("; ".join(missing))


@pytest.fixture(scope="module")
def lab(lab_possible: None) -> Iterator[Lab]:
    """Return a lab of this module's own, without hosts; it is taken down at the end with all that was left in it."""
    name = f"test-{os.getpid()}-{secrets.token_hex(2)}"
    try:
        yield Lab.up(name)
    finally:
        Lab(name).down()


@pytest.fixture
def new_host(lab: Lab) -> Iterator[Callable[..., Host]]:
    """Return a function that makes a host (as ``Lab.create_host``) which is gone after the test."""
    made: list[str] = []

    def make(name: str, image: str = "pbx", **more: object) -> Host:
        made.append(name)
        return lab.create_host(name, image, **more)  # type: ignore[arg-type]

    yield make
    for name in made:
        lab.destroy_host(name)


@pytest.fixture
def new_phone(lab: Lab) -> Iterator[Callable[..., Phone]]:
    """Return a function that starts a phone (as ``Lab.phone``) which is gone after the test."""
    made: list[Phone] = []

    def make(name: str, number: str, password: str, server: str, **more: object) -> Phone:
        made.append(lab.phone(name, number, password, server, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for phone in made:
        phone.stop()
        lab.remove_phone(phone.name)
