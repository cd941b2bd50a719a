"""K: secrets. No message ever holds a value, or a part of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kelid.findings import Finding, Severity, Where
from kelid.model.site import Site
from kelid.rules.registry import Fault, rule, secret_rule

LEAST_PASSWORD = 12
LEAST_RELEASE_KEY = 32
LEAST_PIN = 4


class Use(NamedTuple):
    """What a secret is for: ``kind`` is ``password``, ``pin``, ``key`` (an ssh private key) or ``release_key``."""

    kind: str
    holder: str
    number: str
    where: Where


def used_secrets(site: Site) -> dict[str, Use]:
    """Return every secret that the site needs, by name; one that two name is the first one's."""
    uses: dict[str, Use] = {"release_key": Use("release_key", "the names of releases", "", site.where)}
    for reference in site.uses.get("secret", ()):
        owner, part = reference.owner, reference.part
        holder = part.HOLDER or owner.HOLDER or owner.KIND.replace("_", " ")
        number = str(getattr(part, "user", "") or getattr(owner, "number", ""))
        use = Use(reference.use, f"{holder} {owner.label}".rstrip(), number, reference.where)
        uses.setdefault(reference.name, use)
    return uses


def _needed(site: Site) -> set[str]:
    """Return the names of ``used_secrets``."""
    return {"release_key", *(reference.name for reference in site.uses.get("secret", ()))}


def _open(site: Site, secrets: Mapping[str, str]) -> Iterator[tuple[str, str, Use, Where]]:
    """Yield name, value, use and place of each secret that is used and there."""
    for name, use in used_secrets(site).items():
        if name in secrets:
            yield name, secrets[name], use, site.secret_names.get(name, use.where)


@rule("K001")
def secret_missing(site: Site) -> Iterator[Fault]:
    """A secret that is named is in secrets.yml."""
    missing = _needed(site) - site.secret_names.keys()
    for name, use in used_secrets(site).items() if missing else ():
        if name in missing:
            fix = f"seal one: kelid secret set {site.name} {name}"
            yield use.where, f"secrets.yml has no {name!r} for {use.holder}", fix


@rule("K002", Severity.WARNING)
def secret_unused(site: Site) -> Iterator[Fault]:
    """A secret is used by something."""
    used = _needed(site)
    for name, where in site.secret_names.items():
        if name not in used:
            yield where, f"nothing uses the secret {name!r}", "remove it"


@secret_rule("K003")
def password_short(site: Site, secrets: Mapping[str, str]) -> Iterator[Fault]:
    """A password is long, and not one character again and again."""
    for name, value, use, where in _open(site, secrets):
        least = {"password": LEAST_PASSWORD, "release_key": LEAST_RELEASE_KEY}.get(use.kind, 0)
        if len(value) < least:
            yield (
                where,
                f"the secret {name!r} is shorter than {least} characters",
                "make a longer one at random",
            )
        elif least and len(set(value)) < 6:
            yield (
                where,
                f"the secret {name!r} has fewer than 6 different characters",
                "make another at random",
            )


@secret_rule("K004")
def secret_is_number(site: Site, secrets: Mapping[str, str]) -> Iterator[Fault]:
    """A secret isn't the number or the user that it protects."""
    for name, value, use, where in _open(site, secrets):
        if use.number and value == use.number:
            yield where, f"the secret {name!r} is what it should protect ({use.holder})", "make one at random"


@secret_rule("K005")
def secret_repeated(site: Site, secrets: Mapping[str, str]) -> Iterator[Fault]:
    """Two passwords are never the same."""
    first: dict[str, str] = {}
    for name, value, use, where in _open(site, secrets):
        if use.kind == "pin":
            continue
        before = first.setdefault(value, name)
        if before != name:
            yield where, f"the secrets {before!r} and {name!r} are the same", "make one for each, at random"


@secret_rule("K006")
def pin_weak(site: Site, secrets: Mapping[str, str]) -> Iterator[Fault]:
    """A PIN has four digits or more, and isn't one that everybody tries first."""
    for name, value, use, where in _open(site, secrets):
        if use.kind != "pin":
            continue
        if not (value.isascii() and value.isdigit() and len(value) >= LEAST_PIN):
            yield (
                where,
                f"the PIN {name!r} isn't made of {LEAST_PIN} digits or more",
                "phones can send digits alone",
            )
        elif len(set(value)) == 1 or value in "01234567890" or value in "09876543210":
            yield where, f"the PIN {name!r} is one of those that everybody tries", "make one at random"


@secret_rule("K007")
def secret_unfit(site: Site, secrets: Mapping[str, str]) -> Iterator[Fault]:
    """A password is one line of printable ASCII; an ssh key is one."""
    for name, value, use, where in _open(site, secrets):
        if use.kind == "key":
            if not (value.startswith("-----BEGIN ") and "PRIVATE KEY-----" in value):
                yield (
                    where,
                    f"the secret {name!r} is no ssh private key",
                    "seal the whole file that ssh-keygen wrote",
                )
        elif not (value.isascii() and value.isprintable() and value == value.strip()):
            yield (
                where,
                f"the secret {name!r} isn't one line of printable ASCII without spaces around it",
                "make another",
            )


def sample_password_used(site: Site) -> list[Finding]:
    """Given a site whose vault opens with the samples' password, return the warning that it deserves; none for a sample."""
    if site.sample:
        return []
    where = min(site.secret_names.values(), default=site.where)
    return [
        Finding(
            where,
            "K008",
            "the vault opens with the sample sites' password, which everybody can read",
            "change every secret, and seal the new ones with a password of this site's own",
            Severity.WARNING,
        )
    ]


def could_not_tell(site: Site) -> Finding:
    """Return the note that the secrets' strength is not known."""
    where = min(site.secret_names.values(), default=site.where)
    text = "could not tell how strong the secrets are: no vault password"
    return Finding(where, "K000", text, "give --vault-password-file to have them judged", Severity.NOTE)
