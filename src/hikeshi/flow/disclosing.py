# SPDX-License-Identifier: Apache-2.0
"""The two ways out of a case, both logged: a masked value to the screen, and an item's bytes into an encrypted zip."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hikeshi.case.logs import REVEALS, append
from hikeshi.case.saved import Saved
from hikeshi.case.secrets import Secret, known_item, meant
from hikeshi.codecs.zip_aes import LARGEST, archive
from hikeshi.engine import Limits, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.errors import CaseError, UsageError
from hikeshi.evidence.source import Source
from hikeshi.evidence.zip_sealed import FIRST
from hikeshi.flow import PRELOAD, searching
from hikeshi.flow.opening import known_secrets, told
from hikeshi.flow.reaching import Evidence, blocks, reach

REVEAL = "hikeshi.flow.again:reveal"


@dataclass(frozen=True)
class Revealed:
    """A masked value and what stands behind it."""

    secret: Secret
    value: bytes


def reveal(case: Path, reference: str, evidence: Sequence[str], passwords: Sequence[str]) -> list[Revealed]:
    """Decode the secrets meant by a finding or a record again, from the evidence; logged before anybody sees them."""
    saved = _open(case)
    found = meant(saved, reference)
    if not found:
        raise UsageError(f"Nothing is masked in {reference}; 'hikeshi show secrets {case}' lists what is.")
    settings = ((f["evidence"]["id"], f["fields"]) for f in saved.findings() if f["family"])
    secrets, _ = known_secrets(settings, passwords)
    values: dict[tuple[str, str], bytes] = {}
    with ExitStack() as kept:
        pool = kept.enter_context(Pool(1, PRELOAD))
        for item in sorted({secret.item for secret in found}):
            own = [secret for secret in found if secret.item == item]
            arguments = {"secrets": told(secrets), **_asked(saved, item, own)}
            source, path = reach(saved, item, Evidence(evidence, passwords, pool, kept))
            decoded = _decoded(item, path, source, arguments, pool)
            values |= {(item, masked): value for masked, value in decoded.items()}
    lost = [secret for secret in found if (secret.item, secret.masked) not in values]
    if lost:
        raise CaseError(
            f"{len(lost)} values did not decode to what the case says; run again with this version."
        )
    for secret in found:
        where = {"item": secret.item, "record": secret.record, "table": secret.table, "column": secret.column}
        append(case, REVEALS, {"event": "reveal", "asked": reference, **where, "masked": secret.masked})
    return [Revealed(secret, values[secret.item, secret.masked]) for secret in found]


def _asked(saved: Saved, item: str, found: Sequence[Secret]) -> dict[str, Any]:
    """What is wanted of one item, and where in its raw bytes findings point."""
    (row,) = saved.rows("SELECT kind FROM items WHERE item = ?", [item])
    ranges = sorted({secret.offset // searching.RANGE for secret in found if secret.offset is not None})
    wanted = sorted({secret.masked for secret in found})
    about = {"wanted": wanted, "kind": row["kind"], "ranges": ranges, "step": searching.RANGE}
    return about | {"deep": bool(saved.account["options"].get("deep"))}


def _decoded(item: str, path: str, source: Source, arguments: dict[str, Any], pool: Pool) -> dict[str, bytes]:
    unit = Unit(item, {"id": item, "name": path, "size": source.size}, source.openers())
    pool.submit(Task(REVEAL, [unit], arguments, Limits(wall=600 + source.size / 100_000)))
    found = {}
    for reply in pool.replies():
        if reply.message:
            found[str(reply.message.head["masked"])] = reply.message.blob
        if reply.lost:
            raise CaseError(f"{path} could not be decoded again ({reply.lost}).")
    return found


def quarantine(
    case: Path,
    references: Sequence[str],
    out: Path,
    evidence: Sequence[str],
    passwords: Sequence[str],
    seal: str = FIRST,
) -> list[str]:
    """Copy items into a new encrypted zip, named by their SHA-256, never plain on disk; gives their ids."""
    saved = _open(case)
    _check_target(out, (str(case), *evidence))
    items = sorted({known_item(saved, reference) for reference in references})
    with ExitStack() as kept:
        at = Evidence(evidence, passwords, kept.enter_context(Pool(1, PRELOAD)), kept)
        found = {item: reach(saved, item, at) for item in items}
        if sum(source.size + 256 for source, _ in found.values()) > LARGEST:
            raise UsageError("Items of more than 4 GiB together do not fit; hand on the evidence itself.")
        for item, (source, path) in found.items():
            what = {"item": item, "path": path, "bytes": source.size, "out": os.path.abspath(out)}
            append(case, REVEALS, {"event": "quarantine", **what})
        members = [(item, source.size, blocks(source)) for item, (source, _) in found.items()]
        _write(out, archive(members, seal.encode()))
    return items


def _write(out: Path, chunks: Iterator[bytes]) -> None:
    try:
        file = open(out, "xb")
    except FileExistsError as error:
        raise UsageError(f"{out} exists; give --out a new file.") from error
    whole = False
    try:
        with file:
            file.writelines(chunks)
        whole = True
    finally:
        if not whole:
            out.unlink(missing_ok=True)


def _check_target(out: Path, kept: Sequence[str]) -> None:
    """The case and the evidence stay as they are."""
    target = out.resolve()
    for place in kept:
        if target.is_relative_to(Path(place).resolve()):
            raise UsageError(f"{out} lies inside {place}; give --out a file elsewhere.")


def _open(case: Path) -> Saved:
    saved = Saved(case)
    if (case / "seal").exists():
        raise UsageError(
            f"{case} is sealed, and this would be logged in it; work on a copy without its seal."
        )
    return saved
