"""Dial plans of their own and calls into them, by chance from a seed: each family tries one corner of Asterisk's rules.

A ``Case`` is a small dial plan (contexts without ``[general]``) whose contexts all begin with the case's name, so that
many are loaded at once, and the calls that are placed into it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

Rng = random.Random


@dataclass(frozen=True)
class Shot:
    """A call into a case: where it begins, who calls, and what is pressed at each wait for keys."""

    context: str
    exten: str
    caller: str = ""
    name: str = ""
    presses: tuple[str, ...] = ()
    phone: str = ""
    """The phone that calls, by SIP; "" for a channel that Asterisk makes itself."""
    answers: tuple[tuple[str, str], ...] = ()
    """What the world answers: kind of question (or ``kind:subject``), answer."""


@dataclass(frozen=True)
class Case:
    """A dial plan and its calls. ``family`` is the generator's name; ``at`` the moment of the calls (None: any)."""

    name: str
    family: str
    text: str
    shots: tuple[Shot, ...]
    at: datetime | None = None
    otherwise: str = "answers"
    devices: tuple[tuple[str, str], ...] = ()
    """What single devices do, where that isn't what all others do."""
    old: bool = False
    """True for what only Asterisk 16 has."""
    fallthrough: bool = True
    """What autofallthrough is."""
    alone: bool = False
    """True where its calls read what others on their way would change: one is placed at a time."""


FAMILIES: dict[str, Callable[[Rng, str], Case]] = {}


def family(make: Callable[[Rng, str], Case]) -> Callable[[Rng, str], Case]:
    """Register a generator under its name."""
    FAMILIES[make.__name__] = make
    return make


def cases(seed: int, count: int, families: tuple[str, ...] = (), *, old: bool = False) -> list[Case]:
    """Return ``count`` cases of each family (of all but the old ones, if none is named), the same for the same seed."""
    chosen = families or tuple(name for name in FAMILIES if name.startswith("old_") == old)
    return [
        FAMILIES[name](random.Random(f"{seed}/{name}/{number}"), f"{name.replace('_', '-')}-{number}")
        for name in chosen
        for number in range(count)
    ]


# -- words


def one(rng: Rng, *choices: str) -> str:
    """Return one of the choices."""
    return rng.choice(choices)


def digits(rng: Rng, low: int, high: int, alphabet: str = "0123456789") -> str:
    """Return that many characters of the alphabet."""
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(low, high)))


WORDS = (
    "", "0", "1", "00", "007", "-1", "12", "3.5", "abc", "ABC", "a b", " x ", "x,y", "a-b-c", "a/b", "101", "+98912",
    "09121234567", "yes", "no", "hello world", "a.b.c", "50%", "it's", "#1", "*21", "a:b", "x=y", "(p)", "1e3", "0x10", "سلام",
)  # fmt: skip


def word(rng: Rng) -> str:
    """Return a text as values of variables have it."""
    return rng.choice(WORDS) if rng.random() < 0.7 else digits(rng, 1, 8, "0123456789ab-. ")


def set_line(name: str, value: str) -> str:
    """Return the step that sets a variable to a text without anything evaluated."""
    return f"Set({name}={value})"


def steps(pattern: str, *apps: str) -> str:
    """Return an extension of these applications."""
    first, *others = apps
    return f"exten => {pattern},1,{first}\n" + "".join(f" same => n,{app}\n" for app in others)


# -- patterns and contexts


def pattern_piece(rng: Rng) -> str:
    """Return one place of a pattern."""
    return rng.choice(
        [
            "X",
            "N",
            "Z",
            "1",
            "2",
            "9",
            "0",
            "[12]",
            "[2-5]",
            "[13579]",
            "[0-9]",
            "[*#]",
            "[1-3*]",
            "x",
            "n",
            "z",
            "[29-]",
            "-",
            "*",
            "#",
            "+",
        ]
    )


def pattern(rng: Rng) -> str:
    """Return an extension: a pattern or a plain one."""
    if rng.random() < 0.25:
        return digits(rng, 1, 4, "0123*#12")
    body = "".join(pattern_piece(rng) for _ in range(rng.randint(1, 4)))
    return "_" + body + rng.choice(["", "", "", ".", "!", ".", "!"])


def dialled_for(rng: Rng, written: str) -> str:
    """Return what may be dialled for an extension: in its language, or nearly."""
    if not written.startswith("_"):
        text = written
    else:
        text, at = "", 1
        while at < len(written):
            letter = written[at]
            if letter in "Xx":
                text += digits(rng, 1, 1)
            elif letter in "Nn":
                text += digits(rng, 1, 1, "23456789")
            elif letter in "Zz":
                text += digits(rng, 1, 1, "123456789")
            elif letter == "[":
                end = written.index("]", at)
                text += rng.choice(written[at + 1 : end])
                at = end
            elif letter in ".!":
                text += digits(rng, letter == ".", 3, "0123456789*#")
            elif letter != "-":
                text += letter
            at += 1
    chance = rng.random()
    if chance < 0.15:
        text += digits(rng, 1, 1)
    elif chance < 0.25 and text:
        text = text[:-1]
    elif chance < 0.35 and text:
        at = rng.randrange(len(text))
        text = text[:at] + digits(rng, 1, 1, "0123456789*#") + text[at + 1 :]
    return "".join(letter for letter in text if letter in "0123456789*#+") or "7"


