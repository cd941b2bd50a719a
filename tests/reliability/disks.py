"""A disk in memory, and all that it may hold after the power went away.

A program's system calls are read from strace's record as operations on names, contents and owners, in their order. What was
not followed by an fsync of its file (contents, owner, mode) or of its folder (names) may be lost:

- a file system with a journal keeps names in their order, and loses contents that were not synced;
- one without order may lose any of them. Of these all states are made in which one operation alone is lost, one alone is
  kept, none is kept, and some by chance.

The model knows nothing of kelid.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

UMASK = 0o027
"""The agent's own."""

_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
_LINE = re.compile(rb"^(\w+)\((.*)\)\s+= (-?\d+)")
_HANDLE = re.compile(rb"^(AT_FDCWD|-?\d+)(?:<.*>(?:\(deleted\))?)?$", re.S)


class ImpossibleError(Exception):
    """No disk can be in this state: what an operation works on isn't there."""


@dataclass(frozen=True)
class Node:
    """A folder, file or link with its owner and mode. ``names`` are a folder's, by node number."""

    kind: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    data: bytes = b""
    target: str = ""
    names: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Op:
    """One thing that a system call does to the disk.

    ``what`` is name (``node`` gets a name in ``folder``), unname, move (from ``folder``/``name`` to ``to``/``to_name``), data
    (bytes at an offset), cut (to a size), owner, mode, or sync.
    """

    what: str
    node: int = 0
    folder: int = 0
    name: str = ""
    to: int = 0
    to_name: str = ""
    offset: int = 0
    data: bytes = b""
    value: tuple[int, int] = (0, 0)
    made: Node | None = None

    @property
    def is_name(self) -> bool:
        """Return whether it changes what folders hold."""
        return self.what in {"name", "unname", "move"}

    def synced_by(self, node: int) -> bool:
        """Return whether an fsync of that node makes it last."""
        if self.what == "move":
            return node in (self.folder, self.to)
        return node == (self.folder if self.is_name else self.node)


