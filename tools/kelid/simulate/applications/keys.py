"""What the caller is to press or to know: digits, PINs, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.applications.flow import length
from kelid.simulate.arguments import atoi, split_arguments
from kelid.simulate.collecting import without_hash
from kelid.simulate.dialplan import MATCH_MORE
from kelid.simulate.options import options
from kelid.simulate.state import DIGIT_TIMEOUT, GO_ON, HANG_UP, RESPONSE_TIMEOUT

if TYPE_CHECKING:
    from kelid.simulate.run import Run

_MOST_ACCOUNT = 19
"""Digits of a PIN that DISA books a call to (acctcode in apps/app_disa.c)."""

RIGHT, WRONG, NONE_GIVEN = "right", "wrong", "none"
"""The answers to a question about a PIN."""


def _over(run: Run) -> int:
    return HANG_UP if run.channel.hungup else GO_ON


def _parts(data: str, count: int) -> list[str]:
    parts = split_arguments(data, count)
    return parts + [""] * (count - len(parts))


def wait_exten(run: Run, data: str) -> int | str:
    """Wait for a key, which begins an extension. As pbx_builtin_waitexten in main/pbx_builtins.c."""
    parts = _parts(data, 2)
    given = options(parts[1]) or {}
    channel = run.channel
    if given.get("m"):
        run.note("hears", given["m"] or "", ("said", "music"))
    seconds = length(parts[0]) or channel.timeouts.get("response", RESPONSE_TIMEOUT)
    key = run.press()
    if key:
        return key
    if not run.spend(seconds):
        return HANG_UP
    if run.exists(channel.context, channel.exten, channel.priority + 1):
        return GO_ON
    if run.exists(channel.context, "t"):
        channel.exten, channel.priority = "t", 0
    elif run.exists(channel.context, "e"):
        run.raise_exception("RESPONSETIMEOUT", 0)
    else:
        run.warn(f"Timeout but no rule 't' or 'e' in context '{channel.context}'")
        return HANG_UP
    return GO_ON


def read(run: Run, data: str) -> int | str:
    """Read digits into a variable. As apps/app_read.c."""
    run.set("READSTATUS", "ERROR")
    variable, files, most, letters, attempts, timeout = _parts(data, 6)
    if not variable:
        run.warn("Read requires an argument (variable)")
        return GO_ON
    given = options(letters) or {}
    tries = max(atoi(attempts), 1) if attempts else 1
    count = atoi(most) if most else 255
    if not 1 <= count <= 255:
        count = 255
    channel = run.channel
    if not channel.answered:
        if "s" in given:
            run.assign(variable, "")
            run.set("READSTATUS", "SKIPPED")
            return GO_ON
        if "n" not in given:
            run.answer()
    seconds = length(timeout)
    first = seconds or channel.timeouts.get("response", RESPONSE_TIMEOUT)
    later = seconds or channel.timeouts.get("digit", DIGIT_TIMEOUT)
    status = "ERROR"
    while tries and not channel.hungup:
        if files:
            run.note("tone" if "i" in given else "hears", files)
        digits, ended = _digits(run, count, first, later)
        status = "OK" if ended else "TIMEOUT"
        run.note("keys", digits)
        run.assign(variable, digits)
        if not run.equal(digits, ""):
            break
        tries -= 1
    run.set("READSTATUS", "HANGUP" if channel.hungup else status)
    return GO_ON


def _digits(run: Run, most: int, first: float = 0, later: float = 0) -> tuple[str, bool]:
    """Return the digits that are pressed, and whether # or the last of them ended it; the time was over otherwise.

    ``first``, ``later``: how many seconds are waited for the first key, and for each after it. Where all calls are looked
    at, it is any number of so many digits at once, and not each length by itself.
    """
    if run.symbols is not None and most > 1:
        digits = run.ask(Question("digits", run.waits_at(), (), most))
        if _is_as_long(run, digits, most):
            return digits, True
        if run.ask(Question("key", f"{run.waits_at()}+end", ("", "#"), 1)):
            return digits, True
        run.spend(first if run.equal(digits, "") else later)
        return digits, False
    digits = ""
    while len(digits) < most:
        key = run.press(len(digits))
        if not key:
            run.spend(later if digits else first)
            return digits, False
        if run.equal(key, "#"):
            break
        digits += key
    return digits, True


def _is_as_long(run: Run, digits: str, count: int) -> bool:
    """Return True if there are so many digits, or more."""
    if run.symbols is None or count < 1:
        return len(digits) >= count
    return not run.equal(run.symbols.substring(digits, count - 1, 1), "")


def read_exten(run: Run, data: str) -> int | str:
    """Read digits as long as they can become an extension of a context. As apps/app_readexten.c."""
    variable, files, context, letters, timeout = _parts(data, 5)
    channel = run.channel
    if not variable:
        run.warn("Usage: ReadExten(variable[,filename[,context[,options[,timeout]]]])")
        run.set("READEXTENSTATUS", "ERROR")
        return GO_ON
    given = options(letters) or {}
    context = context or channel.context
    seconds = length(timeout)
    first = seconds or channel.timeouts.get("response", RESPONSE_TIMEOUT)
    later = seconds or channel.timeouts.get("digit", DIGIT_TIMEOUT)
    status = "TIMEOUT"
    if not channel.answered:
        if "s" in given:
            run.assign(variable, "")
            run.set("READEXTENSTATUS", "SKIP")
            return GO_ON
        if "n" not in given:
            run.answer()
    if files:
        run.note("tone" if "i" in given else "hears", files)
    digits, begun = _extension(run, context, first, later)
    if channel.hungup:
        status = "HANGUP"
    elif not begun:
        digits = "t"
    elif run.exists(context, digits):
        status = "OK"
    else:
        run.set("INVALID_EXTEN", digits)
        status, digits = "INVALID", "i"
    run.note("keys", digits)
    run.assign(variable, digits if status in ("OK", "INVALID", "TIMEOUT") else "")
    run.set("READEXTENSTATUS", status)
    return HANG_UP if channel.hungup else GO_ON


def _extension(run: Run, context: str, first: float, later: float) -> tuple[str, bool]:
    """Return the digits that are pressed as long as they can become an extension, and whether there were any.

    ``first``, ``later``: how many seconds are waited for the first key, and for each after it.
    """
    digits = ""
    while len(digits) < 255 and not run.channel.hungup:
        if (dialled := run.dialplan.collect(run, context, digits, len(digits))) is not None:
            digits, more = dialled
            if run.equal(digits, ""):
                run.spend(first)
                return "", False
            if more:
                run.spend(later)
                return digits, True
            break
        key = run.press(len(digits))
        if not key:
            run.spend(later if digits else first)
            return digits, bool(digits)
        digits += key
        if not run.dialplan.partly(run, context, digits, MATCH_MORE):
            break
    # Where it is none, # ends what was dialled.
    return (digits if run.exists(context, digits) else without_hash(run, digits)), True


def _accounts(run: Run, path: str) -> tuple[str, ...]:
    """Return the accounts of a list of ours, ``account:md5`` a line, by the file's name."""
    name = path.rpartition("/")[2]
    for file in run.pbx.lists:
        if file.path == name:
            return tuple(line.text.partition(":")[0] for line in file.lines if ":" in line.text)
    return ()


