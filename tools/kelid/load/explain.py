"""What a schema has to say to a value, in words: what is wanted there, and how it is written."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from kelid.findings import Finding
from kelid.load.repair import repaired
from kelid.load.tree import Mapping, Node, Scalar, Sequence, short
from kelid.model.destination import KINDS, pattern
from kelid.model.meant import meant

LISTED = 24
"""So many choices are listed; where there are more, the nearest few are, and the reference has the rest."""
NEAREST = 5

_DESTINATIONS = {pattern(), pattern(in_ivr=True)}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_YES = frozenset({"yes", "on", "true", "y", "1"})
_NO = frozenset({"no", "off", "false", "n", "0"})

Said = tuple[str, str, str]
"""Code, what is wrong, the way out."""


def unknown_keys(topic: str, node: Node, keys: Iterable[str], wanted: dict[str, Any]) -> Iterable[Finding]:
    """Given a mapping, those of its keys that its schema doesn't know, and that schema, return a finding for each."""
    known = list(wanted.get("properties", {}))
    patterns = list(wanted.get("patternProperties", {}))
    for key in keys:
        where = node.key_place(key) if isinstance(node, Mapping) else node.where
        if patterns:
            shape = "small letters, digits and _" if topic == "secrets" else "a language tag such as fa or en"
            yield Finding(where, "S001", f"{short(key)} can't stand here as a key", f"write {shape}")
        else:
            yield Finding(where, "S001", f"nothing here is called {short(key)}", _choice(topic, key, known))


def explain(topic: str, error: Any, node: Node, wanted: dict[str, Any]) -> Said:
    """Given a file's topic, the validator's error, the node that it speaks of and the schema of that, return what to say."""
    kind = error.kind.name
    text = node.text if isinstance(node, Scalar) else ""
    path = list(error.instance_path)
    names_secret = bool(path) and str(path[-1]).endswith("secret")
    shown = "the value" if topic == "secrets" or names_secret else short(text)
    if topic == "secrets" and kind == "pattern":
        return "S004", "the sealed value is damaged", "seal the value again with ansible-vault encrypt_string"
    if names_secret and kind in {"pattern", "maxLength"}:
        return "S004", "this is no name of a secret", _NAME_IT
    if kind == "pattern" and wanted["pattern"] in _DESTINATIONS:
        return "S004", *_destination(text, wanted["pattern"])
    made = _SAID.get(kind)
    if made is None:
        return "S004", f"this doesn't fit the schema ({kind})", _meaning(wanted)
    return made(topic, error, node, wanted, shown)


_NAME_IT = (
    "write its name, of small letters, digits and _, and seal the value: kelid secret set SITE NAME;"
    " what stood here in clear is no secret any more"
)


def _required(_topic: str, error: Any, _node: Node, wanted: dict[str, Any], _shown: str) -> Said:
    key = error.kind.property
    inner = wanted.get("properties", {}).get(key, {})
    meaning = _meaning(inner)
    fix = f"add it: {meaning[:1].lower()}{meaning[1:]}" if meaning else "add it"
    return "S002", f"{key!r} is missing", fix


def _type(_topic: str, _error: Any, node: Node, wanted: dict[str, Any], shown: str) -> Said:
    return "S003", *_TYPES.get(wanted.get("type", ""), _wants_text)(node, wanted, shown)


def _wants_integer(node: Node, wanted: dict[str, Any], shown: str) -> tuple[str, str]:
    if not isinstance(node, Scalar):
        return (
            "a whole number is wanted here, not a list or a mapping",
            f"write one, for example {_sample(wanted)}",
        )
    if not node.plain and _INTEGER.fullmatch(node.text):
        return "a whole number is wanted here, and this is a quoted text", "take the quotes away"
    digits = re.match(r"\D*?(\d[\d_,]*)", node.text)
    number = "".join(str(int(digit)) for digit in re.sub(r"[_,]", "", digits[1])) if digits else ""
    number = number.lstrip("0") or number[:1]
    fix = (
        f"write {number}"
        if 0 < len(number) < 10 and "." not in node.text
        else f"for example {_sample(wanted)}"
    )
    return (
        f"a whole number is wanted here, and {shown} is none",
        f"{fix}, without quotes, unit or leading zeros",
    )


def _wants_boolean(node: Node, _wanted: dict[str, Any], _shown: str) -> tuple[str, str]:
    small = node.text.strip().lower() if isinstance(node, Scalar) else ""
    word = "true" if small in _YES else "false" if small in _NO else "true or false"
    return "true or false is wanted here", f"write {word}, without quotes"


def _wants_array(node: Node, wanted: dict[str, Any], _shown: str) -> tuple[str, str]:
    inner = wanted.get("items", {})
    if isinstance(node, Scalar) and inner.get("type") == "string":
        texts = [word.strip() for word in node.text.split(",")]
        options = inner.get("enum")
        if options and not set(texts) <= set(options):
            return "a list is wanted here", f"write [one, two] of {', '.join(options)}"
        if all(re.search(inner.get("pattern", ""), text) for text in texts):
            return "a list is wanted here", f"write [{', '.join(map(_flow, texts))}]"
    sample = _sample(wanted)
    return "a list is wanted here", f"write [one, two], or lines that begin with a dash; for example {sample}"


def _wants_object(node: Node, wanted: dict[str, Any], _shown: str) -> tuple[str, str]:
    if isinstance(node, Sequence):
        return (
            "a mapping of keys is wanted here, not a list",
            f"take the dashes away; for example {_sample(wanted)}",
        )
    return "a mapping of keys is wanted here", f"write key: value on lines of their own, or {_sample(wanted)}"


