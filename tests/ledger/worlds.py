# SPDX-License-Identifier: Apache-2.0
"""Invented ledgers from a seed: check-clean, of every level, about nobody."""

from __future__ import annotations

import json
import random
from typing import Any

TYPES = (
    "official-assertion",
    "expert-opinion",
    "technical-finding",
    "technical-commodity",
    "circumstantial",
    "money-trail",
    "court-record",
    "intelligence",
    "absence-of-observation",
)
CLASS_TOP = {"commodity": 2.0, "easy": 5.0, "costly": 20.0, "hard": 100.0}


def day(rng: random.Random) -> str:
    return f"20{rng.randint(18, 21)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def claim(name: str, origin: str, said: str, **more: Any) -> dict[str, Any]:
    words = {"ja": f"主張 {name}", "en": f"Statement {name}"}
    carrier = {"source": {"doc": "paper"}, "reported_by": "paper"}
    entry = {"id": name, "layer": "added", "who": "lab", "date": said, "kind": "technical-assessment"}
    return {**entry, "origin": origin, "about": [], **words, **carrier, **more}


def likelihoods(
    rng: random.Random, names: list[str], favoured: str, top: float, wide: float
) -> dict[str, Any]:
    """Ranges whose largest upper end is 1 and whose ratios stay below `top`."""
    ranges = {}
    for h in names:
        low = 1 if h == favoured else rng.uniform(1 / top, min(1.0, 3 / top))
        low = max(low / rng.uniform(1, wide), 1 / top)
        ranges[h] = [round(low, 4) or 0.0001, round(min(1, low * rng.uniform(1, wide)), 4)]
    ranges[favoured][1] = 1
    ranges[favoured][0] = min(ranges[favoured][0], 1)
    return {h: [lo, max(lo, hi)] for h, (lo, hi) in ranges.items()}


def group(rng: random.Random, world: dict[str, Any], number: int, names: list[str], leader: str) -> None:
    """One more group with an origin of its own."""
    origin, name = f"O{number}", f"G{number}"
    world["origins"][origin] = {"ja": "出どころ", "en": "origin"}
    kind = rng.choice(("commodity", "easy", "costly", "hard", ""))
    top = CLASS_TOP.get(kind, rng.choice((2.0, 8.0, 40.0)))
    wide = rng.choice((1.05, 1.3, 2.5))
    favoured = leader if rng.random() < 0.75 else rng.choice(names)
    members = []
    for index in range(rng.choice((1, 1, 1, 2))):
        said = day(rng)
        statement = claim(f"c{number}-{index}", origin, said)
        if rng.random() < 0.3:
            statement["grounds"] = ["paper"]
        if rng.random() < 0.06:
            statement["check"] = {"status": "contradicted"}
        world["claims"].append(statement)
        item = {"id": f"E{number}-{index}", "group": name, "type": rng.choice(TYPES), "date": said}
        item |= {"claims": [statement["id"]], "lik": likelihoods(rng, names, favoured, top, wide)}
        item["vertex"] = rng.sample(["infrastructure", "capability", "victim"], rng.randint(0, 3))
        if kind:
            item["class"] = kind
        if rng.random() < 0.4:
            finding = {"id": f"f{number}-{index}", "message": "m", "grade": "strong"}
            world["_findings"].append(finding)
            item["_finding"] = finding["id"]
        members.append(item)
    world["evidence"] += members
    entries = []
    if len(members) > 1 or rng.random() < 0.3:
        entries.append({"from": min(item["date"] for item in members), "joint": members[0]["lik"]})
        if rng.random() < 0.3:
            entries.append({"from": "2021-06", "joint": likelihoods(rng, names, favoured, top, wide)})
    world["groups"][name] = {"as_of": entries} if entries else {"why": {"ja": "一つ", "en": "one"}}


def ledger(seed: int) -> dict[str, Any]:
    """The ledger of a seed; `_findings` holds the findings it points at."""
    rng = random.Random(seed)
    names = [f"H{n}" for n in range(1, rng.randint(3, 5) + 1)]
    leader = rng.choice(names)
    hypotheses = []
    for name in names:
        low = rng.uniform(0.05, 0.18)
        entry = {"id": name, "ja": f"仮説{name}", "en": f"hypothesis {name}"}
        entry["prior"] = [round(low, 3), round(min(1, low * rng.uniform(1, 4) + 0.25), 3)]
        if name == names[-1]:
            entry["residual"] = True
        else:
            entry["names"] = rng.choice(("cluster", "cluster", "group", "state"))
        hypotheses.append(entry)
    world: dict[str, Any] = {
        "schema": "hikeshi.ledger/1",
        "case": "invented",
        "title": {"ja": "作り話", "en": "Invented"},
        "question": {"ja": "誰か", "en": "Who?"},
        "hypotheses": hypotheses,
        "parties": {"lab": {"ja": "研究所", "en": "A lab"}},
        "sources": {"paper": {"title": "A paper", "admiralty": rng.choice("ABC")}},
        "origins": {},
        "claims": [],
        "groups": {},
        "evidence": [],
        "_findings": [],
    }
    for number in range(rng.randint(1, 6)):
        group(rng, world, number, names, leader)
    return world


def split(world: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The ledger with finding hashes as the file has them, and the findings."""
    from hikeshi.ledger.findings import fingerprint

    findings = world["_findings"]
    hashes = {finding["id"]: fingerprint(finding) for finding in findings}
    plain = {key: value for key, value in world.items() if not key.startswith("_")}
    plain["evidence"] = []
    for item in world["evidence"]:
        entry = {key: value for key, value in item.items() if not key.startswith("_")}
        if "_finding" in item:
            entry["findings"] = [{"id": item["_finding"], "sha256": hashes[item["_finding"]]}]
        plain["evidence"].append(entry)
    return plain, findings


def text(plain: dict[str, Any]) -> str:
    """The ledger as a file; JSON without booleans is YAML."""
    return json.dumps(plain, ensure_ascii=False)
