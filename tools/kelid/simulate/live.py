"""What can still be read at each step of a dial plan: what makes a difference to a call from there on, never too little.

Live variables as compilers know them, over all steps of a dial plan at once: what a step reads, and what the steps after it
may read before they set it. Names are bits of one number, so that thousands of steps take moments. Beside variables there
are bits for whatever else a call brings with it: the caller's number (where something is decided by it, and not only handed
on), the moment, the cause of its end, the times for digits, families of astdb, and the steps that another dial plan has
otherwise.

Two states that differ only in what nobody will read any more are one state to the explorer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from kelid.model.pbx import Pbx, Step
from kelid.simulate.continuing import STOPS, Continuing, closure, includes_of, steps_of
from kelid.simulate.dialplan import MATCH, match
from kelid.simulate.reach import ALWAYS, QUEUE, Reach, branches, split_level, without_braces

_NAME = re.compile(r"[A-Za-z_~][A-Za-z0-9_~]*")
_SETS = re.compile(r"_{0,2}([A-Za-z][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_LOCAL = re.compile(r"LOCAL\(([A-Za-z][A-Za-z0-9_]*)\)=(.*)", re.DOTALL)
_GLOBAL = re.compile(r"GLOBAL\(([A-Za-z_][A-Za-z0-9_]*)\)=")
_FAMILY = re.compile(r"DB(?:_EXISTS|_DELETE|_KEYS|_KEYCOUNT)?\(([^/)]*)")
_NUMBERS_KEY = re.compile(r"DB(?:_EXISTS|_DELETE)?\(([A-Za-z0-9_-]+/[0-9]+)\)")
_ARGUMENT = re.compile(r"\$\{(ARG[0-9]+)\}?")
_COUNT = re.compile(r"GROUP_COUNT\(([^()@]*)@?([^()]*)\)")
_LIMIT = re.compile(r"GROUP_COUNT\([^()]*\)\}[^<>=]*[<>]=? *([0-9]+)")
_COMPARES = re.compile(r"[<>=]+")
_GROUP = re.compile(r"GROUP_MATCH_COUNT|GROUP_LIST|\$\{GROUP\(")
_ANY_TIME = ("h", "T", "e", "o", "a", "fax", "failed")
_WAITING = ("i", "t")
"""Standard extensions: those that any step may lead to, and those for digits and for places that aren't there."""
_JUMPS = frozenset({"goto", "gotoif", "gotoiftime"})
_SUBS = frozenset({"gosub", "gosubif"})
_MACROS = frozenset({"macro", "macroif", "macroexclusive"})
_DIGITS = frozenset({"waitexten", "background", "backgrounddetect", "incomplete"})
LOOPING = frozenset({"while", "endwhile", "continuewhile", "exitwhile"})
_PLAIN = frozenset({"set", "noop", "verbose", "log", "playback", "hangup", "return"})
"""Applications that go nowhere, whatever their arguments say."""
_DIALS = frozenset({"dial", "retrydial"})
_CALLING = frozenset({"dial", "page", "chanisavail"})
"""Applications of which the first argument alone says what is called."""
_ANSWERS = frozenset(
    {"answer", "playback", "background", "backgrounddetect", "voicemail", "voicemailmain", "echo", "record", "read",
     "confbridge", "meetme", "directory", "milliwatt", "saydigits", "saynumber", "sayalpha", "sayunixtime", "receivefax",
     "sendfax", "disa", "musiconhold"}
)  # fmt: skip
"""Applications after which the call has been answered, or is over: its cause tells nobody anything any more."""

CALLER, TIME, CAUSE, FALLEN, DIFFERS, RESULT, LOOPS = (
    "\0caller", "\0time", "\0cause", "\0fallen", "\0differs", "\0result", "\0loops",
)  # fmt: skip
"""Names of what isn't a variable: the caller's number where something is decided by it, the moment, the cause with which the
call would end, DIALSTATUS where only the end of an extension goes by it (autofallthrough), steps that another dial plan has
otherwise, steps that say what becomes of a call that was answered (GOSUB_RESULT), and those of a While, which remembers its
loops in variables."""

TIMEOUTS = {"digit": "\0digit", "response": "\0response"}
"""The names of TIMEOUT(digit) and TIMEOUT(response)."""

LIMITED = {name: f"{one}-limited" for name, one in TIMEOUTS.items()}
"""The same where it matters how long they are: they are read by name, or after TIMEOUT(absolute) was set."""

ASTDB = "\0astdb/"
"""What the names of families of astdb begin with; alone it is any family."""

GROUP = "\0group/"
"""What the names of categories of groups begin with; alone it is any category."""

QUEUES = "\0queues"
"""The name of what the world is asked about queues."""

MANY = 8
"""A limit that one call's own channels don't come near: whether others fill a group is open with and without them."""

_CHANNEL_KIND = re.compile(
    r"CHANNEL\((?:channeltype|language|musicclass|tonezone|hangup_handler_(?:push|pop|wipe))\)", re.IGNORECASE
)
"""What is asked of a channel that doesn't tell which one it is."""

_LOOKS_UP = re.compile(r"\b(?:DIALPLAN_EXISTS|VALID_EXTEN)\(")
"""Functions that look for an extension: which contexts have may hang on the time."""

_STAMP = re.compile(r"\$\{STRFTIME\([^()]*%H:?%M:?%S[^()]*\)\}")
"""A moment to the second, which is part of a name: nobody decides by it."""

