"""Secrets made at random, each fit for what it is for."""

from __future__ import annotations

import secrets

LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What a person can copy from a screen into a phone without taking one for another: no 0 O o, no 1 l I."""
PASSWORD_LENGTH = 20
"""116 bits; the phones of the field take at least 32 characters."""
PIN_LENGTH = 6


def make(use: str, *, avoid: str = "") -> str:
    """Given what a secret is for (``password``, ``pin``, ``key``, ``release_key``), return a new one.

    ``avoid`` is a number that a PIN must not be. An unknown use gets a password.
    """
    if "pin" in use:
        return _pin(avoid)
    if use == "key":
        return ssh_key()
    if use == "release_key":
        return secrets.token_urlsafe(48)
    return "".join(secrets.choice(LETTERS) for _ in range(PASSWORD_LENGTH))


def _pin(avoid: str) -> str:
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_LENGTH))
        in_a_row = pin in "01234567890" or pin in "09876543210"
        if len(set(pin)) > 2 and not in_a_row and avoid not in {pin, pin.lstrip("0")} and pin[:3] != pin[3:]:
            return pin


def ssh_key() -> str:
    """Return a new ed25519 private key, as ssh-keygen writes it without a passphrase."""
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415 - 0.1 s that other secrets don't need
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
    return private.decode("ascii")


def public_ssh_key(private: str) -> str:
    """Given a private key, return the public half as a line of authorized_keys, without a comment."""
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415

    key = form.load_ssh_private_key(private.encode("ascii"), None)
    public = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
    return public.decode("ascii")
