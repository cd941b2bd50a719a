"""The lines of one file, each with the YAML place behind it: every value passes the gate, and nothing is decided.

Written for speed: 200 extensions make ten thousand lines. What the gate has passed once as a name is not asked again.
"""

from __future__ import annotations

from collections.abc import Iterable

from kelid.findings import Where
from kelid.model.pbx import Context, Exten, Hint, Include, Option, Section, Step
from kelid.render import gate

Lines = tuple[str, tuple[Where | None, ...]]
"""Text, and the place behind each of its lines (None where the tool alone decided)."""


class Printer:
    """Collects the lines of one file."""

    def __init__(self, path: str, plain: set[str] | None = None) -> None:
        """``path`` is the file's name, by which the gate knows where a secret may stand.

        ``plain`` are values that the gate let through as they are; the printers of one PBX share them.
        """
        self.path = path
        self._plain: set[str] = set() if plain is None else plain
        self._lines: list[str] = []
        self._places: list[Where | None] = []

    def finish(self, head: str) -> Lines:
        """Given the file's first lines, return the whole text and its places."""
        above = head.count("\n")
        text = f"{head}{chr(10).join(self._lines)}\n" if self._lines else head
        return text, (*(None,) * above, *self._places)

    def _add(self, text: str, where: Where) -> None:
        if len(text) > gate.SURELY_SHORT:
            gate.line(text, where)
        self._lines.append(text)
        self._places.append(where if where[0] else None)

    def _value(self, text: str, where: Where, key: str = "") -> str:
        """Return a value as it is written."""
        written = gate.value(text, where, path=self.path, key=key)
        if written is text and "%%" not in text:  # a secret's token is good at one place only
            self._plain.add(text)
        return written

    def _gap(self) -> None:
        self._lines.append("")
        self._places.append(None)

    # --- conf files of sections ----------------------------------------------------------------------

    def sections(self, sections: Iterable[Section]) -> None:
        """Add sections, a blank line before each."""
        for section in sections:
            self._gap()
            head = f"[{gate.name(section.name, section.where)}]"
            if section.template or section.inherits:
                names = ["!"] if section.template else []
                names += [gate.name(name, section.where) for name in section.inherits]
                head = f"{head}({','.join(names)})"
            self._add(head, section.where)
            for option in section.options:
                self.option(option)

    def option(self, option: Option) -> None:
        """Add one option."""
        key, value, where = option.key, option.value, option.where
        if key not in gate.name.good:
            gate.name(key, where)
        if value not in self._plain:
            value = self._value(value, where, key)
        self._add(f"{key} = {value}" if value else f"{key} =", where)

    # --- the dial plan -------------------------------------------------------------------------------

    def contexts(self, contexts: Iterable[Context]) -> None:
        """Add contexts, a blank line before each."""
        for context in contexts:
            self._gap()
            self.context_name(context)
            for include in context.includes:
                self.include(include)
            for hint in context.hints:
                self.hint(hint)
            for switch in context.switches:
                self._add(f"{switch.keyword} => {gate.value(switch.text, switch.where)}", switch.where)
            for pattern in context.ignorepats:
                self._add(f"ignorepat => {gate.pattern(pattern, context.where)}", context.where)
            for exten in context.extens:
                first = True
                for step in exten.steps:
                    self.step(exten, step, first)
                    first = False

    def context_name(self, context: Context) -> None:
        """Add the head of a context."""
        self._add(f"[{gate.name(context.name, context.where)}]", context.where)

    def include(self, include: Include) -> None:
        """Add an included context."""
        text = gate.name(include.context, include.where)
        if include.times:
            text = f"{text},{gate.times(include.times, include.where)}"
        self._add(f"include => {text}", include.where)

    def hint(self, hint: Hint) -> None:
        """Add a hint."""
        exten = gate.pattern(hint.exten, hint.where)
        self._add(f"exten => {exten},hint,{gate.value(hint.device, hint.where)}", hint.where)

    def step(self, exten: Exten, step: Step, first: bool) -> None:
        """Add a step: the first of its extension with the pattern, the others with ``same``."""
        app, data, where = step.app, step.data, step.where
        if not where[0]:
            where = exten.where
        if app not in gate.app.good:
            gate.app(app, where)
        if data not in self._plain:
            data = self._value(data, where)
        label = f"({gate.label(step.label, where)})" if step.label else ""
        call = f"{app}({data})"
        if first:
            pattern = gate.pattern(exten.pattern, where)
            if exten.caller is not None:
                pattern = f"{pattern}/{gate.pattern(exten.caller, where) if exten.caller else ''}"
            self._add(f"exten => {pattern},{step.priority or 1}{label},{call}", where)
        else:
            self._add(f" same => {step.priority or 'n'}{label},{call}", where)
