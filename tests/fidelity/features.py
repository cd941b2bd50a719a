"""Families of dial plans for what telephone systems are made of: PINs, directories, conferences, lamps, kept values, waiting."""

from __future__ import annotations

from fidelity.generate import Case, Rng, Shot, digits, family, one, steps, word

WRONG = ("right", "right", "wrong", "none")


@family
def passwords(rng: Rng, name: str) -> Case:
    """Authenticate, VMAuthenticate, DISA and VoiceMailMain: the right PIN, a wrong one three times, none."""
    text, shots = f"[{name}]\n", []
    for at in range(4):
        text += steps(
            f"e{at}",
            one(rng, "Answer()", "NoOp()", f"Set(TIMEOUT(response)={rng.randint(2, 6)})"),
            one(
                rng,
                "Authenticate(4711)",
                "Authenticate(4711,,4)",
                "Authenticate(4711,a)",
                "VMAuthenticate(101@default)",
                "VMAuthenticate(102,s)",
                f"DISA(4711,{name}-in)",
                f'DISA(4711,{name}-in,"Out" <5551>)',
                f"DISA(no-password,{name}-in)",
                f"DISA(no-password,{name}-in,,,p)",
            ),
            "NoOp(in <${AUTH_MAILBOX}><${AUTH_CONTEXT}><${CHANNEL(accountcode)}>)",
            one(rng, "Hangup()", f"DISA(no-password,{name}-in)"),
            "NoOp(after)",
        )
        for _ in range(3):
            keys = tuple(
                rng.choice(["", digits(rng, 1, 4), "21", "35", "7", "35#"]) for _ in range(rng.randint(0, 3))
            )
            answers = (("password", rng.choice(WRONG)),)
            shots.append(Shot(name, f"e{at}", "100", "Ali", presses=keys, answers=answers))
    text += steps("h", "NoOp(h)")
    text += f"[{name}-in]\n" + steps("_2X", "NoOp(<${EXTEN}><${CALLERID(all)}>)", "Hangup()")
    text += steps("35", "NoOp(<${CALLERID(num)}>)") + steps("7", "NoOp(seven)")
    if rng.random() < 0.5:
        text += steps("i", "NoOp(i <${INVALID_EXTEN}>)", "Hangup()")
    return Case(name, "passwords", text, tuple(shots))


@family
def conferences(rng: Rng, name: str) -> Case:
    """ConfBridge: PINs, leaving by the menu, hanging up; what CONFBRIDGE_RESULT says afterwards."""
    text, shots = f"[{name}]\n", []
    for at in range(3):
        user = one(rng, "", "locked", "quiet", "locked")
        menu = one(rng, "way-out", "way-out", "")
        text += steps(
            f"e{at}",
            one(rng, "Answer()", "NoOp()"),
            f"ConfBridge({name}-{at},,{user},{menu})",
            "NoOp(<${CONFBRIDGE_RESULT}>)",
            one(rng, "Hangup()", f"ConfBridge({name}-{at},,,{menu})", "NoOp()"),
            "NoOp(end <${CONFBRIDGE_RESULT}>)",
        )
        for _ in range(2):
            ends = "DTMF" if menu and rng.random() < 0.6 else "HANGUP"
            answers = (("password", rng.choice(["right", "right", "wrong"])), ("conference", ends))
            shots.append(Shot(name, f"e{at}", answers=answers))
    text += steps("h", "NoOp(h <${CONFBRIDGE_RESULT}>)")
    return Case(name, "conferences", text, tuple(shots))


