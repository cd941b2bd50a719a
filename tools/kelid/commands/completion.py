"""Print a script that completes kelid's commands, options, files and the names of sites in a shell.

  kelid completion bash > ~/.local/share/bash-completion/completions/kelid
  kelid completion zsh > ~/.zfunc/_kelid       with fpath+=(~/.zfunc) before compinit in ~/.zshrc
  kelid completion fish > ~/.config/fish/completions/kelid.fish

Sites are looked for where kelid does: in $KELID_SITES, else in ./sites. Print the script again after an update of kelid.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from kelid.findings import Exit

NAME = "completion"
HELP = "print a script that completes commands and sites in a shell"

_SITES = {
    "bash": "_kelid_sites",
    "zsh": "_kelid_sites",
    "fish": "(_kelid_sites)",
    "preamble": {
        "bash": """
_kelid_sites() {
  local path
  for path in "${KELID_SITES:-sites}"/*/site.yml; do
    path="${path%/site.yml}"
    [ -f "$path/site.yml" ] && compgen -W "${path##*/}" -- "$1"
  done
}""",
        "zsh": """
_kelid_sites() {
  local -a names
  names=(${KELID_SITES:-sites}/*/site.yml(N:h:t))
  compadd -a names
}""",
        "fish": """
function _kelid_sites
  set -l folder sites
  set -q KELID_SITES; and set folder $KELID_SITES
  for path in $folder/*/site.yml
    basename (dirname $path)
  end
end""",
    },
}
"""How each shell finds the names of sites, in its own language: no process of kelid is started for it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that reads the script")


def run(arguments: argparse.Namespace) -> Exit:
    """Print the script."""
    import shtab

    from kelid.commands import parser

    by_metavar = {"SITE": _SITES, "SITE|PLAN": _SITES, "FILE": shtab.FILE, "DIR": shtab.DIRECTORY}
    top = parser()
    for action in _actions(top):
        if action.metavar in by_metavar:
            action.complete = by_metavar[action.metavar]  # type: ignore[attr-defined]  # shtab's own way
    print(shtab.complete(top, arguments.shell))
    return Exit.OK


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every argument of a parser and of the parsers below it."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in dict.fromkeys(action.choices.values()):
                yield from _actions(below)
