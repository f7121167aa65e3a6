# SPDX-License-Identifier: Apache-2.0
"""UAC's output (tclahr/uac, `uac`): `uac.log` and `[root]/…`, in a tar, a zip or a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence

KIND = "uac"
_LOG, _TREE = "/uac.log", "[root]/"
_SYSTEMS = "aix|android|esxi|freebsd|linux|macos|netbsd|netscaler|openbsd|solaris"
_NAME = re.compile(rf"uac-(.+)-(?:{_SYSTEMS})-\d{{14}}(?:\.|$)")


def roots(paths: Sequence[str]) -> set[str]:
    """Where the log stands beside the tree."""
    trees = {path[: path.index("/" + _TREE)] for path in paths if "/" + _TREE in path}
    return {path.removesuffix(_LOG) for path in paths if path.endswith(_LOG)} & trees


def original(inner: str) -> str | None:
    """The path on the machine."""
    return "/" + inner.removeprefix(_TREE) if inner.startswith(_TREE) and inner != _TREE else None


def host(root: str) -> str | None:
    """The machine in the name of the archive, which is uac-<host>-<system>-<time> unless told otherwise."""
    return next((met[1] for step in reversed(root.split("/")) if (met := _NAME.match(step))), None)
