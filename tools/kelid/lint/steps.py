"""Single steps: applications and functions that aren't there, arguments that aren't what they look like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kelid.findings import Severity
from kelid.lint import text
from kelid.lint.jumps import nested
from kelid.lint.known import APPLICATIONS, FUNCTIONS, version_of
from kelid.lint.registry import Fault, rule
from kelid.lint.view import View
from kelid.model.pbx import Step

_INSTEAD = {
    "macro": "Gosub", "macroexit": "Return", "macroif": "GosubIf", "macroexclusive": "Gosub and LOCK",
    "monitor": "MixMonitor", "stopmonitor": "StopMixMonitor", "pausemonitor": "MixMonitorMute by AMI",
    "setcallerid": "Set(CALLERID(all)=...)", "setcidnum": "Set(CALLERID(num)=...)", "setcidname": "Set(CALLERID(name)=...)",
    "setvar": "Set", "setglobalvar": "Set(GLOBAL(...)=...)", "setlanguage": "Set(CHANNEL(language)=...)",
    "setmusiconhold": "Set(CHANNEL(musicclass)=...)", "setaccount": "Set(CHANNEL(accountcode)=...)",
    "setamaflags": "Set(CHANNEL(amaflags)=...)", "responsetimeout": "Set(TIMEOUT(response)=...)",
    "digittimeout": "Set(TIMEOUT(digit)=...)", "absolutetimeout": "Set(TIMEOUT(absolute)=...)",
    "dbget": "Set(...=${DB(...)})", "dbput": "Set(DB(...)=...)", "dbdel": "DB_DELETE", "lookupblacklist": "BLACKLIST",
    "lookupcidname": "DB", "random": "RAND", "math": "MATH", "cut": "CUT", "gotoifnot": "GotoIf", "meetme": "ConfBridge",
    "meetmecount": "CONFBRIDGE_INFO", "sipaddheader": "Set(PJSIP_HEADER(add,...)=...) in a pre-dial handler",
    "mailboxexists": "VM_INFO", "nocdr": "Set(CDR_PROP(disable)=1)", "importvar": "IMPORT", "deadagi": "AGI",
    "sendurl": "SendText", "jabberstatus": "JABBER_STATUS", "zapras": "DAHDIRAS", "voicemail2": "VoiceMail",
    "hasnewvoicemail": "VM_INFO", "hasvoicemail": "VM_INFO", "chanisavail": "DEVICE_STATE", "resetcdr": "CDR_PROP",
}  # fmt: skip
"""What serves instead of applications that went, or are going (UPGRADE files of Asterisk 1.4 to 22)."""

DEPRECATED = {
    16: frozenset(
        {"macro", "macroexit", "macroif", "macroexclusive", "monitor", "setamaflags", "importvar", "meetme"}
    ),
    22: frozenset({"deadagi"}),
}
"""Applications that are still there, and of which the next version may have none."""

_TAKES_ONE = frozenset(
    {"noop", "verbose", "log", "system", "trysystem", "set", "mset", "execif", "execiftime", "gotoif", "exec",
     "tryexec", "while", "userevent", "sendtext", "curl", "agi", "stasis", "senddtmf"}
)  # fmt: skip
"""Applications whose arguments may well have a bar in them."""

_READ_ONLY = text.words(
    """
    EXTEN CONTEXT PRIORITY CHANNEL UNIQUEID HINT HINTNAME EPOCH SYSTEMNAME ENTITYID HANGUPCAUSE CALLINGPRES
    CALLINGTNS CALLINGANI2 CALLINGTON
    """
)
"""Names that Asterisk answers itself before it looks among variables (main/pbx_variables.c)."""

_SPOOL = ("/var/spool/asterisk/", "/var/lib/asterisk/", "/var/lib/kelid/", "/mnt/", "/srv/", "/home/")


def _steps(view: View) -> Iterator[Step]:
    for at in view.steps:
        yield from nested(at.step)


@rule("Z401")
def unknown_application(view: View) -> Iterator[Fault]:
    """Every application is one that this Asterisk has."""
    version = version_of(view.pbx.asterisk)
    known = {name.lower() for name in APPLICATIONS[version]}
    elsewhere = {name.lower() for names in APPLICATIONS.values() for name in names}
    for step in _steps(view):
        name = step.app.lower()
        if name in known or not text.constant(step.app):
            continue
        if "," in step.app:
            first = step.app.partition(",")[0]
            what = f"{_short(step.app)} is read as the name of an application"
            yield step.where, what, f"write {first}(arguments)"
        elif name.strip() in known:
            yield step.where, f"{step.app!r} is no application, for its blank", f"write {step.app.strip()}("
        elif name in elsewhere or name in _INSTEAD:
            fix = f"write {_INSTEAD[name]}" if name in _INSTEAD else "use another one"
            yield step.where, f"Asterisk {view.pbx.asterisk} has no application {step.app}", fix
        else:
            yield (
                step.where,
                f"there is no application {_short(step.app)}",
                "correct the name, or load its module",
            )


@rule("Z402")
def unknown_function(view: View) -> Iterator[Fault]:
    """Every function is one that this Asterisk has."""
    version = version_of(view.pbx.asterisk)
    known = FUNCTIONS[version]
    own = set()
    for section in view.pbx.sections("func_odbc.conf"):
        own.add(f"{section.get('prefix') or 'ODBC'}_{section.name}")
    for at in view.steps:
        for name in _functions(at.step):
            if name in known or name in own:
                continue
            if name in FUNCTIONS[38 - version]:
                what = f"Asterisk {view.pbx.asterisk} has no function {name}"
            elif name.upper() in known:
                what = f"there is no function {name}: their names are in capital letters"
            elif name.startswith("ODBC_"):
                what = f"func_odbc.conf defines no function {name}"
            else:
                what = f"there is no function {name}"
            yield at.step.where, what, "correct the name, or load its module"


def _functions(step: Step) -> Iterator[str]:
    yield from (use.name for use in text.uses(step.data) if use.called)
    for item in nested(step):
        if item.app.lower() in {"set", "mset"}:
            parts = text.split(item.data) if item.app.lower() == "mset" else [item.data]
            for part in parts:
                given = text.assignment(part)
                if given and given.called and text.constant(given.name):
                    yield given.name


@rule("Z403", Severity.WARNING)
def deprecated_application(view: View) -> Iterator[Fault]:
    """No application is on its way out."""
    names = DEPRECATED[version_of(view.pbx.asterisk)]
    for step in _steps(view):
        if step.app.lower() in names:
            what = f"{step.app} is deprecated in Asterisk {view.pbx.asterisk}"
            yield step.where, what, f"write {_INSTEAD.get(step.app.lower(), 'another one')}"


@rule("Z404")
def unbalanced(view: View) -> Iterator[Fault]:
    """Every ${ and $[ is closed."""
    for at in view.steps:
        opened = text.unbalanced(at.step.data[: text.LONGEST]) if "$" in at.step.data else ""
        if opened and len(at.step.data) <= text.LONGEST:
            yield at.step.where, f"{opened} is not closed in {_short(at.step.data)}", "close it"


@rule("Z405")
def bars(view: View) -> Iterator[Fault]:
    """Arguments are separated by commas: a bar separates none since Asterisk 1.6."""
    for step in _steps(view):
        if step.app.lower() in _TAKES_ONE or "|" not in step.data or "," in step.data:
            continue
        bare = re.sub(r"\$\[.*?\]", "", step.data)
        if "|" in bare and '"' not in bare:
            what = f"the bar in {step.app}({_short(step.data)}) separates nothing: it is one argument"
            yield step.where, what, "write commas"


@rule("Z407")
def reserved_names(view: View) -> Iterator[Fault]:
    """Set gives a value to a name that Asterisk doesn't answer itself."""
    for step in _steps(view):
        if step.app.lower() != "set":
            continue
        given = text.assignment(step.data)
        if given is None:
            if text.constant(step.data) and step.data.strip():
                yield (
                    step.where,
                    f"Set({_short(step.data)}) has no =: nothing is set",
                    "write Set(NAME=value)",
                )
        elif given.name in _READ_ONLY and not given.called:
            what = f"{given.name} is Asterisk's own: ${{{given.name}}} never has the value that is set here"
            yield step.where, what, "take another name"


@rule("Z408", Severity.WARNING)
def recordings_elsewhere(view: View) -> Iterator[Fault]:
    """Recordings lie where Asterisk keeps them."""
    for step in _steps(view):
        if step.app.lower() in {"mixmonitor", "monitor", "record"}:
            path = text.split(step.data)[0].strip()
            if path.startswith("/") and not path.startswith(_SPOOL):
                what = f"{step.app} writes to {_short(path)}, which no backup knows"
                yield step.where, what, "write below /var/spool/asterisk/"


@rule("Z410", Severity.WARNING)
def rings_for_ever(view: View) -> Iterator[Fault]:
    """A phone rings for some time before the mailbox answers."""
    for context in view.pbx.contexts:
        for exten in context.extens:
            before: Step | None = None
            for step in exten.steps:
                if before is not None and before.app.lower() == "dial" and step.app.lower() == "voicemail":
                    parts = text.split(before.data)
                    if len(parts) < 2 or not parts[1].strip():
                        what = "Dial without a timeout rings until the caller hangs up: no one comes to the mailbox"
                        yield before.where, what, "write the seconds: Dial(device,20)"
                if step.app.lower() not in {"noop", "set", "verbose"}:
                    before = step


@rule("Z411")
def choice_without_targets(view: View) -> Iterator[Fault]:
    """GotoIf and the like have a question mark and a place to go to."""
    for at in view.steps:
        for step in nested(at.step):
            if step.app.lower() in {"gotoif", "gotoiftime", "gosubif", "execif", "execiftime", "macroif"}:
                _, one, other = text.choice(step.data)
                if not one and not other and text.unbalanced(step.data) == "":
                    what = f"{step.app}({_short(step.data)}) goes nowhere"
                    yield step.where, what, "write condition?then:else"


def _short(words: str) -> str:
    return repr(words if len(words) <= 50 else f"{words[:47]}...")