@family
def patterns(rng: Rng, name: str) -> Case:
    """Overlapping patterns in contexts that include one another; some only for some callers."""
    contexts = [f"{name}-{letter}" for letter in "abc"[: rng.randint(1, 3)]]
    text, written = "", []
    for at, context in enumerate(contexts):
        text += f"[{context}]\n"
        here = []
        for number in range(rng.randint(2, 8)):
            exten = pattern(rng)
            caller = ""
            if rng.random() < 0.12:
                caller = "/" + rng.choice(["100", "_10X", "_1.", "_!", "_0912XXXXXXX"])
            if exten + caller in here:
                continue
            here.append(exten + caller)
            written.append(exten)
            text += steps(exten + caller, f"NoOp({at}.{number} ${{EXTEN}})", "Hangup()")
        if rng.random() < 0.3:
            text += steps("i", "NoOp(i ${EXTEN})", "Hangup()")
        for other in contexts[at + 1 :]:
            if rng.random() < 0.8:
                text += f"include => {other}\n"
    shots = tuple(
        Shot(
            contexts[0],
            dialled_for(rng, rng.choice(written)),
            rng.choice(["", "100", "101", "09121234567", "1"]),
        )
        for _ in range(25)
    )
    return Case(name, "patterns", text, shots)


@family
def lookups(rng: Rng, name: str) -> Case:
    """What DIALPLAN_EXISTS, VALID_EXTEN, Goto and the extensions i, s find among patterns and includes."""
    text, written = f"[{name}-x]\n", []
    for number in range(rng.randint(3, 8)):
        exten = pattern(rng)
        if exten not in written:
            written.append(exten)
            text += steps(exten, f"NoOp({number} ${{EXTEN}})", *(["Hangup()"] if rng.random() < 0.6 else []))
    if rng.random() < 0.4:
        text += steps("i", "NoOp(invalid ${INVALID_EXTEN})", "Hangup()")
    if rng.random() < 0.3:
        text += steps("s", "NoOp(s ${EXTEN})", "Hangup()")
    numbers = [dialled_for(rng, rng.choice(written)) for _ in range(8)]
    text += f"[{name}]\n"
    shots = []
    for at, number in enumerate(numbers):
        priority = rng.choice(["1", "1", "2", "3"])
        text += steps(
            f"t{at}",
            f"NoOp(${{DIALPLAN_EXISTS({name}-x,{number},{priority})}})",
            f"NoOp(${{DIALPLAN_EXISTS({name}-x,{number})}})",
            f"NoOp(${{VALID_EXTEN({name}-x,{number},{priority})}})",
            f"GotoIf(${{DIALPLAN_EXISTS({name}-x,{number},{priority})}}?{name}-x,{number},{priority})",
            f"Goto({name}-x,{number},1)",
        )
        shots.append(Shot(name, f"t{at}"))
    return Case(name, "lookups", text, tuple(shots))


@family
def priorities(rng: Rng, name: str) -> Case:
    """Labels, gaps, n+2, jumps; what comes after the last step."""
    text = f"[{name}]\n"
    labels = ["one", "two", "three"]
    targets = ["one", "two", "three", "2", "3", "5", "s,1", "s,one", f"{name},s,two", "9", "o,1", "nowhere"]
    rng.shuffle(labels)
    for exten in ("s", "o"):
        number = 0
        text += f"exten => {exten},1,Set(n=$[0${{n}} + 1])\n same => n,GotoIf($[${{n}} > 6]?end,1)\n"
        for number in range(rng.randint(2, 6)):
            priority = rng.choice(["n", "n", "n", "n+1", "n+2"])
            label = f"({labels[number]})" if number < len(labels) and rng.random() < 0.8 else ""
            app = rng.choice(
                [
                    "NoOp(${CONTEXT} ${EXTEN} ${PRIORITY} ${n})",
                    f"GotoIf($[${{SET(n=$[${{n}} + 1])}} < 9]?{rng.choice(targets)})",
                    f"GotoIf($[${{SET(n=$[${{n}} + 1])}} < {rng.randint(3, 8)}]?{rng.choice(targets)}:{rng.choice(['end,1', '1,1', 's,1'])})",
                    f"GotoIf($[${{SET(n=$[${{n}} + 1])}} = {rng.randint(1, 6)}]?{rng.choice(targets)})",
                    f"GotoIf($[${{SET(n=$[${{n}} + 1])}} > 8]?:{rng.choice(targets)})",
                    f"GotoIf({rng.choice(['', '0', '1', 'x', '-1', ' 0', '00'])}?{rng.choice(['end,1', '1,1', '', '9'])})",
                    "NoOp()",
                    "NoOp(${EXTEN})",
                ]
            )
            text += f" same => {priority}{label},{app}\n"
    text += (
        steps("end", "NoOp(end)", "Hangup()") + steps("1", "NoOp(one)") + steps("h", "NoOp(h ${n} ${EXTEN})")
    )
    if rng.random() < 0.5:
        text += steps("i", "NoOp(i ${INVALID_EXTEN})", "Hangup()")
    if rng.random() < 0.5:
        text += steps("e", "NoOp(e ${EXCEPTION(reason)} ${EXCEPTION(context)})", "Hangup()")
    return Case(
        name, "priorities", text, (Shot(name, "s"), Shot(name, "o"), Shot(name, "1"), Shot(name, "77"))
    )


@family
def followers(rng: Rng, name: str) -> Case:
    """Extensions that match the same numbers and end early: another one's next step follows their last."""
    choices = [
        "703",
        "704",
        "_7XX",
        "_70X",
        "_[67]0[3-5]",
        "_7.",
        "_X0X",
        "_7!",
        "713",
        "703/100",
        "_70X/_1XX",
    ]
    contexts = [f"{name}-{letter}" for letter in "ab"[: rng.randint(1, 2)]]
    text = ""
    for at, context in enumerate(contexts):
        text += f"[{context}]\n"
        for number, exten in enumerate(rng.sample(choices, rng.randint(2, 5))):
            apps = [f"NoOp({at}.{number}.{step} ${{EXTEN}})" for step in range(rng.randint(1, 4))]
            text += steps(exten, *apps, *(["Hangup()"] if rng.random() < 0.2 else []))
        for other in contexts[at + 1 :]:
            text += f"include => {other}\n"
    numbers = ("703", "704", "705", "713", "603", "7", "7033", "900")
    callers = ("", "100", "200")
    shots = tuple(Shot(contexts[0], number, caller) for number in numbers for caller in callers)
    return Case(name, "followers", text, shots)


