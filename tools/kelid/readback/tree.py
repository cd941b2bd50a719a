"""A whole configuration folder, as other people wrote it -> the PBX that Asterisk makes of it, and what can't be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kelid.findings import Exit, Finding, KelidError, Severity, Where
from kelid.model.pbx import LIST_SUFFIX, ConfFile, ListFile, ListLine, Option, Pbx
from kelid.readback.config import Config, read_config
from kelid.readback.dialplan import TREE, DialplanReader
from kelid.readback.files import Files
from kelid.readback.lines import BLANKS, ConfText

DIALPLAN = "extensions.conf"

_NAMES = """
acl adsi aeap agents alarmreceiver alsa amd app_mysql app_skel ari asterisk calendar ccss cdr cdr_adaptive_odbc
cdr_beanstalkd cdr_custom cdr_manager cdr_mysql cdr_odbc cdr_pgsql cdr_sqlite3_custom cdr_syslog cdr_tds cel
cel_beanstalkd cel_custom cel_odbc cel_pgsql cel_sqlite3_custom cel_tds chan_dahdi chan_mobile chan_websocket cli
cli_aliases cli_permissions codecs confbridge config_test console dnsmgr dsp dundi enum extconfig extensions
extensions_minivm features festival followme func_odbc geolocation gtalk h323 hep http iax iaxprov indications
jabber jingle logger manager mariadb meetme mgcp minivm misdn modules motif musiconhold ooh323 osp oss phone
phoneprov pjproject pjsip pjsip_notify pjsip_wizard prometheus queuerules queues res_config_mysql res_config_odbc
res_config_sqlite res_config_sqlite3 res_corosync res_curl res_fax res_http_media_cache res_ldap res_odbc
res_parking res_pgsql res_pktccops res_snmp res_stun_monitor res_tonedetect resolver_unbound rtp say sip sip_notify
skinny sla smdi sorcery ss7 stasis statsd stir_shaken telcordia-1 test_sorcery udptl unistim users voicemail vpb
websocket_client xmpp
"""

READ = frozenset(f"{name}.conf" for name in _NAMES.split())
"""Files of sections that modules of Asterisk 16 to 22 ask for by name (dbsep.conf and muted.conf have none). Others are read
only where one of these includes them."""

_TRUE = {"yes", "true", "y", "t", "1", "on"}
"""What Asterisk takes for yes (main/utils.c: ``ast_true``)."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What a configuration folder comes to.

    ``pbx`` has the dial plan with all includes followed, and every conf file's sections resolved (no templates).
    ``texts`` are the files by their path in the folder, losing nothing; ``unread`` are conf files that nothing of Asterisk's
    asks for. ``refused`` is True where Asterisk would refuse the whole dial plan; it was read on all the same.
    """

    pbx: Pbx
    findings: tuple[Finding, ...]
    texts: Mapping[str, ConfText]
    unread: tuple[str, ...] = ()
    refused: bool = False


def read_tree(source: Path | Mapping[str, bytes], *, asterisk: int = 22, shown: str = "") -> Tree:
    """Given a configuration folder, or the bytes of its files by path, return what Asterisk of that version reads from it.

    ``shown`` is the folder's name in findings and places (for a path: that path). What can't be modelled is a finding with
    its line. Nothing is started, and no file outside of the folder is opened. Raise KelidError if it is no such folder.
    """
    if isinstance(source, Path):
        shown = shown or str(source)
    try:
        files = Files(source)
    except OSError as problem:
        raise KelidError(
            f"{shown} can't be read: {problem.strerror or problem}; give a folder with Asterisk's conf files",
            exit=Exit.USAGE,
        ) from problem
    own = sorted(path for path in files.paths if path in READ)
    if not own:
        raise KelidError(_no_tree(files, shown), exit=Exit.USAGE)
    return _TreeReader(files, own, asterisk, shown).read()


def _no_tree(files: Files, shown: str) -> str:
    below = sorted({path.rpartition("/")[0] for path in files.paths if path.endswith(f"/{DIALPLAN}")})
    hint = (
        f"did you mean {shown}/{below[0]}?" if below else "one has extensions.conf, pjsip.conf and the like"
    )
    return f"{shown or 'this'} is no configuration folder of Asterisk's; {hint}"


class _TreeReader:
    def __init__(self, files: Files, own: list[str], asterisk: int, shown: str) -> None:
        self.files = files
        self.own = own
        self.asterisk = asterisk
        self.folder = shown
        self.findings: list[Finding] = []
        self.configs: dict[str, Config] = {}

    def shown(self, path: str) -> str:
        return f"{self.folder}/{path}" if self.folder else path

    def find(
        self, where: Where, code: str, message: str, fix: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        self.findings.append(Finding(where, code, message, fix, severity))

    def read(self) -> Tree:
        texts: dict[str, ConfText] = {}
        for path in self.own:
            texts.update(self.config(path).texts)
        for path in self.objects():
            texts.update(self.config(path).texts)
        self.incomplete()
        self.databases()
        self.other_languages()
        dialplan = self.configs.get(DIALPLAN)
        if dialplan is None:
            self.find(
                Where(self.shown(DIALPLAN)), "Z015", "there is no such file", "bring it", Severity.WARNING
            )
        pbx = self.pbx(dialplan)
        unread = tuple(
            sorted(p for p in self.files.paths if p.endswith(".conf") and p not in texts and "/" not in p)
        )
        findings = sorted(dict.fromkeys(self.findings), key=lambda finding: finding.sort_key)
        return Tree(pbx, tuple(findings), texts, unread, dialplan.refused if dialplan else False)

    def config(self, path: str) -> Config:
        config = self.configs[path] = read_config(self.files, path, self.shown)
        self.findings += config.findings
        return config

    def objects(self) -> list[str]:
        """Return the files that sorcery.conf says objects lie in: ``transport = config,pjsip_transport.conf,...``."""
        config = self.configs.get("sorcery.conf")
        named = {
            words[1].strip(BLANKS)
            for category in (config.sections() if config else ())
            for option in category.options
            if len(words := option.value.split(",")) > 1 and words[0].strip(BLANKS) == "config"
        }
        return sorted(path for path in named if path in self.files.paths and path not in self.configs)

    def incomplete(self) -> None:
        """Tell of what the folder has and nobody can look at."""
        for path, target in sorted(self.files.outside.items()):
            if path in READ:
                what = f"is a link to {target}, outside of the folder, and was not read"
                self.find(Where(self.shown(path)), "Z005", what, "copy the file itself", Severity.WARNING)
        for path, why in sorted(self.files.unreadable.items()):
            if path in READ or path == ".":
                what = f"could not be read: {why}"
                self.find(Where(self.shown(path)), "Z010", what, severity=Severity.WARNING)
        if not self.files.complete:
            what = "the folder has more files, or folders in folders, than are looked at"
            self.find(Where(self.folder or "."), "Z010", what, severity=Severity.WARNING)

    def databases(self) -> None:
        """Tell of files that Asterisk takes out of a database instead (main/config.c: ``read_config_maps``)."""
        config = self.configs.get("extconfig.conf")
        settings = config.first("settings") if config else None
        for option in settings.options if settings else ():
            if option.key.lower() in READ:
                what = f"Asterisk takes {option.key} out of a database here; what the file says may not count"
                self.find(option.where, "Z012", what, "export it as a file", Severity.WARNING)

    def other_languages(self) -> None:
        """Tell of dial plans that other modules than pbx_config read."""
        for path, module, comment in (
            ("extensions.ael", "pbx_ael", "//"),
            ("extensions.lua", "pbx_lua", "--"),
        ):
            text = self.files.text(path)
            if text is None or not self.loads(module):
                continue
            for number, row in enumerate(text.split("\n"), start=1):
                if row.strip() and not row.strip().startswith(comment):
                    what = f"{module} reads a dial plan from here, in a language that is not read; its contexts are missing"
                    fix = f"write it in {DIALPLAN}, or noload {module}.so in modules.conf"
                    self.find(Where(self.shown(path), number), "Z011", what, fix)
                    break
        config = self.configs.get("users.conf")
        for category in config.sections() if config else ():
            keys = {option.key.lower(): option for option in category.options}
            makes = [
                keys[key]
                for key in ("hassip", "hasiax", "hash323")
                if key in keys and keys[key].value.lower() in _TRUE
            ]
            makes += [keys["dahdichan"]] if "dahdichan" in keys else []
            if makes and category.name.lower() != "general":
                what = f"users.conf makes an extension {category.name!r}, which is not read here"
                self.find(makes[0].where, "Z011", what, f"write it in {DIALPLAN}")

    def loads(self, module: str) -> bool:
        """Return True unless modules.conf keeps the module out (main/loader.c)."""
        config = self.configs.get("modules.conf")
        section = config.first("modules") if config else None
        if section is None:
            return True
        named = {(option.key.lower(), option.value.removesuffix(".so").lower()) for option in section.options}
        if ("noload", module) in named:
            return False
        asked = any((key, module) in named for key in ("load", "require", "preload", "preload-require"))
        return asked or any(key == "autoload" and value in _TRUE for key, value in named)

    # --- the dial plan ---------------------------------------------------------------------------

    def pbx(self, dialplan: Config | None) -> Pbx:
        files = tuple(
            ConfFile(path, tuple(category.resolved for category in config.sections()))
            for path, config in self.configs.items()
            if path != DIALPLAN
        )
        lists = tuple(
            ListFile(path, tuple(self.list_lines(path)))
            for path in sorted(self.files.paths)
            if path.endswith(LIST_SUFFIX) and "/" not in path
        )
        name = Path(self.folder).name or "tree"
        if dialplan is None:
            return Pbx(site=name, asterisk=self.asterisk, files=files, lists=lists)
        # Of the global variables all sections count, of the general options only the first (pbx_load_config).
        globals_ = tuple(
            option
            for category in dialplan.sections()
            if category.name.lower() == "globals"
            for option in category.options
        )
        general = self.general(dialplan)
        reader = DialplanReader(TREE, global_values(globals_))
        for category in dialplan.sections():
            if category.name.lower() not in {"general", "globals"}:
                reader.read(category.name, category.where, category.options)
        self.findings += reader.findings
        return Pbx(
            site=name,
            asterisk=self.asterisk,
            files=files,
            globals=globals_,
            contexts=reader.result(),
            lists=lists,
            autofallthrough=falls_through(general),
        )

    def list_lines(self, path: str) -> Iterator[ListLine]:
        rows = (self.files.text(path) or "").split("\n")
        rows = rows[:-1] if not rows[-1] else rows
        return (ListLine(row, Where(self.shown(path), n)) for n, row in enumerate(rows, start=1))

    def general(self, dialplan: Config) -> tuple[Option, ...]:
        """Return the general options; tell of sections that Asterisk never asks for, and of what can't be modelled."""
        first = dialplan.first("general")
        if first is None:
            return ()
        for category in dialplan.sections():
            if category.name.lower() == "general" and category is not first:
                what = f"Asterisk reads only the first [general], in {first.where}"
                self.find(category.where, "Z013", what, "write (+) behind its name")
        for option in first.options:
            key, value = option.key.lower(), option.value.strip(BLANKS)
            if (key == "overrideswitch" and value) or (
                key == "extenpatternmatchnew" and value.lower() in _TRUE
            ):
                what = f"{option.key} changes how extensions are found, and is not modelled"
                self.find(option.where, "Z016", what, "take the line out", Severity.NOTE)
        return tuple(first.options)


def global_values(options: tuple[Option, ...]) -> dict[str, str]:
    """Return the global variables' values: each may name those above it."""
    values: dict[str, str] = {}
    reader = DialplanReader(TREE, values)
    for option in options:
        values[option.key] = reader.expand(option, option.value)
    return values


def falls_through(general: tuple[Option, ...]) -> bool:
    """Return what ``autofallthrough`` says: yes without one (pbx/pbx_config.c); the first counts."""
    value = next((option.value for option in general if option.key.lower() == "autofallthrough"), "yes")
    return value.lower() in _TRUE
