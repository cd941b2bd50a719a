"""Places and things that a dial plan names, and that aren't there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kelid.findings import Severity, Where
from kelid.lint import text
from kelid.lint.jumps import MACRO, OTHER, Jump
from kelid.lint.registry import Fault, rule
from kelid.lint.view import At, View
from kelid.model.pbx import Context, Exten, Step

_NOBODY = At(Context(""), Exten("", ()), 0, Step(""))


def _all(view: View) -> Iterator[tuple[At, Jump]]:
    yield from view.jumps
    for jump in view.others:
        yield _NOBODY, jump


def _exists(view: View, context: str) -> bool:
    """Return True if a context is there, or one that it may mean: only what stands before a variable is compared."""
    if text.constant(context):
        return not context or context in view.contexts or context in view.made
    start = text.prefix(context)
    return any(name.startswith(start) for name in view.contexts)


@rule("Z101")
def context_is_missing(view: View) -> Iterator[Fault]:
    """A step sends calls to a context that is there."""
    for _, jump in _all(view):
        if not _exists(view, jump.context):
            what = (
                f"macro {jump.context.removeprefix('macro-')!r}"
                if jump.kind == MACRO
                else f"context {jump.context!r}"
            )
            yield jump.where, f"there is no {what}", "write it, or correct the name"


@rule("Z102")
def extension_is_missing(view: View) -> Iterator[Fault]:
    """A step sends calls to an extension that its context has."""
    for at, jump in _all(view):
        context = jump.context or at.context.name
        if jump.exten in {"", "*"} or context not in view.contexts or not text.constant(jump.exten):
            continue
        found = view.find(context, jump.exten)
        if not found.extens and not found.open and not (jump.kind != OTHER and _invalid(view, context)):
            yield (
                jump.where,
                f"{context!r} has no extension {jump.exten!r}",
                "write it, or correct the number",
            )


def _invalid(view: View, context: str) -> bool:
    """Return True if the context has an ``i``, which takes what isn't there on purpose."""
    return bool(view.find(context, "i").extens)


@rule("Z103")
def priority_is_missing(view: View) -> Iterator[Fault]:
    """A step sends calls to a priority or a label that its extension has."""
    for at, jump in _all(view):
        if not jump.priority or not text.constant(jump.priority):
            continue
        context = jump.context or at.context.name
        known = context in view.contexts
        if jump.exten and text.constant(jump.exten) and known and not view.find(context, jump.exten).extens:
            continue  # that is Z102
        goals = view.targets(at, jump)
        if goals is not None and not goals and known:
            exten = jump.exten or at.exten.pattern
            kind = "priority" if jump.priority.isdigit() else "label"
            what = f"extension {exten!r} in {context!r} has no {kind} {jump.priority!r}"
            yield jump.where, what, "write it, or correct the name"


@rule("Z104")
def included_context_is_missing(view: View) -> Iterator[Fault]:
    """A context that is included is there."""
    for context in view.pbx.contexts:
        for include in context.includes:
            if include.context not in view.contexts and include.context not in view.made:
                what = f"{context.name!r} includes {include.context!r}, which is not there"
                yield include.where, what, "write it, or take the line out"


@rule("Z105")
def context_of_a_channel_is_missing(view: View) -> Iterator[Fault]:
    """The context that a conf file names is there."""
    for option, path in view.named_contexts():
        if option.value and option.value not in view.contexts and option.value not in view.made:
            what = f"{option.key} of {path} is {option.value!r}, which the dial plan doesn't have"
            yield option.where, what, "write the context, or correct the name"


# --- mailboxes, queues, conferences, music, devices ----------------------------------------------------


def _names(view: View, path: str) -> frozenset[str] | None:
    """Return the names of a file's sections, None where there is no such file."""
    if view.pbx.file(path) is None:
        return None
    return frozenset(section.name for section in view.pbx.sections(path))


def _from_database(view: View, path: str) -> bool:
    """Return True if extconfig.conf maps what the file holds: then names come out of a database."""
    mapped = [o for s in view.pbx.sections("extconfig.conf") for o in s.options]
    return any(option.key.lower() in _FAMILIES[path] for option in mapped)


_FAMILIES = {
    "queues.conf": {"queues", "queue_members"},
    "voicemail.conf": {"voicemail"},
    "musiconhold.conf": {"musiconhold"},
    "pjsip.conf": {"ps_endpoints"},
    "sip.conf": {"sippeers", "sipusers"},
    "iax.conf": {"iaxpeers", "iaxusers"},
}
"""What extconfig.conf calls the contents of files."""


@rule("Z106")
def mailbox_is_missing(view: View) -> Iterator[Fault]:
    """A mailbox that is named is in voicemail.conf."""
    if view.pbx.file("voicemail.conf") is None or _from_database(view, "voicemail.conf"):
        return
    boxes = {
        (option.key, section.name)
        for section in view.pbx.sections("voicemail.conf")
        if section.name not in {"general", "zonemessages"}
        for option in section.options
    }
    for where, name in _mailboxes(view):
        box, _, context = name.partition("@")
        if text.constant(name) and box and (box, context or "default") not in boxes:
            yield (
                where,
                f"there is no mailbox {name!r}",
                "write it into voicemail.conf, or correct the number",
            )


