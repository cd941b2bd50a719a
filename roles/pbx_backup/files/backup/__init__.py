"""Back a PBX up with restic, prove the backup, and put one back: the program behind `kelid backup` and `kelid restore`.

It runs on the PBX as root and needs Python 3.9, restic 0.11 and OpenSSH's client. Every verb prints one JSON object and
exits with 0 when its "ok" is true, else with 1 and a "code" that says what is wrong. Secrets come over standard input
(`settings`) and then lie in /etc/kelid; none is ever an argument of a process.

Imports run one way, in this order: trouble, files, pbx, settings, store, restic, repository, manifest, proof, then the
two verbs: taking (staging, gather, take) and bringing back (fetch, present, replace, restore), and `__main__` on top.
"""
