"""Comparisons and plans as text for a terminal and as Markdown for a pull request. JSON comes from the plan itself."""

from __future__ import annotations

from collections import Counter

from kelid.model.plan import Action, Comparison, FileChange, ObjectChange, Plan
from kelid.model.release import ADOPTED, release_name
from kelid.report.colour import paint
from kelid.report.words import HAS_IT, say

_SIGNS = {Action.ADD: ("+", "green"), Action.CHANGE: ("~", "yellow"), Action.REMOVE: ("-", "red")}


MANY = 60
"""Objects that are all new (or all gone): so many of them are told by their kinds and not by their names."""


def comparison_text(comparison: Comparison, *, colour: bool = False, lines: bool = True) -> str:
    """Return the objects that differ, then (with ``lines``) the rendered lines that differ.

    Where everything is new, or everything goes, that are hundreds of names which nobody reads: they are counted by kind.
    """
    if comparison.empty:
        return "no difference\n"
    actions = {change.action for change in comparison.objects}
    counted = (
        not lines and len(comparison.objects) > MANY and len(actions) == 1 and Action.CHANGE not in actions
    )
    parts = [_counted(comparison, colour=colour) if counted else _objects(comparison, colour=colour)]
    if lines:
        parts += [diff_text(change.diff, colour=colour) for change in comparison.files]
    else:
        parts.append("".join(f"  {change.path}: {_count(change)}\n" for change in comparison.files))
    return "\n".join(part for part in parts if part)


def plan_text(plan: Plan, *, colour: bool = False, lines: bool = False, language: str = "en") -> str:
    """Return the plan as a person reads it before saying yes; ``language`` is that of what callers notice."""
    back = plan.verb == "rollback"
    rows = [
        paint(
            f"Plan for {_target(plan)}" + (": back to an earlier release" if back else ""), "bold", on=colour
        )
    ]
    rows.append(
        f"  commit   {plan.commit[:12] or '(none)'}{' with changes that are not committed' if plan.dirty else ''}"
    )
    rows.append(f"  release  {release_name(plan.base) or '(none)'} -> {release_name(plan.release)}")
    rows.append(f"  digest   {plan.digest[:12]}")
    told = [paint(plan.now.went_back, "red", on=colour)] if plan.now.went_back else []
    if plan.empty:
        rows += [paint(HAS_IT, "green", on=colour), *told]
        return "\n".join(rows) + "\n"
    if plan.tool_before and plan.tool_before != plan.tool:
        rows.append(
            f"  kelid    {plan.tool_before} -> {plan.tool}: some changes may come from the tool, not from the site"
        )
    same = "what the site says is what the release there says\n"
    changes = comparison_text(plan.comparison, colour=colour, lines=lines)
    text = "\n".join(rows) + "\n\n" + (same if plan.comparison.empty else changes)
    notes = [*told, *_warnings(plan, colour=colour)]
    notes.append("reloads: " + ("; ".join(plan.reloads) or "none"))
    for item in plan.restart:
        notes.append(f"restart: needed{f' for {item.file}' if item.file else ''}: {item.why}")
    if plan.not_staged:
        notes.append(f"can't be tried beside the live system: {', '.join(plan.not_staged)}")
    notes += risk(plan, language)
    return text + "\n" + "".join(f"{note}\n" for note in notes)


def risk(plan: Plan, language: str) -> list[str]:
    """Return what callers may notice, and who is on the phone right now, in a language."""
    rows = [f"{say('risk.callers', language)}: {say(f'notice.{word}', language)}" for word in plan.notices]
    rows = rows or [f"{say('risk.callers', language)}: {say('notice.none', language)}"]
    now = say("risk.now", language, channels=plan.now.channels)
    if plan.now.waiting:
        queues = ", ".join(f"{name} {count}" for name, count in sorted(plan.now.waiting.items()))
        now += say("risk.waiting", language, queues=queues)
    return [*rows, now]


def _target(plan: Plan) -> str:
    return plan.site if plan.server == "primary" else f"{plan.site} ({plan.server})"