# -- values


def expression(rng: Rng, depth: int = 0) -> str:
    """Return an expression as it stands between ``$[`` and ``]``."""
    chance = rng.random()
    if depth > 3 or chance < 0.3:
        return rng.choice(
            [
                lambda: digits(rng, 1, 3),
                lambda: digits(rng, 1, 3),
                lambda: f"{rng.randint(0, 20)}.{rng.randint(0, 99)}",
                lambda: f'"{word(rng)}"'.replace('""', '""'),
                lambda: one(rng, "abc", "x", "yes", "a1"),
                lambda: f"${{{one(rng, 'a', 'b', 'c', 'd', 'none')}}}",
                lambda: f'"${{{one(rng, "a", "b", "c", "d", "none")}}}"',
            ]
        )()
    if chance < 0.4:
        return f"({expression(rng, depth + 1)})"
    if chance < 0.47:
        return f"{one(rng, '!', '-')}{one(rng, ' ', '')}{expression(rng, depth + 1)}"
    if chance < 0.52:
        return f"{expression(rng, depth + 1)} ? {expression(rng, depth + 1)} :: {expression(rng, depth + 1)}"
    operator = one(
        rng,
        "+",
        "-",
        "*",
        "/",
        "%",
        "=",
        "!=",
        "<",
        ">",
        "<=",
        ">=",
        "&",
        "|",
        "=",
        "!=",
        "&",
        "|",
        ":",
        "=~",
        "~~",
        "==",
    )
    space = one(rng, " ", " ", " ", "")
    return f"{expression(rng, depth + 1)}{space}{operator}{space}{expression(rng, depth + 1)}"


def values(rng: Rng) -> list[str]:
    """Return the steps that give the variables a, b, c and d a text."""
    return [set_line(name, word(rng)) for name in "abcd"]


@family
def expressions(rng: Rng, name: str) -> Case:
    """Expressions by Asterisk's grammar, on numbers, texts, nothing, and things that are neither."""
    text, shots = f"[{name}]\n", []
    for at in range(6):
        apps = values(rng)
        apps += [f"NoOp($[{expression(rng)}])" for _ in range(4)]
        apps.append(f"GotoIf($[{expression(rng, 2)}]?l{at},1)")
        text += steps(f"e{at}", *apps, "Hangup()") + steps(f"l{at}", "NoOp(yes)")
        shots.append(Shot(name, f"e{at}"))
    return Case(name, "expressions", text, tuple(shots))


@family
def substrings(rng: Rng, name: str) -> Case:
    """``${x:offset:length}``, names made of variables, and nesting."""
    text, shots = f"[{name}]\n", []
    for at in range(5):
        apps = values(rng)
        for _ in range(5):
            variable = one(rng, "a", "b", "c", "d", "EXTEN", "none", "CONTEXT")
            cut = f":{rng.randint(-9, 9)}" + (f":{rng.randint(-9, 9)}" if rng.random() < 0.6 else "")
            apps.append(f"NoOp(<${{{variable}{cut}}}>)")
        apps += [
            "Set(which=" + one(rng, "a", "b", "zz") + ")",
            "NoOp(${${which}})",
            "NoOp(${${which}:1} ${EXTEN:${LEN(${a})}} ${LEN(${b:1})})",
            "NoOp(${a${b}} $${a} $[1 + 1]$ {a} ${a }${ a} ${LEN(${c:-2})})",
            f"NoOp(${{CALLERID(num):{rng.randint(-4, 4)}}}|${{CALLERID(name):1:2}}|${{CALLERID(all)}})",
        ]
        text += steps(f"e{at}", *apps)
        shots.append(
            Shot(name, f"e{at}", rng.choice(["", "100", "09121234567"]), rng.choice(["", "Ali", "A B"]))
        )
    return Case(name, "substrings", text, tuple(shots))


