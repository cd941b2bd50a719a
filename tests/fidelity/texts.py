"""Texts by chance, wilder than anybody writes them: expressions with faults, patterns, functions with odd arguments, moments.

Each generator makes one text from a seed; the families put some forty of them into a case, one ``NoOp`` each. A NoOp's text
begins with ``<`` and ends with the text itself, so that what isn't closed takes nothing else with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fidelity.generate import Case, Rng, Shot, family, one, steps

VARIABLES = {
    "A": "hello-world-x", "N": "42", "P": "سلام دنیا", "L": "one,two,three,four", "E": "", "Z": "0", "S": "a b c",
    "Q": 'say "hi" \\now', "F": "3.25", "M": "-7", "T": "02188001234", "B": "x(y)z", "U": "Mixed_Case-9", "C": "k1:v1:k2",
}  # fmt: skip
"""The variables of every case: numbers, lists, nothing, quotes, parentheses, letters of two bytes."""

TEXTS_OF_A_CASE = 40

_ATOMS = (
    "1", "0", "2", "10", "3.5", "0.5", "007", "1.2.3", "abc", '"abc"', '""', '"0"', '"1 2"', "${N}", "${Z}", "${E}", "${F}",
    "${M}", '"${A}"', "${A}", "99999999999", "123456789012345678901", "a.b", "2147483648", "1e5", ".5", "5.", '"a|b"', "x1",
    "_y", "@", "#", "'", "\\", '"${P}"', "12345678.875", "0.1", "0.3",
)  # fmt: skip
_OPERATORS = (
    "+", "-", "*", "/", "%", "=", "!=", "<", ">", "<=", ">=", "|", "&", "||", "&&", "==", ":", "=~", "~~", "? 1 ::", "::", "?",
)  # fmt: skip
_OF_NUMBERS = ("ROUND", "FLOOR", "CEIL", "TRUNC", "RINT", "ABS", "SQRT", "EXP", "LOG", "SIN", "ATAN")
_ODD = ("(", ")", "", "~", "`", "{", '"', "$", "[", ",", "]")


def wild_expression(rng: Rng) -> str:
    """Return an expression; some have faults of every kind."""
    return f"$[{_expression(rng, rng.choice([1, 2, 2, 3, 4]))}]"


def _expression(rng: Rng, depth: int) -> str:
    chance = rng.random()
    if depth <= 0 or chance < 0.25:
        return rng.choice(_ATOMS)
    if chance < 0.64:
        blank = one(rng, " ", " ", " ", "")
        operator = rng.choice(_OPERATORS)
        return f"{_expression(rng, depth - 1)}{blank}{operator}{blank}{_expression(rng, depth - 1)}"
    if chance < 0.74:
        return one(rng, "-", "!", "- ", "! ") + _expression(rng, depth - 1)
    if chance < 0.86:
        return f"({_expression(rng, depth - 1)})"
    if chance < 0.9:
        a, b, c = (_expression(rng, depth - 1) for _ in range(3))
        return f"{a} ? {b} :: {c}"
    if chance < 0.93:
        # of a text that is no number these functions make what lies in memory
        return f"{rng.choice(_OF_NUMBERS)}({rng.randint(-9, 9)}.{rng.randint(0, 99)})"
    if chance < 0.95:
        return f"LEN({_expression(rng, 0)})"
    return f"{_expression(rng, depth - 1)}{one(rng, ' ', '')}{rng.choice(_ODD)}{_expression(rng, depth - 1)}"


_PIECES = (
    "a", "b", "c", "1", "2", ".", "[abc]", "[^a]", "[0-9]", "[a-c]", "[[:digit:]]", "[[:alpha:]]", "^", "$", "\\.", "\\w", "x",
    "[]a]", "[a\\]", "[a-]", "-", "[^]b]", "\\1", "[[:foo:]]", "[c-a]",
)  # fmt: skip
_REPEATS = ("*", "+", "?", "{1,2}", "{2}", "{,1}", "{1,}", "{0}", "{a}", "{1")
_REPEATED_PLACE = re.compile(r"[$^].*\)+[*+?{]")
"""A group that is repeated, and holds or follows what only looks where it stands."""
_SUBJECTS = (
    "abc", "aabbcc", "12ab", "a.b", "", "xabcx", "ab12ba", "hello-world", "aaa", "bcbcbc", "a1b2c3", "ab|c", "a]b",
)  # fmt: skip


def wild_pattern(rng: Rng) -> str:
    """Return a text that is compared with an extended regular expression, one with faults now and then."""
    pattern = _pattern(rng, rng.choice([1, 2, 3, 4])).replace('"', "")
    while "**" in pattern or _REPEATED_PLACE.search(pattern):  # glibc has ideas of its own about these
        pattern = _pattern(rng, rng.choice([1, 2, 3, 4])).replace('"', "")
    subject = rng.choice(_SUBJECTS)
    return one(
        rng,
        f'$["{subject}" =~ "{pattern}"]',
        f'$["{subject}" : "{pattern}"]',
        f'${{REGEX("{pattern}" {subject})}}',
    )


def _pattern(rng: Rng, depth: int) -> str:
    chance = rng.random()
    if depth <= 0 or chance < 0.35:
        return rng.choice(_PIECES)
    if chance < 0.6:
        return _pattern(rng, depth - 1) + _pattern(rng, depth - 1)
    if chance < 0.72:
        return _pattern(rng, depth - 1) + rng.choice(_REPEATS)
    if chance < 0.85:
        return f"({_pattern(rng, depth - 1)})"
    if chance < 0.97:
        return f"{_pattern(rng, depth - 1)}|{_pattern(rng, depth - 1)}"
    return _pattern(rng, depth - 1) + one(rng, "(", ")", "|", "*", "{", "[", "\\") + _pattern(rng, depth - 1)


_FRAGMENTS = (
    "${", "}", "$[", "]", "[", "{", "$", "(", ")", ":", "A", "N", "L", "P", "LEN(", "CUT(", "1", "-2", "2:3", ",", "-", "+", " ",
    '"', "x", "=", "EXTEN", "${N}", "${A:1:3}", "$[1+2]", "${LEN(${A})}", "PASSTHRU(", "&", "?", "سل", "\\", "IF(", "NOPE(", "|",
    "CHANNEL(language)", "EVAL(",
)  # fmt: skip


def wild_text(rng: Rng) -> str:
    """Return brackets, variables and functions nested in each other, or thrown together."""
    if rng.random() < 0.6:
        return "".join(rng.choice(_FRAGMENTS) for _ in range(rng.randrange(1, 12)))
    return _nested(rng, 4)


def _nested(rng: Rng, depth: int) -> str:
    chance = rng.random()
    if depth <= 0 or chance < 0.2:
        return one(rng, "a", "b-c", "1", "2", "", "سلام", " ", "x,y", "q:r")
    if chance < 0.4:
        return f"${{{rng.choice([*VARIABLES, 'NONE'])}{one(rng, '', '', ':1', ':-2', ':1:2', ':0:-1')}}}"
    if chance < 0.7:
        function = one(rng, "LEN", "PASSTHRU", "TOUPPER", "QUOTE", "EVAL", "KEYPADHASH")
        return f"${{{function}({_nested(rng, depth - 1)}){one(rng, '', '', ':1', ':-1', ':0:2')}}}"
    if chance < 0.8:
        return f"$[{_nested(rng, depth - 1)}{one(rng, ' + ', ' = ', ' : ', ' & ')}{_nested(rng, depth - 1)}]"
    if chance < 0.9:
        a, b, c = (_nested(rng, depth - 1) for _ in range(3))
        return f"${{IF({a}?{b}:{c})}}"
    return _nested(rng, depth - 1) + _nested(rng, depth - 1)


_NAMES = (*VARIABLES, "NONE", "A:2", "L:0:-2", "LEN(${A})", "PASSTHRU(x-y-z)", "PASSTHRU(a\\,b)")
_DELIMITERS = (
    "-",
    ",",
    "\\,",
    " ",
    "\\\\x2c",
    "\\x2d",
    "x",
    "",
    "l",
    "\\\\n",
    "o",
    "ل",
    "\\\\054",
    "&",
    ":",
    "()",
    '"',
)
_WORDS = (
    "abc", "A", "hello-world", "", "two", "o", "one", "سلام", "a,b", "a\\,b", "(x)", "x y", '"q"', "%20a", "+98 21", "1", "0", "-1",
    "3", "a=b", "${A}", "${L}", "${N}", "${Q}", "${P}", "Le Sz", "\\x41", "~", " x ",
)  # fmt: skip
_FIELDS = (
    "1",
    "2",
    "3",
    "1-2",
    "2-",
    "-2",
    "1&3",
    "0",
    "9",
    "-",
    "a",
    "2-1",
    "3&1",
    "1-2-3",
    " 2",
    "2 ",
    "-1-2",
    "1&",
    "",
    "&2",
)
_ALLOWED = (
    "0-9", "a-z", "A-Za-z0-9", "\\x20-\\x7e", "0-9*#+", "a-", "-a", "\\-a", "z-a", "\\x80-\\xff", "abc", "", "0-9\\,", '"a',
    "\\0101", "a-c-e", "(-)", "[a]", "\\n", "\\\\", "\\xg", "ا-ی", "a-\\", "\\x2",
)  # fmt: skip
_CUTS = (
    "0", "1", "-2", "3:2", "0:-1", "-3:2", ":", "x", "1:", "2:0", "-1:-1", "99", " 1:2", "+1", "1:+2", "1: 2", "--1", "0x1",
)  # fmt: skip
_SUMS = (
    "1+2", "10/3", "7%3", "-7%3", "2**3", "5>3", "5==5", "1<<4", "7AND3", "6XOR3", "5OR2", "3.5*2", "1-", "-1-2", "abc+1", "-5+-3",
    "8>>1", "5>=5", "5<=4", "10/-2", "10/0", "1e2+1", "2^3", "1=1",
)  # fmt: skip


def odd_function(rng: Rng) -> str:
    """Return a function of texts or numbers with arguments that few would give it."""
    name, a, b, delimiter = (
        rng.choice(_NAMES),
        rng.choice(_WORDS),
        rng.choice(_WORDS),
        rng.choice(_DELIMITERS),
    )
    choices: tuple[Callable[[], str], ...] = (
        lambda: f"LEN({a})",
        lambda: f"CUT({name},{delimiter},{rng.choice(_FIELDS)})",
        lambda: f"CUT({name},{delimiter},{rng.choice(_FIELDS)})",
        lambda: f"FIELDQTY({name},{delimiter})",
        lambda: f"FIELDNUM({name},{delimiter},{a})",
        lambda: f"FILTER({rng.choice(_ALLOWED)},{a})",
        lambda: f"FILTER({rng.choice(_ALLOWED)},{a})",
        lambda: f"REPLACE({name},{a},{delimiter})",
        lambda: f"STRREPLACE({name},{a},{b}{one(rng, '', ',1', ',0', ',x')})",
        lambda: f"STRBETWEEN({name},{a})",
        lambda: (
            f"{one(rng, 'QUOTE', 'CSV_QUOTE', 'TOUPPER', 'TOLOWER', 'KEYPADHASH', 'EVAL', 'PASSTHRU')}({a})"
        ),
        lambda: (
            f"{one(rng, 'ISNULL', 'EXISTS', 'MD5', 'SHA1', 'BASE64_ENCODE', 'URIENCODE', 'URIDECODE', 'SET')}({a})"
        ),
        lambda: f"IF($[{one(rng, '1', '0', '${N} > 50')}]?{a}:{b})",
        lambda: f"IF({a}?{b})",
        lambda: f"IF({a}?:{b})",
        lambda: f"IF({a}?{b}:{rng.choice(_WORDS)}:{rng.choice(_WORDS)})",
        lambda: f"BASE64_DECODE({one(rng, 'YWJj', 'YWI=', 'YQ==', 'Y', 'YW Jj', '2LPZhA==')})",
        lambda: (
            f"SORT({one(rng, 'a:3,b:1,c:2', 'a:1.5,b:-2,c', 'x:1e2,y:5', '', 'a:x,b:1', 'a:2,b:2,c:1', 'a:0x10,b:15')})"
        ),
        lambda: f"SHIFT(L{one(rng, '', ',-', ',o')})}}|${{L",
        lambda: f"POP(A,{delimiter})}}|${{A",
        lambda: f"{name}:{rng.choice(_CUTS)}",
        lambda: f"MATH({rng.choice(_SUMS)}{one(rng, '', ',int', ',hex', ',char', ',f', ',x', ',INT')})",
        lambda: f"{one(rng, 'INC', 'DEC')}({one(rng, 'N', 'M', 'A', 'NONE', 'F')})}}|${{N",
        lambda: (
            f"{one(rng, 'MIN', 'MAX')}({one(rng, '1,2', '-1,1.5', '3', 'a,1', '1,', '2.50,2.5', '1e3,5', '3,2,1')})"
        ),
        lambda: f"ABS({one(rng, '-5', '-2.5', 'x', '', '3', '-0')})",
        lambda: (
            f"{one(rng, 'BASENAME', 'DIRNAME')}({one(rng, '/a/b/c.txt', 'c.txt', '/', '', '/a/', 'a/b', '//', '.', 'a//b')})"
        ),
    )
    return f"${{{rng.choice(choices)()}}}"


_ZONES = ("", "UTC", "Asia/Tehran", "Europe/Berlin", "America/New_York", "Nowhere/Town", "Asia/Kathmandu")
_LAYOUTS = (
    "%c", "%Y%m%d%H%M%S", "%a %A %b %B %d %e %j", "%U %V %W %u %w %G %g", "%I:%M %p %P %l %k", "%y %C %D %F %T %R %r %x %X",
    "%z", "%Z", "%q", "%3q", "%1q", "%6q", "%9q", "%E", "%Ey %Od", "%-d %_d %05d %^a %#a %#Z %#p", "%h", "%Q", "%", "abc",
    "%10Y|%3d|%_5m|%-H|%^B", "%L", "%+", "%f", "%N",
)  # fmt: skip
_WRITTEN = (
    ("2006-03-01 07:30:35", "%Y-%m-%d %H:%M:%S"), ("1700000000", "%s"), ("12/31/99", "%D"), ("Mar 5 2020", "%b %d %Y"),
    ("5:07 PM", "%I:%M %p"), ("bad", "%Y"), ("2020", "%Y"), ("20 5", "%y %m"), ("2024-02-30", "%Y-%m-%d"), ("2021-060", "%Y-%j"),
    ("2024-3-31 2:30", "%Y-%m-%d %H:%M"), ("24:00", "%H:%M"), ("10 % 5", "%H %% %M"), ("x", "x"), ("", "%Y"), ("  7", "%d"),
    ("69", "%y"), ("68", "%y"), ("19 99", "%C %y"), ("12:00 am", "%I:%M %p"), ("2024-13-01", "%Y-%m-%d"), ("10:20", "%R"),
    ("2023-10-29 02:30", "%Y-%m-%d %H:%M"), ("2023-11-05 01:30", "%Y-%m-%d %H:%M"), ("2021-09-21 23:30", "%Y-%m-%d %H:%M"),
)  # fmt: skip


def odd_moment(rng: Rng) -> str:
    """Return a moment written or read in a zone, at times that clocks have once, twice or never."""
    zone = rng.choice(_ZONES)
    if rng.random() < 0.7:
        moment = one(
            rng,
            "0",
            "1000000000",
            "1700000000.123456",
            "1711846800",
            "1616803200",
            "-1",
            "4102444800",
            "1e3",
            "12abc",
            " 5",
        )
        return f"${{STRFTIME({moment},{zone},{rng.choice(_LAYOUTS)})}}"
    text, layout = rng.choice(_WRITTEN)
    return f"${{STRPTIME({text},{zone},{layout})}}"


GENERATORS: dict[str, Callable[[Rng], str]] = {
    "wild_expressions": wild_expression,
    "wild_patterns": wild_pattern,
    "wild_texts": wild_text,
    "odd_functions": odd_function,
    "odd_moments": odd_moment,
}
"""Family -> what makes one of its texts."""


def _case(rng: Rng, name: str, kind: str) -> Case:
    apps = [f"Set({variable}={value})" for variable, value in VARIABLES.items()]
    apps += [f"NoOp(<{GENERATORS[kind](rng)})" for _ in range(TEXTS_OF_A_CASE)]
    return Case(name, kind, f"[{name}]\n{steps('s', *apps)}", (Shot(name, "s"),))


def _add(kind: str) -> None:
    def make(rng: Rng, name: str) -> Case:
        return _case(rng, name, kind)

    make.__name__ = kind
    make.__doc__ = GENERATORS[kind].__doc__
    family(make)


for _kind in GENERATORS:
    _add(_kind)