def _wants_text(_node: Node, wanted: dict[str, Any], _shown: str) -> tuple[str, str]:
    return (
        "one text is wanted here, not a list or a mapping",
        f"write one value, for example {_sample(wanted)}",
    )


_TYPES = {
    "integer": _wants_integer,
    "boolean": _wants_boolean,
    "array": _wants_array,
    "object": _wants_object,
}


def _pattern(_topic: str, _error: Any, node: Node, wanted: dict[str, Any], shown: str) -> Said:
    text = node.text if isinstance(node, Scalar) else ""
    meant_text = repaired(text, wanted["pattern"])
    fix = f"did you mean {meant_text!r}?" if meant_text else f"for example {_examples(wanted)}"
    meaning = re.split("[,;:]", _meaning(wanted))[0] if meant_text else _meaning(wanted)
    return "S004", f"{shown} doesn't fit here: {meaning}", fix


def _enum(topic: str, error: Any, node: Node, _wanted: dict[str, Any], shown: str) -> Said:
    text = node.text if isinstance(node, Scalar) else ""
    return (
        "S004",
        f"{shown} is not known here",
        _choice(topic, text, [str(one) for one in error.kind.options]),
    )


def _short(_topic: str, _error: Any, node: Node, wanted: dict[str, Any], _shown: str) -> Said:
    some = isinstance(node, Scalar) and node.text
    message = (
        f"the text is shorter than {wanted.get('minLength')} characters" if some else "the text is empty"
    )
    return "S004", message, f"for example {_examples(wanted)}"


def _long(_topic: str, _error: Any, _node: Node, wanted: dict[str, Any], _shown: str) -> Said:
    return "S004", f"the text is longer than {wanted.get('maxLength')} characters", "shorten it"


def _items(_topic: str, _error: Any, _node: Node, wanted: dict[str, Any], _shown: str) -> Said:
    return "S006", "the list is too short", f"it needs {wanted.get('minItems')} or more"


_SAID: dict[str, Callable[[str, Any, Node, dict[str, Any], str], Said]] = {
    "required": _required,
    "type": _type,
    "pattern": _pattern,
    "enum": _enum,
    "minLength": _short,
    "maxLength": _long,
    "minimum": lambda _t, _e, _n, w, shown: (
        "S005",
        f"{shown} is too small",
        f"the least is {w.get('minimum')}",
    ),
    "maximum": lambda _t, _e, _n, w, shown: (
        "S005",
        f"{shown} is too large",
        f"the most is {w.get('maximum')}",
    ),
    "minItems": _items,
    "maxItems": lambda _t, _e, _n, w, _s: (
        "S006",
        "the list is too long",
        f"it can have {w.get('maxItems')} at most",
    ),
    "uniqueItems": lambda *_: ("S006", "the list names something twice", "name each once"),
    "minProperties": lambda _t, _e, _n, w, _s: ("S006", "nothing stands here", f"for example {_sample(w)}"),
}
"""By the schema's keyword."""


def _destination(text: str, wanted: str) -> tuple[str, str]:
    """Return what is wrong with a text that should have been a destination, and the way out."""
    word, _, rest = text.partition(":")
    kind = KINDS.get(word)
    if kind is None:
        known = [name for name, one in KINDS.items() if not one.only_in or name in wanted]
        better = repaired(text, wanted)
        near = meant(word, known)
        if near and re.search(wanted, f"{near}:{rest}"):
            near = f"{near}:{rest}"
        fix = f"did you mean {better or near!r}?" if better or near else "known are " + ", ".join(known)
        return f"no destination is called {short(word)}", fix
    if kind.only_in:
        return f"{word!r} can stand in a menu's entries only", "name the destination"
    if word == "external":
        return (
            f"{short(text)} is no destination",
            "write external:NUMBER@CLASS, with the permission class that pays",
        )
    return f"{short(text)} is no destination", f"write it like {kind.example}: {kind.meaning}"


def _choice(topic: str, text: str, known: list[str]) -> str:
    """Return which of the known words was meant, or what they are."""
    near = meant(text, known)
    if near:
        return f"did you mean {near!r}?"
    if len(known) <= LISTED:
        return "known are " + ", ".join(known)
    nearest = difflib.get_close_matches(text, known, NEAREST, 0)
    return f"nearest are {', '.join(nearest)}; docs/reference/{topic}.md has all {len(known)}"


def _meaning(wanted: dict[str, Any]) -> str:
    return str(wanted.get("description", "")).split(". ")[0].rstrip(".")


def _examples(wanted: dict[str, Any]) -> str:
    return " or ".join(
        str(example) for example in wanted.get("examples", ()) if not isinstance(example, (list, dict))
    )


def _sample(wanted: dict[str, Any]) -> str:
    """Return what a value of the schema looks like, as YAML on one line: its example, or one made of its parts' examples."""
    return _flow(_sample_value(wanted))


def _sample_value(wanted: dict[str, Any]) -> Any:
    if wanted.get("examples"):
        return wanted["examples"][0]
    if wanted.get("enum"):
        return wanted["enum"][0]
    if wanted.get("type") == "object":
        properties = wanted.get("properties", {})
        keys = wanted.get("required") or list(properties)[:1]
        return {key: _sample_value(properties.get(key, {})) for key in keys}
    if wanted.get("type") == "array":
        return [_sample_value(wanted.get("items", {}))]
    return wanted.get("default", "...")


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if (
        isinstance(value, str)
        and re.fullmatch(r"[^\W\d_][\w@./-]*(?:[: ][\w@./-]+)*", value)
        and ": " not in value
    ):
        return value
    return json.dumps(value, ensure_ascii=False)