def a_function(rng: Rng, depth: int = 0) -> str:
    """Return one use of a function that reads."""

    def value() -> str:
        if depth < 2 and rng.random() < 0.3:
            return a_function(rng, depth + 1)
        return rng.choice(
            [
                f"${{{one(rng, 'a', 'b', 'c', 'd')}}}",
                word(rng).replace(",", "").replace("(", "").replace(")", ""),
            ]
        )

    variable = one(rng, "a", "b", "c", "d", "list", "words")
    number = str(rng.randint(-3, 6))
    delimiter = one(rng, "-", ",", ".", " ", "a")
    return rng.choice(
        [
            lambda: f"${{LEN({value()})}}",
            lambda: (
                f"${{FILTER({one(rng, '0-9', '0-9+', 'a-z', 'A-Za-z0-9_', '0-9*#', '-', 'x-', chr(92) + 'x30-' + chr(92) + 'x39', '', 'a-zA-Z ')},{value()})}}"
            ),
            lambda: (
                f"${{CUT({variable},{one(rng, '-', chr(92) + ',', '.', 'a')},{one(rng, '1', '2', '1-2', '2-', '-2', '1&3', '9', '0')})}}"
            ),
            lambda: f"${{REPLACE({variable},{one(rng, '-', 'ab', '0-9', '. ')},{one(rng, '', '_', 'x')})}}",
            lambda: (
                f"${{STRREPLACE({variable},{one(rng, 'a', '-', 'bc', '1')},{one(rng, '', 'Z', '--')}{one(rng, '', ',1', ',2')})}}"
            ),
            lambda: f"${{IF({one(rng, '0', '1', '', 'x', '$[1=1]', '$[${a} = 1]')}?{value()}:{value()})}}",
            lambda: f"${{IF($[${{LEN(${{a}})}} > 2]?{value()})}}",
            lambda: f"${{ISNULL({value()})}}",
            lambda: f"${{EXISTS({value()})}}",
            lambda: f"${{TOUPPER({value()})}}",
            lambda: f"${{TOLOWER({value()})}}",
            lambda: (
                f'${{REGEX("{one(rng, "^[0-9]+$", "a", "^a.c$", "[A-Z]", "^$", "(ab|12)", "^0?9", "x*")}" {value()})}}'
            ),
            lambda: f"${{FIELDQTY({variable},{delimiter})}}",
            lambda: f"${{FIELDNUM({variable},{one(rng, '-', '.', 'a')},{one(rng, 'b', 'c', 'a', '1')})}}",
            lambda: f"${{SHIFT({variable},{one(rng, '-', '.', 'a')})}}",
            lambda: f"${{POP({variable},{one(rng, '-', '.', 'a')})}}",
            lambda: f"${{LISTFILTER({variable},{one(rng, '-', '.', 'a')},{one(rng, 'b', 'c', '1')})}}",
            lambda: f"${{QUOTE({value()})}}",
            lambda: f"${{CSV_QUOTE({value()})}}",
            lambda: f"${{URIENCODE({value()})}}",
            lambda: f"${{URIDECODE(a%20b%2B{number})}}",
            lambda: f"${{MD5({value()})}}",
            lambda: f"${{SHA1({value()})}}",
            lambda: (
                f"${{SPRINTF({one(rng, '%d', '%05d', '%s', '%5s|', '%-5s|', '%x', '%.2f', '%d-%s', '%%')},{one(rng, '12', '7', '3.5', 'abc')},{one(rng, 'x', '9')})}}"
            ),
            lambda: (
                f"${{MATH({rng.randint(-9, 99)}{one(rng, '+', '-', '*', '/', '%', 'MOD', '**', '<', '>', '=', '<<', '>>', 'AND', 'OR', 'XOR')}{rng.randint(1, 9)}{one(rng, '', ',int', ',f', ',hex', ',char')})}}"
            ),
            lambda: f"${{SET(tmp={value()})}}${{tmp}}",
            lambda: f"${{PASSTHRU({value()})}}",
            lambda: "${ARGC}${ARG1}",
            lambda: (
                f"${{CALLERID({one(rng, 'num', 'name', 'all', 'ani', 'dnid', 'rdnis', 'pres', 'num-pres', 'name-valid', 'num-valid')})}}"
            ),
            lambda: f"${{EVAL(${{{one(rng, 'a', 'refer')}}})}}",
            lambda: (
                f"${{STRFTIME({one(rng, '0', '1000000000', '1700000000', '1767225599')},{one(rng, 'UTC', 'Asia/Tehran', 'Europe/Berlin', 'America/New_York')},{one(rng, '%Y%m%d', '%H:%M:%S', '%a %b %d', '%A %B', '%j %u %w', '%Y-%m-%dT%H:%M:%S%z', '%I %p', '%F %T', '%e %y %C', '%s')})}}"
            ),
            lambda: (
                f"${{STRPTIME({one(rng, '2026-01-02 03:04:05', '2026-07-15 12:00:00')},{one(rng, 'UTC', 'Asia/Tehran', 'Europe/Berlin')},%Y-%m-%d %H:%M:%S)}}"
            ),
            lambda: f"${{DB({one(rng, 'fam/key', 'fam/none', 'x/y')})}}",
            lambda: f"${{DB_EXISTS({one(rng, 'fam/key', 'fam/none')})}}${{DB_RESULT}}",
            lambda: (
                f"${{IFTIME({one(rng, '09:00-17:00', '*', '22:00-06:00')},{one(rng, 'mon-fri', '*', 'sat-wed', 'thu')},*,*?in:out)}}"
            ),
            lambda: f"${{INC({one(rng, 'num', 'none')})}}",
            lambda: f"${{DEC({one(rng, 'num', 'none')})}}",
            lambda: f"${{KEYPADHASH({one(rng, 'Smith', 'abc', 'Z9')})}}",
            lambda: f"${{STRBETWEEN({variable},{one(rng, 'a', '-')},{one(rng, 'c', 'b')})}}",
            lambda: f"${{MIN({one(rng, '1,2,3', '5,-1', 'a,b')})}}${{MAX({one(rng, '1,2,3', '5,-1')})}}",
            lambda: f"${{ABS({number})}}",
            lambda: f"${{TRIM({value()})}}|${{LTRIM({value()})}}|",
            lambda: f"${{BASE64_ENCODE({value()})}}",
        ]
    )()


@family
def functions(rng: Rng, name: str) -> Case:
    """Functions of texts, numbers and times, nested in one another."""
    text, shots = f"[{name}]\n", []
    for at in range(5):
        apps = values(rng)
        apps += [
            set_line("list", one(rng, "a-b-c", "1.2.3.4", "x", "", "a-b-a-b", "-a-", "one-two")),
            set_line("words", one(rng, "the cat sat", "abcabc", "09-12-a.b", "banana")),
            set_line("num", one(rng, "1", "9", "-1", "")),
            "Set(refer=${" + one(rng, "a", "b") + "})",
        ]
        apps += [f"NoOp({a_function(rng)})" for _ in range(6)]
        text += steps(f"e{at}", *apps)
        shots.append(Shot(name, f"e{at}", rng.choice(["", "100", "09121234567"]), rng.choice(["", "Ali"])))
    return Case(name, "functions", text, tuple(shots))


