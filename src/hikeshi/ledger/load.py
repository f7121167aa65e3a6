# SPDX-License-Identifier: Apache-2.0
"""The ledger file, read strictly into `Ledger`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hikeshi.errors import LedgerError
from hikeshi.ledger import model, policy
from hikeshi.ledger.fields import (
    FINDING,
    Complaints,
    Reader,
    both,
    digit,
    identifier,
    listed,
    made,
    mapped,
    number,
    one_of,
    record,
    span,
    text,
    truth,
    when,
)
from hikeshi.ledger.model import SCHEMA, Ledger
from hikeshi.ledger.text import MAX_BYTES, Node, parse

TEXTS = listed(text)
STRENGTH = one_of("L", "M", "H")
RANGES = mapped(span)
STATUSES = ("agrees", "qualified", "contradicted", "unverified", "not-checkable")


def _basis(to: Complaints, node: Node) -> model.Basis:
    if isinstance(node.value, str):
        return model.Basis(node.value)
    values = record({"text": text, "uses": listed(one_of(*policy.PRIOR_ONLY_TYPES)), "claims": TEXTS})(
        to, node
    )
    return model.Basis(**{"text": "", **values})


HYPOTHESIS = made(
    model.Hypothesis,
    {
        "id": identifier,
        "residual": truth,
        "names": one_of("state", "group", "cluster", "nobody"),
        "ja": text,
        "en": text,
        "prior": span,
    },
    ("id", "prior"),
)
PARTY = made(model.Party, {"id": identifier, "ja": text, "en": text, "role": text}, ("id",))
SOURCE = made(
    model.Source,
    {
        "id": identifier,
        "title": text,
        "outlet": text,
        "date": when,
        "lang": text,
        "admiralty": one_of("A", "B", "C", "D", "E", "F"),
        "read": one_of("full", "excerpt", "none"),
        "url": text,
        "note": text,
    },
    ("id", "title"),
)
ORIGIN = made(
    model.Origin,
    {
        "id": identifier,
        "ja": text,
        "en": text,
        "derives_from": listed(identifier),
        "link": one_of("stated", "possible"),
    },
    ("id",),
)
CLAIM = made(
    model.Claim,
    {
        "id": identifier,
        "layer": one_of("seed", "added", "case"),
        "status": one_of("withdrawn"),
        "withdrawn": when,
        "who": text,
        "reported_by": text,
        "date": when,
        "known": when,
        "kind": one_of(*policy.KINDS),
        "origin": text,
        "about": TEXTS,
        "ja": text,
        "en": text,
        "source": made(model.Carrier, {"doc": text, "section": text}),
        "grounds": TEXTS,
        "credibility": digit,
        "check": made(model.Check, {"status": one_of(*STATUSES), "by": TEXTS, "note": text}),
        "note": text,
    },
    ("id",),
)
EVIDENCE = made(
    model.Evidence,
    {
        "id": identifier,
        "group": identifier,
        "type": one_of(*policy.TYPES),
        "date": when,
        "class": one_of(*policy.CAPS),
        "vertex": listed(one_of("adversary", "infrastructure", "capability", "victim")),
        "ja": text,
        "en": text,
        "claims": TEXTS,
        "findings": listed(FINDING),
        "ground": text,
        "ach": mapped(one_of("CC", "C", "N", "I", "II", "NA")),
        "credibility": STRENGTH,
        "relevance": STRENGTH,
        "lik": RANGES,
        "stub": identifier,
        "override": made(model.Override, {"by": text, "date": when, "why": text}),
        "note": text,
    },
    ("id", "group", "type", "date", "lik"),
    forging="class",
)
JOINT = made(
    model.Joint,
    {"from": when, "joint": RANGES, "note": text},
    ("from", "joint"),
    since="from",
    ranges="joint",
)
GROUP = made(model.Group, {"id": identifier, "why": both, "as_of": listed(JOINT)}, ("id",))
OVERLAP = made(
    model.Overlap,
    {"groups": TEXTS, "origins": TEXTS, "why": both, "effect": text},
    ("groups", "origins"),
)
MISSING = made(
    model.Missing,
    {"id": identifier, "ja": text, "en": text, "holder": both, "outcomes": mapped(mapped(number))},
    ("id", "outcomes"),
)
ALIAS = made(model.Alias, {"label": text, "family": text, "claim": text}, ("label", "family"))
REVISION = made(
    model.Revision, {"date": when, "by": text, "what": text, "accepts": TEXTS}, ("date", "by", "what")
)
LOG = made(
    model.LogEntry,
    {"by": text, "did": one_of("entered", "displayed"), "items": TEXTS},
    ("by", "did"),
)


def _keyed(reader: Reader) -> Reader:
    """A map whose keys are the ids of its entries."""

    def read(to: Complaints, node: Node) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            to.add(node.place, "expected a map from ids to entries")
            return {}
        made_entries = {}
        for key, child in node.value.items():
            place = node.keys[key]
            if not isinstance(child.value, dict):
                to.add(place, "expected a map")
                continue
            entry = child._replace(value={"id": Node(key, place, {}), **child.value}, place=place)
            made_entries[key] = reader(to, entry)
        return {key: entry for key, entry in made_entries.items() if entry is not None}

    return read


ROOT = {
    "schema": one_of(SCHEMA),
    "case": identifier,
    "title": both,
    "question": both,
    "languages": listed(one_of("ja", "en")),
    "hypotheses": listed(HYPOTHESIS),
    "prior_basis": listed(_basis),
    "parties": _keyed(PARTY),
    "sources": _keyed(SOURCE),
    "origins": _keyed(ORIGIN),
    "claims": listed(CLAIM),
    "groups": _keyed(GROUP),
    "evidence": listed(EVIDENCE),
    "findings": listed(FINDING),
    "overlaps": listed(OVERLAP),
    "missing_evidence": listed(MISSING),
    "aliases": listed(ALIAS),
    "revisions": listed(REVISION),
    "log": listed(LOG),
}
REQUIRED = ("schema", "case", "title", "question", "hypotheses")
MAX_HYPOTHESES = 12


def load(data: str | bytes, name: str = "ledger.yaml") -> Ledger:
    """The ledger in the bytes of a file; LedgerError names the place of everything that is wrong."""
    root = parse(data, name)
    to = Complaints(name)
    values = record(ROOT, REQUIRED)(to, root)
    if not 2 <= len(values.get("hypotheses", ())) <= MAX_HYPOTHESES:
        to.add(root.place, f"a ledger weighs 2 to {MAX_HYPOTHESES} hypotheses")
    to.stop()
    del values["schema"]
    raw = data.encode() if isinstance(data, str) else data
    defaults: dict[str, Any] = {
        "claims": (),
        "evidence": (),
        "groups": {},
        "origins": {},
        "parties": {},
        "sources": {},
    }
    values["missing"] = values.pop("missing_evidence", ())
    return Ledger(
        **{**defaults, **values}, sha256=hashlib.sha256(raw).hexdigest(), name=name, lost=tuple(to.lost)
    )


def bytes_of(path: str | Path) -> tuple[Path, bytes]:
    """The bytes of a file the analyst wrote; a case folder stands for the ledger in it."""
    place = Path(path)
    if place.is_dir():
        place = place / "attribution" / "ledger.yaml"
    try:
        with place.open("rb") as file:
            return place, file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LedgerError(f"{place}: {error.strerror}; give the path of a ledger.yaml or of a case") from None


def load_file(path: str | Path) -> Ledger:
    """The ledger in a file, or in the attribution folder of a case."""
    place, data = bytes_of(path)
    return load(data, place.name)


def ids(entries: Iterable[Any]) -> dict[str, Any]:
    """Entries by id, the first one where an id is used twice."""
    found: dict[str, Any] = {}
    for entry in entries:
        found.setdefault(entry.id, entry)
    return found