def _mailboxes(view: View) -> Iterator[tuple[Where, str]]:
    for at in view.steps:
        app = at.step.app.lower()
        first = text.split(at.step.data)[0].strip()
        if app in {"voicemail", "vmauthenticate", "mailboxexists"}:
            yield from ((at.step.where, name.strip()) for name in text.split(first, "&"))
        elif app == "voicemailmain" and first.partition("@")[0]:
            yield at.step.where, first
        for use in text.uses(at.step.data):
            if use.called and use.name == "VM_INFO":
                yield at.step.where, text.split(use.arguments)[0].strip()


@rule("Z107")
def queue_is_missing(view: View) -> Iterator[Fault]:
    """A queue that is named is in queues.conf."""
    names = _names(view, "queues.conf")
    if names is None or _from_database(view, "queues.conf"):
        return
    apps = {
        "queue": 0,
        "addqueuemember": 0,
        "removequeuemember": 0,
        "pausequeuemember": 0,
        "unpausequeuemember": 0,
    }
    for at in view.steps:
        place = apps.get(at.step.app.lower())
        name = text.split(at.step.data)[place].strip() if place is not None else ""
        if name and text.constant(name) and name not in names:
            yield (
                at.step.where,
                f"there is no queue {name!r}",
                "write it into queues.conf, or correct the name",
            )


@rule("Z108")
def conference_profile_is_missing(view: View) -> Iterator[Fault]:
    """A profile or a menu of a conference is in confbridge.conf."""
    if view.pbx.file("confbridge.conf") is None:
        return
    kinds = {"bridge": 1, "user": 2, "menu": 3}
    known = {(section.get("type"), section.name) for section in view.pbx.sections("confbridge.conf")}
    for at in view.steps:
        if at.step.app.lower() != "confbridge":
            continue
        parts = text.split(at.step.data)
        for kind, place in kinds.items():
            name = parts[place].strip() if place < len(parts) else ""
            if name and text.constant(name) and (kind, name) not in known and not name.startswith("default_"):
                what = f"confbridge.conf has no {name!r} with type = {kind}"
                yield at.step.where, what, "write it, or correct the name"


@rule("Z109", Severity.WARNING)
def music_class_is_missing(view: View) -> Iterator[Fault]:
    """A class of music on hold is in musiconhold.conf."""
    names = _names(view, "musiconhold.conf")
    if names is None or _from_database(view, "musiconhold.conf"):
        return
    for where, name in _music(view):
        if name and text.constant(name) and name not in names and name not in {"default", "none"}:
            yield (
                where,
                f"there is no music class {name!r}",
                "write it into musiconhold.conf, or correct the name",
            )


def _music(view: View) -> Iterator[tuple[Where, str]]:
    for at in view.steps:
        app = at.step.app.lower()
        given = text.assignment(at.step.data) if app == "set" else None
        if app in {"musiconhold", "startmusiconhold"}:
            yield at.step.where, text.split(at.step.data)[0].strip()
        elif given and given.name.upper() == "CHANNEL" and given.arguments.lower() == "musicclass":
            yield at.step.where, given.value.strip()
    for path in ("queues.conf", "sip.conf", "iax.conf", "chan_dahdi.conf"):
        for key in ("musicclass", "musiconhold", "mohsuggest", "mohinterpret"):
            yield from ((option.where, option.value) for option in view.options(path, key))


_DEVICE = re.compile(r"(PJSIP|SIP|IAX2)/([A-Za-z0-9_.-]+)(?:/|\Z)", re.IGNORECASE)
_AT = re.compile(r"(PJSIP|SIP|IAX2)/[^@/&]*@([A-Za-z0-9_.-]+)\Z", re.IGNORECASE)


@rule("Z110")
def device_is_missing(view: View) -> Iterator[Fault]:
    """A device that is called, watched or in a queue has its endpoint or peer."""
    files = {"PJSIP": "pjsip.conf", "SIP": "sip.conf", "IAX2": "iax.conf"}
    known = {driver: _names(view, path) for driver, path in files.items()}
    if known["PJSIP"] is not None:
        wizard = _names(view, "pjsip_wizard.conf") or frozenset()
        ends = {s.name for f in view.pbx.files for s in f.resolved if s.get("type") == "endpoint"}
        known["PJSIP"] = frozenset(ends) | wizard
    for where, device in _devices(view):
        found = _AT.match(device) or _DEVICE.match(device)
        if not found or not text.constant(device):
            continue
        driver, name = found[1].upper(), found[2]
        names = None if _from_database(view, files[driver]) else known[driver]
        # A host may be called by its name or address without a peer.
        if names is None or name in names or ("." in name and driver != "PJSIP"):
            continue
        yield where, f"{files[driver]} has no {name!r}", "write it, or correct the name"


def _devices(view: View) -> Iterator[tuple[Where, str]]:
    for at in view.steps:
        if at.step.app.lower() in {"dial", "page", "retrydial", "chanisavail"}:
            parts = text.split(at.step.data)
            first = parts[1 if at.step.app.lower() == "retrydial" and len(parts) > 1 else 0]
            yield from ((at.step.where, device.strip()) for device in text.split(first, "&"))
    for context in view.pbx.contexts:
        for hint in context.hints:
            yield from ((hint.where, device.strip()) for device in hint.device.partition(",")[0].split("&"))
    for option in view.options("queues.conf", "member"):
        yield option.where, option.value.split(",")[0].strip()