@family
def callees(rng: Rng, name: str) -> Case:
    """Who is called, and what the caller is told of that: CALLERID and CONNECTEDLINE on both sides of Dial and Queue."""
    shown = "<${CALLERID(all)}><${CONNECTEDLINE(all)}><${CALLERID(ani)}><${CALLERID(dnid)}>"
    text = f"[{name}]\n"
    target = lambda: one(
        rng,
        "PJSIP/101",
        "PJSIP/104",
        "PJSIP/0912@trunk",
        "PJSIP/102&PJSIP/104",
        f"Local/in@{name}/n",
    )
    option = lambda: one(
        rng, "", "", "", "I", "o", 'o("Own" <55>)', 'f("Forced" <66>)', f"b({name}-b^s^1)", f"b({name}-b^s^1)"
    )
    for at in range(3):
        text += steps(
            f"e{at}",
            one(
                rng,
                "NoOp()",
                "Answer()",
                'Set(CONNECTEDLINE(all,i)="Before" <77>)',
                "Set(CALLERID(name)=New)",
            ),
            f"Dial({target()},9,gU({name}-u){option()})",
            f"NoOp({shown} ${{DIALSTATUS}})",
            one(rng, f"Dial({target()},9,gU({name}-u){option()})", f"Queue(desk,c,,,12,,{name}-u)"),
            f"NoOp({shown} ${{MEMBERINTERFACE}}<${{MEMBERNAME}}><${{MEMBERPENALTY}}>)",
        )
    text += steps(
        "in",
        f"NoOp({shown}<${{own}}>)",
        one(rng, "NoOp()", 'Set(CONNECTEDLINE(all)="Told" <88>)'),
        one(rng, "Dial(PJSIP/103,4,g)", f"Dial(PJSIP/104,4,gb({name}-b^s^1)U({name}-u))"),
        f"NoOp({shown})",
        "Wait(1)",
    )
    text += f"[{name}-u]\n" + steps("s", f"NoOp(u {shown}<${{own}}>)", "Return()")
    text += f"[{name}-b]\n" + steps(
        "s",
        f"NoOp(b {shown})",
        one(rng, "Set(own=1)", 'Set(CALLERID(all)="Made" <99>)', "Set(CALLERID(num)=44)"),
        "Return()",
    )
    shots = tuple(
        Shot(name, f"e{at}", "0912", "Ali", phone=rng.choice(["100", "trunk", ""])) for at in range(3)
    )
    how = one(rng, "answers", "answers", "answers", "busy", "no_answer", "unavailable")
    return Case(name, "callees", text, shots, otherwise=how)


@family
def races(rng: Rng, name: str) -> Case:
    """Phones and Local channels that are called at once: who answers first, how far the others come, who hangs up."""
    told = "<${DIALSTATUS}><${QUEUESTATUS}>"
    text = f"[{name}]\n"
    for at in range(3):
        targets = [f"Local/w{number}@{name}/n" for number in rng.sample(range(4), rng.randint(1, 3))]
        targets += ["PJSIP/101"] if rng.random() < 0.6 else []
        rng.shuffle(targets)
        text += steps(
            f"e{at}",
            f"Dial({'&'.join(targets)},{one(rng, '4', '12', '20')},g{one(rng, '', '', 'c')})",
            f"NoOp({told})",
        )
    for number, phone in enumerate(("100", "102", "103", "104")):
        # No two people pick up at the same moment.
        waits = ("NoOp()",) if not number else (f"Wait({3 * number})",)
        text += steps(
            f"w{number}",
            *waits,
            one(
                rng,
                f"Dial(PJSIP/{phone},{rng.randint(2, 9)},g)",
                f"Dial(PJSIP/{phone},,g)",
                "Answer()" if number else "Hangup(17)",
                "Busy(1)",
                f"Queue(support,,,,{rng.randint(5, 9)})" if number else "Congestion(1)",
            ),
            f"NoOp({told})",
            "Wait(1)",
        )
    text += steps("h", f"NoOp(h {told})")
    first = rng.choice(["answers", "no_answer"])
    devices = {f"PJSIP/{phone}": rng.choice(["answers", "busy", "no_answer"]) for phone in ("103", "104")}
    devices |= {"PJSIP/101": first, "PJSIP/102": first, "PJSIP/100": "no_answer"}
    answers = (("dial:PJSIP/101", "CANCEL 2"),) if first == "no_answer" and rng.random() < 0.3 else ()
    shots = tuple(Shot(name, f"e{at}", phone="trunk", answers=answers) for at in range(3))
    return Case(name, "races", text, shots, otherwise="no_answer", devices=tuple(devices.items()))