@family
def assignments(rng: Rng, name: str) -> Case:
    """What writes: Set with quotes and commas, ARRAY, HASH, PUSH, UNSHIFT, CALLERID, MSet, GLOBAL, DB, GROUP, LOCAL."""
    text, shots = f"[{name}]\n", []
    for at in range(4):
        apps = []
        for _ in range(8):
            value = word(rng)
            apps.append(
                rng.choice(
                    [
                        lambda v=value: f"Set(a={v})",
                        lambda v=value: f'Set(a="{v}")',
                        lambda v=value: f"Set(a= {v} )",
                        lambda v=value: f"Set(a={v}=1)",
                        lambda v=value: f"MSet(a={v.replace(',', '')},b=2,c=${{a}})",
                        lambda v=value: (
                            f"Set(ARRAY(a,b,c)={one(rng, '1,2,3', '1', 'x,,z', chr(92) + ',,2')})"
                        ),
                        lambda v=value: f"Set(PUSH(list,-)={v})",
                        lambda v=value: f"Set(UNSHIFT(list,-)={v})",
                        lambda v=value: f"Set(CALLERID(num)={v})",
                        lambda v=value: f"Set(CALLERID(name)={v})",
                        lambda v=value: f"Set(CALLERID(all)={one(rng, 'Ali <123>', '123', '<99>', 'Bob')})",
                        lambda v=value: f"Set(CALLERID(pres)={one(rng, 'prohib', 'allowed', 'unavailable')})",
                        lambda v=value: f"Set(GLOBAL(G{name.replace('-', '')})={v})",
                        lambda v=value: f"Set(DB({name}/k)={v})",
                        lambda v=value: f"NoOp(${{DB_DELETE({name}/k)}})",
                        lambda v=value: f"Set(GROUP({name})=g)",
                        lambda v=value: "Set(__inherit=1)",
                        lambda v=value: f"Set(CHANNEL(language)={one(rng, 'fa', 'en', 'de')})",
                        lambda v=value: f"Set(TIMEOUT(digit)={rng.randint(1, 9)})",
                        lambda v=value: f"Set(a={v})(b=2)",
                        lambda v=value: "Set()",
                        lambda v=value: "Set(a)",
                        lambda v=value: f"Set(HASH(h,k{rng.randint(1, 2)})={v})",
                        lambda v=value: "Set(a[1]=x)",
                        lambda v=value: f"ExecIf({one(rng, '1', '0', '', 'x')}?Set(b={v}):NoOp(else))",
                        lambda v=value: f"ExecIf({one(rng, '1', '0')}?NoOp({v}))",
                    ]
                )()
            )
        g = f"${{G{name.replace('-', '')}}}"
        apps += [
            "NoOp(<${a}><${b}><${c}><${list}>)",
            "NoOp(<${CALLERID(num)}><${CALLERID(name)}><${CALLERID(all)}><${CALLERID(pres)}>)",
            f"NoOp(<{g}><${{DB({name}/k)}}><${{GROUP({name})}}><${{GROUP_COUNT(g@{name})}}>)",
            "NoOp(<${inherit}><${CHANNEL(language)}><${TIMEOUT(digit)}><${HASH(h,k1)}><${HASHKEYS(h)}><${a[1]}>)",
        ]
        text += steps(f"e{at}", *apps)
        shots.append(Shot(name, f"e{at}", rng.choice(["", "100"]), rng.choice(["", "Ali"])))
    return Case(name, "assignments", text, tuple(shots))


# -- flow


@family
def gosubs(rng: Rng, name: str) -> Case:
    """Gosub with arguments, LOCAL, Return with values, GosubIf, StackPop, and depth."""
    text = f"[{name}]\n"
    text += steps(
        "s",
        "Set(v=outer)",
        f"Gosub({one(rng, f'{name}-sub,s,1', f'{name}-sub,x,1', 'in,1', f'{name}-sub,s,top')}({one(rng, '1,2', '', 'a b', '${v}', ',second', '(x)', 'a,,c')}))",
        "NoOp(<${GOSUB_RETVAL}><${v}><${ARG1}><${ARGC}>)",
        f"GosubIf({one(rng, '1', '0', '${v}')}?{name}-sub,s,1(yes):{name}-sub,s,1(no,two))",
        "NoOp(<${GOSUB_RETVAL}><${STACK_PEEK(1,c,1)}>)",
        one(rng, "StackPop()", "Return()", "NoOp()", f"Gosub({name}-none,s,1)", f"Gosub({name}-sub,s,1"),
        "NoOp(after)",
    )
    text += steps(
        "in",
        "NoOp(<${ARG1}>)",
        f"Set({one(rng, 'LOCAL(v)', 'v')}=inner)",
        one(rng, "Return(r)", "Return()", "Goto(in2,1)"),
    )
    text += steps("in2", "NoOp(${v})", one(rng, "Return(${v})", "NoOp()"))
    text += steps("h", "NoOp(h <${v}> <${ARG1}>)") + f"[{name}-sub]\n"
    text += steps(
        "s",
        "NoOp(<${ARG1}><${ARG2}><${ARGC}><${v}>)",
        f"Set({one(rng, 'LOCAL(v)', 'v', 'LOCAL(ARG1)', 'ARG1')}=changed)",
        "NoOp(<${v}><${ARG1}>)",
        f'GotoIf($["${{deep}}" = "{one(rng, "x", "xx")}"]?out)',
        "Set(deep=x${deep})",
        f"Gosub({one(rng, 's,1', f'{name}-sub,s,1', '1')}({one(rng, 'd', 'd,e,f', '')}))",
        "NoOp(back <${ARG1}><${ARG2}><${v}> ${GOSUB_RETVAL})",
    )
    text += f" same => n(out),{one(rng, 'Return(${v})', 'Return()', 'Return(a,b)', 'StackPop()')}\n same => n,Return(last)\n"
    text += "exten => s,20(top),NoOp(top)\n same => n,Return(top)\n"
    return Case(name, "gosubs", text, (Shot(name, "s"),))


