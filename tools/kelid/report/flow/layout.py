"""Where the boxes of a call flow stand: in layers along the way of a call, with as few crossings as a few sweeps find.

The method is Sugiyama's: ways that go back are taken out (the picture names where they lead), every box stands one layer
behind the last that leads to it, long ways get a place in each layer that they pass, layers are sorted by the middle of
their neighbours, and heights are fitted to neighbours by isotonic regression, which keeps the order and the distances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

ROW = 20.0
"""Height of a row of ways out, in pixels, as all lengths here."""

GAP = 18.0
"""Between two boxes of a layer."""

ROOM = 46.0
"""Between the end of a way's words and the next layer, for the curve."""

BETWEEN = 40.0
"""Between parts of the picture that no way joins."""

_SWEEPS = 10


class Size(NamedTuple):
    """What a box needs: its width and height, and for each row of ways out the width of its words and the target."""

    width: float
    height: float
    rows: tuple[tuple[float, str], ...]


class Spot(NamedTuple):
    """Where a box stands: left upper corner, width and height."""

    x: float
    y: float
    width: float
    height: float


class Way(NamedTuple):
    """The line of one row: points, two for each layer that it passes; () for a way back, which is only named."""

    source: str
    row: int
    target: str
    points: tuple[tuple[float, float], ...]


class Layout(NamedTuple):
    """The whole picture; ``spots`` by key."""

    width: float
    height: float
    spots: Mapping[str, Spot]
    ways: tuple[Way, ...]


class _Dot:
    """A box, or the place where a long way passes a layer."""

    __slots__ = ("above", "below", "height", "key", "layer", "order", "y")

    def __init__(self, key: str, layer: int, height: float) -> None:
        self.key = key
        self.layer = layer
        self.height = height
        self.order = 0.0
        self.y = 0.0
        """Of the middle."""
        self.above: list[tuple[_Dot, float]] = []
        """What leads here: from the layer before, with the distance of its port from its middle."""
        self.below: list[tuple[_Dot, float]] = []
        """Where it leads, with the distance of the port from its own middle."""


def port(size: Size, row: int) -> float:
    """Return how far below the middle of a box the line of a row begins."""
    return (row - (len(size.rows) - 1) / 2) * ROW


def layout(sizes: Mapping[str, Size]) -> Layout:
    """Given the boxes in the order in which calls come to them, return where they stand.

    The same boxes give the same picture.
    """
    back = _ways_back(sizes)
    spots: dict[str, Spot] = {}
    ways: list[Way] = []
    top, width = 0.0, 0.0
    for part in _parts(sizes):
        inner, lines, right, bottom = _part(sizes, part, back, top)
        spots |= inner
        ways += lines
        width, top = max(width, right), bottom + BETWEEN
    return Layout(width, max(0.0, top - BETWEEN), spots, tuple(ways))


def _ways_back(sizes: Mapping[str, Size]) -> set[tuple[str, int]]:
    """Return the rows (key, index) that lead back to where a call has been on the way there."""
    back: set[tuple[str, int]] = set()
    done: set[str] = set()
    for start in sizes:
        if start in done:
            continue
        on_the_way: set[str] = {start}
        stack = [(start, iter(enumerate(sizes[start].rows)))]
        while stack:
            key, rows = stack[-1]
            for index, (_, target) in rows:
                if target in on_the_way:
                    back.add((key, index))
                elif target not in done:
                    on_the_way.add(target)
                    stack.append((target, iter(enumerate(sizes[target].rows))))
                    break
            else:
                stack.pop()
                on_the_way.discard(key)
                done.add(key)
    return back


def _parts(sizes: Mapping[str, Size]) -> list[list[str]]:
    """Return the boxes that are joined by ways, part by part, in their order."""
    leader = {key: key for key in sizes}

    def find(key: str) -> str:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for key, size in sizes.items():
        for _, target in size.rows:
            leader[find(target)] = find(key)
    parts: dict[str, list[str]] = {}
    for key in sizes:
        parts.setdefault(find(key), []).append(key)
    return list(parts.values())


def _part(
    sizes: Mapping[str, Size], keys: Sequence[str], back: set[tuple[str, int]], top: float
) -> tuple[dict[str, Spot], list[Way], float, float]:
    """Return spots and ways of one part, and its right and bottom edge."""
    depth = _depths(sizes, keys, back)
    dots = {key: _Dot(key, depth[key], sizes[key].height) for key in keys}
    layers: list[list[_Dot]] = [[] for _ in range(max(depth.values()) + 1)]
    for key in keys:
        layers[depth[key]].append(dots[key])
    chains: dict[tuple[str, int], list[_Dot]] = {}
    for key in keys:
        for index, (_, target) in enumerate(sizes[key].rows):
            if (key, index) in back:
                continue
            chain = [dots[key]]
            for layer in range(depth[key] + 1, depth[target]):
                dot = _Dot("", layer, ROW * 0.6)
                layers[layer].append(dot)
                chain.append(dot)
            chain.append(dots[target])
            for before, after in pairwise(chain):
                offset = port(sizes[key], index) if before.key else 0.0
                before.below.append((after, offset))
                after.above.append((before, offset))
            chains[key, index] = chain
    _sort(layers)
    _heights(layers)
    lift = top - min(dot.y - dot.height / 2 for layer in layers for dot in layer)
    widths = [max((sizes[dot.key].width for dot in layer if dot.key), default=0.0) for layer in layers]
    lefts = _lefts(sizes, layers, widths)
    spots = {
        dot.key: Spot(lefts[n], dot.y - dot.height / 2 + lift, widths[n], dot.height)
        for n, layer in enumerate(layers)
        for dot in layer
        if dot.key
    }
    ways = []
    for key in keys:
        for index, (words, target) in enumerate(sizes[key].rows):
            start = (lefts[depth[key]] + widths[depth[key]], dots[key].y + lift + port(sizes[key], index))
            points = [start, (start[0] + words, start[1])]
            for dot in chains.get((key, index), ())[1:-1]:
                left, y = lefts[dot.layer], dot.y + lift
                points += [(left, y), (left + widths[dot.layer] + ROOM / 2, y)]
            if (key, index) not in back:
                points.append((lefts[depth[target]], dots[target].y + lift))
            ways.append(Way(key, index, target, tuple(points)))
    right = max([spot.x + spot.width for spot in spots.values()] + [way.points[1][0] for way in ways])
    bottom = max(dot.y + dot.height / 2 for layer in layers for dot in layer) + lift
    return spots, ways, right, bottom