@dataclass
class Disk:
    """The nodes of a disk by number; 0 is the top folder."""

    nodes: dict[int, Node] = field(default_factory=dict)

    def copy(self) -> Disk:
        """Return a disk of its own; nodes are never changed in place."""
        return Disk(dict(self.nodes))

    def apply(self, op: Op) -> None:
        """Do an operation. Raise ImpossibleError where what it works on isn't there."""
        if op.what == "sync":
            return
        if op.what in {"data", "cut", "owner", "mode"}:
            node = self.nodes.get(op.node)
            if node is None:
                raise ImpossibleError
            if op.what == "data":
                data = node.data.ljust(op.offset, b"\0")
                node = replace(node, data=data[: op.offset] + op.data + data[op.offset + len(op.data) :])
            elif op.what == "cut":
                node = replace(node, data=node.data[: op.value[0]])
            elif op.what == "mode":
                node = replace(node, mode=op.value[0])
            else:
                node = replace(node, uid=op.value[0], gid=op.value[1])
            self.nodes[op.node] = node
            return
        folder = self.nodes.get(op.folder)
        if folder is None:
            raise ImpossibleError
        names = dict(folder.names)
        if op.what == "name":
            names[op.name] = op.node
            if op.node not in self.nodes and op.made is not None:
                self.nodes[op.node] = op.made
        elif op.name not in names:
            raise ImpossibleError
        else:
            moved = names.pop(op.name)
            if op.what == "move":
                if op.to == op.folder:
                    names[op.to_name] = moved
                else:
                    to = self.nodes.get(op.to)
                    if to is None:
                        raise ImpossibleError
                    self.nodes[op.to] = replace(to, names={**to.names, op.to_name: moved})
        self.nodes[op.folder] = replace(self.nodes[op.folder], names=names)

    def find(self, path: str, start: int = 0) -> int:
        """Return the node at a path below a folder. Raise ImpossibleError where there is none."""
        number = start
        for part in path.split("/"):
            if part in {"", "."}:
                continue
            node = self.nodes[number]
            if node.kind != "folder" or part not in node.names:
                raise ImpossibleError
            number = node.names[part]
        return number

    def walk(self, number: int = 0, above: str = "") -> Iterator[tuple[str, Node]]:
        """Yield all paths and nodes below a folder."""
        for name, child in sorted(self.nodes[number].names.items()):
            node = self.nodes[child]
            path = f"{above}{name}"
            yield path, node
            if node.kind == "folder":
                yield from self.walk(child, path + "/")

    @classmethod
    def read(cls, top: Path) -> Disk:
        """Return what a folder holds."""
        disk = cls()

        def take(path: Path) -> int:
            number = len(disk.nodes)
            about = path.lstat()
            common = {"mode": stat.S_IMODE(about.st_mode), "uid": about.st_uid, "gid": about.st_gid}
            if path.is_symlink():
                disk.nodes[number] = Node("link", **common, target=str(path.readlink()))
            elif path.is_dir():
                disk.nodes[number] = Node("folder", **common)
                names = {child.name: take(child) for child in sorted(path.iterdir())}
                disk.nodes[number] = replace(disk.nodes[number], names=names)
            else:
                disk.nodes[number] = Node("file", **common, data=path.read_bytes())
            return number

        take(top)
        return disk

    def write(self, top: Path) -> None:
        """Write the disk to an empty folder."""
        os.chown(top, self.nodes[0].uid, self.nodes[0].gid)
        top.chmod(self.nodes[0].mode)
        for path, node in self.walk():
            place = top / path
            if node.kind == "folder":
                place.mkdir()
            elif node.kind == "link":
                place.symlink_to(node.target)
            else:
                place.write_bytes(node.data)
            os.chown(place, node.uid, node.gid, follow_symlinks=False)
            if node.kind != "link":
                place.chmod(node.mode)

    def shown(self, scratch: re.Pattern[str], number: int = 0, above: str = "") -> set[int]:
        """Return the numbers of the nodes outside of what matches ``scratch``."""
        found = set()
        for name, child in self.nodes[number].names.items():
            if not scratch.match(above + name):
                found.add(child)
                if self.nodes[child].kind == "folder":
                    found |= self.shown(scratch, child, f"{above}{name}/")
        return found

    def digest(self, scratch: re.Pattern[str]) -> str:
        """Return a digest of all that it holds; of what matches ``scratch`` only the name, not what is in it."""
        total = hashlib.sha256()
        skip = ""
        for path, node in self.walk():
            if skip and path.startswith(skip):
                continue
            skip = ""
            if scratch.match(path):
                skip = path + "/"
                total.update(f"{path}\0".encode())
                continue
            total.update(
                f"{path}\0{node.kind}\0{node.mode:o}\0{node.uid}\0{node.gid}\0{node.target}\0".encode()
            )
            total.update(_sha256(node.data))
        return total.hexdigest()


@lru_cache(maxsize=10_000)
def _sha256(data: bytes) -> bytes:
    """Return the digest of a file's bytes; the same few thousand are asked for again and again."""
    return hashlib.sha256(data).digest()


# -- from strace's record


