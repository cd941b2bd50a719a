#!/bin/sh
# Every byte, owner and mode that a restore must bring back.
set -e
cd /
places="etc/asterisk/asterisk.conf var/lib/kelid/current var/lib/kelid/releases/$(basename "$(readlink /var/lib/kelid/current)")"
places="$places var/lib/kelid/media var/spool/asterisk/voicemail var/spool/asterisk/monitor var/log/asterisk/cdr-csv"
find $places -type f -print0 | sort -z | xargs -0 sha256sum
find $places -printf '%p %m %u %g %l\n' | sort
grep ENTERQUEUE /var/log/asterisk/queue_log
python3 - <<'END'
import sqlite3
base = sqlite3.connect("file:/var/lib/asterisk/astdb.sqlite3?mode=ro", uri=True)
for row in base.execute("select key, value from astdb where key like '/CF/%' or key like '/DND/%' order by key"):
    print(*row)
END
