# SPDX-License-Identifier: Apache-2.0
"""What a message of NetWire 1.7 says: the number of the command and the grammar of its data.

Numbers, names and grammar: ArsenalRecon/NetWireStackForensics (list of controls, listing of decrypted
payloads); numbers of older versions are smaller by 0x96 (pan-unit42/public_tools, netwire).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2

from hikeshi.pack import read_text

FIRST, LAST, OLDER = 0x97, 0xE8, 0x96
SEPARATOR = b"\x07"
LARGEST_DATA = 0x2FFFF
# Text is shown when its code page leads by this much; pure ASCII always does.
SURE = 0.3

# Steps of a grammar: u8 and u32 are numbers, `to` is text up to the separator, `nul` text up to a NUL, `all` the
# rest as text, `digits` the rest as decimal digits, `line` the rest as text with a line feed, `rest` bytes.
# A leading ? marks data that may be absent.
COMMANDS: Mapping[int, tuple[str, str, str | None, tuple[str, ...]]] = {
    0x97: ("keep-alive", "", None, ()),
    0x98: ("keep-alive-start", "", None, ()),
    0x99: ("register", "rest:key_material", "registration", ("T1573.001",)),
    0x9A: ("password-failed", "", "registration", ()),
    0x9B: ("key-exchange", "rest:key_material", "registration", ("T1573.001",)),
    0x9C: ("update-from-url", "to:path to:host to:port to:name", "download-and-run", ("T1105",)),
    0x9D: ("start-uploaded-and-exit", "all:path", "download-and-run", ("T1105",)),
    0x9E: ("create-process-failed", "", None, ()),
    0x9F: ("close", "", "task", ()),
    0xA0: ("reconnect", "", "task", ()),
    0xA1: ("uninstall", "", "clean-up", ("T1070.004",)),
    0xA2: ("set-host-id", "all:host_id", "task", ()),
    0xA3: ("quick-download", "to:path to:host to:port to:name to:execute", "download-and-run", ("T1105",)),
    0xA4: ("list-drives", "", "file-search", ("T1083",)),
    0xA5: ("list-drives-failed", "", None, ()),
    0xA6: ("list-directory", "all:path", "file-search", ("T1083",)),
    0xA7: ("list-directory-failed", "", None, ()),
    0xA8: ("search-files", "to:path to:pattern", "file-search", ("T1083",)),
    0xA9: ("search-files-result", "rest:data", "file-search", ("T1083",)),
    0xAA: ("search-files-end", "", None, ()),
    0xAB: ("open-transfer", "u8:direction u8:index to:path to:flag", None, ()),
    0xAC: ("transfer-data", "u8:index rest:data", None, ()),
    0xAD: ("close-transfer", "u8:index", None, ()),
    0xAE: ("copy-file", "u8:mode to:path to:target", "task", ()),
    0xAF: ("execute-file", "to:path to:parameters to:window", "task", ()),
    0xB0: ("rename-file", "to:path to:target", "task", ()),
    0xB1: ("delete-file", "all:path", "clean-up", ("T1070.004",)),
    0xB2: ("create-directory", "all:path", "task", ()),
    0xB3: ("remove-directory", "all:path", "task", ()),
    0xB4: ("send-file-to-server", "?rest:data", None, ()),
    0xB5: ("close-file", "?rest:data", None, ()),
    0xB6: ("shell-start", "?u8:mode", "remote-shell", ("T1059.003",)),
    0xB7: ("shell-input", "line:input", "remote-shell", ("T1059.003",)),
    0xB8: ("shell-end", "", "remote-shell", ("T1059.003",)),
    0xB9: ("shell-failed", "", None, ()),
    0xBA: ("system-information", "", "task", ("T1082",)),
    0xBC: ("logon-sessions", "", "task", ("T1082",)),
    0xBE: ("list-processes", "", "process-monitor", ("T1057",)),
    0xC0: ("end-process", "digits:pid", "task", ()),
    0xC1: ("list-windows", "", "process-monitor", ("T1010",)),
    0xC2: ("window-operation", "u8:operation to:handle ?to:title", "task", ()),
    0xC3: ("http-download", "to:path to:host to:target to:port to:execute", "download-and-run", ("T1105",)),
    0xC4: ("http-download-result", "?rest:data", None, ()),
    0xC5: ("key-up", "digits:key", "remote-desktop", ()),
    0xC6: ("key", "?rest:data", "remote-desktop", ()),
    0xC7: ("mouse-button", "?rest:data", "remote-desktop", ()),
    0xC8: ("cursor", "?rest:data", "remote-desktop", ()),
    0xC9: ("screenshot", "u8:value", "screen-capture", ("T1113",)),
    0xCA: ("screenshot-image", "?rest:data", "screen-capture", ("T1113",)),
    0xCB: ("screenshot-end", "?rest:data", None, ()),
    0xCC: ("key-log-list", "", "keylogging", ("T1056.001",)),
    0xCE: ("key-log-read", "all:day", "keylogging", ("T1056.001",)),
    0xCF: ("key-log-delete", "all:day", "clean-up", ("T1070.004",)),
    0xD0: ("key-log-open", "all:day", "keylogging", ("T1056.001",)),
    0xD1: ("key-log-data", "?rest:data", "keylogging", ("T1056.001",)),
    0xD2: ("key-log-end", "?rest:data", None, ()),
    0xD3: ("browser-passwords", "?u8:program", "credential-theft", ("T1555.003",)),
    0xD5: ("messenger-passwords", "?u8:program", "credential-theft", ("T1555",)),
    0xD7: ("mail-passwords", "?u8:program", "credential-theft", ("T1555",)),
    0xD9: ("socks-proxy", "?rest:data", "proxy", ("T1090",)),
    0xDA: ("audio-devices", "?rest:data", "audio-capture", ()),
    0xDB: ("audio-failed", "?rest:data", None, ()),
    0xDC: ("audio-record", "?rest:data", "audio-capture", ()),
    0xDD: ("audio-error", "?rest:data", None, ()),
    0xDE: ("audio-stop", "?rest:data", None, ()),
    0xDF: ("hash-files", "to:path to:recursive", "file-search", ("T1083",)),
    0xE1: ("hash-files-result", "?rest:data", None, ()),
    0xE2: ("hash-files-end", "?rest:data", None, ()),
    0xE3: ("list-ports", "", "process-monitor", ("T1049",)),
    0xE5: ("registry-open", "u32:hive nul:key", "task", ()),
    0xE7: (
        "registry-edit",
        "u32:hive to:key to:value to:type to:operation to:length rest:data",
        "task",
        ("T1112",),
    ),
    0xE8: ("disks", "", "task", ("T1082",)),
}

HIVES = {
    str(0x80000000 + number): name
    for number, name in ((0, "HKCR"), (1, "HKCU"), (2, "HKLM"), (3, "HKU"), (5, "HKCC"))
}
MEANINGS: Mapping[tuple[int, str], Mapping[str, str]] = {
    (0xAB, "direction"): {"0": "from-victim", "1": "to-victim"},
    (0xA3, "execute"): {"0": "no", "1": "yes"},
    (0xC3, "execute"): {"0": "no", "1": "yes"},
    (0xAF, "window"): {"0": "hidden", "1": "visible"},
    (0xC2, "operation"): {"1": "close", "2": "hide", "3": "show", "4": "rename"},
    (0xD3, "program"): {
        "49": "Firefox", "50": "Internet Explorer", "51": "Opera", "52": "Chrome", "53": "Chromium",
        "54": "SeaMonkey", "56": "Comodo Dragon", "57": "Yandex",
    },
    (0xD5, "program"): {"50": "Pidgin"},
    (0xD7, "program"): {"49": "Outlook", "50": "Thunderbird"},
    (0xDF, "recursive"): {"\x00": "no", "\x01": "yes"},
    (0xE5, "hive"): HIVES,
    (0xE7, "hive"): HIVES,
    (0xE7, "operation"): {
        "1": "create-key", "2": "set-value", "3": "delete-key", "4": "delete-value", "6": "rename-value",
    },
}  # fmt: skip

PLATFORMS = {1: "Windows", 2: "Linux", 3: "Solaris", 4: "macOS", 5: "Android"}
SYSTEMS = {
    "10": "Windows 2000", "11": "Windows XP", "12": "Windows XP x64", "14": "Windows Server 2003",
    "16": "Windows Vista", "17": "Windows Server 2008", "18": "Windows 7", "19": "Windows Server 2008 R2",
    "20": "Windows 8", "21": "Windows 8.1", "22": "Windows Server 2012", "23": "Windows 10",
    "24": "Windows Server 2012 R2", "25": "Windows Server 2016",
}  # fmt: skip


@dataclass(frozen=True)
class Command:
    """One message as its grammar reads it.

    `complete`: every byte was read and fits. `bits` says how unlikely it is that chance made it fit, below zero
    that it does not fit. `data` is where raw data lie in the message (from, to), for files and key logs.
    """

    control: int
    name: str
    function: str | None
    techniques: tuple[str, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False
    bits: float = 0.0
    data: tuple[int, int] | None = None


class _Reader:
    """Reads the steps of a grammar off a message, and adds up how unlikely each fit is."""

    def __init__(self, control: int, data: bytes) -> None:
        self.control, self.data, self.at = control, data, 0
        self.fields: dict[str, str] = {}
        self.bits = 0.0
        self.place: tuple[int, int] | None = None

    def step(self, kind: str, name: str) -> bool:
        """Read one step; False when the data do not fit it."""
        left = len(self.data) - self.at
        if kind in ("u8", "u32"):
            size = 1 if kind == "u8" else 4
            if left < size:
                return False
            return self._number(name, int.from_bytes(self.take(size), "little"), 8 * size)
        if kind == "rest":
            self.place = (self.at, len(self.data))
            self.fields["bytes"] = str(left)
            self.at = len(self.data)
            return True
        return self._text(kind, name)

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]

    def _number(self, name: str, value: int, width: int) -> bool:
        known = MEANINGS.get((self.control, name))
        self.fields[name] = known.get(str(value), str(value)) if known else str(value)
        if known and str(value) in known:
            self.bits += width - log2(len(known))
        elif known:
            self.bits -= 4
        return True

    def _text(self, kind: str, name: str) -> bool:
        ends = {"to": SEPARATOR, "nul": b"\0"}.get(kind)
        end = self.data.find(ends, self.at) if ends else len(self.data)
        closed = end >= 0
        raw = self.take((end if closed else len(self.data)) - self.at)
        if ends and closed:
            self.at += 1
            self.bits += 8
        known = MEANINGS.get((self.control, name))
        if known and raw.decode("latin-1") in known:
            self.fields[name] = known[raw.decode("latin-1")]
            return True
        text = raw.removesuffix(b"\n").removesuffix(b"\r") if kind == "line" else raw
        bad = sum(byte < 0x20 or byte == 0x7F for byte in text)
        if kind == "digits" or name in ("port", "length", "handle"):
            bad += not text.isdigit()
        self.bits += sum(1.4 if 0x20 <= byte < 0x7F else 0.1 for byte in text) - 12 * bad
        reading = read_text(text)
        bad += not reading.text.isprintable() or reading.confidence < SURE
        self.fields[name] = reading.text if not bad else f"({len(text)} bytes)"
        return not bad and (closed or self.control == 0xC2 or not ends)


def parse(control: int, data: bytes, size: int | None = None) -> Command:
    """What a message from server to agent says; older numbers are raised to those of 1.7.

    `size` is how long the data were before they were cut.
    """
    number = control if control >= FIRST else control + OLDER
    if number not in COMMANDS:
        return Command(number, "unknown", None, (), {"bytes": str(len(data))})
    name, grammar, function, techniques = COMMANDS[number]
    reader = _Reader(number, data)
    fits = True
    for step in grammar.split():
        kind, _, field_name = step.removeprefix("?").partition(":")
        if step.startswith("?") and reader.at == len(data):
            break
        fits = fits and reader.step(kind, field_name)
    if number == 0xC9 and fits:
        quality = 100 - int(reader.fields.pop("value"))
        reader.fields["quality"] = str(quality)
        reader.bits += 1.3 if 0 <= quality <= 100 else -8
    left = len(data) - reader.at
    whole = size is None or size == len(data)
    if number == 0xAB:
        function = {"from-victim": "file-from-victim", "to-victim": "file-to-victim"}.get(
            reader.fields.get("direction", "")
        )
        techniques = ("T1041",) if function == "file-from-victim" else ("T1105",) if function else ()
    return Command(
        number, name, function, techniques, reader.fields, fits and whole and not left, reader.bits - 8 * left,
        reader.place,
    )  # fmt: skip


@dataclass(frozen=True)
class Hello:
    """How an agent introduces itself after the key exchange."""

    platform: str
    version: str
    user: str
    host: str
    system: str
    install_date: str


def hello(data: bytes) -> Hello | None:
    """The agent's introduction: platform, version, user @ host, system, install date; None when it is none."""
    parts = data.split(SEPARATOR)
    if len(parts) < 4 or len(parts[0]) != 9 or parts[0][0] not in PLATFORMS or len(data) > 512:
        return None
    try:
        version = bytes.fromhex(parts[0][1:].decode("ascii"))
    except ValueError:
        return None
    user, found, host = (read_text(part).text for part in parts[1].partition(b" @ "))
    if not found or any(byte < 0x20 for part in parts[1:] for byte in part):
        return None
    minor = chr(version[2]) if 0x61 <= version[2] <= 0x7A else ""
    system, installed = (read_text(part).text for part in parts[2:4])
    return Hello(
        PLATFORMS[data[0]], f"{version[0]}.{version[1]}{minor}", user, host, SYSTEMS.get(system, system), installed
    )  # fmt: skip


def drives(data: bytes) -> str | None:
    """A list of drives (`X : type 07`) as text such as `C: fixed`; None when it is none."""
    kinds = {2: "removable", 3: "fixed", 4: "network", 5: "CD"}
    entries = [data[i : i + 4] for i in range(0, len(data), 4)]
    if not entries or any(
        len(e) != 4 or not 0x41 <= e[0] <= 0x5A or e[1:2] != b":" or e[3:] != SEPARATOR for e in entries
    ):
        return None
    return ", ".join(f"{chr(e[0])}: {kinds.get(e[2], str(e[2]))}" for e in entries)