def authenticate(run: Run, data: str) -> int | str:
    """Ask for a PIN, three times at most; whoever doesn't know it is hung up. As apps/app_authenticate.c."""
    password, letters, _, prompt = _parts(data, 4)
    if not password:
        run.warn("Authenticate requires an argument(password)")
        return HANG_UP
    given = options(letters) or {}
    channel = run.channel
    if not channel.answered:
        run.answer()
        if channel.hungup:
            return HANG_UP
    source = password if password[0] == "/" else "a PIN of the dial plan"
    if password[0] == "/" and "d" in given:
        source = f"astdb {password[1:]}"
    accounts = _accounts(run, password) if "a" in given and "m" in given and password[0] == "/" else ()
    answers = (RIGHT, WRONG, NONE_GIVEN, *(f"{RIGHT} {account}" for account in accounts[1:]))
    run.note("hears", prompt or "agent-pass")
    answer = run.ask(Question("password", source, answers))
    run.note("password", source, ("answer", answer.partition(" ")[0]))
    if not answer.startswith(RIGHT):
        run.note("hears", "vm-goodbye")
        return HANG_UP
    if accounts:
        channel.account = answer.partition(" ")[2] or accounts[0]
    elif "a" in given and "m" not in given and password[0] != "/":
        channel.account = password  # what was typed
    run.note("hears", "auth-thankyou")
    return _over(run)


