# SPDX-License-Identifier: Apache-2.0
"""Writes what starts by itself as inert text: task XML, launchd property lists, XDG desktop entries.

Layouts: [MS-TSCH] 2.5, launchd.plist(5), freedesktop.org's Desktop Entry Specification.
"""

from __future__ import annotations

import plistlib
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

_NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"


def task(
    uri: str,
    command: str,
    arguments: str = "",
    *,
    author: str = "",
    date: str = "",
    triggers: str = "",
    user: str = "",
    settings: Mapping[str, str] | None = None,
) -> bytes:
    """A task's file as Windows writes it, in UTF-16 with its mark; `triggers` is XML, see time_trigger()."""
    about = "".join(
        f"    <{name}>{escape(text)}</{name}>\r\n"
        for name, text in (("Date", date), ("Author", author), ("URI", uri))
        if text
    )
    given = "".join(f"    <{name}>{escape(text)}</{name}>\r\n" for name, text in (settings or {}).items())
    principal = f"<UserId>{escape(user)}</UserId>" if user else ""
    action = f"<Command>{escape(command)}</Command>"
    action += f"<Arguments>{escape(arguments)}</Arguments>" if arguments else ""
    text = (
        f'<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2" xmlns="{_NAMESPACE}">\r\n'
        f"  <RegistrationInfo>\r\n{about}  </RegistrationInfo>\r\n  <Triggers>{triggers}</Triggers>\r\n"
        f'  <Principals><Principal id="Author">{principal}</Principal></Principals>\r\n'
        f"  <Settings>\r\n{given}  </Settings>\r\n"
        f'  <Actions Context="Author"><Exec>{action}</Exec></Actions>\r\n</Task>'
    )
    return b"\xff\xfe" + text.encode("utf-16-le")


def time_trigger(start: str, interval: str = "") -> str:
    """A trigger at a time, repeated where an interval such as PT1H is given."""
    repeat = f"<Repetition><Interval>{escape(interval)}</Interval></Repetition>" if interval else ""
    return f"<TimeTrigger>{repeat}<StartBoundary>{escape(start)}</StartBoundary></TimeTrigger>"


def launchd(label: str, arguments: list[str], *, binary: bool = False, **more: Any) -> bytes:
    """A property list of launchd: its label, what it starts, and whatever other keys."""
    keys = {"Label": label, "ProgramArguments": arguments, **more}
    return plistlib.dumps(keys, fmt=plistlib.FMT_BINARY if binary else plistlib.FMT_XML)


def desktop(name: str, command: str, **more: str) -> bytes:
    """A desktop entry as it lies in an autostart folder."""
    keys = {"Type": "Application", "Name": name, "Exec": command, **more}
    return ("[Desktop Entry]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())).encode()