@family
def loops(rng: Rng, name: str) -> Case:
    """While, EndWhile, ExitWhile, ContinueWhile, Exec, TryExec, ExecIf, nested."""
    text = f"[{name}]\n"
    text += steps(
        "s",
        "Set(i=0)",
        f"While($[${{i}} < {rng.randint(0, 4)}])",
        "Set(i=$[${i} + 1])",
        one(
            rng,
            "NoOp(${i})",
            "ExecIf($[${i} = 2]?ContinueWhile())",
            "ExecIf($[${i} = 2]?ExitWhile())",
            "GotoIf($[${i} = 3]?out)",
        ),
        "Set(j=0)",
        f"While($[${{j}} < {rng.randint(0, 3)}])",
        "Set(j=$[${j} + 1])",
        one(rng, "NoOp(${i}.${j})", "ExecIf($[${j} = 1]?ContinueWhile)", "ExecIf($[${j} = 2]?ExitWhile)"),
        "EndWhile()",
        one(
            rng,
            "NoOp(x)",
            "Exec(NoOp(in ${i}))",
            "TryExec(Set(k=${i}))",
            "Exec(Goto(out))",
            "TryExec(Nothing(x))",
        ),
        "NoOp(${TRYSTATUS} ${k})",
        "EndWhile()",
        "NoOp(done ${i} ${j})",
    )
    text += " same => n(out),NoOp(out ${i})\n"
    return Case(name, "loops", text, (Shot(name, "s"),))


