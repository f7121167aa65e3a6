# SPDX-License-Identifier: Apache-2.0
"""What lies where the decoded settings say: autostart entries by name and program, key logs by folder.

Builds differ in these settings, so entries and day files of any name are compared, and told only where they agree.
"""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.families.netwire.artefacts import AUTOSTART_CLUE, DAY_CLUE
from hikeshi.pack import Grade, Hit, replace

_FOLDERS = (("%appdata%", "appdata/roaming"), ("%temp%", "appdata/local/temp"), ("%home%", ""))
_ENTRIES = (
    AUTOSTART_CLUE,
    "netwire.autostart",
    "netwire.autostart-partial",
    "netwire.run-value",
    "netwire.run-partial",
)
_LOGS = (DAY_CLUE, "netwire.key-log", "netwire.key-log-text")


def joined(hits: list[Hit]) -> Iterator[Hit]:
    """Entries and logs of one machine that are as its settings say, one of each kind."""
    for settings in (hit for hit in hits if hit.message == "netwire.config"):
        name = settings.fields.get("config_startup_name", "").casefold()
        program = _place(settings.fields.get("config_install_path", ""))
        folder = _place(settings.fields.get("config_keylog_dir", ""))
        entries = [hit for hit in hits if hit.message in _ENTRIES]
        sure = next((hit for hit in entries if _named(hit, name) and _starts(hit, program)), None)
        half = next((hit for hit in entries if _named(hit, name) or _starts(hit, program)), None)
        if sure is not None:
            yield _told(sure, settings, "autostart", _entry(sure), Grade.PROVEN)
        elif half is not None:
            yield _told(half, settings, "autostart", _entry(half), Grade.STRONG)
        log = next((hit for hit in hits if hit.message in _LOGS and _lies(hit, folder)), None)
        if log is not None:
            yield _told(log, settings, "log-directory", log.fields["file"], Grade.PROVEN)
        if half is not None or log is not None:
            return


def _told(hit: Hit, settings: Hit, what: str, values: str, grade: Grade) -> Hit:
    fields = {"what": what, "values": values, "with_message": settings.message, "with_item": settings.item}
    return replace(hit, grade=grade, message="netwire.same-value", fields=fields, rule=None)


def _place(path: str) -> str:
    """The part of a path that every user's folder has in common, with one kind of separator."""
    folded = path.casefold().replace("\\", "/")
    for name, folder in _FOLDERS:
        folded = folded.replace(name, folder)
    return folded.strip("/")


def _named(hit: Hit, name: str) -> bool:
    return bool(name) and name in (hit.fields.get("name", "").casefold(), _entry(hit).casefold())


def _entry(hit: Hit) -> str:
    """What an entry is called: the value's name, or the file's without its ending."""
    stated = hit.fields.get("autostart") or hit.fields.get("registry_path", "")
    last = stated.replace("\\", "/").rpartition("/")[2]
    return hit.fields.get("name") or last.removesuffix(".plist").removesuffix(".desktop")


def _starts(hit: Hit, program: str) -> bool:
    started = _place(hit.fields.get("registry_data") or hit.fields.get("program", ""))
    return "/" in program and program in started


def _lies(hit: Hit, folder: str) -> bool:
    return bool(folder) and f"/{folder}/" in "/" + _place(hit.fields.get("file", ""))
