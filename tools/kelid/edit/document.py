"""One YAML file as text with the places of its nodes. A change is a splice of text: every line that isn't meant stays.

What a comment belongs to: a comment that is indented deeper than an item belongs to that item; comments right above an
item (no blank line between) go with it when it is removed, but for the first item of a list, whose comments may be the
heading of the whole list. A removed item takes the blank lines above it along, so that what was added and is removed
again leaves the very bytes of before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kelid.edit.layout import Layout, in_flow
from kelid.edit.write import ANYHOW, Like, Sealed, Shape, Value, dashed, entry, flow, lines, scalar
from kelid.findings import Exit, KelidError

Path = tuple[str | int, ...]
"""The way to a node: ``("queues", 0, "members")``."""


class CannotEdit(KelidError):  # noqa: N818 - what it says is that nothing was changed
    """The file is written in a way that can't be changed without a person; nothing was changed."""

    def __init__(self, file: str, line: int, what: str) -> None:
        """Say where and what."""
        super().__init__(
            f"{file}:{line}: {what}; make this change by hand, or write this part plainly", exit=Exit.REFUSED
        )


class Document:
    """The text of one file, to be changed. ``file`` is its name in messages. The text is YAML that the loader has taken."""

    def __init__(self, text: str, file: str = "") -> None:
        """Read the text. Raise KelidError if it is no YAML, or holds no mapping."""
        self.file = file
        self._read(text)

    def _read(self, text: str) -> None:
        try:
            root = YAML(typ="safe", pure=True).compose(text)
        except YAMLError as problem:
            line = getattr(getattr(problem, "problem_mark", None), "line", 0) + 1
            raise CannotEdit(self.file, line, "this is not YAML that can be changed here") from problem
        if not isinstance(root, MappingNode):
            raise CannotEdit(self.file, 1, "the file doesn't hold a mapping")
        self.text = text
        self._root = root
        self._layout = Layout(text, root)

    # --- looking -----------------------------------------------------------------------------------

    def has(self, path: Path) -> bool:
        """Return True if something stands at the path."""
        return self._find(path) is not None

    def data(self, path: Path = ()) -> Any:
        """Return what stands at the path, all scalars as their text; None if nothing does."""
        node = self._find(path)
        return None if node is None else data_of(node)

    def keys(self, path: Path = ()) -> list[str]:
        """Return the keys of the mapping at the path, in order; none if there is no mapping."""
        node = self._find(path)
        return _keys(node) if isinstance(node, MappingNode) else []

    def line(self, path: Path) -> int:
        """Return the line, counted from 1, on which the value at the path begins."""
        return int(self._node(path).start_mark.line) + 1

    def is_flow(self, path: Path) -> bool:
        """Return True if the list or mapping at the path is written in one line: ``[a, b]``."""
        return in_flow(self._find(path))

    def path_at(self, line: int, column: int) -> Path | None:
        """Return the way to the value that begins at a place, both counted from 1; None if none does."""
        waiting: list[tuple[Path, Node]] = [((), self._root)]
        while waiting:
            path, node = waiting.pop()
            if path and (node.start_mark.line + 1, node.start_mark.column + 1) == (line, column):
                return path
            if isinstance(node, MappingNode):
                waiting += [((*path, key.value), value) for key, value in node.value]
            elif isinstance(node, SequenceNode):
                waiting += [((*path, place), item) for place, item in enumerate(node.value)]
        return None

    def _find(self, path: Path) -> Node | None:
        node: Node | None = self._root
        for step in path:
            if isinstance(node, MappingNode):
                node = next((value for key, value in node.value if key.value == str(step)), None)
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                return None
        return node

    def _node(self, path: Path) -> Node:
        node = self._find(path)
        if node is None:
            raise KeyError(path)
        return node

    # --- changing ----------------------------------------------------------------------------------

    def set(self, path: Path, value: Value, *, order: Sequence[str] = ()) -> None:
        """Put the value under the last key of the path. What is there is replaced; what isn't is added.

        ``order`` is the order of keys in the schema: a new key stands behind the last of those that come before it.
        """
        *rest, step = path
        above, key = tuple(rest), str(step)
        if self._find(path) is not None:
            self.replace(path, value)
            return
        holder = self._node(above)
        if not isinstance(holder, MappingNode):
            raise CannotEdit(self.file, self.line(above), "a mapping was expected here")

        def wanted(data: Any) -> None:
            _reach(data, above)[key] = _plain(value)

        place = _place_in_order(_keys(holder), key, order)
        if in_flow(holder):
            point, text = self._layout.room_in_flow(holder, place, f"{scalar(key)}: {flow(value)}")
        else:
            point, text = self._room_for_key(path, holder, max(place, 1), value)
        self._splice(point, point, text, wanted)

    def insert(self, path: Path, value: Value, at: int | None = None, *, open_up: bool = False) -> None:
        """Put the value into the list at the path, before the item ``at``; at its end if that is None.

        A list that isn't there is made. ``[]`` stays on its line, unless ``open_up``.
        """
        node = self._find(path)
        if node is None:
            self.set(path, [value])
            return
        if not isinstance(node, SequenceNode):
            raise CannotEdit(self.file, self.line(path), "a list was expected here")
        count = len(node.value)
        position = count if at is None else min(at, count)
        if open_up and in_flow(node) and not count:
            self.replace(path, [value], shape=False)
            return

        def wanted(data: Any) -> None:
            _reach(data, path).insert(position, _plain(value))

        if in_flow(node):
            point, text = self._layout.room_in_flow(node, position, flow(value))
        else:
            point, text = self._room_for_item(path, node, position, value)
        self._splice(point, point, text, wanted)

    def remove(self, path: Path, *, keep_empty: bool = False) -> None:
        """Take the item or the key at the path away, with the comments that belong to it.

        A list or mapping that becomes empty by that goes with its key, or stays as ``[]`` or ``{}``: if it is written in
        one line, or with ``keep_empty``.
        """
        *rest, step = path
        above = tuple(rest)
        holder = self._node(above)
        place = _keys(holder).index(str(step)) if isinstance(holder, MappingNode) else int(step)

        def wanted(data: Any) -> None:
            del _reach(data, above)[step]

        if in_flow(holder):
            self._splice(*self._layout.span_in_flow(holder, place), "", wanted)
        elif len(holder.value) > 1:
            span = self._layout.item_span(holder, place)
            if span is None:
                raise CannotEdit(self.file, self.line(path), "this item doesn't begin on a line of its own")
            self._splice(*span, "", wanted)
        elif not above:
            raise CannotEdit(self.file, 1, "nothing would be left in this file")
        elif keep_empty or isinstance(above[-1], int):
            self.replace(above, [] if isinstance(holder, SequenceNode) else {}, shape=True)
        else:
            self.remove(above)

    def replace(self, path: Path, value: Value, *, shape: Shape = None) -> None:
        """Put another value in the place of the one at the path. A text keeps the kind of its quotes."""
        node = self._node(path)

        def wanted(data: Any) -> None:
            _reach(data, path[:-1])[path[-1]] = _plain(value)

        start, end = self._layout.start_of_value(node), self._layout.end(node)
        if (
            isinstance(value, str)
            and not isinstance(value, Sealed)
            and isinstance(node, ScalarNode)
            and node.style not in {"|", ">"}
        ):
            self._splice(start, end, scalar(value, quote=node.style or ""), wanted)
            return
        like = _Fixed(shape) if shape is not None else self._neighbours(path)
        within_flow = any(self.is_flow(path[:depth]) for depth in range(len(path)))
        rows = [flow(value)] if within_flow else lines(value, like, top=shape is False)
        holder_column = int(self._node(path[:-1]).start_mark.column)
        eol = self._layout.eol
        one_line = len(rows) == 1 and (isinstance(value, (str, int)) or rows[0][:1] in "[{")
        if isinstance(value, Sealed):
            text = (eol + " " * holder_column).join(rows)
        elif one_line or isinstance(path[-1], int):
            text = (eol + " " * self._layout.column(start)).join(rows)
        else:
            while self.text[start - 1] == " ":
                start -= 1
            text = "".join(eol + " " * (holder_column + 2) + row for row in rows)
        if self.text[start - 1] == ":" and not text.startswith(eol):
            text = " " + text
        self._splice(start, end, text, wanted)

    # --- comments ----------------------------------------------------------------------------------

    def remark(self, path: Path, text: str) -> None:
        """Put a comment at the end of the line on which the value at the path ends, unless one stands there."""
        point = self._layout.end(self._node(path))
        end = self._layout.line_end(point)
        if "#" not in self.text[point:end]:
            self._splice(end, end, f"  # {text}", _as_it_is)

    def note_below(self, path: Path, rows: Sequence[str]) -> None:
        """Put lines of comment below the mapping at the path, so that they belong to it."""
        node = self._node(path)
        if in_flow(node) or not rows:
            return
        holder = self._node(path[:-1])
        place = _keys(holder).index(str(path[-1])) if isinstance(holder, MappingNode) else int(path[-1])
        point = self._layout.item_end(holder, place)
        start = self._layout.eol + " " * node.start_mark.column
        self._splice(point, point, "".join(f"{start}# {row}" for row in rows), _as_it_is)

    # --- where something new goes --------------------------------------------------------------------

    def _room_for_key(self, path: Path, holder: MappingNode, place: int, value: Value) -> tuple[int, str]:
        rows = entry(str(path[-1]), value, self._neighbours(path), top=len(path) == 1)
        # Blank lines part the large keys of a file; the small ones inside of objects stand together.
        parted = len(path) == 1 and len(rows) > 1 and not isinstance(value, Sealed)
        if parted:
            parted = self._layout.parted(holder, place) is not False
        eol = self._layout.eol
        text = "".join(eol + " " * holder.start_mark.column + row for row in rows)
        return self._layout.item_end(holder, place - 1), eol + text if parted else text

    def _room_for_item(self, path: Path, node: SequenceNode, place: int, value: Value) -> tuple[int, str]:
        layout, column = self._layout, int(node.start_mark.column)
        rows = dashed(value, self._neighbours((*path, place)), top=len(path) == 1)
        parted = layout.parted(node, place)
        if parted is None:
            parted = len(path) == 1 and len(rows) > 1
        gap = layout.eol * (2 if parted else 1)
        body = layout.eol.join(" " * column + row for row in rows)
        if place:
            return layout.item_end(node, place - 1), gap + body
        if layout.indent(layout.item_start(node, 0)) != column:
            raise CannotEdit(self.file, self.line(path), "the list doesn't begin on a line of its own")
        return layout.above(node, 0), body + gap

    def _neighbours(self, path: Path) -> Like:
        """Return what stands beside a place, near first: the other items of its list, or those under the same key there."""
        for depth in range(len(path) - 1, -1, -1):
            place = path[depth]
            holder = self._find(path[:depth])
            if not isinstance(place, int) or not isinstance(holder, SequenceNode):
                continue
            like: Like = _Neighbours([*reversed(holder.value[:place]), *holder.value[place:]])
            for step in path[depth + 1 :]:
                like = like.item() if isinstance(step, int) else like.under(step)
            return like
        return ANYHOW

    # --- the splice --------------------------------------------------------------------------------

    def _splice(self, start: int, end: int, new: str, wanted: Callable[[Any], None]) -> None:
        """Change the text, and hold that it now says what was meant, and nothing else."""
        expected = data_of(self._root)
        wanted(expected)
        before, line = self.text, self.text.count("\n", 0, start) + 1
        try:
            self._read(self.text[:start] + new + self.text[end:])
        except CannotEdit as problem:
            self._read(before)
            raise CannotEdit(self.file, line, "the layout here is beyond what can be changed") from problem
        if data_of(self._root) != expected:
            self._read(before)
            raise CannotEdit(self.file, line, "the layout here is beyond what can be changed")


