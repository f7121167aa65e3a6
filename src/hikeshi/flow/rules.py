# SPDX-License-Identifier: Apache-2.0
"""Rule sets made ready for judging: compiled in a worker, kept in the user's cache under what they were made of."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hikeshi.engine import Limits, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.errors import RuleError
from hikeshi.evidence.discover import walk

COMPILE = {
    "sigma": "hikeshi.flow.tasks:compile_rules",
    "yara": "hikeshi.flow.tasks:compile_yara",
    "indicators": "hikeshi.flow.tasks:compile_indicators",
    "raw": "hikeshi.flow.searches:compile_patterns",
}
# What compiles each kind, and whose version therefore counts.
PACKAGE = {"sigma": "pysigma", "yara": "yara-x", "indicators": "orjson", "raw": "hyperscan"}
NAMED = {"sigma": "Sigma rule", "yara": "YARA rule", "indicators": "indicator", "raw": "search"}
LARGEST = 256 << 20

# Bumped when compiling the same rules gives another result; the compiler's version counts by itself.
VERSION = "1"


@dataclass(frozen=True)
class RuleFiles:
    """The files of one rule set: `(path, bytes)`, the path starting inside the folder or archive that was given."""

    name: str
    files: tuple[tuple[str, bytes], ...]
    kind: str = "sigma"

    @property
    def sha256(self) -> str:
        """Hash over all files and their paths."""
        digest = hashlib.sha256()
        for path, data in self.files:
            digest.update(f"{path}\0{len(data)}\0".encode() + data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Compiled:
    """A compiled rule set in a file, with what it was made of."""

    name: str
    sha256: str
    path: str
    version: str
    kind: str = "sigma"


def given(arguments: Sequence[str], kind: str) -> list[RuleFiles]:
    """The sets of ``--rules``, ``--yara`` or ``--indicators``; RuleError when one cannot be read."""
    sets = []
    for argument in arguments:
        if not os.path.exists(argument):
            raise RuleError(
                f"There is no {NAMED[kind]} at {argument!r}; give a file, a folder or an archive."
            )
        found, size = [], 0
        for met in walk(argument):
            if met.source:
                size += met.source.size
                if size > LARGEST:
                    raise RuleError(f"{argument!r} is larger than 256 MiB; give the {NAMED[kind]}s alone.")
                found.append((met.path.partition("/")[2] or met.path, Path(met.source.path).read_bytes()))
        sets.append(RuleFiles(os.path.basename(os.path.abspath(argument)), tuple(sorted(found)), kind))
    return sorted(sets, key=lambda rules: (rules.name, rules.sha256))


def compiled(rules: RuleFiles, pool: Pool) -> Compiled:
    """The compiled form, from the cache or made now; RuleError when no rule in it can be compiled."""
    key = hashlib.sha256(
        f"{VERSION} {rules.kind} {version(PACKAGE[rules.kind])} {rules.sha256}".encode()
    ).hexdigest()
    path = _cache() / f"{key}.json"
    if not path.is_file():
        _compile(rules, pool, path)
    data = path.read_bytes()
    return Compiled(rules.name, rules.sha256, str(path), hashlib.sha256(data).hexdigest(), rules.kind)


def _compile(rules: RuleFiles, pool: Pool, path: Path) -> None:
    unit = Unit(
        rules.sha256, {"names": [name for name, _ in rules.files]}, [_bytes(data) for _, data in rules.files]
    )
    pool.submit(Task(COMPILE[rules.kind], [unit], {"name": rules.name}, Limits(silence=600, wall=1200)))
    result = b""
    for reply in pool.replies():
        if reply.message:
            result = reply.message.blob
        if reply.lost:
            raise RuleError(
                f"The {NAMED[rules.kind]}s {rules.name!r} could not be read ({reply.lost}); {reply.detail[-400:]}"
            )
    if not result:
        raise RuleError(
            f"There is no {NAMED[rules.kind]} in {rules.name!r}; give the file, folder or archive that holds them."
        )
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as scratch:
        scratch.write(result)
    os.replace(scratch.name, path)


def joined(sets: Sequence[RuleFiles]) -> RuleFiles | None:
    """Several rule sets as one, for engines that compile all rules together."""
    if not sets:
        return None
    files = tuple((f"{rules.name}/{path}", data) for rules in sets for path, data in rules.files)
    return RuleFiles("+".join(rules.name for rules in sets), files, sets[0].kind)


def file_opener(path: str) -> Callable[[], int]:
    """Opens a file for a worker, read-only."""
    return lambda: os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _bytes(data: bytes) -> Any:
    return lambda: data


def _cache() -> Path:
    """The user's cache folder; a temporary one where there is none to write to."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(base) / "hikeshi" / "rules"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="hikeshi-rules-"))