class Recorder:
    """Reads strace's records of one program after another (``-y -xx -s`` large), as operations on a disk that it follows."""

    def __init__(self, disk: Disk, top: str) -> None:
        """Given the disk before, and the path of its top folder."""
        self.disk = disk.copy()
        self.top = top.rstrip("/")
        self.ops: list[Op] = []
        self._next = max(disk.nodes) + 1

    def read(self, record: bytes) -> None:
        """Take one program's record."""
        handles: dict[int, list[int]] = {}
        for line in record.splitlines():
            match = _LINE.match(line)
            if match and int(match[3]) >= 0:
                # What another program made (a staged Asterisk's log) isn't in the record, and isn't followed.
                with contextlib.suppress(ImpossibleError):
                    self._take(match[1].decode(), arguments(match[2]), int(match[3]), handles)

    def _do(self, op: Op) -> None:
        self.disk.apply(op)
        self.ops.append(op)

    def _place(self, handle: str, path: str, handles: Mapping[int, Sequence[int]]) -> tuple[int, str] | None:
        """Return folder and name of a path, None where it isn't on this disk."""
        if path.startswith("/"):
            if not path.startswith(self.top + "/"):
                return None
            start, path = 0, path[len(self.top) + 1 :]
        elif handle.isdigit() and int(handle) in handles:
            start = handles[int(handle)][0]
        else:
            return None
        above, _, name = path.rpartition("/")
        return self.disk.find(above, start), name

    def _node(self, handle: str, path: str, handles: Mapping[int, Sequence[int]]) -> int | None:
        """Return the node at a path, None where it isn't on this disk."""
        if path == self.top:
            return 0
        place = self._place(handle, path, handles)
        return None if place is None else self.disk.find(place[1], place[0])

    def _fresh(self, place: tuple[int, str], made: Node) -> int:
        number, self._next = self._next, self._next + 1
        self._do(Op("name", number, place[0], place[1], made=made))
        return number

    def _take(self, call: str, words: list[str], result: int, handles: dict[int, list[int]]) -> None:
        """Follow one system call."""
        at = "AT_FDCWD"
        if call in {"openat", "open", "creat"}:
            where, path, flags, *mode = words if call == "openat" else (at, *words)
            handles.pop(result, None)
            if path == self.top:
                handles[result] = [0, 0]
                return
            place = self._place(where, path, handles)
            if place is None:
                return
            folder = self.disk.nodes[place[0]]
            if place[1] not in folder.names and "O_CREAT" not in flags:
                return
            if place[1] not in folder.names:
                number = self._fresh(place, Node("file", mode=int(mode[0], 8) & ~UMASK))
            else:
                number = folder.names[place[1]]
                if "O_TRUNC" in flags and self.disk.nodes[number].data:
                    self._do(Op("cut", number))
            handles[result] = [number, len(self.disk.nodes[number].data) if "O_APPEND" in flags else 0]
        elif call in {"write", "pwrite64"}:
            handle = handles.get(int(words[0])) if words[0].isdigit() else None
            if handle is not None:
                data = words[1].encode("latin-1")[:result]
                offset = int(words[3]) if call == "pwrite64" else handle[1]
                self._do(Op("data", handle[0], offset=offset, data=data))
                handle[1] = offset + result
        elif call in {"copy_file_range", "sendfile"}:
            source, target = (words[0], words[2]) if call == "copy_file_range" else (words[1], words[0])
            one, other = handles.get(int(source)), handles.get(int(target))
            if one is not None and other is not None and result:
                data = self.disk.nodes[one[0]].data[one[1] : one[1] + result]
                self._do(Op("data", other[0], offset=other[1], data=data))
                one[1] += result
                other[1] += result
        elif call in {"fsync", "fdatasync"}:
            handle = handles.get(int(words[0]))
            if handle is not None:
                self._do(Op("sync", handle[0]))
        elif call in {"mkdir", "mkdirat"}:
            where, path, mode_word = words if call == "mkdirat" else (at, *words)
            place = self._place(where, path, handles)
            if place is not None:
                self._fresh(place, Node("folder", mode=int(mode_word, 8) & ~UMASK))
        elif call in {"symlink", "symlinkat"}:
            target, where, path = words if call == "symlinkat" else (words[0], at, words[1])
            place = self._place(where, path, handles)
            if place is not None:
                self._fresh(place, Node("link", mode=0o777, target=target))
        elif call in {"unlink", "unlinkat", "rmdir"}:
            where, path = words[:2] if call == "unlinkat" else (at, words[0])
            place = self._place(where, path, handles)
            if place is not None:
                self._do(Op("unname", folder=place[0], name=place[1]))
        elif call.startswith("rename"):
            if call == "rename":
                words = [at, words[0], at, words[1]]
            one_place = self._place(words[0], words[1], handles)
            other_place = self._place(words[2], words[3], handles)
            if one_place is not None and other_place is not None:
                self._do(Op("move", 0, *one_place, *other_place))
            elif one_place is not None or other_place is not None:
                raise ValueError(f"{call} from one disk to another")
        elif call in {"chmod", "fchmodat"}:
            where, path, mode_word = words[:3] if call == "fchmodat" else (at, *words[:2])
            self._about("mode", self._node(where, path, handles), (int(mode_word, 8), 0))
        elif call == "fchmod":
            self._about("mode", handles.get(int(words[0]), [None])[0], (int(words[1], 8), 0))
        elif call in {"chown", "lchown", "fchownat"}:
            where, path, uid, gid = words[:4] if call == "fchownat" else (at, *words[:3])
            self._about("owner", self._node(where, path, handles), (int(uid), int(gid)))
        elif call == "fchown":
            self._about("owner", handles.get(int(words[0]), [None])[0], (int(words[1]), int(words[2])))
        elif call == "close":
            handles.pop(int(words[0]), None)
        elif call in {"ftruncate", "truncate"}:
            number = (
                handles.get(int(words[0]), [None])[0]
                if call == "ftruncate"
                else self._node(at, words[0], handles)
            )
            self._about("cut", number, (int(words[1]), 0))

    def _about(self, what: str, number: int | None, value: tuple[int, int]) -> None:
        """Do something to a node, where it is on this disk."""
        if number is not None:
            self._do(Op(what, number, value=value))


