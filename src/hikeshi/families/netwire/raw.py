# SPDX-License-Identifier: Apache-2.0
"""What a region of raw bytes (memory, page file, disk, any file) holds of NetWire, as findings.

Each function takes a region (item, offset and bytes) and gives findings that carry places, never content that is
the victim's: typed text only as its place and length, and as a mask where a window speaks of a login.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from hikeshi.families.netwire import config, keylog, stack
from hikeshi.families.netwire.carving import carve
from hikeshi.families.netwire.files import Described
from hikeshi.families.netwire.settings import Config
from hikeshi.pack import Grade, Hit, iso

FAMILY = "netwire"
# The setting of each function of the rebuilt console that an action on the stack stands for.
_ACTIONS: Mapping[str, tuple[str | None, tuple[str, ...]]] = {
    "session-start": ("registration", ("T1573.001",)),
    "list-drives": ("file-search", ("T1083",)),
    "browse": ("file-search", ("T1083",)),
    "upload": ("file-to-victim", ("T1105",)),
    "download": ("file-from-victim", ("T1041",)),
    "screenshot": ("screen-capture", ("T1113",)),
    "key-log-open": ("keylogging", ("T1056.001",)),
    "key-log-view": ("keylogging", ("T1056.001",)),
    "key-log-download": ("keylogging", ("T1056.001",)),
    "key-log-delete": ("clean-up", ("T1070.004",)),
    "delete": ("clean-up", ("T1070.004",)),
    "hash": ("file-search", ("T1083",)),
    "shell": ("remote-shell", ("T1059.003",)),
    "http-download": ("download-and-run", ("T1105",)),
    "browser-passwords": ("credential-theft", ("T1555.003",)),
    "messenger-passwords": ("credential-theft", ("T1555",)),
    "mail-passwords": ("credential-theft", ("T1555",)),
}


class Region(Protocol):
    """Bytes of an item and where they lie in it."""

    @property
    def item(self) -> str:
        """The item's id."""

    @property
    def offset(self) -> int:
        """Where the bytes lie in the item."""

    @property
    def bytes(self) -> bytes:
        """The bytes."""


def stacks(region: Region) -> Iterator[Hit]:
    """The last action of every NetWire main loop in the region."""
    for found in stack.stacks(region.bytes):
        function, techniques = _ACTIONS.get(found.action or "", (None, ()))
        fields = {
            "action": found.action,
            "address": f"{found.address:#x}" if found.address is not None and found.action is None else None,
            "path": found.path,
            "parameter": found.parameter,
            "drives": found.drives,
            "c2": found.server,
            "constants": f"{found.constants} of 5",
            "pending": "yes" if found.pending else None,
            "drives_and_path": "joined by place in a page only" if found.assumed else None,
            **_command(found),
        }
        yield Hit(
            region.item, Grade.PROVEN if found.constants >= 4 else Grade.STRONG, "netwire.stack",
            offset=region.offset + found.offset, time=found.time, time_text=iso(found.time), host=found.host,
            user=found.user, family=FAMILY, function=function, techniques=techniques, fields=_said(fields),
        )  # fmt: skip
        if found.file is not None:
            yield sent_file(region.item, region.offset + found.offset, found, found.file)


def _command(found: stack.Residue) -> dict[str, str | None]:
    command = found.command
    if command is None or command.name in ("register", "key-exchange", "transfer-data"):
        return {}
    told = command.fields.items() if command.complete else ()
    return {"command": command.name, **{f"command_{name}": value for name, value in told}}


def sent_file(item: str, offset: int, found: stack.Residue, file: Described) -> Hit:
    """The file of an upload as a finding: described, never kept."""
    fields = {
        "file": file.path, "direction": file.direction, "bytes": str(file.size), "sha256": file.sha256,
        "sha256_restored": file.restored, "type": file.kind, "whole": "yes" if file.whole else "no",
        "wrong_bytes": ", ".join(map(str, file.wrong)),
    }  # fmt: skip
    return Hit(
        item, Grade.PROVEN if file.whole else Grade.STRONG, "netwire.file",
        offset=offset, time=found.time, time_text=iso(found.time), host=found.host,
        user=found.user, family=FAMILY, function="file-to-victim", techniques=("T1105",), fields=_said(fields),
    )  # fmt: skip


def keylogs(region: Region) -> Iterator[Hit]:
    """Every run of a key log in the region, and every window in which something was typed.

    They are clues: clocks.py makes findings of them, for times are the machine's local time.
    """
    for found in carve(region.bytes, region.offset):
        times = [segment.time_text for segment in found.segments if segment.time_text]
        fields = {
            "bytes": str(found.length),
            "windows": str(sum(1 for s in found.segments if s.time_text and not s.started)),
            "keys": str(sum(s.keys for s in found.segments)),
            "first": times[0] if times else None,
            "last": times[-1] if times else None,
            "anchors": str(found.anchors),
        }
        grade = Grade.PROVEN if times else Grade.STRONG
        yield _keys(region, "netwire.key-log-clue", found.offset, times[0] if times else None, grade, fields)
        for segment in found.segments:
            if segment.keys and not segment.started:
                yield _typed(region, segment, grade)


def _typed(region: Region, segment: keylog.Segment, grade: Grade) -> Hit:
    secret = keylog.masked(region.bytes, segment, region.offset) if segment.login else None
    fields = {
        "window": segment.title, "code_page": segment.code_page, "confidence": f"{segment.confidence:.2f}",
        "keys": str(segment.keys), "bytes": str(segment.length), "typed": secret,
        "login": "yes" if segment.login else None,
    }  # fmt: skip
    return _keys(region, "netwire.typed-clue", segment.offset, segment.time_text, grade, fields)


def _keys(
    region: Region, message: str, offset: int, time_text: str | None, grade: Grade, fields: Mapping[str, str | None]
) -> Hit:  # fmt: skip
    return Hit(
        region.item, grade, message, offset=offset, time_text=time_text, family=FAMILY, function="keylogging",
        techniques=("T1056.001", "T1074.001"), fields=_said(fields),
    )  # fmt: skip


def configs(region: Region) -> Iterator[Hit]:
    """The settings that lie decrypted in the region."""
    for found in config.memory(region.bytes, region.offset):
        yield configured(region.item, found)


def configured(item: str, found: Config) -> Hit:
    """Settings as a finding whose fields the exports know: c2 and config_…."""
    names = {"group": "campaign"}
    fields: dict[str, str | None] = {
        "c2": "\n".join(f"{host}:{port}" for host, port in found.hosts),
        "config_layout": found.layout,
        "config_confidence": f"{found.confidence:.2f}",
        "config_key": found.key.hex() if found.key else None,
        "config_unreadable": ", ".join(found.unreadable),
    }
    for number, one in enumerate(found.settings):
        if one.name != "hosts":
            name = f"config_{names.get(one.name, one.name)}" + (
                f"_{number + 1}" if one.name == "flag" else ""
            )
            fields[name] = None if one.value == "-" else one.value
            fields[f"{name}_meaning"] = one.meaning
    sure = found.source == "file" or (found.confidence >= 0.6 and not found.unreadable)
    grade = Grade.PROVEN if sure else Grade.STRONG
    return Hit(
        item, grade, "netwire.config", offset=found.offset, family=FAMILY, techniques=("T1573.001",),
        fields=_said(fields),
    )  # fmt: skip


def _said(fields: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}