ZONES = ("UTC", "Asia/Tehran", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland")


def times(rng: Rng) -> str:
    """Return a time specification as GotoIfTime and includes take it."""
    hours = [f"{rng.randint(0, 23):02}:{rng.choice(['00', '30', '59', '15'])}" for _ in range(2)]
    span = one(
        rng, "*", "-".join(hours), "-".join(hours), "-".join(hours), hours[0], "8:00-17:59", "00:00-23:59"
    )
    days = one(
        rng, "*", "*", "mon-fri", "sat-wed", "thu", "fri-mon", "sun", "sat&sun", "Mon-Fri", "monday-friday"
    )
    dates = one(rng, "*", "*", "*", "1-15", "21", "20-5", "1&15", "31")
    months = one(rng, "*", "*", "*", "mar", "jan-jun", "nov-feb", "dec", "december", "jan&dec")
    return ",".join((span, days, dates, months))


def moment(rng: Rng) -> datetime:
    """Return a moment at which something may change."""
    at = datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(days=rng.randint(0, 800))
    return at.replace(
        hour=rng.randint(0, 23), minute=rng.choice([0, 5, 20, 30, 31, 45, 52]), second=rng.choice([1, 5, 20])
    )


@family
def hours(rng: Rng, name: str) -> Case:
    """GotoIfTime, ExecIfTime, IFTIME and includes by times: zones, wraps over midnight, weeks and years."""
    text, shots = f"[{name}]\n", []
    for at in range(4):
        apps = []
        for _ in range(4):
            zone = "," + rng.choice(ZONES) if rng.random() < 0.6 else ""
            apps += [
                f"GotoIfTime({times(rng)}{zone}?y{at},{rng.randint(1, 2)})"
                if rng.random() < 0.4
                else f"NoOp(${{IFTIME({times(rng)}{zone}?in:out)}})",
                f"ExecIfTime({times(rng)}{zone}?NoOp(x):NoOp(y))"
                if rng.random() < 0.2
                else f"Set(n=$[0${{n}} + ${{IFTIME({times(rng)}?1:2)}}])",
            ]
        text += steps(f"e{at}", *apps, "NoOp(none ${n})", "Hangup()") + steps(
            f"y{at}", "NoOp(one ${n})", "NoOp(two)"
        )
        shots.append(Shot(name, f"e{at}"))
    for number in range(3):
        zone = "," + rng.choice(ZONES) if rng.random() < 0.5 else ""
        text += f"include => {name}-{number},{times(rng)}{zone}\n"
    for number in range(3):
        text += (
            f"[{name}-{number}]\n"
            + steps("_9X", f"NoOp({number})")
            + steps(f"5{number}", f"NoOp(only {number})")
        )
        shots.append(Shot(name, f"5{number}"))
    shots.append(Shot(name, "91"))
    return Case(name, "hours", text, tuple(shots), at=moment(rng))


# -- keys


@family
def keys(rng: Rng, name: str) -> Case:
    """Background, WaitExten and Read; what is pressed, too short, too long, wrong, or nothing; i and t."""
    text = f"[{name}]\n"
    text += steps(
        "s",
        "Answer()",
        f"Set(TIMEOUT(digit)={rng.randint(1, 3)})",
        f"Set(TIMEOUT(response)={rng.randint(2, 5)})",
        "Set(n=$[0${n} + 1])",
        "GotoIf($[${n} > 3]?bye,1)",
        one(
            rng,
            "Background(vm-intro)",
            "Background(vm-intro,m)",
            "NoOp()",
            "Background(vm-intro&beep)",
            "Background(vm-intro,n)",
        ),
        one(rng, "WaitExten()", "WaitExten(3)", f"WaitExten({rng.randint(1, 4)})"),
        "NoOp(after)",
        one(rng, "Goto(s,4)", "Hangup()", "NoOp(last)"),
    )
    written = []
    for number in range(rng.randint(1, 6)):
        exten = rng.choice(
            [
                digits(rng, 1, 1, "123456789*#0"),
                digits(rng, 2, 3, "123"),
                "_" + digits(rng, 1, 1, "123") + one(rng, "X", "XX", ".", "!", "Z"),
            ]
        )
        if exten not in written:
            written.append(exten)
            text += steps(
                exten, f"NoOp({number} ${{EXTEN}})", one(rng, "Goto(s,1)", "Hangup()", "Goto(s,4)", "NoOp()")
            )
    if rng.random() < 0.7:
        text += steps("i", "NoOp(i ${INVALID_EXTEN})", one(rng, "Goto(s,4)", "Hangup()", "NoOp()"))
    if rng.random() < 0.7:
        text += steps("t", "NoOp(t)", one(rng, "Goto(s,4)", "Hangup()", "NoOp()"))
    text += steps("bye", "NoOp(bye)", "Hangup()") + steps("h", "NoOp(h ${n})")
    shots = []
    for _ in range(8):
        pressed = tuple(
            rng.choice(
                [
                    "",
                    dialled_for(rng, rng.choice(written)),
                    digits(rng, 1, 3, "0123456789*#"),
                    dialled_for(rng, rng.choice(written)),
                ]
            )
            for _ in range(rng.randint(0, 5))
        )
        shots.append(Shot(name, "s", presses=pressed))
    return Case(name, "keys", text, tuple(shots))


@family
def reads(rng: Rng, name: str) -> Case:
    """Read: how many keys, which ends, how often it asks, how long it waits."""
    text, shots = f"[{name}]\n", []
    for at in range(4):
        sound = one(rng, "", "vm-intro", "vm-intro&beep")
        options = one(rng, "", "", "s", "n", "i")
        most = one(rng, "", "", "1", "3", "5")
        text += steps(
            f"e{at}",
            one(rng, "Answer()", "NoOp()"),
            f"Read(x,{sound},{most},{options},{one(rng, '', '1', '2')},{one(rng, '2', '3', '')})",
            "NoOp(<${x}> ${READSTATUS})",
            one(rng, "Read(y,beep,2)", "Read(y)", "NoOp()"),
            "NoOp(<${y}> ${READSTATUS})",
        )
        for _ in range(4):
            pressed = tuple(
                rng.choice(["", digits(rng, 1, 5), digits(rng, 1, 3) + "#", "#", "12#", "*1"])
                for _ in range(rng.randint(1, 4))
            )
            # How long a prompt takes isn't known: what is to be pressed at the second try comes in the first.
            while pressed and not pressed[0]:
                pressed = pressed[1:]
            shots.append(Shot(name, f"e{at}", presses=pressed))
    return Case(name, "reads", text, tuple(shots))


# -- other phones


@family
def dials(rng: Rng, name: str) -> Case:
    """Dial: each way it may end, its options that change the flow, and Local channels with what they inherit."""
    text = f"[{name}]\n"
    target = one(
        rng,
        "PJSIP/101",
        "PJSIP/101&PJSIP/102",
        "PJSIP/nobody",
        f"Local/l@{name}/n",
        f"Local/l@{name}",
        "PJSIP/0912@trunk",
        "",
        "Nonsense/1",
    )
    option = one(
        rng,
        "",
        "",
        "g",
        "g",
        f"F({name}^f^1)",
        "F",
        f"G({name}^f^1)",
        "gr",
        "m",
        "ig",
        f"U({name}-u)",
        f"U({name}-u^a^b)g",
        f"b({name}-b^s^1)",
        f"B({name}-b^s^1)g",
        "e",
        "c",
        "L(10000)",
        "S(3)g",
        "hH",
    )
    text += steps(
        "s",
        "Set(plain=1)",
        "Set(_once=2)",
        "Set(__ever=3)",
        f"Dial({target},{rng.randint(2, 8)}{',' + option if option else ''})",
        "NoOp(<${DIALSTATUS}><${HANGUPCAUSE}><${DIALEDPEERNUMBER}>)",
        one(rng, "Hangup(${HANGUPCAUSE})", "Goto(s-${DIALSTATUS},1)", "NoOp()", "Busy(2)", "Congestion(2)"),
        "NoOp(end)",
    )
    text += steps(
        "l",
        "NoOp(<${plain}><${once}><${ever}><${_once}> <${CALLERID(num)}>)",
        one(
            rng,
            "Answer()",
            "NoOp()",
            "Busy(1)",
            "Congestion(1)",
            "Hangup(17)",
            "Hangup(34)",
            "Dial(PJSIP/101,3)",
            "Hangup()",
        ),
        "Wait(1)",
        one(rng, "Hangup()", "Hangup(16)", "NoOp()"),
    )
    text += (
        steps("_s-.", "NoOp(${EXTEN})", "Hangup()")
        + steps("f", "NoOp(f)", "NoOp(f2)", "Hangup()")
        + steps("h", "NoOp(h <${DIALSTATUS}>)")
    )
    text += f"[{name}-u]\n" + steps(
        "s",
        "NoOp(<${ARG1}><${ever}>)",
        one(
            rng,
            "Return()",
            "Set(GOSUB_RESULT=CONTINUE)",
            "Set(GOSUB_RESULT=BUSY)",
            f"Set(GOSUB_RESULT=GOTO:{name}^f^1)",
        ),
        "Return()",
    )
    text += f"[{name}-b]\n" + steps("s", "NoOp(<${EXTEN}><${ever}>)", "Return()")
    how = one(rng, "answers", "busy", "no_answer", "unavailable", "congestion")
    return Case(name, "dials", text, (Shot(name, "s", "100", "Ali"), Shot(name, "s")), otherwise=how)


@family
def ends(rng: Rng, name: str) -> Case:
    """How calls end: by themselves, with h, by time limits, errors, unknown applications; e, T, i, s and t."""
    app = one(
        rng,
        "NoOp()",
        "Hangup()",
        "Hangup(17)",
        "Busy(2)",
        "Congestion(2)",
        "Wait(1)",
        "Goto(nowhere,1)",
        "Nothing(1)",
        "Wait(20)",
        "Playback(beep)",
        "WaitExten(2)",
        f"Goto({name}-none,s,1)",
        "Return()",
        "Set(x=${NOTHING(1)})",
        "Answer()",
        "Ringing()",
        "Progress()",
        "Wait(0.5)",
        "NoCDR()",
        "Verbose(1,x)",
        "Log(NOTICE,x)",
        "SayDigits(12)",
        "Playtones(busy)",
        "SayNumber(5)",
        "System(true)",
        "DumpChan()",
    )
    text = f"[{name}]\n" + steps(
        "s",
        one(rng, "NoOp()", "Answer()", "Set(TIMEOUT(absolute)=5)"),
        app,
        "NoOp(<${PLAYBACKSTATUS}><${BACKGROUNDSTATUS}><${HANGUPCAUSE}>)",
    )
    for exten in ("h", "i", "t", "e", "T", "failed"):
        if rng.random() < 0.5:
            text += steps(
                exten,
                f"NoOp({exten} <${{INVALID_EXTEN}}><${{EXCEPTION(reason)}}>)",
                one(rng, "NoOp()", "Hangup()", "Wait(1)"),
            )
    return Case(name, "ends", text, (Shot(name, "s"), Shot(name, "x")))


# -- how it is written


@family
def spelling(rng: Rng, name: str) -> Case:
    """The text of extensions.conf itself: spaces, comments, escapes, quotes, old and new forms."""

    def data() -> str:
        return rng.choice(
            [
                "a b", "a\\;b", 'say "x"', "a\\,b", "a,b", "", " lead", "tail ", "x ; comment", "(nested (p))", "${EXTEN}", "$[1 + 1]",
                "a=>b", "\\x", "'q'", "a|b", "100%", "\\\\", "${EXTEN} ;-- not --; b", "a]b[", "tab\tx", "\"a,b\"", "${CUT(EXTEN,,1)}",
            ]
        )  # fmt: skip

    text = f"[{name}]{one(rng, '', ' ; why', '   ')}\n"
    for at in range(5):
        arrow = one(rng, "=>", "=", " => ", " = ", "=>  ")
        first = one(rng, "1", " 1", "1 ", "1(lab)", "1(lab)")
        text += f"exten {arrow} e{at},{first},{one(rng, 'NoOp', 'noop', 'NOOP', ' NoOp')}({data()}){one(rng, '', ' ', ' ; c')}\n"
        text += f"{one(rng, 'same', ' same', 'exten')} {arrow} {''}".rstrip() if False else ""
        for _ in range(rng.randint(1, 3)):
            text += f"{one(rng, '', ' ', chr(9))}same {arrow} {one(rng, 'n', 'n', 'n(l)', 'N', 'n+1', 's', 'next')},{one(rng, 'NoOp', 'Verbose')}({data()})\n"
        if rng.random() < 0.3:
            text += one(
                rng,
                ";--\nexten => e0,1,NoOp(no)\n--;\n",
                "; exten => x,1,NoOp()\n",
                "\n\n",
                ";-- one line --;\n",
                f"exten => e{at},n,NoOp(more)\n",
            )
    return Case(name, "spelling", text, tuple(Shot(name, f"e{at}") for at in range(5)))


# -- Asterisk 16 only


@family
def old_macros(rng: Rng, name: str) -> Case:
    """Macro, MacroIf, MacroExclusive and MacroExit, with their arguments and what they return to."""
    inner = one(
        rng,
        "Goto(${MACRO_EXTEN},10)",
        "MacroExit()",
        "NoOp()",
        "Set(MACRO_OFFSET=1)",
        "Goto(x,1)",
        "Hangup()",
        f"Macro({name}-two,z)",
        "Set(MACRO_RESULT=CONTINUE)",
    )
    text = (
        f"[{name}]\n"
        + steps(
            "s",
            "Set(ARG1=outer)",
            f"Macro({name}-one,{one(rng, 'a', 'a,b', '', 'a b', ',b')})",
            "NoOp(<${ARG1}><${MACRO_RESULT}>)",
            f"MacroIf($[1 = {rng.randint(0, 1)}]?{name}-two,y:{name}-one,n)",
            "NoOp(end)",
        )
        + "exten => s,10,NoOp(ten)\n"
    )
    text += steps("h", "NoOp(h)")
    for suffix, step in (("one", inner), ("two", one(rng, "MacroExit()", "NoOp(two)", "Goto(s,4)"))):
        text += (
            f"[macro-{name}-{suffix}]\n"
            + steps(
                "s",
                "NoOp(<${ARG1}><${ARG2}> ${MACRO_EXTEN} ${MACRO_CONTEXT} ${MACRO_PRIORITY} ${EXTEN})",
                step,
                "NoOp(after)",
            )
            + steps("x", "NoOp(x)")
            + steps("h", "NoOp(macro h)")
        )
    return Case(name, "old_macros", text, (Shot(name, "s"),), old=True)


from fidelity import features, texts  # noqa: E402, F401 - they register families of their own
