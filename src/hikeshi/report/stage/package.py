# SPDX-License-Identifier: Apache-2.0
"""What both office formats need: text that XML can hold, and a package whose bytes do not depend on the clock."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime

FIXED = datetime(2000, 1, 1)
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def text(value: str) -> str:
    """Text without what XML cannot hold."""
    return "".join(char if char >= " " or char in "\t\n" else "\ufffd" for char in value)


def fixed(save: Callable[[io.BytesIO], object]) -> bytes:
    """The package rewritten with fixed times, so that the same content is the same file."""
    raw, out = io.BytesIO(), io.BytesIO()
    save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _STAMP.sub(rb"\g<1>" + FIXED.isoformat().encode() + b"Z", data)
            info = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, data)
    return out.getvalue()
