# SPDX-License-Identifier: Apache-2.0
"""Triage collections, recognised from the paths of the evidence: where each begins, and its paths on the machine.

Each layout is a module with `roots(paths)`, `original(inner)` for a path below a root, and `host(root)` for the machine
that the name of the collection states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from hikeshi.evidence.collections import kape, uac, velociraptor

LAYOUTS: tuple[ModuleType, ...] = (velociraptor, uac, kape)


@dataclass(frozen=True)
class Collection:
    """A collection: the path it begins at, its layout, and the machine its name states."""

    root: str
    layout: str
    named: str | None = None

    def holds(self, path: str) -> bool:
        """Whether a path is the collection itself or lies in it."""
        return path == self.root or path.startswith(self.root + "/")

    def original(self, path: str) -> str | None:
        """What a path was called on the machine; null for what the collecting tool wrote itself."""
        found: str | None = _layout(self.layout).original(path[len(self.root) + 1 :])
        return found


def find(paths: Sequence[str]) -> dict[str, Collection]:
    """The collections among paths, by their root; the first layout that recognises a root has it.

    Inside another collection only an archive begins a new one: a folder there is what somebody left on that machine.
    """
    found: dict[str, Collection] = {}
    for layout in LAYOUTS:
        for root in layout.roots(paths):
            found.setdefault(root, Collection(root, layout.KIND, layout.host(root)))
    present, kept = set(paths), dict[str, Collection]()
    for root in sorted(found, key=lambda root: (root.count("/"), root)):
        if root in present or innermost(kept, root) is None:
            kept[root] = found[root]
    return kept


def innermost(collections: Mapping[str, Collection], path: str) -> Collection | None:
    """The collection a path lies in; with one inside another the inner one."""
    return next((collections[above] for above in _above(path) if above in collections), None)


def _above(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _layout(kind: str) -> ModuleType:
    return next(layout for layout in LAYOUTS if layout.KIND == kind)
