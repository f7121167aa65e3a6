# SPDX-License-Identifier: Apache-2.0
"""Velociraptor's collection containers (docs.velociraptor.app, Offline Collections, Collection Data).

`uploads/<accessor>/<volume>/…` with each step percent-encoded, beside `uploads.json`, `client_info.json` and
`collection_context.json`. A secured container is a `data.zip` inside another zip.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

KIND = "velociraptor"
_MARKERS = ("uploads.json", "client_info.json", "collection_context.json")
_ACCESSORS = ("auto", "file", "mft", "ntfs", "ntfs_vss", "lazy_ntfs")
_UPLOAD = re.compile(rf"^(.*?)/uploads/(?:{'|'.join(_ACCESSORS)})/([^/]+)")
_VOLUME = re.compile(r"(?:\\\\[.?]\\)?([A-Za-z]):\\?")
# The name the offline collector gives unless told otherwise: Collection-<host>-<time>.zip
_NAME = re.compile(r"Collection-(.+?)-\d{4}-\d\d-\d\dT\d\d_?\d\d_?\d\d[^/]*")


def roots(paths: Sequence[str]) -> set[str]:
    """Where a marker stands beside an upload, or an upload names a volume the way only Velociraptor writes it."""
    present = set(paths)
    uploads: dict[str, bool] = {}
    for path in paths:
        if met := _UPLOAD.match(path):
            uploads[met[1]] = uploads.get(met[1], False) or _is_volume(met[2])
    marked = {path.rpartition("/")[0] for path in paths if path.endswith(tuple(f"/{m}" for m in _MARKERS))}
    sure = {root for root in marked if sum(f"{root}/{marker}" in present for marker in _MARKERS) > 1}
    return sure | {root for root, volume in uploads.items() if volume or root in marked}


def original(inner: str) -> str | None:
    """The path on the machine."""
    top, _, rest = inner.partition("/")
    accessor, _, rest = rest.partition("/")
    if top != "uploads" or accessor not in _ACCESSORS or not rest:
        return None
    volume, *steps = map(_step, rest.split("/"))
    if drive := _VOLUME.fullmatch(volume):
        return "\\".join([f"{drive[1].upper()}:", *steps])
    if volume.startswith("\\\\"):
        return "\\".join([volume.rstrip("\\"), *steps])
    return "/" + "/".join(step.strip("/") for step in (volume, *steps))


def host(root: str) -> str | None:
    """The machine in the name of the container, or of the one around it."""
    return next((met[1] for step in reversed(root.split("/")) if (met := _NAME.match(step))), None)


def _is_volume(step: str) -> bool:
    volume = _step(step)
    return "%" in step and (bool(_VOLUME.fullmatch(volume)) or volume.startswith("\\\\"))


def _step(step: str) -> str:
    try:
        return unquote(step, errors="strict")
    except UnicodeDecodeError:
        return step