_CALLER_ONLY = re.compile(r"\$\{FILTER\(0-9[*#+]*,\$\{CALLERID\(num(?:ber)?\)\}\)\}")
_TIMEOUT = re.compile(r"TIMEOUT\((digit|response)\)=")
_LOCALS = re.compile(r"Local/([^@&,()]*)@([A-Za-z0-9_.-]+)(?=[/,&)]|$)", re.IGNORECASE)
_LOCAL = re.compile(r"Local/([^@&]*)@((?:\$\{[^{}]*\}|[A-Za-z0-9_.-])+)", re.IGNORECASE)
_SUBROUTINE = re.compile(r"[A-Za-z]\(([A-Za-z0-9_.-]+)[\^,)]")
"""What an option of Dial names, that a variable brings: ``U(confirm^x)``, ``b(auto-answer^s^1)``."""

_DIALLING = re.compile(r"(?:dial|page|originate|chanisavail)\(", re.IGNORECASE)
_NAMELESS = re.compile(r",\$\{(?!EXTEN[:}])[^,]*,[^,]*\(")
"""What calls a subroutine for an extension that a variable names."""

_EXITCONTEXT = re.compile(r"[,|]\s*exitcontext\s*=([^,|]*)")
_ABSOLUTE = re.compile(r"TIMEOUT\(a", re.IGNORECASE)
_HANDS_ON = frozenset({"noop", "verbose", "log", "dial", "originate", "userevent", "queuelog", "saydigits"})

_NUMBERLESS = frozenset(
    """set mset noop verbose log goto gotoif gotoiftime gosub gosubif return stackpop hangup busy congestion answer ringing
    progress proceeding wait playback background execif execiftime read authenticate userevent queuelog musiconhold
    startmusiconhold stopmusiconhold playtones stopplaytones mixmonitor stopmixmonitor saydigits saynumber sayalpha
    sayunixtime waitexten senddtmf addqueuemember removequeuemember pausequeuemember unpausequeuemember""".split()  # noqa: SIM905
)
"""Applications that don't look at the number of the extension that they stand in, unless they are given it."""

_WITHIN = re.compile(
    r"\?[^?]*(?:macro|dial|queue|park|page|agi|exec|while|incomplete|directory|disa|pickup|voicemail)\w*\(",
    re.IGNORECASE,
)
"""Other applications that ExecIf may call."""

_ELSEWHERE = re.compile(
    r"STACK_PEEK|EVAL(?:_EXTEN)?\(|CHANNEL\(exten|EXCEPTION\(|MASTER_CHANNEL|CDR\((?:dst|lastdata)|IMPORT\(",
    re.IGNORECASE,
)
"""What looks at the number of an extension from another one."""

_DIALLED = re.compile("[0-9*#+]+")
MOST_ALIKE = 100
"""Steps of an extension that are looked through for others with the same."""

Key = tuple[str, str, int]


class Before(NamedTuple):
    """What can be read from a step on: anywhere (``far``), and with the same extension (``near``: astdb, queues).

    ``marked`` is True if another dial plan has the step otherwise, ``number`` if a step of the same extension may ask which
    number it is that the call has come to, ``home`` if one may ask in which context it is.
    """

    far: int
    near: int
    marked: bool
    number: bool = True
    home: bool = True


class _Edge(NamedTuple):
    """A step that may follow. ``near``: the call is still with the same extension then, or comes back to it.

    ``given`` says which families the arguments of a subroutine name: bit of an argument -> bits of what is given for it.
    """

    target: int
    near: bool = True
    given: tuple[tuple[int, int], ...] = ()


