"""Where calls come into a dial plan: the files of the channel drivers, and contexts that nothing leads to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from kelid.findings import Where
from kelid.model.pbx import Context, Option, Pbx, Section

DEFAULT = "default"
"""The context of calls for which none is named."""

_TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})

_OTHERS = {
    "skinny.conf": "Skinny",
    "unistim.conf": "USTM",
    "mgcp.conf": "MGCP",
    "chan_mobile.conf": "Mobile",
    "console.conf": "Console",
    "alsa.conf": "Console",
    "oss.conf": "Console",
    "xmpp.conf": "XMPP",
    "motif.conf": "Motif",
    "misdn.conf": "mISDN",
    "ooh323.conf": "OOH323",
    "phone.conf": "Phone",
    "vpb.conf": "vpb",
}
"""Files of other channel drivers -> their technology. Each context that they name is one that calls come to."""

_PEERS = frozenset({"sippeers", "sipusers", "iaxpeers", "iaxusers", "ps_endpoints"})
"""Families of extconfig.conf that hold phones and trunks."""

_NOT_A_WORD = re.compile(r"[\s,()@&|:?\"'^=/{}$\[\]!<>~]+")
_BEGINS = re.compile(r"([A-Za-z0-9_.-]{3,})\$\{")
"""The constant beginning of a name that ends in a variable: ``ivr-${NUMBER}``."""


class Origin(NamedTuple):
    """Where calls come from: a phone, a trunk, a line. ``options`` are all that hold for its calls, general ones first.

    ``anonymous`` is True where anybody may call. Lines of cards have no name of their own: it is that of their context.
    """

    technology: str
    name: str
    context: str
    options: tuple[Option, ...]
    where: Where
    anonymous: bool = False

    def get(self, key: str) -> str:
        """Return the value of the last of its options with that key, "" if there is none."""
        return next((option.value for option in reversed(self.options) if option.key == key), "")


def origins(pbx: Pbx) -> Iterator[Origin]:
    """Yield where calls come from, by the files of the channel drivers, in the order of the files."""
    for file in pbx.files:
        if file.path in ("sip.conf", "iax.conf"):
            yield from _peers(list(file.resolved), file.path)
        elif file.path == "chan_dahdi.conf":
            yield from _lines(file.resolved)
        elif file.path == "pjsip_wizard.conf":
            yield from _wizards(file.resolved)
        elif file.path in _OTHERS:
            yield from _contexts(file.resolved, _OTHERS[file.path])
        else:
            for section in file.resolved:
                if section.get("type") == "endpoint":
                    yield _origin("PJSIP", section.name, section.options, section.where)


def _origin(
    technology: str, name: str, options: tuple[Option, ...], where: Where, *, anonymous: bool = False
) -> Origin:
    named = next((option for option in reversed(options) if option.key == "context"), None)
    context = named.value if named else DEFAULT
    return Origin(
        technology, name, context, options, named.where if named else where, anonymous or name == "anonymous"
    )


def _wizards(sections: Iterable[Section]) -> Iterator[Origin]:
    """Yield the endpoints that ``pjsip_wizard.conf`` makes (res/res_pjsip_config_wizard.c)."""
    for section in sections:
        if section.get("type") == "wizard":
            options = tuple(
                Option(option.key[len("endpoint/") :], option.value, option.where)
                for option in section.options
                if option.key.lower().startswith("endpoint/")
            )
            yield _origin("PJSIP", section.name, options, section.where)


def _peers(sections: list[Section], path: str) -> Iterator[Origin]:
    """Yield who may call by chan_sip, and by chan_iax2 (channels/chan_sip.c, channels/chan_iax2.c).

    What ``[general]`` says of contexts and languages holds for all that say nothing else. chan_sip takes calls from a
    peer, too, and those of strangers unless ``allowguest`` is off.
    """
    technology = "SIP" if path == "sip.conf" else "IAX2"
    callers = ("peer", "user", "friend") if technology == "SIP" else ("user", "friend")
    rows = [(one, _lower(one.options)) for one in sections]
    general = tuple(
        option
        for section, options in rows
        if section.name.lower() == "general"
        for option in options
        if option.key in ("context", "language", "accountcode", "allowguest")
    )
    usual = tuple(option for option in general if option.key != "allowguest")
    guests = next((option.value for option in reversed(general) if option.key == "allowguest"), "yes")
    for section, options in rows:
        if section.name.lower() == "general":
            if technology == "SIP" and guests.lower() in _TRUE:
                yield _origin(technology, "guest", usual, section.where, anonymous=True)
        elif any(option.key == "type" and option.value.lower() in callers for option in options):
            yield _origin(technology, section.name, (*usual, *options), section.where)


def _lines(sections: Iterable[Section]) -> Iterator[Origin]:
    """Yield the contexts of DAHDI's lines: each ``channel`` has what was said above it (channels/chan_dahdi.c)."""
    for section in sections:
        said: list[Option] = []
        found: dict[str, Origin] = {}
        options = _lower(section.options)
        numbered = any(option.key in ("channel", "dahdichan") for option in options)
        for option in options:
            said.append(option)
            if option.key == ("context" if not numbered else "channel"):
                made = _origin("DAHDI", "", tuple(said), section.where)
                found.setdefault(made.context, made)
        if any(option.key == "dahdichan" for option in options):
            made = _origin("DAHDI", "", tuple(options), section.where)
            found.setdefault(made.context, made)
        for context, made in found.items():
            yield made._replace(name=context)