@family
def leavers(rng: Rng, name: str) -> Case:
    """Callers who hang up: while phones ring, in a queue, among the keys that they press; h and hangup handlers follow."""
    told = (
        "<${DIALSTATUS}><${HANGUPCAUSE}><${QUEUESTATUS}><${ABANDONED}><${x}><${READSTATUS}>"
        "<${READEXTENSTATUS}><${INVALID_EXTEN}><${BACKGROUNDSTATUS}>"
    )
    text, shots = f"[{name}]\n", []
    rings = lambda: one(
        rng,
        f"Dial(PJSIP/101,{rng.randint(3, 9)}{one(rng, '', ',g', ',c')})",
        "Dial(PJSIP/101&PJSIP/104,8,g)",
        f"Dial(Local/in@{name}/n,{rng.randint(4, 9)},g)",
        "Gosub(sub,1)",
        "Queue(support,c,,,20)",
        "Queue(desk,n,,,9)",
        "Read(x,vm-intro,4)",
        "Background(vm-intro)",
        "WaitExten(4)",
        "ReadExten(x,vm-intro)",
    )
    for at in range(4):
        waits = [rings(), rings()]
        text += steps(
            f"e{at}",
            # Phones press no keys before somebody has answered.
            "Answer()"
            if any("WaitExten" in app for app in waits)
            else one(rng, "Answer()", "NoOp()", "Progress()"),
            one(rng, f"Set(CHANNEL(hangup_handler_push)={name}-end,s,1(a))", "NoOp()"),
            waits[0],
            f"NoOp({told})",
            waits[1],
            f"NoOp({told})",
        )
        answers = (
            ("dial", f"CANCEL {rng.randint(1, 6)}"),
            (one(rng, "queue", "queue:desk"), f"ABANDON {rng.randint(1, 6)}"),
        )
        keys = tuple(
            rng.choice(["", "", "!", digits(rng, 1, 3) + "!", digits(rng, 1, 2), "2#", "#"])
            for _ in range(rng.randint(0, 3))
        )
        shots.append(Shot(name, f"e{at}", phone=rng.choice(["100", "trunk"]), presses=keys, answers=answers))
    text += steps("in", "NoOp(in)", one(rng, "Dial(PJSIP/103,20)", "Queue(support,,,,25)"), f"NoOp({told})")
    text += steps("sub", "NoOp(sub)", "Dial(PJSIP/102,7,g)", f"NoOp({told})", "Return()")
    text += steps("_X", "NoOp(${EXTEN})") + steps("_2X.", "NoOp(${EXTEN})")
    if rng.random() < 0.8:
        text += steps("h", f"NoOp(h {told})", "NoOp(h2)")
    text += f"[{name}-end]\n" + steps(
        "s", f"NoOp(<${{ARG1}}>{told})", "Set(y=1)", one(rng, "Return()", "NoOp()")
    )
    return Case(name, "leavers", text, tuple(shots), otherwise="no_answer")


PROGRAMS = {
    "/bin/true": "SUCCESS",
    "/bin/false": "FAILURE",
    "/no/such/program": "NOTFOUND",
    "agi://127.0.0.1:4573/nobody": "FAILURE",
}
"""What AGI is given, and the AGISTATUS that comes of it where nobody listens at that port."""

