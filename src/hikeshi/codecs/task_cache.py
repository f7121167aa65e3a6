# SPDX-License-Identifier: Apache-2.0
"""The binary values of a task below Schedule\\TaskCache\\Tasks\\{id}: Actions, Triggers and DynamicInfo.

Layouts: "Windows Registry Analysis – Today's Episode: Tasks" (cyber.wtf, 2022) and the structure definitions beside it
(GDATAAdvancedAnalytics/winreg-tasks). A boundary that is not marked as local time is UTC.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from uuid import UUID

from hikeshi.codecs.task_xml import MOST_ACTIONS, MOST_TEXT, MOST_TRIGGERS, Action
from hikeshi.codecs.times import filetime, iso

_NEVER = 0xFFFFFFFF
_KINDS = {
    0x6666: "WnfStateChangeTrigger",
    0x7777: "SessionStateChangeTrigger",
    0x8888: "RegistrationTrigger",
    0xAAAA: "LogonTrigger",
    0xCCCC: "EventTrigger",
    0xDDDD: "TimeTrigger",
    0xEEEE: "IdleTrigger",
    0xFFFF: "BootTrigger",
}
_EVERY = {1: "every-days", 2: "every-weeks"}
HIDDEN, ENABLED, WHEN_AVAILABLE = 0x800000, 0x400000, 0x40


class _End(Exception):
    """The bytes end before what was to be read."""


class _Bytes:
    """A value read from its start; with `round` what was read is padded to so many bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def take(self, size: int, align: int = 1) -> bytes:
        """The next bytes, and past the padding that follows them."""
        piece = self._data[self.at : self.at + size]
        if len(piece) < size:
            raise _End
        self.at += -(-size // align) * align
        return piece

    def number(self, size: int = 4, align: int = 1) -> int:
        """The next bytes as a number."""
        return int.from_bytes(self.take(size, align), "little")

    def text(self, align: int = 1) -> str:
        """A string behind its length in bytes."""
        size = self.number(4, align)
        return self.take(size, align).decode("utf-16-le", "replace").rstrip("\0")[:MOST_TEXT]

    def left(self) -> bool:
        """Whether bytes follow."""
        return self.at < len(self._data)


def actions(data: bytes) -> tuple[list[Action], bool]:
    """What a task does, and whether all of the value was understood."""
    found: list[Action] = []
    source = _Bytes(data)
    try:
        version = source.number(2)
        if version not in (1, 2, 3):
            return found, False
        if version > 1:
            source.text()
        while source.left() and len(found) < MOST_ACTIONS:
            magic, _ = source.number(2), source.text()
            match magic:
                case 0x6666:
                    found.append(Action("Exec", source.text(), source.text(), source.text()))
                    if version == 3:
                        source.take(2)
                case 0x7777:
                    clsid = UUID(bytes_le=source.take(16))
                    found.append(Action("ComHandler", f"{{{clsid}}}".upper(), source.text()))
                case 0x8888:
                    found.append(Action("SendEmail"))
                    return found, True
                case 0x9999:
                    found.append(Action("ShowMessage", "", f"{source.text()}\n{source.text()}"))
                case _:
                    return found, False
    except _End:
        return found, False
    return found, True


def triggers(data: bytes) -> tuple[list[str], dict[str, str], bool]:
    """A line for each trigger as task_xml words them, fields that the value states, and whether all was understood."""
    lines: list[str] = []
    said: dict[str, str] = {}
    starts: list[str] = []
    intervals: list[str] = []
    source = _Bytes(data)
    try:
        version = source.number(1, 8)
        source.take(32)
        flags, _ = source.number(4, 8), source.number(4, 8)
        said = {
            "hidden": str(bool(flags & HIDDEN)).lower(),
            "enabled": str(bool(flags & ENABLED)).lower(),
            "start_when_available": str(bool(flags & WHEN_AVAILABLE)).lower(),
        }
        for wanted in (0x16, 0x17):
            if version >= wanted:
                source.text(8)
        user = _user(source)
        if user:
            said["user"] = user
        source.take(source.number(4, 8), 8)
        while source.left() and len(lines) < MOST_TRIGGERS:
            line, start, interval = _trigger(source, version)
            lines.append(line)
            starts.append(start)
            intervals.append(interval)
    except _End:
        return lines, _joined(said, starts, intervals), False
    return lines, _joined(said, starts, intervals), True


def times(data: bytes) -> tuple[int | None, int | None]:
    """When a task was made and when it last ran, from DynamicInfo."""
    if len(data) < 20:
        return None, None
    made, ran = struct.unpack_from("<QQ", data, 4)
    return (filetime(made) if made else None), (filetime(ran) if ran else None)


def _joined(said: dict[str, str], starts: list[str], intervals: list[str]) -> dict[str, str]:
    for name, values in (("start_boundary", starts), ("interval", intervals)):
        if text := "\n".join(value for value in dict.fromkeys(values) if value):
            said[name] = text
    return said


def _user(source: _Bytes) -> str:
    """The user a task or trigger is for: the name where there is one, else the SID."""
    if source.number(1, 8):
        return ""
    sid = ""
    if not source.number(1, 8):
        source.take(4, 8)
        sid = security_id(source.take(source.number(4, 8), 8))
    return source.text(8) or sid


def security_id(data: bytes) -> str:
    """A SID as text ([MS-DTYP] 2.4.2); "" when it is none."""
    if len(data) < 8 or data[0] != 1 or len(data) < 8 + 4 * data[1]:
        return ""
    numbers = struct.unpack_from(f"<{data[1]}I", data, 8)
    return "-".join(("S", "1", str(int.from_bytes(data[2:8], "big")), *map(str, numbers)))


def _trigger(source: _Bytes, version: int) -> tuple[str, str, str]:
    magic = source.number(4, 8)
    if magic not in _KINDS:
        raise _End
    start, end = _boundary(source), _boundary(source)
    if magic == 0xDDDD:
        words, interval = _schedule(source)
    else:
        words, interval = _generic(source)
    if version >= 0x16:
        size = source.number(4)
        source.take(size)
        source.at += -(4 + size) % 8
    kind = "CalendarTrigger" if any(word in words for word in ("every", *_EVERY.values())) else _KINDS[magic]
    words = [kind, start, *words, *(("until", end) if end else ()), *_rest(source, magic)]
    return " ".join(word for word in words if word)[:MOST_TEXT], start, interval


def _boundary(source: _Bytes) -> str:
    """A time of day without its zone where it is the machine's own; "" where there is none."""
    local, ticks = source.number(1, 8), source.number(8)
    moment = filetime(ticks) if 0 < ticks < 1 << 63 else None
    text = (iso(moment) or "")[:19]
    return text if local or not text else f"{text}Z"


def _schedule(source: _Bytes) -> tuple[list[str], str]:
    source.take(16)
    interval, duration, _, mode = (source.number() for _ in range(4))
    days, _, _, _ = (source.number(2) for _ in range(4))
    _, enabled, _ = source.take(1), source.number(1), source.take(2)
    source.take(4)
    delay, _ = source.number(), source.take(4)
    words = _words(interval, duration)
    words += [_EVERY[mode], str(days)] if mode in _EVERY else ["every", "month"] if mode else []
    words += ["random-delay", _duration(delay)] if delay else []
    return words + ([] if enabled else ["disabled"]), _duration(interval)


def _generic(source: _Bytes) -> tuple[list[str], str]:
    delay, _, interval, duration, _ = (source.number() for _ in range(5))
    source.take(4)
    enabled = source.number(1, 8)
    source.take(8)
    words = _words(interval, duration) + (["delay", _duration(delay)] if delay else [])
    return words + ([] if enabled else ["disabled"]), _duration(interval)


def _words(interval: int, duration: int) -> list[str]:
    words = ["repeat", _duration(interval)] if _duration(interval) else []
    return words + (["for", _duration(duration)] if words and _duration(duration) else [])


def _rest(source: _Bytes, magic: int) -> Iterator[str]:
    """What follows the common part of some triggers."""
    match magic:
        case 0xAAAA:
            if user := _user(source):
                yield from ("user", user)
        case 0x7777:
            state, _ = source.number(), source.take(4)
            yield from ("state", str(state))
            if user := _user(source):
                yield from ("user", user)
        case 0xCCCC:
            yield from ("subscription", " ".join(_counted(source).split()))
            source.take(8)
            _counted(source)
            for _ in range(min(source.number(4, 8), MOST_TRIGGERS)):
                _counted(source)
                _counted(source)
        case 0x6666:
            source.take(8)
            source.take(source.number(4, 8))


def _counted(source: _Bytes) -> str:
    """A string behind its length in characters, the zero at its end not counted."""
    length = source.number(4, 8)
    return source.take(2 * length + 2, 8).decode("utf-16-le", "replace").rstrip("\0") if length else ""


def _duration(seconds: int) -> str:
    """PT10M for 600; "" for none or without end."""
    if seconds in (0, _NEVER):
        return ""
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if n)
    return f"P{days}D" * bool(days) + ("T" if days else "PT") * bool(clock) + clock