def arguments(text: bytes) -> list[str]:
    """Given what stands between a call's parentheses, return its words: strings by their bytes (latin-1), handles by number."""
    words = []
    for part in text.split(b", "):
        if part.startswith(b'"'):
            words.append(_ESCAPED.sub(lambda m: bytes([int(m[1], 16)]), part.strip(b'"')).decode("latin-1"))
            continue
        handle = _HANDLE.match(part)
        words.append((handle[1] if handle else part).decode("latin-1"))
    return words


# -- what may be left


@dataclass(frozen=True)
class State:
    """What a disk may hold after the power went away just after operation number ``moment`` (from 0; -1: before the first)."""

    moment: int
    how: str
    disk: Disk
    digest: str


def lasts_from(ops: Sequence[Op]) -> list[int]:
    """Return, for each operation, the number of the first sync after which no power cut can lose it; one too many for never."""
    never = len(ops)
    found = [never] * len(ops)
    syncs = [number for number, op in enumerate(ops) if op.what == "sync"]
    for number, op in enumerate(ops):
        found[number] = next(
            (sync for sync in syncs if sync > number and op.synced_by(ops[sync].node)), never
        )
    return found


class Replay:
    """The operations on a disk, and all disks on the way; any choice of operations is replayed from the nearest of those."""

    def __init__(self, base: Disk, ops: Sequence[Op], scratch: re.Pattern[str]) -> None:
        """Given the disk before, what was done to it, and what of it counts by its name alone."""
        self.ops, self.scratch = ops, scratch
        self.lasts = lasts_from(ops)
        self.way = [base]
        for op in ops:
            self.way.append(self.way[-1].copy())
            self.way[-1].apply(op)
        self.shown = {0}.union(*(disk.shown(scratch) for disk in self.way))

    def counts(self, op: Op) -> bool:
        """Return whether an operation concerns something that is ever outside of scratch."""
        if op.is_name:
            concerned = {
                op.folder,
                op.node if op.what == "name" else op.folder,
                op.to if op.what == "move" else op.folder,
            }
            return bool(concerned & self.shown)
        return op.node in self.shown

    def state(self, moment: int, how: str, kept: set[int]) -> State | None:
        """Return the disk that holds those operations only, in their order; None where there can be no such disk."""
        start = next((n for n in range(moment + 1) if n not in kept), moment + 1)
        disk = self.way[start].copy()
        try:
            for number in range(start, moment + 1):
                if number in kept:
                    disk.apply(self.ops[number])
        except ImpossibleError:
            return None
        return State(moment, how, disk, disk.digest(self.scratch))

    def in_order(self) -> Iterator[State]:
        """Yield what a file system that keeps names in order may hold: after each operation, with and without unsynced contents."""
        for moment in range(-1, len(self.ops)):
            so_far = set(range(moment + 1))
            unsynced = {n for n in so_far if self.ops[n].what in {"data", "cut"} and self.lasts[n] > moment}
            for how, kept in (("all", so_far), ("no unsynced contents", so_far - unsynced)):
                state = self.state(moment, how, kept)
                if state is not None:
                    yield state

    def without_order(self, chance: random.Random, draws: int) -> Iterator[State]:
        """Yield what a file system that keeps no order may hold: just before and after each sync and each move that counts."""
        moments = {
            n for n, op in enumerate(self.ops) if op.what in {"sync", "move", "unname"} and self.counts(op)
        }
        moments |= {n - 1 for n in moments if n} | {len(self.ops) - 1}
        for moment in sorted(moments):
            so_far = range(moment + 1)
            loose = {n for n in so_far if self.lasts[n] > moment and self.ops[n].what != "sync"}
            lasts = set(so_far) - loose
            telling = sorted(n for n in loose if self.counts(self.ops[n]))
            choices: list[tuple[str, set[int]]] = [("none", set())]
            choices += [(f"only {n}", {n}) for n in telling]
            choices += [(f"all but {n}", loose - {n}) for n in telling]
            choices += [
                (f"by chance {draw}", {n for n in loose if chance.random() < 0.5}) for draw in range(draws)
            ]
            for how, kept in choices:
                state = self.state(moment, how, lasts | kept)
                if state is not None:
                    yield state
