"""kelid's agent: the whole transaction of a change, on the server itself.

Called over ssh with a verb; reads a release archive from standard input where the verb needs one; prints one JSON
object and exits 0 when that object says ``"ok": true``. The standard library, Python 3.9 or newer; on a server all of it
is one file, so every module is imported at the start: a newer agent may take that file's place meanwhile.

Whatever goes wrong, and whenever, the server ends on the old release or on the new one, never between: a release is
staged in a private Asterisk first, the way back is armed before the switch, and the switch is one rename.
"""