class Live:
    """Which names are live before each step."""

    def __init__(
        self,
        pbx: Pbx,
        reach: Reach,
        marked: Collection[Key] = (),
        bits: dict[str, int] | None = None,
    ) -> None:
        """Work it out for the whole dial plan.

        ``marked`` are steps that another dial plan has otherwise; ``bits`` the names' bits that both share.
        """
        self._reach = reach
        self._falls = pbx.autofallthrough
        self._globals = {option.key for option in pbx.globals}
        self._bits: dict[str, int] = {} if bits is None else bits
        self._nodes: dict[Key, int] = {}
        self._extens = steps_of(pbx)  # one for some callers only is one more that may be meant
        self._includes = includes_of(pbx)
        self._timed = self._all_of(
            context.name for context in pbx.contexts if any(include.times for include in context.includes)
        )
        self._callers = self._all_of(
            context.name
            for context in pbx.contexts
            if any(exten.caller is not None for exten in context.extens)
        )
        self._marked = marked
        self.marked_names: frozenset[str] = frozenset()
        """What is named in the steps that another dial plan has otherwise."""
        self._everything = False
        self._offsets = any(
            "MACRO_OFFSET" in step.data
            for extens in self._extens.values()
            for steps in extens.values()
            for step in steps.values()
        )
        self.counted = False
        """Whether a jump goes to a step by its number, other than the first."""
        self._exits = _exits(pbx)
        self._popping = [
            name
            for name, extens in self._extens.items()
            if any(step.app.lower() == "stackpop" for steps in extens.values() for step in steps.values())
        ]
        self._matches: dict[tuple[str, str], bool] = {}
        self._homes: dict[str, list[str]] = {}
        self._holds: dict[str, set[str] | None] = {}
        for name in self._includes:
            for one in self.closure(name):
                self._homes.setdefault(one, []).append(name)
        self._standards: dict[tuple[str, tuple[str, ...]], tuple[int, ...]] = {}
        self._continuing = Continuing(self._extens, self._includes)
        self.continued = self._continuing.contexts
        """Contexts in which an extension goes on with the steps of another one."""
        self._continues: set[int] = set()
        self._twins: dict[Key, str] = {}
        self.twinned: frozenset[str] = frozenset()
        """Contexts with extensions of one number each that go on with the same steps (``twin``)."""
        self._values: list[int] = []
        self._near: list[int] = []
        self._fallen = self._mask((FALLEN, CAUSE))
        self._solve()
        self._everyone = 0
        for value in self._values:
            self._everyone |= value
        self._sets: dict[int, frozenset[str]] = {}
        self._known: dict[tuple[str, str, int], Before] = {}
        self._naming: dict[tuple[str, str, str], bool] = {}

    def _all_of(self, contexts: Iterable[str]) -> set[str]:
        """Return contexts and all that they include."""
        return {one for context in set(contexts) for one in self.closure(context)}

    # --- names ---------------------------------------------------------------------------------------

    def _bit(self, name: str) -> int:
        found = self._bits.get(name)
        if found is None:
            found = self._bits[name] = 1 << len(self._bits)
        return found

    def _mask(self, names: Iterable[str]) -> int:
        mask = 0
        for name in names:
            mask |= self._bit(name)
        return mask

    def bit(self, name: str) -> int:
        """Return the bit of a name, 0 where nobody reads it."""
        return self._bits.get(name, 0)

    def family_bit(self, family: str) -> int:
        """Return the bit of a family of astdb; "" is any."""
        return self._bit(ASTDB + family)

    def closure(self, context: str) -> set[str]:
        """Return the context and all that it includes."""
        return closure(context, self._includes)

    # --- the whole dial plan -------------------------------------------------------------------------

    def _solve(self) -> None:
        keys: list[Key] = []
        for context, extens in self._extens.items():
            for exten, steps in extens.items():
                for priority in sorted(steps):
                    self._nodes[context, exten, priority] = len(keys)
                    keys.append((context, exten, priority))
        kept = ~self._mask(self._globals | self._set_globally())
        reads: list[int] = []
        kills: list[int] = []
        ends: list[int] = []
        for key in keys:
            context, exten, priority = key
            step = self._extens[context][exten][priority]
            read, kill = self._reads(step)
            kill &= kept  # another channel reads the global one
            if context in self._timed:
                read |= self._bit(TIME)
            if context in self._callers:
                read |= self._bit(CALLER)
            if key in self._marked:
                read |= self._bit(DIFFERS)
                names = _NAME.findall(step.data)
                self.marked_names |= {*names, *map(str.lower, names)}
            reads.append(read)
            kills.append(kill)
            last = priority + 1 not in self._extens[context][exten] and step.app.lower() not in STOPS
            if last and step.app.lower() == "waitexten" and self._standard(context, ("t",)):
                last = False  # it goes there
            ends.append(self._fallen if last else 0)
        edges = [list(dict.fromkeys(self._after(key, self._extens[key[0]][key[1]][key[2]]))) for key in keys]
        limited = tuple((self._bit(one), self._mask((one, LIMITED[name]))) for name, one in TIMEOUTS.items())
        for at, (context, exten, priority) in enumerate(keys):
            if _ABSOLUTE.search(self._extens[context][exten][priority].data):
                edges[at] = [edge._replace(given=(*edge.given, *limited)) for edge in edges[at]]
        self.families = self._mask(name for name in self._bits if name.startswith(ASTDB))
        """The bits of all families of astdb."""
        self.argument_bits = tuple(
            (f"ARG{number}", self._bit(f"{ASTDB}$ARG{number}")) for number in range(1, 10)
        )
        """The bits that stand for a family which an argument of the subroutine names."""
        self.arguments = self._mask(f"{ASTDB}${name}" for name, _ in self.argument_bits)
        self._values = _fixpoint(reads, kills, ends, edges)
        asked = self.families | self._bit(QUEUES)
        self._near = _fixpoint(
            [read & asked for read in reads],
            [0] * len(reads),
            [0] * len(reads),
            [[edge for edge in row if edge.near] for row in edges],
        )
        self._asks, self._asks_home = self._asked(keys, edges)

    def _set_globally(self) -> set[str]:
        """Return the global variables that steps set."""
        return {
            name
            for extens in self._extens.values()
            for steps in extens.values()
            for step in steps.values()
            for name in _GLOBAL.findall(step.data)
        }

    def _asked(self, keys: list[Key], edges: list[list[_Edge]]) -> tuple[list[bool], list[bool]]:
        """Return before each step whether one of its extension may ask for the extension's number, and for its context.

        Of an extension that is one number, any may ask for that: extensions that have the same steps but for numbers are
        walked as one.
        """
        steps = [self._extens[context][exten][priority] for context, exten, priority in keys]
        if self._everything or any(_ELSEWHERE.search(step.data) for step in steps):
            return [True] * len(keys), [True] * len(keys)
        rows = list(zip(keys, steps, strict=True))
        numbers = [int(_asks_for_number(step)) for _, step in rows]
        homes = [int(self._asks_for_home(key, step)) for key, step in rows]
        same = [
            [_Edge(edge.target) for edge in row if keys[edge.target][:2] == key[:2]]
            for key, row in zip(keys, edges, strict=True)
        ]
        for at in self._continues:
            same[at] += map(_Edge, self._elsewhere(keys[at]))
        none = [0] * len(keys)
        made = (_fixpoint(asks, none, none, same) for asks in (numbers, homes))
        first, second = ([bool(value) for value in values] for values in made)
        self._find_twins(rows, same, first)
        return [asks or key[1][:1] != "_" for asks, key in zip(first, keys, strict=True)], second

    def _find_twins(
        self, rows: Sequence[tuple[Key, Step]], same: Sequence[Sequence[_Edge]], asks: Sequence[bool]
    ) -> None:
        """Find the extensions of a context that are one number each and go on with the same steps."""
        found: dict[Hashable, list[Key]] = {}
        for at, (key, _) in enumerate(rows):
            context, exten, priority = key
            steps = self._extens[context][exten]
            if asks[at] or len(steps) > MOST_ALIKE or not _DIALLED.fullmatch(exten):
                continue
            ahead = {at}
            waiting = [at]
            while waiting:
                more = {edge.target for edge in same[waiting.pop()]} - ahead
                ahead |= more
                waiting += more
            if self._asks_callers(self._extens[context], exten):
                continue
            told = frozenset(
                (rows[one][0][2], rows[one][1].app.lower(), rows[one][1].data, rows[one][1].label)
                for one in ahead
            )
            found.setdefault((context, priority, told), []).append(key)
        for keys in found.values():
            first = min(exten for _, exten, _ in keys)
            if len(keys) > 1:
                self._twins |= dict.fromkeys(keys, first)
        self.twinned = frozenset(context for context, _, _ in self._twins)

    def _asks_for_home(self, key: Key, step: Step) -> bool:
        """Return True if a step may go by the context that the call is in, of those that include its extension.

        By name, by a jump that names none, by waiting for keys, or at the end of its extension.
        """
        app, data = step.app.lower(), step.data
        ends = (*key[:2], key[2] + 1) not in self._nodes and app not in STOPS
        if ends or app not in _NUMBERLESS or app in _DIGITS or "CONTEXT" in data or "HINT" in data:
            return True
        if app in ("execif", "execiftime"):
            return bool(_WITHIN.search(data)) or any(
                name in data.lower() for name in ("goto", "gosub", *_DIGITS)
            )
        if app not in _JUMPS and app not in _SUBS:
            return False
        place = data if app in ("goto", "gosub") else _after_question(data)
        for branch in branches(place) if app not in ("goto", "gosub") else [place]:
            parts = [
                part.strip() for part in split_level(_parted(branch)[0] if app in _SUBS else branch, ",")
            ]
            if len(parts) == 2 or (len(parts) == 3 and ("$" in parts[0] or not parts[0])):
                return True
            if len(parts) == 1 and "$" in parts[0]:
                held = self._returned(key) if parts[0] == "${GOSUB_RETVAL}" else self._held(parts[0])
                if held is None or any("," in value for value in held):
                    return True
        return False

    def _reads(self, step: Step) -> tuple[int, int]:
        app, data = step.app.lower(), step.data
        kill = 0
        whole = data
        if app == "set":
            kill, data = self._set(data)
            if data.startswith("DB("):
                whole = _written(data)  # a key that is only given a value isn't read
        elif app in _DIALS:
            kill = self._mask(("DIALSTATUS", FALLEN))
            if not _timeout(data):
                kill |= self._mask((CAUSE, "HANGUPCAUSE"))  # whoever rings without a limit ends with a cause
        elif app == "gosub":
            kill = self._bit("GOSUB_RETVAL")
        elif app == "read":
            name = data.partition(",")[0]
            if _NAME.fullmatch(name):
                kill = self._bit(name)
                data = data.partition(",")[2]
        read = self._mask(_NAME.findall(_CHANNEL_KIND.sub("", data)))
        if app in _ANSWERS or app in ("busy", "congestion") or (app == "hangup" and data.strip()):
            kill |= self._bit(CAUSE)
        elif app == "hangup":
            read |= self._bit(CAUSE)
        if app in _DIGITS or app in ("read", "readexten", "disa", "authenticate") or "${TIMEOUT(" in data:
            read |= self._mask(TIMEOUTS.values())
        if "${TIMEOUT(" in data:
            read |= self._mask(LIMITED.values())
        if self._decides(app, whole if app == "set" else data):
            read |= self._bit(CALLER)
        if _asks_the_time(app, data) or (self._timed and _LOOKS_UP.search(data)):
            read |= self._bit(TIME)
        for family in _FAMILY.findall(whole):
            read |= self._families(family)
        for key in _NUMBERS_KEY.findall(whole):
            read |= self._bit(ASTDB + key)
        if app in LOOPING:
            read |= self._bit(LOOPS)
        if "GOSUB_RESULT" in step.data or "MACRO_RESULT" in step.data:
            read |= self._bit(RESULT)
        if app == "queue":
            read |= self._mask(QUEUE)
        if "queue" in app or "queue" in data.lower():
            read |= self._bit(QUEUES)
        if "GROUP" in data:
            read |= self._groups(data)
        if "BLACKLIST()" in data:
            read |= self._mask((CALLER, f"{ASTDB}blacklist"))
        return read, kill

    def _set(self, data: str) -> tuple[int, str]:
        """Return what a Set sets, as a mask, and what it reads."""
        found = _LOCAL.match(data) or _SETS.match(data)
        if found:
            return self._mask((found[1], FALLEN) if found[1] == "DIALSTATUS" else (found[1],)), found[2]
        if timeout := _TIMEOUT.match(data):
            return self._mask((TIMEOUTS[timeout[1]], LIMITED[timeout[1]])), data[timeout.end() :]
        if data.startswith("FAXOPT("):
            return 0, data.partition("=")[2]  # it is only given a value
        if data.startswith(("CALLERID(num", "CALLERID(all")) and "CALLERID(" not in data.partition("=")[2]:
            return self._bit(CALLER), data
        return 0, data

    @staticmethod
    def _decides(app: str, data: str) -> bool:
        """Return True if what the caller's number is makes a difference to the step, beyond being a part of a text."""
        if "CALLERID(" not in data:
            return app == "privacymanager" or (app in _DIALS and _privacy(data))
        if app == "set":
            value = _CALLER_ONLY.sub("", data).partition("=")[2]
            return "CALLERID(" in value and bool(
                re.search(r"\$\[|:|IF\(|DIALPLAN_EXISTS|REGEX|LEN\(|DB", value)
            )
        return app not in _HANDS_ON

    def _groups(self, data: str) -> int:
        """Return the categories of groups that are counted by a name which the dial plan gives; alone: any of them.

        Where the name is an extension's, whether the caller is a member himself isn't kept: he may be one. Nor is it where
        the limit is such that his own channels make no difference to what the others may come to.
        """
        read = 0
        limits = [int(limit) for limit in _LIMIT.findall(data)]
        high = bool(limits) and min(limits) >= MANY and len(limits) == len(_COMPARES.findall(data))
        for name, category in _COUNT.findall(data) if not high else ():
            if "$" not in name or not category:
                read |= self._bit(GROUP + ("" if "$" in category else category.lower()))
        if _GROUP.search(data):
            read |= self._bit(GROUP)
        return read

    def _families(self, template: str) -> int:
        argument = _ARGUMENT.fullmatch(template)
        if argument:
            return self._bit(f"{ASTDB}${argument[1]}")
        return self._mask(ASTDB + family for family in self._reach.families(template))

    # --- what follows --------------------------------------------------------------------------------

    def _entries(self, context: str, exten: str, priority: str, seen: set[str]) -> Iterator[int]:
        """Yield the steps that a place may be: of the context, and of those that it includes."""
        if context in seen:
            return
        seen.add(context)
        extens = self._extens.get(context, {})
        exact = extens.get(exten)
        chosen = extens
        if exact is not None and (not priority.isdecimal() or int(priority) in exact):
            chosen = {exten: exact}
            chosen.update((name, steps) for name, steps in extens.items() if name.startswith(f"{exten}/"))
        for name, steps in chosen.items():
            if "$" in exten or self._may_mean(name, exten):
                yield from self._priorities(context, name, steps, priority)
        for included in self._includes.get(context, ()):
            yield from self._entries(included, exten, priority, seen)

    def _priorities(self, context: str, exten: str, steps: dict[int, Step], priority: str) -> Iterator[int]:
        if priority.isdecimal():
            number = int(priority)
            self.counted |= number > 1
            if number in steps:
                yield self._nodes[context, exten, number]
            return
        for number, step in steps.items():
            if step.label and (step.label == priority or "$" in priority):
                yield self._nodes[context, exten, number]
        if "$" in priority and 1 in steps:
            yield self._nodes[context, exten, 1]

    def _place(self, key: Key, text: str) -> Iterator[tuple[int, bool]]:
        """Yield the steps that ``[[context,]exten,]priority`` may be, and whether the extension is still the same one."""
        parts = [part.strip() for part in split_level(text, ",")]
        if len(parts) == 1:
            variable = parts[0]
            steps = self._extens[key[0]][key[1]]
            returned = self._returned(key) if variable == "${GOSUB_RETVAL}" else self._held(variable)
            if returned is not None and not any("," in value for value in returned):
                for value in returned:
                    for node in self._priorities(key[0], key[1], steps, value):
                        yield node, True
                return
            first = self._nodes.get((key[0], key[1], 1), -1)
            for node in self._priorities(key[0], key[1], steps, variable):
                yield node, node != first or "$" not in variable
            if "$" in variable:
                for node in self._somewhere(key, variable):
                    yield node, False
            return
        exten = parts[-2]
        near = exten in ("${EXTEN}", "", key[1], "s")
        if len(parts) == 2:
            for home in self._homes.get(key[0], (key[0],)):
                for node in self._there(home, exten, parts[1]):
                    yield node, near
            return
        contexts: set[str] = {parts[0]}
        if "$" in parts[0]:
            contexts = set()
            if self._reach.may_be(parts[0], contexts, 3):
                contexts = set(self._extens)
        for context in contexts:
            for node in self._there(context, exten, parts[2]):
                yield node, near

    def _returned(self, key: Key) -> set[str] | None:
        """Return what GOSUB_RETVAL may be right after a subroutine of a known context; None where that can't be told."""
        steps = self._extens[key[0]][key[1]]
        number = key[2]
        while (before := steps.get(number - 1)) is not None and before.app.lower() in (
            "gotoif",
            "set",
            "noop",
        ):
            if steps[number].label or "GOSUB_RETVAL=" in before.data:
                return None  # others may come in between
            number -= 1
        if before is None or before.app.lower() != "gosub" or steps[number].label:
            return None
        context = split_level(_parted(before.data)[0], ",")[0]
        if "$" in context or context not in self._extens:
            return None
        values: set[str] = set()
        seen: set[str] = set()
        waiting = [*self.closure(context), *self._popping]
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            for steps in self._extens.get(one, {}).values():
                for step in steps.values():
                    app = step.app.lower()
                    if app == "return":
                        texts = self._reach.values(step.data)
                        if texts is None:
                            return None
                        values |= texts
                    elif app in _JUMPS or app in ("execif", "macro", "gosubif"):
                        if app in ("execif", "macro") and re.search(
                            "return|goto|macro", step.data, re.IGNORECASE
                        ):
                            return None
                        place = _after_question(step.data) if app != "goto" else step.data
                        for branch in branches(place) if app in _JUMPS else []:
                            parts = split_level(branch, ",")
                            if len(parts) == 3:
                                if "$" in parts[0]:
                                    if one not in self._popping:
                                        return None
                                else:
                                    waiting += self.closure(parts[0])
                            elif "$" in branch and one not in self._popping:
                                return None
        return values

    def _held(self, text: str) -> set[str] | None:
        """Return every value of a variable that the dial plan only sets to constants and to what subroutines return.

        None for any other variable, and where ``text`` isn't one alone.
        """
        found = re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", text)
        if found is None:
            return None
        name = found[1]
        if name not in self._holds:
            self._holds[name] = self._values_of(name)
        return self._holds[name]

    def _values_of(self, name: str) -> set[str] | None:
        values: set[str] = set()
        named = re.compile(rf"(?<![{{A-Za-z0-9]){name}\b")
        if name in self._globals:
            return None
        for context, extens in self._extens.items():
            for exten, steps in extens.items():
                for priority, step in steps.items():
                    if not named.search(step.data):
                        continue
                    sets = (
                        _LOCAL.match(step.data) or _SETS.match(step.data)
                        if step.app.lower() == "set"
                        else None
                    )
                    if sets is None or sets[1] != name:
                        return None
                    returned = (
                        self._returned((context, exten, priority))
                        if sets[2] == "${GOSUB_RETVAL}"
                        else self._reach.values(sets[2])
                    )
                    if returned is None:
                        return None
                    values |= returned
        return values or None

    def _there(self, context: str, exten: str, priority: str) -> Iterator[int]:
        """Yield the steps that a jump may lead to: also those for extensions that aren't there, where it may be none."""
        found = list(self._entries(context, exten, priority, set()))
        yield from found
        if not found or "$" in exten or context in self._timed or context in self._callers:
            yield from self._standard(context, (*_WAITING, "e"))

    def _somewhere(self, key: Key, text: str) -> Iterator[int]:
        """Yield where ``Goto(${WHERE})`` may go: every value that the dial plan gives the variable."""
        found = re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", text)
        if found and found[1] == "GOSUB_RETVAL":
            return
        values = self._reach.assigned.get(found[1]) if found else None
        if not values:
            contexts: set[str] = set()
            if "${IF(" not in text and self._reach.may_be(text, contexts, 3):
                self._everything = True
            for context in contexts:
                yield from self._entries(context, "${ANY}", "1", set())
            for word in re.split(r"[,:?(){}]", text):
                if word:
                    yield from self._priorities(key[0], key[1], self._extens[key[0]][key[1]], word)
                    for home in self._homes.get(key[0], (key[0],)):
                        yield from self._entries(home, word, "1", set())
            return
        for value in values:
            if value.count(",") >= 1:
                for node, _ in self._place(key, value):
                    yield node

    def _standard(self, context: str, names: tuple[str, ...] = _ANY_TIME) -> tuple[int, ...]:
        """Return the first steps of the standard extensions that a call in the context may come to without a jump."""
        found = self._standards.get((context, names))
        if found is None:
            found = self._standards[context, names] = tuple(
                dict.fromkeys(
                    node
                    for home in self._homes.get(context, (context,))
                    for name in names
                    for node in self._entries(home, name, "1", set())
                )
            )
        return found

    def _after(self, key: Key, step: Step) -> Iterator[_Edge]:
        context, exten, priority = key
        app, data = step.app.lower(), step.data
        steps = self._extens[context][exten]
        for node in self._standard(context):
            yield _Edge(node)
        if app in _DIGITS or not self._falls:
            for node in self._standard(context, _WAITING):
                yield _Edge(node, False)
        following = (context, exten, priority + 1)
        if app not in STOPS and following in self._nodes:
            # Whoever goes on behind a queue was told how the wait ended.
            given: tuple[tuple[int, int], ...] = ((self._bit("QUEUESTATUS"), 0),) if app == "queue" else ()
            yield _Edge(self._nodes[following], True, given)
        if app not in STOPS:
            yield from map(_Edge, self._elsewhere(key))
        if app in LOOPING:
            yield from map(_Edge, self._round(key, app))
            return
        if app in _JUMPS or app in _SUBS:
            conditional = app in ("gotoif", "gotoiftime", "gosubif")
            place = _after_question(data) if conditional else data
            for branch in branches(place) if conditional else [place]:
                if app in _SUBS:
                    name, arguments = _parted(branch)
                    given = self._given(arguments) + self._own(arguments)
                    for node, _ in self._place(key, name):
                        yield _Edge(node, True, given)
                else:
                    for node, near in self._place(key, branch):
                        yield _Edge(node, near)
            return
        if app in _MACROS:
            for branch in branches(_after_question(data)) if app == "macroif" else [data]:
                yield from self._of_macro(branch)
            if self._offsets:
                yield from (
                    _Edge(self._nodes[context, exten, number]) for number in steps if number > priority
                )
            return
        if app in _DIGITS:
            for home in self._homes.get(context, (context,)):
                for node in self._entries(home, "${ANY}", "1", set()):
                    yield _Edge(node, False)
        if app in _PLAIN and "hangup_handler" not in data:
            return
        for application, rows in self._exits.items():
            if f"{application}(" in f"{app}({data}".lower():  # ExecIf calls it, too
                for name, place in rows:
                    if not name or app != application or "$" in data or data.partition(",")[0] == name:
                        for node in self._entries(place, "${ANY}", "1", set()):
                            yield _Edge(node, False)
        if "$" in data and _DIALLING.search(f"{app}({data}"):
            devices = split_level(data, ",")[0] if app in _CALLING else data
            for text in self._reach.brought(frozenset(_NAME.findall(devices))):
                for exten_there, home in _LOCAL.findall(text):
                    for node in self._of_local(exten_there, home):
                        yield _Edge(node, False)
            for text in self._reach.brought(frozenset(_NAME.findall(data))):
                for word in _SUBROUTINE.findall(text):
                    for name in (word, f"macro-{word}"):
                        for node in self._entries(name, "${ANY}", "1", set()):
                            yield _Edge(node, True, self._given(""))
        if "@" in data:
            for exten, home in _LOCALS.findall(data):
                # Another channel, which comes to an extension of its own.
                for node in self._of_local(exten, home):
                    yield _Edge(node, False)
            data = _LOCALS.sub("", data)
        if "(" in data or "^" in data or "@" in data or "," in data:
            for word in re.split(r"[,()?:&@^\s=/]", data):
                for name in (word, f"macro-{word}"):
                    for node in self._entries(name, "${ANY}", "1", set()):
                        yield _Edge(node, True, self._given(""))
                if word and any(step.label == word for step in steps.values()):
                    for node in self._priorities(context, exten, steps, word):
                        yield _Edge(node)
            if "@" in data:
                for found in re.findall(r"@([^/,()&^]*)", data):
                    if "$" in found:
                        contexts: set[str] = set()
                        if self._reach.may_be(found, contexts, 3):
                            contexts = set(self._extens)
                        for one in contexts:
                            for node in self._entries(one, "${ANY}", "1", set()):
                                yield _Edge(node, False)

    def _of_macro(self, call: str) -> Iterator[_Edge]:
        """Yield where a macro begins, which may be one that a variable names: ``NAME,argument,...``."""
        name, *arguments = split_level(call, ",")
        contexts = {f"macro-{name.strip()}"}
        if "$" in name:
            contexts = set()
            if self._reach.may_be(f"macro-{name}", contexts, 3):
                contexts = set(self._extens)
        text = ",".join(arguments)
        given = self._given(text) + self._own(text)
        for context in contexts:
            for node in self._entries(context, "s", "1", set()):
                yield _Edge(node, True, given)

    def _elsewhere(self, key: Key) -> list[int]:
        """Return the next steps of other extensions that match the same numbers (``Continuing``)."""
        found = [self._nodes[place] for place in self._continuing.after(*key)]
        if found:
            self._continues.add(self._nodes[key])
        return found

    def _round(self, key: Key, app: str) -> Iterator[int]:
        """Yield where a step of a While leads to but the next: back to one, or behind an EndWhile.

        Which of them is found out by variables; those of the same extension, if there are any.
        """
        context, exten, _ = key
        back = app in ("endwhile", "continuewhile")
        wanted = "while" if back else "endwhile"
        here = [(context, exten, number) for number in self._extens[context][exten]]
        for places in (here, list(self._nodes)):
            found = [
                (*place[:2], place[2] + (not back))
                for place in places
                if self._extens[place[0]][place[1]][place[2]].app.lower() == wanted
            ]
            if found:
                yield from (self._nodes[place] for place in found if place in self._nodes)
                return

    def _of_local(self, exten: str, home: str) -> Iterator[int]:
        """Yield where a channel ``Local/exten@home`` comes to."""
        contexts: set[str] = {home}
        if "$" in home:
            contexts = set()
            if self._reach.may_be(home, contexts, 3):
                contexts = set(self._extens)
        for one in contexts:
            yield from self._entries(one, "${ANY}" if "$" in exten else exten, "1", set())

    def _given(self, arguments: str) -> tuple[tuple[int, int], ...]:
        """Return which families each argument of a subroutine names, for those that may be one."""
        parts = [part.strip() for part in split_level(arguments, ",")]
        made: list[tuple[int, int]] = []
        for name, bit in list(self._bits.items()):
            if name.startswith(f"{ASTDB}$ARG"):
                number = int(name[len(ASTDB) + 4 :])
                text = parts[number - 1] if len(parts) >= number else ""
                made.append((bit, self._families(text) if text else self._bit(ASTDB)))
        return tuple(made)

    def _own(self, arguments: str) -> tuple[tuple[int, int], ...]:
        """Return the arguments that a subroutine is given: it reads those, and not those of its caller (app_stack.c)."""
        count = len(split_level(arguments, ",")) if arguments else 0
        return tuple((self._bit(f"ARG{number}"), 0) for number in range(1, count + 1))

    # --- asking --------------------------------------------------------------------------------------

    def look(self, context: str, exten: str, priority: int) -> Before:
        """Return what is live before a step; with an extension that isn't decided ("") over all that it may be."""
        key = (context, exten, priority)
        found = self._known.get(key)
        if found is None:
            extens = self._extens.get(context, {})
            if exten in extens and priority in extens[exten] and not self._asks_callers(extens, exten):
                found = self.at(context, context, exten, priority)
            else:
                rows = [
                    self.at(context, one, name, priority)
                    for one in self.closure(context)
                    for name in self._extens.get(one, {})
                    if self._may_mean(name, exten)
                ]
                found = self.joined((self.at(context, context, "", 0), *rows))
            self._known[key] = found
        return found

    def at(self, home: str, context: str, exten: str, priority: int) -> Before:
        """Return what is live before a step of a context, for a call that is in ``home``, which includes it.

        Where the extension has no such step, that is what is read at the end of an extension.
        """
        node = self._nodes.get((context, exten, priority))
        if node is not None:
            marked = (context, exten, priority) in self._marked
            return Before(
                self._values[node], self._near[node], marked, self._asks[node], self._asks_home[node]
            )
        far = self._fallen if exten else 0
        near = 0
        for node in (*self._standard(home), *self._standard(home, _WAITING)):
            far |= self._values[node]
            near |= self._near[node]
        return Before(far, near, False, number=False, home=False)

    @staticmethod
    def joined(rows: Iterable[Before]) -> Before:
        """Return what is live before any of several steps."""
        far = near = 0
        marked = number = home = False
        for row in rows:
            far |= row.far
            near |= row.near
            marked |= row.marked
            number |= row.number
            home |= row.home
        return Before(far, near, marked, number, home)

    @staticmethod
    def _asks_callers(extens: dict[str, dict[int, Step]], exten: str) -> bool:
        return any(name.startswith(f"{exten}/") for name in extens)

    def _may_mean(self, name: str, exten: str) -> bool:
        """Return True if the extension may be found for the text ("" for any)."""
        pattern = name.partition("/")[0]
        if not exten or pattern == exten:
            return True
        key = (pattern, exten)
        found = self._matches.get(key)
        if found is None:
            found = self._matches[key] = pattern[:1] == "_" and bool(match(pattern, exten, MATCH))
        return found

    def steps_before(self, context: str, exten: str, priority: int) -> list[Step] | None:
        """Return the steps of an extension before one of them, None where there is no such extension."""
        steps = self._extens.get(context, {}).get(exten)
        if steps is None:
            return None
        return [steps[number] for number in sorted(steps) if number < priority]

    def twin(self, context: str, exten: str, priority: int) -> str | None:
        """Return the first of the extensions of one number each that go on with the same steps, and ask for no number.

        None where there are no others.
        """
        return self._twins.get((context, exten, priority))

    def names_number(self, context: str, exten: str, number: str) -> bool:
        """Return True if the number stands in a step of an extension, or one calls a subroutine for an extension that isn't
        named there. A Goto doesn't count: the call comes to another extension by it.
        """
        key = (context, exten, number)
        found = self._naming.get(key)
        if found is None:
            found = self._naming[key] = any(
                (number in step.data and step.app.lower() != "goto")
                or (step.app.lower() in _SUBS and _NAMELESS.search(step.data))
                for one in self.closure(context)
                for name, steps in self._extens.get(one, {}).items()
                if self._may_mean(name, exten)
                for step in steps.values()
            )
        return found

    def key_bit(self, key: str) -> int:
        """Return the bit of a number's key of astdb that the dial plan names as it is, 0 where it names none."""
        return self._bits.get(ASTDB + key, 0)

    def anywhere(self, context: str) -> int:
        """Return what is live before any first step of a context."""
        return self.look(context, "", 1).far

    def may_differ(self, mask: int) -> bool:
        """Return True if a step that another dial plan has otherwise may still be come to."""
        return bool(self._marked) and bool(self.whole(mask) & self.bit(DIFFERS))

    def whole(self, mask: int) -> int:
        """Return the mask, or that of everything where jumps of the dial plan could not be followed."""
        return mask | self._everyone if self._everything else mask

    def names(self, mask: int) -> frozenset[str]:
        """Return the names of a mask, and those that applications read by themselves."""
        mask = self.whole(mask)
        found = self._sets.get(mask)
        if found is None:
            names = {name for name, bit in self._bits.items() if bit & mask}
            if FALLEN in names:
                names.add("DIALSTATUS")
            found = self._sets[mask] = ALWAYS | names
        return found