FOR_NOBODY = (
    "Answer()", "Playback(hello)", "Playback(hello,noanswer)", "BackGround(hello)", "BackGround(hello,n)", "SayDigits(1)",
    "SayNumber(1)", "SayAlpha(a)", "SayPhonetic(a)", "SayUnixTime()", "Wait(1)", "WaitExten(1)", "Read(KEYS,hello,1)",
    "Read(KEYS,,1,,1,1)", "ReadExten(KEYS,,,,1)", "MixMonitor(gone.wav)", "StopMixMonitor()", "System(/bin/true)",
    "TrySystem(/bin/true)", "Dial(PJSIP/101,5)", "ExecIf(1?Playback(hello))", "UserEvent(gone,a:1)", "Congestion(1)", "Busy(1)",
    "Ringing()", "Progress()", "MusicOnHold(default,1)", "StartMusicOnHold()", "SendDTMF(1)", "VoiceMail(101,s)",
    "VoiceMailMain(101)", "Record(gone.wav,1,2)", "Hangup()", "Originate(PJSIP/101,app,Wait,1)", "SendText(a)", "Directory(default)",
    "ConfBridge(gone)", "Page(PJSIP/101)", "Authenticate(4711)", "Playtones(dial)", "ChanIsAvail(PJSIP/101)", "Transfer(101)",
    "Echo()", "WaitForSilence(100)", "Incomplete()", "Exec(Playback(hello))", "TryExec(Playback(hello))", "Return()",
    "ControlPlayback(hello)", "Pickup(101)", "Queue(none)", "Set(CHANNEL(language)=fa)",
)  # fmt: skip
"""Applications, for a caller who has hung up."""


@family
def gone(rng: Rng, name: str) -> Case:
    """What applications do in ``h``, for a caller who is gone: whether the dial plan goes on, and what they say of it."""
    told = (
        "NoOp(<${PLAYBACKSTATUS}><${BACKGROUNDSTATUS}><${CPLAYBACKSTATUS}><${RECORD_STATUS}><${WAITSTATUS}>"
        "<${TRANSFERSTATUS}><${SENDTEXTSTATUS}><${READSTATUS}><${READEXTENSTATUS}>)"
    )
    text = f"[{name}]\n" + steps("_eX", one(rng, "Answer()", "NoOp()"), "Set(AT=h${EXTEN:1})", "Hangup()")
    text += steps("h", "Goto(${AT},1)")
    for at in range(8):
        text += steps(f"h{at}", one(rng, *FOR_NOBODY), told, one(rng, *FOR_NOBODY), told)
    return Case(name, "gone", text, tuple(Shot(name, f"e{at}") for at in range(8)))


@family
def programs(rng: Rng, name: str) -> Case:
    """AGI and its kind: a program that ends well, one that fails, one that isn't there; while the caller is there, and after."""
    text = f"[{name}]\n"
    answers: dict[str, str] = {}
    for at in range(4):
        rows: list[str] = []
        for _ in range(2):
            application, program = rng.choice(["AGI", "AGI", "EAGI", "DeadAGI"]), rng.choice(list(PROGRAMS))
            answers[f"box:{application} {program}"] = PROGRAMS[program]
            rows += [f"{application}({program})", "NoOp(<${AGISTATUS}>)"]
        text += steps(f"e{at}", one(rng, "Answer()", "NoOp()"), *rows[:2], f"Set(AT=h{at})", "Hangup()")
        text += steps(f"h{at}", *rows[2:], "NoOp(end)")
    text += steps("h", "Goto(${AT},1)")
    return Case(
        name, "programs", text, tuple(Shot(name, f"e{at}", answers=tuple(answers.items())) for at in range(4))
    )


@family
def directories(rng: Rng, name: str) -> Case:
    """Directory: who is chosen, who isn't there, 0 and *, and where the call goes from there."""
    text = f"[{name}]\n"
    for at in range(3):
        book = one(rng, "default", "default", "shy")
        dial = one(rng, f"{name}-to", f"{name}-to", "", f"{name}-none")
        text += steps(
            f"e{at}",
            "Answer()",
            f"Directory({book},{dial}{one(rng, '', '', ',s')})",
            "NoOp(<${DIRECTORY_RESULT}><${DIRECTORY_EXTEN}>)",
        )
    shots = tuple(
        Shot(name, f"e{at}", answers=(("directory", rng.choice(["102", "102", "", "0", "*"])),))
        for at in range(3)
        for _ in range(2)
    )
    text += steps("h", "NoOp(h <${DIRECTORY_RESULT}><${DIRECTORY_EXTEN}>)")
    text += f"[{name}-to]\n" + steps("_10X", "NoOp(<${EXTEN}><${DIRECTORY_RESULT}>)", "Hangup()")
    for exten in ("o", "a"):
        if rng.random() < 0.6:
            text += steps(exten, f"NoOp({exten})", "Hangup()")
    return Case(name, "directories", text, shots)