def _contexts(sections: Iterable[Section], technology: str) -> Iterator[Origin]:
    for section in sections:
        for option in _lower(section.options):
            if option.key == "context":
                yield Origin(technology, option.value, option.value, section.options, option.where)


def _lower(options: Iterable[Option]) -> tuple[Option, ...]:
    return tuple(
        option if option.key.islower() else Option(option.key.lower(), option.value, option.where)
        for option in options
    )


# --- contexts that nothing leads to ----------------------------------------------------------------


def unled(pbx: Pbx) -> tuple[str, ...]:
    """Return the contexts that calls must come to by themselves, if any do: no channel, file or step leads there.

    Calls that a program originates begin in such a one. Where no channel's file names a context, neither phones nor trunks
    are known: then contexts that are made of numbers count, too, though a step may lead there with some of them. Where a
    database holds the phones, all do. Subroutines don't, nor does what is made of YAML.
    """
    contexts = {context.name: context for context in pbx.contexts}
    mine = [name for name, context in contexts.items() if _may_begin(context)]
    if not mine or _in_a_database(pbx):
        return tuple(mine)
    leads = {name: _led_to(context, contexts, pbx) for name, context in contexts.items()}
    known = [one.context for one in origins(pbx)]
    reached = _reach([*known, *_named(pbx, contexts)], leads, set())
    left = [name for name in mine if name not in reached]
    led = {other for name in left for other in leads[name] if other != name}
    found = [name for name in left if name not in led]
    reached = _reach(found, leads, reached)
    for name in left:  # what goes round
        if name not in reached:
            found.append(name)
            reached = _reach([name], leads, reached)
    if not known:
        included = {include.context for context in contexts.values() for include in context.includes}
        found += [
            name
            for name in mine
            if name not in found and name not in included and _is_of_numbers(contexts, name)
        ]
    return tuple(found)


def _in_a_database(pbx: Pbx) -> bool:
    """Return True where phones and trunks lie in a database (extconfig.conf)."""
    return any(
        option.key.lower() in _PEERS
        for section in pbx.sections("extconfig.conf")
        for option in section.options
    )


def _is_of_numbers(contexts: dict[str, Context], name: str) -> bool:
    """Return True for a context in which numbers can be dialled, and that isn't gone to as a menu is, by its ``s``."""
    includes = {one: [include.context for include in item.includes] for one, item in contexts.items()}
    patterns = {
        exten.pattern
        for one in _reach([name], includes, set())
        for exten in (contexts[one].extens if one in contexts else ())
    }
    return "s" not in patterns and any(pattern[:1] in "_*#+0123456789" for pattern in patterns)


def _may_begin(context: Context) -> bool:
    """Return True for a context that has something, was not made of YAML, and isn't a subroutine."""
    if not (context.extens or context.includes) or context.where.file.endswith((".yml", ".yaml")):
        return False
    steps = (step.app.lower() for exten in context.extens for step in exten.steps)
    return not context.name.startswith("macro-") and "return" not in steps


def _reach(front: Iterable[str], leads: Mapping[str, Collection[str]], reached: set[str]) -> set[str]:
    """Return what was reached before, and what is reached from some contexts on."""
    waiting, found = list(front), set(reached)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += leads.get(name, ())
    return found


def _led_to(context: Context, contexts: dict[str, Context], pbx: Pbx) -> set[str]:
    """Return the contexts that a context includes, or that its steps name."""
    found = {include.context for include in context.includes if include.context in contexts}
    given = {option.key: option.value for option in pbx.globals}
    begins: set[str] = set()
    for exten in context.extens:
        for step in exten.steps:
            texts = [step.data]
            words = set(_NOT_A_WORD.split(step.data))
            texts += [given[word] for word in words & given.keys()]
            for text in texts:
                words.update(_NOT_A_WORD.split(text))
                begins.update(_BEGINS.findall(text))
            if step.app.lower().startswith("macro"):
                words |= {f"macro-{word}" for word in words}
            found |= words & contexts.keys()
    for begin in begins:
        found.update(name for name in contexts if name.startswith(begin))
    return found


def _named(pbx: Pbx, contexts: dict[str, Context]) -> Iterator[str]:
    """Yield contexts that conf files name as places to go to: of queues, parking lots, menus of conferences, members."""
    options = [option for file in pbx.files for section in file.resolved for option in section.options]
    texts = [
        option.value
        for option in options
        if "context" in option.key.lower()
        or option.key.lower() in ("dialout", "callback")
        or any(
            mark in option.value.lower()
            for mark in ("local/", "dialplan_exec", "context=", "dialout=", "callback=")
        )
    ]
    texts += [hint.device for context in contexts.values() for hint in context.hints]
    for text in texts:
        yield from (word for word in _NOT_A_WORD.split(text) if word in contexts)