def vm_authenticate(run: Run, data: str) -> int | str:
    """Ask for a mailbox and its PIN. As vmauthenticate in apps/app_voicemail.c."""
    mailbox, _ = _parts(data, 2)
    run.answer()
    answer = run.ask(Question("password", f"mailbox {mailbox}", (RIGHT, WRONG, NONE_GIVEN)))
    run.note("password", f"mailbox {mailbox}", ("answer", answer))
    if answer != RIGHT:
        return HANG_UP
    run.set("AUTH_MAILBOX", mailbox.partition("@")[0])
    run.set(
        "AUTH_CONTEXT", ""
    )  # the mailbox that it is taken from is found, and let go, within vm_authenticate
    return _over(run)


MOST_DIALLED = 79
"""Digits that DISA takes (app_disa.c)."""


def disa(run: Run, data: str) -> int | str:
    """Give a dial tone after a PIN, and go where the caller dials. As apps/app_disa.c."""
    passcode, context, cid, _, letters = _parts(data, 5)
    channel = run.channel
    if not passcode:
        run.warn("DISA requires an argument (passcode/passcode file)")
        return HANG_UP
    given = options(letters) or {}
    context = context or "disa"
    account = ""
    if not channel.answered and "n" not in given:
        run.answer()
        if channel.hungup:
            return HANG_UP
    if passcode.lower() != "no-password":
        source = passcode if "/" in passcode else "a PIN of the dial plan"
        run.note("tone", "dial")
        answer = run.ask(Question("password", source, (RIGHT, WRONG, NONE_GIVEN)))
        run.note("password", source, ("answer", answer))
        if answer != RIGHT:
            run.note("tone", "congestion")
            return HANG_UP
        if "/" not in passcode:
            account = passcode[:_MOST_ACCOUNT]
    run.note("tone", "dial")
    digits, hash_pressed = _dialled(run, context, hash_ends="p" in given)
    pressed = hash_pressed or passcode.lower() != "no-password"  # the keys of a PIN count as keys, too
    run.note("keys", digits)
    empty = run.equal(digits, "")
    if empty and not pressed:
        run.note("tone", "congestion")
        return HANG_UP
    if empty or not run.exists(context, digits):
        run.set("INVALID_EXTEN", digits)
        digits = "i"
        if not run.exists(context, "i"):
            run.note("tone", "congestion")
            return HANG_UP
    if cid:
        _set_caller(run, cid)
    if account:
        channel.account = account
    channel.context, channel.exten, channel.priority = context, digits, 0
    return GO_ON


def _dialled(run: Run, context: str, *, hash_ends: bool) -> tuple[str, bool]:
    """Return what is dialled after a dial tone, and whether # ended it.

    Where all calls are looked at, that is any number at once: which of them can become an extension is decided when it is
    looked for.
    """
    channel = run.channel
    if run.symbols is not None:
        digits = run.ask(Question("keys", run.waits_at(), (), MOST_DIALLED))
        return digits, run.equal(digits, "") and bool(
            run.ask(Question("key", f"{run.waits_at()}+end", ("", "#"), 1))
        )
    digits = ""
    while len(digits) < MOST_DIALLED:
        key = run.press(len(digits))
        if not key:
            run.spend(
                channel.timeouts.get("digit", DIGIT_TIMEOUT)
                if digits
                else channel.timeouts.get("response", RESPONSE_TIMEOUT)
            )
            break
        if key == "#" and (digits or hash_ends or not _begins_with_hash(run, context)):
            return digits, True
        digits += key
        if not run.dialplan.partly(run, context, digits, MATCH_MORE):
            break
    return digits, False


