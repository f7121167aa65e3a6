# SPDX-License-Identifier: Apache-2.0
"""Which machine a system's own settings name, and how far that goes: the image, volume or folder they lie in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hikeshi.reconstruct.hosts import aliases

REGISTRY, SETTINGS = "registry", "system-settings"

# Where a system keeps its name, with what else lies beside in the root of such a system: Windows' SYSTEM hive, the
# system settings of a Mac, the hosts file of a Linux machine.
_PLACES = (
    (
        re.compile(r"(?i)/windows/system32/config/system$"),
        REGISTRY,
        "windows users programdata recovery $recycle.bin $mft",
    ),
    (
        re.compile(r"/(?:private/)?Library/Preferences/SystemConfiguration/preferences\.plist$"),
        SETTINGS,
        "library users private system applications etc var usr bin sbin",
    ),
    (re.compile(r"/etc/hosts$"), SETTINGS, "etc var usr home root opt tmp srv boot bin sbin lib"),
)
_MORE = {REGISTRY: ("program files", "documents and settings", "system volume information", "$")}
_VOLUME = re.compile(r"(.+)/p\d+$")


@dataclass(frozen=True)
class Scope:
    """Everything below a path that is of one machine; `tops` names what counts where other things may lie beside."""

    host: str
    ground: str
    tops: frozenset[str] = frozenset()

    def holds(self, below: str) -> bool:
        """Whether a path below the scope, "" for itself, is of the machine."""
        top = below.split("/", 1)[0].lower()
        return not self.tops or top in self.tops or top.startswith(_MORE.get(self.ground, ("\0",)))


def scopes(
    paths: Sequence[tuple[str, str]], names: Mapping[str, Sequence[str]], images: Iterable[str]
) -> dict[str, Scope]:
    """Scopes by the path they begin at. `names` gives what each item calls its machine, the best name first.

    `images` are the paths of images: what lies in a volume of one is all of that machine, and so is the image itself
    when no two of its volumes disagree.
    """
    disks = frozenset(images)
    found: dict[str, Scope] = {}
    for path, item in paths:
        if item not in names:
            continue
        for place, ground, tops in _PLACES:
            if (met := place.search(path)) and (root := path[: met.start()]):
                whole = root in disks or root.rpartition("/")[0] in disks
                scope = Scope(
                    one_name(names[item]), ground, frozenset() if whole else frozenset(tops.split())
                )
                found.setdefault(root, scope)
    volumes: defaultdict[str, list[Scope]] = defaultdict(list)
    for root, scope in found.items():
        if (met := _VOLUME.fullmatch(root)) and met[1] in disks:
            volumes[met[1]].append(scope)
    for disk, inner in volumes.items():
        if len({scope.host.lower() for scope in inner}) == 1:
            found.setdefault(disk, inner[0])
    return found


def one_name(names: Sequence[str]) -> str:
    """The name all names stand for; the first where they stand for more than one."""
    stood = set(aliases(names).values())
    return stood.pop() if len(stood) == 1 else names[0]


def above(found: Mapping[str, Scope], path: str) -> Scope | None:
    """The innermost scope that a path lies in."""
    at = path
    while at:
        scope = found.get(at)
        if scope and scope.holds(path[len(at) + 1 :]):
            return scope
        at = at.rpartition("/")[0]
    return None