def _asks_for_number(step: Step) -> bool:
    """Return True if a step may ask which number its extension is: by name, or without being told (app_dial.c, app_queue.c).

    A jump to nothing, where a variable is empty, leads to the same number in another context.
    """
    app, data = step.app.lower(), step.data
    if app in _JUMPS or app in _SUBS:
        place = data if app in ("goto", "gosub") else _after_question(data)
        if "$" in _parted(place)[0]:
            return True
    return app not in _NUMBERLESS or "EXTEN" in data or "HINT" in data or bool(_WITHIN.search(data))


def _fixpoint(reads: list[int], kills: list[int], ends: list[int], edges: list[list[_Edge]]) -> list[int]:
    """Return what is live before each step: what it reads, and what those after it read that it doesn't set."""
    before: list[list[int]] = [[] for _ in reads]
    for index, row in enumerate(edges):
        for edge in row:
            before[edge.target].append(index)
    values = list(reads)
    waiting = list(range(len(reads)))
    queued = [True] * len(reads)
    while waiting:
        index = waiting.pop()
        queued[index] = False
        out = ends[index]
        for target, _, given in edges[index]:
            value = values[target]
            for bit, instead in given:
                if value & bit:
                    value = value & ~bit | instead
            out |= value
        made = reads[index] | (out & ~kills[index])
        if made != values[index]:
            values[index] = made
            for one in before[index]:
                if not queued[one]:
                    queued[one] = True
                    waiting.append(one)
    return values


