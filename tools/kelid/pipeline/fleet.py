"""Many sites at once: checked or rendered in several processes, and only those that changed since the last time.

Each worker takes a handful of sites at a time and sends back what was found; the rendered files it writes itself.
"""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from kelid import pipeline
from kelid.findings import Exit, Finding, KelidError
from kelid.load import shown_folder
from kelid.model.record import EMPTY, Record
from kelid.pipeline.cache import Cache, Result, of_folder, today_at

MOST_AT_A_TIME = 16
"""Sites that a worker takes at a time: enough to make the way there cheap, few enough that all end together."""


class Task(Record):
    """What is asked of every site: ``output`` is the folder to render into, a folder for each site (None: only check)."""

    sites: Path
    output: Path | None = None
    password_file: Path | None = None
    today: date | None = None
    cache: Cache | None = None


class Outcome(Record):
    """What became of one site. ``problem``: why there is no result, or the result is not all; ``exit`` is its status."""

    name: str
    findings: tuple[Finding, ...] = ()
    digest: str = ""
    files: int = 0
    remembered: bool = False
    problem: str = ""
    exit: Exit = Exit.OK


def run(
    task: Task, names: Sequence[str], *, jobs: int = 0, of: Callable[[Task, str], Outcome] | None = None
) -> Iterator[Outcome]:
    """Given the names of sites, yield the outcome of each in their order.

    ``of`` makes it (left out: ``outcome``); ``jobs`` is how many processes share the work (0: as many as there are cores,
    and no more than the work is worth).
    """
    jobs = jobs or max(min(len(os.sched_getaffinity(0)), len(names) // 8), 1)
    chunk = max(min(MOST_AT_A_TIME, len(names) // (jobs * 4)), 1)
    chunks = [names[at : at + chunk] for at in range(0, len(names), chunk)]
    if jobs == 1 or len(chunks) == 1:
        for name in names:
            yield (of or outcome)(task, name)
    else:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        if (
            task.output is not None or of is not None
        ):  # what all workers need is imported once, before they part
            import kelid.compile
            import kelid.render  # noqa: F401
        gc.collect()
        gc.freeze()
        with ProcessPoolExecutor(min(jobs, len(chunks)), mp_context=get_context("fork")) as pool:
            try:
                for found in pool.map(partial(_chunk, task, of or outcome), chunks):
                    yield from found
            finally:
                pool.shutdown(cancel_futures=True)
                gc.unfreeze()
    if task.cache is not None:
        task.cache.prune()


def digest(task: Task, name: str) -> Outcome:
    """Return what a site renders to as a digest alone; with ``run``, that of many sites."""
    try:
        result = rendered(task.sites, name, task.cache)
    except KelidError as problem:
        return Outcome(name=name, findings=problem.findings, problem=str(problem), exit=problem.exit)
    return Outcome(name=name, findings=result.findings, digest=result.digest, files=len(result.files))


def rendered(sites: Path, name: str, cache: Cache | None = None) -> Result:
    """Return what a site renders to, remembered or fresh. Raise KelidError with all findings if it is not valid."""
    result, _ = _result(Task(sites=sites, output=sites, cache=cache), name)
    if not result.valid:
        raise KelidError(f"{name} is not valid", exit=Exit.INVALID, findings=result.findings)
    return result


def _chunk(task: Task, of: Callable[[Task, str], Outcome], names: Iterable[str]) -> list[Outcome]:
    # Sites hold no cycles worth a search of the whole heap every few hundred objects.
    gc.disable()
    found = [of(task, name) for name in names]
    gc.collect()
    return found


def outcome(task: Task, name: str) -> Outcome:
    """Check or render one site; what ends it becomes the outcome's problem."""
    try:
        result, remembered = _result(task, name)
        if task.output is None:
            return Outcome(name=name, findings=result.findings, remembered=remembered)
        if not result.valid:
            return Outcome(
                name=name, findings=result.findings, problem=f"{name} is not valid", exit=Exit.INVALID
            )
        write(task.output / name, result.files, result.sums)
    except KelidError as problem:
        return Outcome(name=name, findings=problem.findings, problem=str(problem), exit=problem.exit)
    return Outcome(name=name, digest=result.digest, files=len(result.files), remembered=remembered)


def _result(task: Task, name: str) -> tuple[Result, bool]:
    """Return the site's result, and whether it is from an earlier run.

    What the vault's password opens is judged anew each time, so that nothing on the disk hangs on it.
    """
    password = None
    if task.output is None:
        password = pipeline.find_password(task.sites, name, task.password_file)
    cache = task.cache if password is None else None
    place = task.sites / name
    before = of_folder(place) if cache else None
    if cache is None or before is None:
        return _fresh(task, name, password)[0], False
    key = cache.key(
        before[0],
        name,
        shown_folder(place),
        _sample(task.sites),
        "check" if task.output is None else "render",
    )
    remembered = cache.get(key, task.today)
    if remembered is not None:
        return remembered, True
    result, zone = _fresh(task, name, password)
    if zone and of_folder(place) == before:
        cache.put(key, task.today or today_at(zone), zone, result)
    return result, False


def _fresh(task: Task, name: str, password: bytes | None) -> tuple[Result, str]:
    """Return the result, and the site's time zone ("" where that can't be told)."""
    checked = pipeline.check(task.sites, name, password=password, today=task.today)
    site = checked.loaded.site
    zone = site.time_zone if site is not None and pipeline.knows_zone(site.time_zone) else ""
    if task.output is None or not checked.valid:
        return Result(valid=checked.valid, findings=checked.findings), zone
    bundle = checked.bundle
    files = {path: text.encode() for path, text in bundle.files.items()}
    return Result(valid=True, findings=checked.findings, files=files, digest=bundle.digest), zone


def _sample(sites: Path) -> str:
    """Return what stands in the samples' password file: a site that is no sample must not be sealed with that."""
    try:
        return (sites / pipeline.SAMPLE_PASSWORD).read_bytes().hex()
    except OSError:
        return ""


def write(folder: Path, files: Mapping[str, bytes], sums: Mapping[str, str] = EMPTY) -> None:
    """Write a rendered site into a folder of its own; a file that is there with the same bytes is left as it is.

    ``sums`` has the SHA-256 of files of which it is known. Raise KelidError where other files lie there, or it can't
    be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = sorted(set(os.listdir(folder)) - files.keys())  # noqa: PTH208  (a Path for each costs time)
        if foreign:
            raise KelidError(
                f"{folder} holds other files ({', '.join(foreign[:3])}); name an empty folder or an earlier render",
                exit=Exit.REFUSED,
            )
        for path in files:
            body = _read(f"{folder}/{path}")
            total = sums.get(path)
            if body is None or (
                body != files[path] if total is None else hashlib.sha256(body).hexdigest() != total
            ):
                (folder / path).write_bytes(files[path])
    except OSError as problem:
        raise KelidError(f"can't write {folder}: {problem.strerror}") from problem


def _read(path: str) -> bytes | None:
    """Return what is in a file, None where it can't be read."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        size = os.fstat(handle).st_size
        body = os.read(handle, size + 1)
        return body if len(body) == size else None
    finally:
        os.close(handle)