@family
def pickups(rng: Rng, name: str) -> Case:
    """Pickup, PickupChan and ParkedCall where nothing rings and nobody is parked; Park that comes back."""
    text, shots = f"[{name}]\n", []
    for at in range(4):
        text += steps(
            f"e{at}",
            one(rng, "Answer()", "NoOp()"),
            one(
                rng,
                "Pickup()",
                f"Pickup(101@{name})",
                "Pickup(101&102@PICKUPMARK)",
                "PickupChan(PJSIP/101)",
                "PickupChan(PJSIP/101&PJSIP/102,p)",
                "ParkedCall(default,701)",
                "ParkedCall(,702)",
                f"Park(default,c({name},back,1))",
                f"Park(,t(5)c({name},back,1))",
            ),
            "NoOp(on)",
        )
        shots.append(
            Shot(name, f"e{at}", phone=rng.choice(["100", "102"]), answers=(("park", "comes back"),))
        )
    text += steps("back", "NoOp(back <${CALLERID(num)}>)", "Hangup()") + steps("h", "NoOp(h)")
    return Case(name, "pickups", text, tuple(shots))


@family
def waits(rng: Rng, name: str) -> Case:
    """autofallthrough=no: after the last step Asterisk waits for an extension; too late it goes to t, and i for none."""
    text = f"[{name}]\n"
    text += steps(
        "s",
        one(rng, "Answer()", "NoOp()", "Background(beep)"),
        f"Set(TIMEOUT(response)={rng.randint(2, 4)})",
        f"Set(TIMEOUT(digit)={rng.randint(1, 3)})",
        "Set(n=$[0${n} + 1])",
        one(rng, "GotoIf($[${n} > 2]?bye,1)", "ExecIf($[${n} > 3]?Hangup())"),
        one(
            rng, "NoOp(${n})", "Background(beep)"
        ),  # keys that are pressed while a step plays are no digits of the wait
    )
    written = []
    for number in range(rng.randint(1, 5)):
        exten = rng.choice(
            [digits(rng, 1, 2, "1234*#"), "_" + digits(rng, 1, 1, "123") + one(rng, "X", ".", "!")]
        )
        if exten not in written:
            written.append(exten)
            text += steps(exten, f"NoOp({number} ${{EXTEN}})", one(rng, "Goto(s,2)", "NoOp()", "Hangup()"))
    for exten in ("i", "t", "e"):
        if rng.random() < 0.7:
            text += steps(exten, f"NoOp({exten} <${{INVALID_EXTEN}}>)", one(rng, "Goto(s,2)", "Hangup()"))
    text += steps("bye", "NoOp(bye)", "Hangup()") + steps("h", "NoOp(h ${n})")
    shots = tuple(
        Shot(
            name,
            "s",
            presses=tuple(rng.choice(["", digits(rng, 1, 3, "1234*#")]) for _ in range(rng.randint(0, 4))),
        )
        for _ in range(6)
    )
    return Case(name, "waits", text, shots, fallthrough=False)


