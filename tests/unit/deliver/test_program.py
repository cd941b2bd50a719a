"""Programs for servers: a package of modules becomes one file that runs, with the same bytes for the same source."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kelid.deliver.program import SHEBANG, program


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a package of two modules that answers with its arguments and exits 3."""
    folder = tmp_path / "source" / "parrot"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "words.py").write_text(
        "import sys\n\n\ndef said() -> str:\n    return ' '.join(sys.argv[1:])\n"
    )
    (folder / "__main__.py").write_text(
        "from .words import said\n\n\ndef main() -> int:\n    print(said())\n    return 3\n"
    )
    return folder


def test_the_program_runs_as_one_file(package: Path, tmp_path: Path) -> None:
    """Modules import one another, arguments arrive, and the exit status is main's."""
    path = tmp_path / "parrot"
    path.write_bytes(program(package))
    path.chmod(0o755)
    done = subprocess.run([path, "good", "day"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "good day\n", "")
    assert path.read_bytes().startswith(SHEBANG)


def test_only_the_source_makes_the_bytes(package: Path) -> None:
    """Neither times, modes and caches nor the order of names change the program; a changed line does."""
    first = program(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "words.cpython-39.pyc").write_bytes(b"cache")
    os.utime(package / "words.py", (0, 0))
    (package / "words.py").chmod(0o600)
    assert program(package) == first
    (package / "words.py").write_text("def said() -> str:\n    return 'no'\n")
    assert program(package) != first


def test_a_folder_that_is_no_program_is_refused(tmp_path: Path) -> None:
    """Nothing goes to a server that couldn't start there."""
    with pytest.raises(FileNotFoundError, match="__main__"):
        program(tmp_path)


def test_a_quick_answer_needs_nothing_of_the_rest(package: Path, tmp_path: Path) -> None:
    """``quick.py`` is asked first, and only it loads the rest."""
    (package / "quick.py").write_text(
        "import sys\n\n\ndef main() -> int:\n    print('quick')\n"
        "    assert 'parrot.__main__' not in sys.modules\n    return 0\n"
    )
    path = tmp_path / "parrot"
    path.write_bytes(program(package))
    path.chmod(0o755)

    done = subprocess.run([path, "good"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "quick\n", "")