def _begins_with_hash(run: Run, context: str) -> bool:
    """Return True if # may be an extension there, or begin one: as the first key it ends no number then."""
    return bool(run.dialplan.partly(run, context, "#", MATCH_MORE) or run.exists(context, "#"))


def _set_caller(run: Run, text: str) -> None:
    """Set the caller ID from ``"name" <number>`` or a bare number (ast_callerid_split)."""
    name, bracket, rest = text.partition("<")
    channel = run.channel
    if bracket:
        channel.caller, channel.caller_name = rest.partition(">")[0].strip(), name.strip().strip('"')
    else:
        channel.caller, channel.caller_name = text.strip(), ""
    channel.ani = channel.caller


def directory(run: Run, data: str) -> int | str:
    """Let the caller find a name by its letters, and go there. As apps/app_directory.c."""
    mailboxes, dialled, letters = _parts(data, 3)
    if not mailboxes:
        run.warn("Directory requires an argument (context[,dialcontext])")
        return HANG_UP
    channel = run.channel
    context = dialled or mailboxes
    run.answer()
    if channel.hungup:
        return HANG_UP
    names = tuple(
        option.key
        for section in run.pbx.sections("voicemail.conf")
        if section.name == mailboxes
        for option in section.options
        if "hidefromdir=yes" not in option.value
    )
    answer = run.ask(Question("directory", mailboxes, (*names, "", "0", "*")))
    run.note("directory", mailboxes, ("answer", answer))
    if answer in ("0", "*"):
        exten, out = ("o" if answer == "0" else "a"), dialled or channel.context
        if run.exists(out, exten):
            run.set("DIRECTORY_RESULT", "OPERATOR" if answer == "0" else "ASSISTANT")
            channel.context, channel.exten, channel.priority = out, exten, 0
            return GO_ON
        answer = ""  # it goes on asking for a name
    if not answer:
        run.set("DIRECTORY_RESULT", "TIMEOUT")
        return GO_ON
    if "s" in (options(letters) or {}):
        run.set("DIRECTORY_RESULT", "SELECTED")
        run.set("DIRECTORY_EXTEN", answer)
        return GO_ON
    if not run.exists(context, answer):
        run.set("DIRECTORY_RESULT", "FAILED")
        run.warn(f"Can't find extension '{answer}' in context '{context}'.")
        return HANG_UP
    run.set("DIRECTORY_RESULT", "SELECTED")
    channel.context, channel.exten, channel.priority = context, answer, 0
    return GO_ON


def privacy_manager(run: Run, data: str) -> int | str:
    """Ask whoever sends no number for one. As apps/app_privacy.c."""
    channel = run.channel
    if channel.caller:
        return GO_ON
    retries, shortest, _, context = _parts(data, 4)
    tries = atoi(retries) if retries else 3
    least = atoi(shortest) if shortest else 10
    run.answer()
    run.note("hears", "privacy-unident")
    for _attempt in range(tries):
        run.note("hears", "privacy-prompt")
        digits, _ = _digits(run, 30)
        if _is_as_long(run, digits, least) and (not context or run.exists(context, digits)):
            channel.caller, channel.caller_name = digits, "Privacy Manager"
            run.set("PRIVACYMGRSTATUS", "SUCCESS")
            run.note("hears", "privacy-thankyou")
            return _over(run)
    run.set("PRIVACYMGRSTATUS", "FAILED")
    return _over(run)


APPLICATIONS = {
    "Authenticate": authenticate,
    "DISA": disa,
    "Directory": directory,
    "PrivacyManager": privacy_manager,
    "Read": read,
    "ReadExten": read_exten,
    "VMAuthenticate": vm_authenticate,
    "WaitExten": wait_exten,
}
