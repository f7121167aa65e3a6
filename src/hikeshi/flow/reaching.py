# SPDX-License-Identifier: Apache-2.0
"""Gets the bytes of an item out of the evidence again, through the containers it lies in, each opened in a worker.

Nothing of them gets a name on disk, and every step must have the SHA-256 that the case says.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hikeshi.case.saved import Saved
from hikeshi.engine import Limits, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.errors import CaseError, UsageError
from hikeshi.evidence import discover
from hikeshi.evidence.source import ChangedError, FileSource, Source, Spool, SpoolSource
from hikeshi.flow.reading import READ

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """Where the evidence lies, what opens it, who reads it; spools are closed with `kept`."""

    paths: Sequence[str]
    passwords: Sequence[str]
    pool: Pool
    kept: ExitStack


def reach(case: Saved, item: str, evidence: Evidence) -> tuple[Source, str]:
    """The bytes of an item and the path it has in the case; CaseError when the evidence is not what was examined."""
    chains = list(_chains(case.account["evidence"], item, ()))
    chain, source = _begin(chains, evidence.paths)
    for outer, inner in pairwise(chain):
        source = _child(outer, inner, source, evidence)
    return source, chain[-1]["path"]


def _chains(nodes: Iterable[Node], item: str, above: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """Every way down to an item, from the file on disk inwards."""
    for node in nodes:
        here = (*above, node)
        if node.get("id") == item:
            yield here
        yield from _chains(node.get("children", ()), item, here)


def _begin(chains: Sequence[tuple[Node, ...]], evidence: Sequence[str]) -> tuple[tuple[Node, ...], Source]:
    """The first way whose outermost file is at hand, whatever it is called now."""
    discover.check(evidence)
    if not chains:
        raise CaseError(
            "The case does not say where this item lies; run again on the evidence that holds it."
        )
    wanted = {chain[0]["id"]: chain for chain in reversed(chains)}
    sizes = {chain[0]["bytes"] for chain in chains}
    named = {chain[0]["path"] for chain in chains}
    other = None
    for met in (met for argument in evidence for met in discover.walk(argument)):
        if not isinstance(met.source, FileSource):
            continue
        digest = _sha256(met.source) if met.source.size in sizes else None
        if digest in wanted:
            return wanted[digest], met.source
        other = met.path if met.path in named else other
    if other:
        raise CaseError(f"{other} is not the file that was examined: its SHA-256 differs. Give the original.")
    raise CaseError(
        f"The evidence given does not hold {chains[0][0]['path']}; give the folder where it lies."
    )


def _sha256(source: FileSource) -> str | None:
    try:
        return source.sha256()
    except ChangedError as error:
        raise CaseError(f"{error}; give a copy that nobody writes to.") from error
    except OSError:
        return None


def _child(outer: Node, inner: Node, source: Source, evidence: Evidence) -> Source:
    """One member of a container."""
    place = inner["path"][len(outer["path"]) + 1 :]
    about = {"id": outer["id"], "name": outer["path"], "size": source.size}
    limits = Limits(wall=600 + source.size / 100_000)
    task = Task(
        READ, [Unit("outer", about, source.openers())], {"passwords": list(evidence.passwords)}, limits
    )
    evidence.pool.submit(task)
    found: Source | None = None
    spool, digest = None, hashlib.sha256()
    for reply in evidence.pool.replies():
        head = reply.message.head if reply.message else {}
        if head.get("kind") == "child" and head["place"] == place and found is None:
            spool, digest = Spool(tempfile.gettempdir()), hashlib.sha256()
            evidence.kept.callback(spool.close)
        elif head.get("kind") == "bytes" and spool and reply.message:
            spool.write(reply.message.blob)
            digest.update(reply.message.blob)
        elif head.get("kind") == "closed" and spool:
            if digest.hexdigest() == inner["id"]:
                found = SpoolSource(spool, 0, spool.tell())
            spool = None
    if found is None:
        raise UsageError(
            f"{inner['path']} did not come out of {outer['path']} again; give the --password it was opened with."
        )
    return found


def blocks(source: Source) -> Iterator[bytes]:
    """The bytes in blocks of one size."""
    for opener in source.openers():
        opened = opener()
        if isinstance(opened, bytes):
            yield opened
            continue
        with open(opened, "rb") as file:
            while block := file.read(1 << 20):
                yield block