@family
def kept(rng: Rng, name: str) -> Case:
    """Global variables and astdb: written, read back through one another, deleted, listed; names made of values."""
    text, shots = f"[{name}]\n", []
    tag = name.replace("-", "")
    for at in range(4):
        g, fam = f"G{tag}{at}", f"{name}-{at}"
        apps = []
        for _ in range(9):
            value = word(rng).replace(",", "")
            key = one(rng, "a", "b", "c/d", "a b")
            apps.append(
                rng.choice(
                    [
                        f"Set(DB({fam}/{key})={value})",
                        f"Set(DB({fam}/{key})=${{{g}}}x)",
                        f"Set(GLOBAL({g})={value})",
                        f"Set(GLOBAL({g})=${{DB({fam}/{key})}})",
                        f"Set({g}=own)",
                        f"Set(GLOBAL({g})=)",
                        f"NoOp(<${{{g}}}><${{GLOBAL({g})}}><${{DB({fam}/{key})}}>)",
                        f"NoOp(${{DB_EXISTS({fam}/{key})}}<${{DB_RESULT}}>)",
                        f"NoOp(<${{DB_DELETE({fam}/{key})}}><${{DB_EXISTS({fam}/{key})}}>)",
                        f"NoOp(<${{DB_KEYS({fam})}}>)",
                        f"NoOp(<${{DB_KEYS({fam}/c)}}>)",
                        f"DBdeltree({fam}{one(rng, '', '/c')})",
                        f"Set(which={key})",
                        f"NoOp(<${{DB({fam}/${{which}})}}>)",
                        f"GotoIf(${{DB_EXISTS({fam}/{key})}}?has{at},1)",
                        f"Set({one(rng, '_', '__', '')}p=${{{g}}})",
                        f"Gosub(sub,1({fam}/{key},{g}))",
                    ]
                )
            )
        text += steps(f"e{at}", *apps, f"NoOp(end <${{{g}}}><${{DB({fam}/a)}}><${{p}}>)", "Hangup()")
        text += steps(f"has{at}", f"NoOp(has <${{DB_RESULT}}><${{{g}}}>)", "Hangup()")
        shots.append(Shot(name, f"e{at}"))
    text += steps(
        "sub",
        "NoOp(<${DB(${ARG1})}><${GLOBAL(${ARG2})}>)",
        one(rng, "Set(DB(${ARG1})=sub)", "Set(GLOBAL(${ARG2})=sub)", "NoOp(${DB_DELETE(${ARG1})})"),
        "Return(${DB(${ARG1})})",
    )
    return Case(name, "kept", text, tuple(shots))


@family
def lamps(rng: Rng, name: str) -> Case:
    """DEVICE_STATE, hints and EXTENSION_STATE: lamps of the dial plan's own, phones, and the phone that calls."""
    text, phones = f"[{name}]\n", [f"PJSIP/{number}" for number in ("100", "101", "102", "nobody")]
    # Asterisk remembers what a lamp was: each call has its own.
    lamps = [[f"Custom:{name}-{at}", f"Custom:{name}-{at}x"] for at in range(4)]
    for at in range(4):
        watched = [*phones, *lamps[at]]
        text += f"exten => w{at},hint,{'&'.join(rng.sample(watched, rng.randint(1, 3)))}\n"
    text += f"exten => _9X,hint,Custom:{name}-${{EXTEN:1}}\n"
    states = [
        "NOT_INUSE",
        "INUSE",
        "BUSY",
        "UNAVAILABLE",
        "RINGING",
        "RINGINUSE",
        "ONHOLD",
        "INVALID",
        "inuse",
        "x",
    ]
    shots = []
    for at in range(4):
        apps, watched = [one(rng, "Answer()", "NoOp()")], [*phones, *lamps[at]]
        for _ in range(6):
            apps.append(
                rng.choice(
                    [
                        f"NoOp(${{DEVICE_STATE({rng.choice(watched)})}})",
                        f"NoOp(${{DEVICE_STATE({rng.choice(watched)})}})",
                        f"NoOp(${{EXTENSION_STATE(w{at}@{name})}})",
                        f"NoOp(${{EXTENSION_STATE({rng.choice([f'w{at}', f'9{at}', 'none'])}@{name})}})",
                        f"NoOp(${{HINT(w{rng.randint(0, 4)}@{name})}}|${{HINT(9{rng.randint(0, 9)}@{name})}})",
                    ]
                )
            )
            # A lamp is told to those who watch it a moment after it was switched.
            if rng.random() < 0.3:
                apps += [f"Set(DEVICE_STATE({rng.choice(watched[-2:])})={rng.choice(states)})", "Wait(1)"]
        text += steps(f"e{at}", *apps)
        shots.append(Shot(name, f"e{at}", phone=rng.choice(["100", "102", ""])))
    how = one(rng, "answers", "answers", "unavailable")
    return Case(name, "lamps", text, tuple(shots), otherwise=how, alone=True)
