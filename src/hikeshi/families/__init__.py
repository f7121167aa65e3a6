# SPDX-License-Identifier: Apache-2.0
"""What we know of malware: one folder per family. Listing the packs reads pack.toml and runs no pack code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from hikeshi.errors import PackError
from hikeshi.families.manifest import Pack, read

__all__ = ["Pack", "entry", "fingerprint", "named", "packs", "rule_files", "surviving"]


def packs() -> tuple[Pack, ...]:
    """Every pack, by name."""
    files = [path for folder in __path__ for path in Path(folder).glob("*/pack.toml")]
    return tuple(sorted((read(path.parent) for path in files), key=lambda pack: pack.name))


def entry(pack: Pack, name: str) -> Any:
    """The function a pack names under [entry], imported now; None when it names none."""
    return named(pack, pack.entry[name]) if name in pack.entry else None


def named(pack: Pack, reference: str) -> Any:
    """The function a pack names as module:function, imported now."""
    module, _, function = reference.partition(":")
    found = getattr(import_module(f"{__name__}.{pack.name}.{module}"), function, None)
    if found is None:
        raise PackError(f"{pack.name}/pack.toml names {module}:{function}, which {module}.py does not have")
    return found


def rule_files() -> Iterator[tuple[str, bytes]]:
    """The Sigma rules of every pack, as (path below families/, bytes)."""
    for pack in packs():
        for path in sorted((pack.folder / "rules").glob("*.yml")):
            yield f"{pack.name}/rules/{path.name}", path.read_bytes()


def fingerprint(pack: Pack) -> str:
    """SHA-256 over every file of a pack that decides what it finds or says."""
    digest = hashlib.sha256()
    for path in sorted(path for path in pack.folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(pack.folder).as_posix()}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def surviving(hits: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The hits without those that another pack overrides: it says the same function of the same record."""
    overrides = {pack.name: pack.overrides for pack in packs()}
    taken = {(other, *_said(hit)) for hit in hits for other in overrides.get(_pack(hit), ())}
    return [hit for hit in hits if (_pack(hit), *_said(hit)) not in taken]


def _pack(hit: Mapping[str, Any]) -> str:
    return str(hit["message"]).partition(".")[0]


def _said(hit: Mapping[str, Any]) -> tuple[Any, ...]:
    return hit["item"], hit["record"], hit["offset"], hit["function"]
