"""Lines of a tree that somebody changed by hand, without their secrets and without their comments.

What a release's own text says is public (it has tokens where secrets go). Everything else may hold a secret in any place
where Asterisk takes one; such places are masked, whatever stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

MASK = "***"
SECRET_KEY = re.compile(
    r"(?i)(pass|pwd|secret|md5_?cred|oauth|\bpins?\b|_pin\b|pin_|token|private|api_?key|credential|community)"
)
"""Names of options and variables whose value is one."""
NO_SECRET = frozenset(("passwordlocation", "minpassword", "externpass", "externpassnotify", "externpasscheck"))
"""Options that are called so and hold none."""
CALLS = re.compile(
    r"(?i)\b(Authenticate|VMAuthenticate|DISA|SendDTMF|System|TrySystem|AGI|ExternalIVR|SHELL|CURL|MYSQL|ODBC_\w+)\s*[(:,|]"
)
"""Applications and functions whose arguments may hold one: all of their arguments are masked."""
ASSIGNED = re.compile(
    r"(?i)\b((?:__?)?[a-z_]*(?:pass|pwd|secret|pin|token|credential|apikey)[a-z0-9_]*)(\s*=\s*)([^,)\s&|]+)"
)
"""A variable with such a name, wherever it is set."""
COMPARED = re.compile(
    r"(?i)(\$\{[a-z_]*(?:pass|pwd|secret|pin)[a-z0-9_]*\}\"?\s*!?=\s*\"?)([^\"\]\s]+)|"
    r"([^\"\[\s]+)(\"?\s*!?=\s*\"?\$\{[a-z_]*(?:pass|pwd|secret|pin)[a-z0-9_]*\})"
)
"""A value that is compared with such a variable."""
KEPT = re.compile(r"(?i)(\bDB\([^)]*(?:pass|pwd|secret|pin)[^)]*\)\s*=\s*)([^,)\s]+)")
"""A value that is kept in the database under such a name."""
USER_INFO = re.compile(r"([a-z][a-z0-9+.-]*:/{0,2}[^\s:/@,]+):([^@\s]*)@", re.IGNORECASE)
"""``scheme:user:password@host``."""
REGISTER = re.compile(r"^([^\s:/@]+):([^@]*)@")
"""``user:password@host`` of a line ``register =>``."""
_MASKED_USER = rf"\g<1>:{MASK}@"
LINE = re.compile(r"(\s*)([^=\s][^=]*?)(\s*\+?=>?\s*)(.*)", re.DOTALL)


def bare_lines(text: str) -> Iterator[str]:
    """Yield the lines of a conf file without comments, of one line and of many (``;--`` to ``--;``), each as one line.

    A line inside a comment is empty: so numbers of lines stay what they are.
    """
    depth = 0
    for raw in text.split("\n"):
        kept, place = "", 0
        while place < len(raw):
            if depth:
                end = raw.find("--;", place)
                if end < 0:
                    break
                depth, place = 0, end + 3
                continue
            start = raw.find(";", place)
            while start > 0 and raw[start - 1] == "\\":
                start = raw.find(";", start + 1)
            if start < 0:
                kept += raw[place:]
                break
            kept += raw[place:start]
            if raw.startswith(";--", start) and not raw.startswith(";---", start):
                depth, place = 1, start + 3
                continue
            break
        yield kept.rstrip()


def masked(path: str, section: str, line: str) -> str:
    """Given a line without its comment, its file and section, return it with each place masked that may hold a secret."""
    found = LINE.fullmatch(line)
    name = PurePosixPath(path).name
    if found is None or line.lstrip().startswith(("[", "#")):
        return _inside(line)
    indent, key, sign, value = found.groups()
    bare = key.strip().lower()
    if name == "voicemail.conf" and section not in ("general", "zonemessages"):
        _, comma, rest = value.partition(",")
        return f"{indent}{key}{sign}{MASK}{comma}{_inside(rest)}"
    if bare in ("register", "mwi") and REGISTER.match(value):
        return f"{indent}{key}{sign}{REGISTER.sub(_MASKED_USER, value)}"
    if bare in ("set_var", "setvar"):
        variable, equals, text = value.partition("=")
        return f"{indent}{key}{sign}{variable}{equals}{MASK if SECRET_KEY.search(variable) else _inside(text)}"
    if bare not in NO_SECRET and SECRET_KEY.search(bare) and name != "extensions.conf":
        return f"{indent}{key}{sign}{MASK}"
    if section == "globals" and SECRET_KEY.search(bare):
        return f"{indent}{key}{sign}{MASK}"
    return f"{indent}{key}{sign}{_inside(value)}"


def _inside(text: str) -> str:
    """Return a text with the places masked that hold a secret by what stands around them."""
    text = USER_INFO.sub(_MASKED_USER, text)
    text = ASSIGNED.sub(rf"\g<1>\g<2>{MASK}", text)
    text = KEPT.sub(rf"\g<1>{MASK}", text)
    text = COMPARED.sub(lambda found: f"{found[1]}{MASK}" if found[1] else f"{MASK}{found[4]}", text)
    found = CALLS.search(text)
    while found:
        end = _closing(text, found.end())
        text = f"{text[: found.end()]}{MASK if end > found.end() else ''}{text[end:]}"
        found = CALLS.search(text, found.end())
    return text


def _closing(text: str, start: int) -> int:
    """Return where the parenthesis that was opened before ``start`` is closed; the end of the text where it isn't."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place
    return len(text)
