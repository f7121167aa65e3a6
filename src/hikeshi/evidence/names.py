# SPDX-License-Identifier: Apache-2.0
"""Names of files as text, whatever they were written in."""

from __future__ import annotations

import re


def decode_name(raw: bytes) -> str:
    """Text of a stored name: UTF-8, else Japanese Windows (cp932), else Latin-1 so that nothing is lost."""
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def inner_path(name: str) -> tuple[str, bool]:
    """A member's name as a relative path with `/`, and whether it tried to leave its container.

    Drive letters and leading slashes go; a `..` step is kept visible as `%2E%2E`. The result never climbs.
    """
    text = name.replace("\\", "/").replace("\0", "%00")
    trimmed = re.sub(r"^(?:[A-Za-z]:)?/*", "", text)
    steps = [step for step in trimmed.split("/") if step not in ("", ".")]
    escaped = trimmed != text or ".." in steps
    return "/".join("%2E%2E" if step == ".." else step for step in steps) or "%2E", escaped
