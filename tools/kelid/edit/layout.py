"""Where the parts of a YAML text begin and end, comments and blank lines reckoned in: nodes of ruamel's -> positions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode


@dataclass(frozen=True, slots=True)
class Layout:
    """A text and its positions. Positions count characters from 0; ``node`` is always one of the text's."""

    text: str
    root: Node

    @property
    def eol(self) -> str:
        """Return what ends a line in this file."""
        return "\r\n" if "\r\n" in self.text else "\n"

    # --- lines -------------------------------------------------------------------------------------

    def column(self, index: int) -> int:
        """Return how many characters stand before the position on its line."""
        return index - (self.text.rfind("\n", 0, index) + 1)

    def indent(self, index: int) -> int:
        """Return how far the line of the position is indented."""
        start = self.text.rfind("\n", 0, index) + 1
        row = self.text[start : self.line_end(start)]
        return len(row) - len(row.lstrip(" "))

    def line_end(self, index: int) -> int:
        """Return where the line of the position ends, before its break."""
        end = self.text.find("\n", index)
        if end < 0:
            return len(self.text)
        return end - 1 if end > index and self.text[end - 1] == "\r" else end

    def next_line(self, index: int) -> int:
        """Return the start of the line after that of the position."""
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def _before_break(self, index: int) -> int:
        """Return the end of the line before the one that begins at the position."""
        if self.text[:index].endswith("\r\n"):
            return index - 2
        return index - 1 if self.text[:index].endswith("\n") else index

    # --- nodes -------------------------------------------------------------------------------------

    def end(self, node: Node) -> int:
        """Return where the text of a node ends."""
        end = int(node.end_mark.index)
        if isinstance(node, ScalarNode):
            if node.style in {"|", ">"}:
                start = int(node.start_mark.index)
                return start + len(self.text[start:end].rstrip())
            return end
        if in_flow(node) or not node.value:
            return end
        last = node.value[-1]
        return self.end(last[1] if isinstance(node, MappingNode) else last)

    def start_of_value(self, node: Node) -> int:
        """Return where a value begins: a block under a key begins right behind the key's colon."""
        start = int(node.start_mark.index)
        if isinstance(node, ScalarNode) or in_flow(node):
            return start
        before = start
        while True:
            line_start = self.text.rfind("\n", 0, before) + 1
            if not _blank(self.text[line_start:before]):
                return start  # an item of a list, behind its dash
            previous = self.text[: max(line_start - 1, 0)].rstrip("\r\n")
            last = previous[previous.rfind("\n") + 1 :]
            if not _blank(last):
                return len(previous) - len(last) + len(last[: _comment(last)].rstrip())
            before = len(previous)

    # --- items of blocks: the entries of a mapping, the items of a list -------------------------------

    def item_start(self, node: Node, position: int) -> int:
        """Return where an item of a block begins: at its key, or at its dash."""
        if isinstance(node, MappingNode):
            return int(node.value[position][0].start_mark.index)
        column = int(node.start_mark.column)
        least = self.end(node.value[position - 1]) if position else int(node.start_mark.index)
        line_start = self.text.rfind("\n", 0, node.value[position].start_mark.index) + 1
        while line_start + column >= least:
            dash = line_start + column
            if self.text[dash : dash + 1] == "-" and self.text[dash + 1 : dash + 2] in {" ", "\n", "\r"}:
                return dash
            line_start = self.text.rfind("\n", 0, line_start - 1) + 1
        return int(node.start_mark.index)

    def item_end(self, node: Node, position: int) -> int:
        """Return where an item of a block ends: with its last line, or with the deeper comments that belong to it."""
        item = node.value[position]
        column = int(node.start_mark.column)
        end = point = self.line_end(self.end(item[1] if isinstance(node, MappingNode) else item))
        while point < len(self.text):
            start = self.next_line(point)
            point = self.line_end(start)
            row = self.text[start:point]
            if not row.strip():
                if point >= len(self.text):
                    break
                continue
            if not row.lstrip().startswith("#") or len(row) - len(row.lstrip()) <= column:
                break
            end = point
        return end

    def above(self, node: Node, position: int) -> int:
        """Return the start of the line with which an item begins: its own, or that of the comments right above it."""
        start = self.item_start(node, position)
        column = self.column(start)
        start -= column
        if position:
            least = self.item_end(node, position - 1)
        else:
            least = 0 if node is self.root else self.next_line(self.start_of_value(node))
        while start > least:
            line_start = self.text.rfind("\n", 0, start - 1) + 1
            row = self.text[line_start:start]
            deeper = len(row) - len(row.lstrip()) > column
            if line_start < least or deeper or not row.lstrip().startswith("#"):
                break
            start = line_start
        return start

    def item_span(self, node: Node, position: int) -> tuple[int, int] | None:
        """Return from where to where an item reaches that is to be cut out, with all that goes with it.

        None where it doesn't begin on a line of its own.
        """
        end = self.item_end(node, position)
        if position:
            start = self.above(node, position)
            while start > 0:  # the blank lines above
                line_start = self.text.rfind("\n", 0, start - 1) + 1
                if self.text[line_start:start].strip():
                    break
                start = line_start
            return self._before_break(start), end
        start = self.item_start(node, 0)
        if isinstance(node, MappingNode) and self.indent(start) != node.start_mark.column:
            return start, self.item_start(node, 1)  # the first key, behind a dash
        if self.indent(start) != self.column(start):
            return None
        end = self.next_line(end)
        while end < len(self.text) and not self.text[end : self.next_line(end)].strip():
            end = self.next_line(end)
        return start - self.column(start), end

    def parted(self, node: Node, position: int) -> bool | None:
        """Return whether blank lines part the items around the position; None if there is no pair of items there."""
        pairs = [place for place in (position, position - 1, position + 1) if 0 < place < len(node.value)]
        for place in pairs[:1] if isinstance(node, SequenceNode) else pairs:
            between = self.text[self.item_end(node, place - 1) : self.item_start(node, place)]
            if any(not row.strip() for row in between.split("\n")[1:-1]):
                return True
        return False if pairs else None

    # --- items of lists and mappings in one line -------------------------------------------------------

    def room_in_flow(self, node: Node, position: int, text: str) -> tuple[int, str]:
        """Return where to put which text, so that the given one becomes the item at the position."""
        spans = list(_spans(node))
        if not spans:
            return int(node.start_mark.index) + 1, text
        other = spans[position - 1] if position else spans[0]
        pair = (spans[position - 2], other) if position > 1 else tuple(spans[:2]) if not position else ()
        gap = " "
        if len(pair) == 2 and "\n" in self.text[pair[0][1] : pair[1][0]]:
            gap = self.eol + " " * self.column(other[0])
        return (other[1], f",{gap}{text}") if position else (other[0], f"{text},{gap}")

    def span_in_flow(self, node: Node, position: int) -> tuple[int, int]:
        """Return from where to where an item reaches that is to be cut out, with the comma before or behind it."""
        spans = list(_spans(node))
        start, end = spans[position]
        if position:
            return spans[position - 1][1], end
        return start, spans[1][0] if len(spans) > 1 else end


def in_flow(node: Node | None) -> bool:
    """Return True for a list or a mapping that is written in one line: ``[a, b]``."""
    return isinstance(node, CollectionNode) and bool(node.flow_style)


def _spans(node: Node) -> Iterator[tuple[int, int]]:
    for item in node.value:
        first, last = item if isinstance(node, MappingNode) else (item, item)
        yield int(first.start_mark.index), int(last.end_mark.index)


def _blank(row: str) -> bool:
    return not row.strip() or row.lstrip().startswith("#")


def _comment(row: str) -> int:
    """Return where the comment of a line that ends with a key begins; its length if it has none."""
    place = row.find(" #")
    return len(row) if place < 0 else place