def _exits(pbx: Pbx) -> dict[str, list[tuple[str, str]]]:
    """Return to which contexts applications send a call by other files: application -> (object or "" for any, context).

    Keys in a queue and what its members are asked (queues.conf), whoever leaves a mailbox by 0 or * (voicemail.conf).
    """
    found: dict[str, list[tuple[str, str]]] = {"queue": [], "voicemail": []}
    for section in pbx.sections("queues.conf"):
        for key in ("context", "membergosub"):
            if text := section.get(key):
                found["queue"].append((section.name, text.partition(",")[0].strip()))
    for section in pbx.sections("voicemail.conf"):
        for option in section.options:
            given = (
                option.value if option.key == "exitcontext" else ",".join(_EXITCONTEXT.findall(option.value))
            )
            found["voicemail"] += [("", text.strip()) for text in given.split(",") if text.strip()]
    return found


def _written(data: str) -> str:
    """Return what ``DB(...)=value`` reads: what the key is made of, and the value."""
    depth = 0
    for at, character in enumerate(data):
        depth += character == "("
        depth -= character == ")"
        if character == "=" and depth == 0:
            return f"{data[2:at]}={data[at + 1 :]}"
    return data


def _timeout(data: str) -> str:
    """Return Dial's timeout, "" without one."""
    parts = split_level(data, ",")
    return parts[1].strip() if len(parts) > 1 else ""


def _privacy(data: str) -> bool:
    """Return True if an option of Dial asks about the caller (P, p)."""
    parts = split_level(data, ",")
    letters = re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)|\$\{[^{}]*\}", "", parts[2]) if len(parts) > 2 else ""
    return "p" in letters.lower()


def _asks_the_time(app: str, data: str) -> bool:
    if app in ("gotoiftime", "execiftime") or "IFTIME(" in data:
        return True
    return "STRFTIME(" in data and "STRFTIME(" in _STAMP.sub("", data.replace("${EPOCH}", ""))


def _after_question(data: str) -> str:
    """Return what stands after the question mark of a condition."""
    depth = 0
    for at, character in enumerate(data):
        depth += character in "([{"
        depth -= character in ")]}"
        if character == "?" and depth == 0:
            return data[at + 1 :]
    return without_braces(data).partition("?")[2]


def _parted(place: str) -> tuple[str, str]:
    """Return a subroutine's place, and its arguments."""
    depth = 0
    for at, character in enumerate(place):
        if character == "(" and depth == 0:
            return place[:at], place[at + 1 :].removesuffix(")")
        depth += character in "([{"
        depth -= character in ")]}"
    return place, ""