class _Fixed(Like):
    """The layout that is wanted for a value; what is inside of it may be as it fits best."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def shape(self, value: Value) -> Shape:
        del value
        return self._shape

    def under(self, key: str) -> Like:
        del key
        return ANYHOW

    def item(self) -> Like:
        return ANYHOW


class _Neighbours(Like):
    """What the nodes look like, the nearest first."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes

    def shape(self, value: Value) -> Shape:
        kind = MappingNode if isinstance(value, Mapping) else SequenceNode
        for node in self._nodes:
            if isinstance(node, kind) and node.value:
                return in_flow(node)
        return None

    def under(self, key: str) -> Like:
        pairs = [pair for node in self._nodes if isinstance(node, MappingNode) for pair in node.value]
        return _Neighbours([value for name, value in pairs if name.value == key])

    def item(self) -> Like:
        lists = [node for node in self._nodes if isinstance(node, SequenceNode)]
        return _Neighbours([item for node in lists for item in node.value])


def _as_it_is(data: Any) -> None:
    """Change nothing: a comment says nothing to a machine."""


def _keys(node: MappingNode) -> list[str]:
    return [key.value for key, _ in node.value]


def _place_in_order(present: Sequence[str], key: str, order: Sequence[str]) -> int:
    """Return the position of a new key among those present: behind the last that the order puts before it."""
    if key not in order:
        return len(present)
    before = set(order[: order.index(key)])
    return max((index + 1 for index, name in enumerate(present) if name in before), default=len(present))


def data_of(node: Node) -> Any:
    """Return what a node says, all scalars as their text."""
    if isinstance(node, MappingNode):
        return {key.value: data_of(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [data_of(item) for item in node.value]
    return node.value.rstrip("\n") if isinstance(node, ScalarNode) and node.style == "|" else node.value


def _plain(value: Value) -> Any:
    """Return a value as ``data_of`` would read it back."""
    if isinstance(value, Sealed):
        return "\n".join(value.split())
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return scalar(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value]


def _reach(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data
