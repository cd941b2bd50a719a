"""Render a site: the very text that Asterisk gets, with tokens where secrets go.

kelid render noor-clinic --output build/noor   write the files into a folder
kelid render noor-clinic --file pjsip.conf     print one of them
kelid render noor-clinic                       list them with their sizes
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from kelid import pipeline
from kelid.commands import options
from kelid.findings import Exit, KelidError

NAME = "render"
HELP = "render the text that Asterisk gets"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser)
    options.add_output(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="write the files there; other files there are refused",
    )
    what.add_argument("--file", metavar="NAME", help="print this file only")


def run(arguments: argparse.Namespace) -> Exit:
    """Render and write, print or list."""
    bundle = pipeline.check(options.sites_of(arguments), arguments.site).bundle
    if arguments.file:
        if arguments.file not in bundle.files:
            raise KelidError(
                f"there is no {arguments.file}; there are {', '.join(sorted(bundle.files))}", exit=Exit.USAGE
            )
        sys.stdout.write(bundle.files[arguments.file])
    elif arguments.output:
        _write(arguments.output, bundle.files)
        print(f"{len(bundle.files)} files in {arguments.output}", file=sys.stderr)
    if arguments.json:
        options.print_json(
            {
                "site": bundle.site,
                "asterisk": bundle.asterisk,
                "digest": bundle.digest,
                "files": dict(bundle.files),
                "media": [
                    {"source": item.source, "sha256": item.sha256, "name": item.name} for item in bundle.media
                ],
            }
        )
    elif not arguments.file and not arguments.output:
        for path, text in sorted(bundle.files.items()):
            print(f"{len(text.encode()):>8}  {path}")
        print(f"bundle {bundle.digest}")
    return Exit.OK


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = sorted(path.name for path in folder.iterdir() if path.name not in texts)
        if foreign:
            raise KelidError(
                f"{folder} holds other files ({', '.join(foreign[:3])}); name an empty folder or an earlier render",
                exit=Exit.REFUSED,
            )
        for path, text in texts.items():
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise KelidError(f"can't write {folder}: {problem.strerror}") from problem
