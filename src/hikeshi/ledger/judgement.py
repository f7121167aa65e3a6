# SPDX-License-Identifier: Apache-2.0
"""A judgement as it is kept: dated, signed, the numbers and words of the program, the analyst's comment."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hikeshi.ledger.canonical import scalar
from hikeshi.ledger.policy import POLICY
from hikeshi.ledger.say import LABELS, sentences
from hikeshi.ledger.weigh import Weighing

SCHEMA = "hikeshi.judgement/1"


def next_name(folder: Path) -> str:
    """The name of the next judgement; the folder only ever grows."""
    taken = [int(path.stem) for path in folder.glob("*.yaml") if path.stem.isdigit()]
    return f"{max(taken, default=0) + 1:03d}.yaml"


def text(weighing: Weighing, by: str, date: str, comment: str = "") -> str:
    """The judgement file."""
    verdict = weighing.verdict
    lines = [
        f"schema: {SCHEMA}",
        f"date: {date}",
        f"by: {scalar(by)}",
        f"as_of: {scalar(weighing.view.as_of.text)}",
        f"ledger: {weighing.view.ledger.sha256}",
        f"policy: {POLICY}",
        f"seed: {weighing.seed}",
        f"draws: {weighing.draws}",
        f"level: {verdict.level}",
        f"confidence: {verdict.confidence}",
        f"caps: {_list(cap.rule for cap in verdict.caps)}",
        f"evidence: {_list(item.id for item in weighing.view.items)}",
        "hypotheses:",
        *(
            f"  {scalar(h)}: {{low: {s.low:g}, median: {s.median:g}, high: {s.high:g}}}"
            for h, s in weighing.shared.items()
        ),
        "words:",
        *(
            f"  - {{label: {LABELS[one.kind][1].lower()}, ja: {scalar(one.ja)}, en: {scalar(one.en)}}}"
            for one in sentences(weighing)
        ),
    ]
    if comment:
        lines.append(f"comment: {scalar(comment)}")
    return "\n".join(lines) + "\n"


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(scalar, values))}]"