def _depths(sizes: Mapping[str, Size], keys: Sequence[str], back: set[tuple[str, int]]) -> dict[str, int]:
    """Return the layer of every box: one behind the last that leads to it."""
    leads: dict[str, list[str]] = {
        key: [target for index, (_, target) in enumerate(sizes[key].rows) if (key, index) not in back]
        for key in keys
    }
    waits = dict.fromkeys(keys, 0)
    for targets in leads.values():
        for target in targets:
            waits[target] += 1
    depth = dict.fromkeys(keys, 0)
    ready = [key for key in keys if not waits[key]]
    for key in ready:
        for target in leads[key]:
            depth[target] = max(depth[target], depth[key] + 1)
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    return depth


def _sort(layers: list[list[_Dot]]) -> None:
    """Sort each layer by the middle of its neighbours, forth and back, and keep the best of what is seen."""
    for layer in layers:
        for index, dot in enumerate(layer):
            dot.order = index
    best, fewest = [list(layer) for layer in layers], _crossings(layers)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for layer in layers[1:] if forth else layers[-2::-1]:
            places = {id(dot): _middle(dot.above if forth else dot.below, dot, forth=forth) for dot in layer}
            layer.sort(key=lambda dot: (places[id(dot)], dot.order))
            for index, dot in enumerate(layer):
                dot.order = index
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    for index, layer in enumerate(best):
        layers[index] = layer
        for order, dot in enumerate(layer):
            dot.order = order


def _middle(neighbours: Sequence[tuple[_Dot, float]], dot: _Dot, *, forth: bool) -> float:
    if not neighbours:
        return dot.order
    if forth:  # where its ways begin: rows of one box count too, a little
        return sum(other.order + offset / 1000 for other, offset in neighbours) / len(neighbours)
    return sum(other.order for other, _ in neighbours) / len(neighbours)


def _crossings(layers: Iterable[list[_Dot]]) -> int:
    """Return how many pairs of ways cross between neighbouring layers."""
    total = 0
    for layer in layers:
        ends = [
            (dot.order, offset, after.order)
            for dot in layer
            for after, offset in sorted(dot.below, key=lambda pair: pair[1])
        ]
        ends.sort()
        targets = [end for _, _, end in ends]
        total += _inversions(targets)
    return total


def _inversions(values: list[float]) -> int:
    """Return how many pairs stand in the wrong order (merge sort)."""
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    left, right = values[:middle], values[middle:]
    count = _inversions(left) + _inversions(right)
    merged, i = [], 0
    for value in right:
        while i < len(left) and left[i] <= value:
            merged.append(left[i])
            i += 1
        count += len(left) - i
        merged.append(value)
    values[:] = merged + left[i:]
    return count


def _heights(layers: list[list[_Dot]]) -> None:
    """Give each dot a height near its neighbours'."""
    for layer in layers:
        y = 0.0
        for dot in layer:
            dot.y = y + dot.height / 2
            y += dot.height + GAP
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for layer in layers if forth else layers[::-1]:
            wanted = [_wanted(dot, forth=forth) for dot in layer]
            for dot, y in zip(layer, _spread(layer, wanted), strict=True):
                dot.y = y


def _wanted(dot: _Dot, *, forth: bool) -> float:
    near = (
        [other.y + offset for other, offset in dot.above]
        if forth
        else [other.y - offset for other, offset in dot.below]
    )
    return sum(near) / len(near) if near else dot.y


def _spread(layer: Sequence[_Dot], wanted: Sequence[float]) -> list[float]:
    """Return the heights nearest to those wanted (least squares) that keep order and distance."""
    offsets, total = [], 0.0
    for index, dot in enumerate(layer):
        if index:
            total += (layer[index - 1].height + dot.height) / 2 + GAP
        offsets.append(total)
    blocks: list[list[float]] = []  # [sum, number]
    for value, offset in zip(wanted, offsets, strict=True):
        blocks.append([value - offset, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            last = blocks.pop()
            blocks[-1][0] += last[0]
            blocks[-1][1] += last[1]
    means = [block[0] / block[1] for block in blocks for _ in range(int(block[1]))]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _lefts(
    sizes: Mapping[str, Size], layers: Sequence[Sequence[_Dot]], widths: Sequence[float]
) -> list[float]:
    """Return the left edge of each layer: behind the words of the ways out of the layer before."""
    lefts, x = [], 0.0
    for layer, width in zip(layers, widths, strict=True):
        lefts.append(x)
        words = [row[0] for dot in layer if dot.key for row in sizes[dot.key].rows]
        x += width + max(words, default=0.0) + ROOM
    return lefts
