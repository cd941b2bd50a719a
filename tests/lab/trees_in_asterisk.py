"""Run on a PBX host: load configuration folders, one after the other, each in an Asterisk of its own, and tell what it has.

Standard input, one JSON object: ``trees`` (name -> path -> base64 of the file) and ``commands`` (for ``asterisk -rx``).
Standard output: name -> ``answers`` (command -> text) and ``log`` (its lines); bytes that are no UTF-8 are surrogates.
Python 3.9 and the standard library only: it runs on Debian 11 too.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

LIMIT = 30
"""Seconds for anything that takes part of one."""
MODULES = "[modules]\nautoload = no\nload = pbx_config.so\n"
LOGGER = "[general]\n[logfiles]\nmessages.log => notice,warning,error\n"


def text(data):
    """Return what Asterisk printed, without loss."""
    return data.decode("utf-8", "surrogateescape")


def load(top, files, commands):
    """Start Asterisk on one folder, ask, and stop it."""
    for name in ("etc", "db", "spool", "run", "log"):
        (top / name).mkdir(parents=True)
    files = {"modules.conf": base64.b64encode(MODULES.encode()).decode(), **files}
    files = {"logger.conf": base64.b64encode(LOGGER.encode()).decode(), **files}
    for name, data in files.items():
        path = top / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
    modules = next(pathlib.Path("/usr/lib").glob("**/asterisk/modules"))
    conf = top / "asterisk.conf"
    conf.write_text(
        "[directories]\n"
        f"astetcdir => {top}/etc\nastmoddir => {modules}\nastdbdir => {top}/db\nastspooldir => {top}/spool\n"
        f"astrundir => {top}/run\nastlogdir => {top}/log\n"
        "astvarlibdir => /var/lib/asterisk\nastdatadir => /usr/share/asterisk\nastkeydir => /var/lib/asterisk\n"
        "astagidir => /usr/share/asterisk/agi-bin\n"
    )
    asterisk = subprocess.Popen(
        ["asterisk", "-C", str(conf), "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def ask(command):
        done = subprocess.run(
            ["asterisk", "-C", str(conf), "-rx", command], capture_output=True, timeout=LIMIT, check=False
        )
        return text(done.stdout)

    try:
        end = time.monotonic() + LIMIT
        while "fully booted" not in ask("core waitfullybooted"):
            if time.monotonic() > end or asterisk.poll() is not None:
                break
            time.sleep(0.05)
        answers = {command: ask(command) for command in commands}
        log = text((top / "log" / "messages.log").read_bytes()).splitlines()
        ask("core stop now")
        asterisk.wait(LIMIT)
    finally:
        asterisk.kill()
        asterisk.wait()
    return {"answers": answers, "log": log}


def main():
    """Do the task on standard input."""
    task = json.load(sys.stdin)
    found = {}
    for name, files in task["trees"].items():
        top = pathlib.Path(tempfile.mkdtemp(prefix="trees-"))
        try:
            found[name] = load(top, files, task["commands"])
        finally:
            shutil.rmtree(top)
    os.write(1, json.dumps(found).encode())


if __name__ == "__main__":
    main()
