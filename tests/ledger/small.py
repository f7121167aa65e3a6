# SPDX-License-Identifier: Apache-2.0
"""One small invented ledger without a fault, and ways to change it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from hikeshi.ledger.check import check
from hikeshi.ledger.load import load
from hikeshi.ledger.model import Ledger
from hikeshi.ledger.problems import Problem

FINDING = {"id": "f-1", "message": "invented", "grade": "strong", "fields": {"password": "example"}}
FINDING_HASH = "daa064ce9c81f02673e41644f200407db1ae3255dc5a0be2851b8629e80ce76c"


def claim(name: str, origin: str, date: str = "2020-01-10", **more: Any) -> dict[str, Any]:
    """A complete claim."""
    entry = {"id": name, "layer": "added", "who": "lab", "date": date, "kind": "technical-assessment"}
    entry |= {"origin": origin, "about": ["H1"], "ja": f"主張{name}", "en": f"statement {name}"}
    return {**entry, "source": {"doc": "paper"}, **more}


def item(name: str, group: str, cites: list[str], **more: Any) -> dict[str, Any]:
    """A complete evidence item that favours H1."""
    lik = {"H1": [0.8, 1], "H2": [0.2, 0.4], "H3": [0.2, 0.4]}
    entry = {"id": name, "group": group, "type": "technical-finding", "date": "2020-01-10", "claims": cites}
    return {**entry, "ach": {"H1": "C", "H2": "I", "H3": "N"}, "lik": lik, **more}


def small() -> dict[str, Any]:
    """The ledger as plain data."""
    return copy.deepcopy(
        {
            "schema": "hikeshi.ledger/1",
            "case": "small",
            "title": {"ja": "小さな事案", "en": "A small case"},
            "question": {"ja": "誰が行ったか。", "en": "Who did it?"},
            "hypotheses": [
                {"id": "H1", "ja": "甲組", "en": "Group A", "prior": [0.2, 0.5]},
                {"id": "H2", "ja": "乙組", "en": "Group B", "prior": [0.2, 0.5]},
                {"id": "H3", "residual": "true", "ja": "その他", "en": "Someone else", "prior": [0.2, 0.5]},
            ],
            "prior_basis": ["counts of earlier cases"],
            "parties": {"lab": {"ja": "研究所", "en": "A laboratory"}},
            "sources": {
                "paper": {"title": "A paper", "admiralty": "B"},
                "seed": {"title": "The seed"},
            },
            "origins": {
                "O1": {"ja": "一", "en": "one"},
                "O2": {"ja": "二", "en": "two"},
                "O3": {"ja": "三", "en": "three", "derives_from": ["O2"], "link": "stated"},
            },
            "claims": [claim("c1", "O1"), claim("c2", "O2")],
            "groups": {"G1": {"why": {"ja": "一", "en": "one"}}, "G2": {"why": {"ja": "二", "en": "two"}}},
            "evidence": [item("E1", "G1", ["c1"]), item("E2", "G2", ["c2"])],
            "missing_evidence": [
                {
                    "id": "M1",
                    "ja": "検体",
                    "en": "The sample",
                    "outcomes": {
                        "yes": {"H1": 0.9, "H2": 0.1, "H3": 0.1},
                        "no": {"H1": 0.1, "H2": 0.9, "H3": 0.9},
                    },
                }
            ],
        }
    )


def loaded(plain: dict[str, Any]) -> Ledger:
    """Plain data as a ledger."""
    return load(json.dumps(plain, ensure_ascii=False))


def rules(
    plain: dict[str, Any], findings: Iterable[dict[str, Any]] = (), previous: dict[str, Any] | None = None
) -> list[Problem]:
    """What the checks find in plain data."""
    return list(check(loaded(plain), findings, loaded(previous) if previous else None))


def shared() -> bytes:
    """The shared ledger of the real case, or a visible skip."""
    place = os.environ.get("HIKESHI_EVIDENCE")
    if not place:
        pytest.skip("HIKESHI_EVIDENCE is not set")
    return (Path(place) / "coincheck-2018" / "ledger.yaml").read_bytes()