def _warnings(plan: Plan, *, colour: bool) -> list[str]:
    """Return what a person must not overlook."""
    notes = []
    if plan.now.armed:
        notes.append("a change before this one waits to be confirmed; an apply is refused until then")
    if plan.touched:
        needs = (
            ""
            if plan.verb == "rollback"
            else ": only with " + " ".join(f"--override {n}" for n in plan.touched)
        )
        notes.append("; ".join(plan.touched.values()) + needs)
    if plan.drift:
        notes.append(f"changed on the server by hand, and put back by this apply: {', '.join(plan.drift)}")
    if not plan.now.hardened and any(change.path == "firewall.list" for change in plan.comparison.files):
        notes.append(f"the firewall isn't in force on this server yet: `kelid harden {plan.site}` after this")
    if plan.base == ADOPTED:
        notes.append(
            "the server's own configuration, made before kelid, is read no more: this release takes its place whole"
            " (it stays as release 0: `kelid rollback SITE 0` goes back to it)"
        )
    if plan.release == ADOPTED:
        notes.append(
            "back to what the server had before kelid: what it loads then can't be compared by object"
        )
    notes = [paint(note, "red", on=colour) for note in notes]
    if plan.secrets:
        notes.insert(0, f"secrets changed: {', '.join(plan.secrets)}")
    return notes


def markdown(title: str, comparison: Comparison) -> str:
    """Return a comparison as Markdown: a list of objects and the text folded away."""
    if comparison.empty:
        return f"### {title}\n\nNo difference.\n"
    rows = [f"### {title}", ""]
    for change in comparison.objects:
        rows.append(f"- **{change.action.value}** {change.kind} `{_plain(change.name)}`" + _place(change))
        rows += [
            f"  - `{_plain(item.key)}`: `{_plain(item.before or '(none)')}` → `{_plain(item.after or '(none)')}`"
            for item in change.details
        ]
    for file in comparison.files:
        fence = "`" * max(3, _longest_fence(file.diff) + 1)
        rows += ["", f"<details><summary>{file.path}: {_count(file)}</summary>", "", f"{fence}diff"]
        rows += [file.diff.rstrip("\n"), fence, "", "</details>"]
    return "\n".join(rows) + "\n"


def _objects(comparison: Comparison, *, colour: bool) -> str:
    rows = []
    for change in comparison.objects:
        sign, style = _SIGNS[change.action]
        rows.append(paint(f"{sign} {change.kind} {change.name}".rstrip(), style, on=colour) + _place(change))
        for item in change.details:
            before = "(none)" if item.before is None else item.before
            after = "(none)" if item.after is None else item.after
            rows.append(f"    {item.key}: {before} -> {after}")
    return "\n".join(rows) + "\n" if rows else ""


def _counted(comparison: Comparison, *, colour: bool) -> str:
    kinds = Counter((change.action, change.kind) for change in comparison.objects)
    rows = []
    for (action, kind), count in kinds.items():
        sign, style = _SIGNS[action]
        rows.append(paint(f"{sign} {count:>4} {kind}", style, on=colour))
    return "\n".join(rows) + f"\n({len(comparison.objects)} in all; --lines names them)\n"


def _place(change: ObjectChange) -> str:
    return f"  ({change.where})" if change.where.file else ""


def diff_text(diff: str, *, colour: bool = False) -> str:
    """Return lines as ``diff -u`` prints them, coloured."""
    styles = {"+": "green", "-": "red", "@": "blue"}
    rows = [
        paint(line, styles[line[0]], on=colour) if line[:1] in styles else line for line in diff.splitlines()
    ]
    return "".join(f"{row}\n" for row in rows)


def _count(change: FileChange) -> str:
    lines = change.diff.splitlines()[2:]
    return (
        f"+{sum(line.startswith('+') for line in lines)} -{sum(line.startswith('-') for line in lines)} lines"
    )


def _plain(text: str) -> str:
    return text.replace("`", "'")


def _longest_fence(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
