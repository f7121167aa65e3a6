# SPDX-License-Identifier: Apache-2.0
"""internal/navigator.json: an ATT&CK Navigator layer (attack-navigator, layers/spec/v4.5/layerformat.md)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hikeshi.schema import Grade
from hikeshi.words import attack, name

if TYPE_CHECKING:
    from hikeshi.case.saved import Saved

_ID = re.compile(r"T\d{4}(\.\d{3})?")
SCORES = {Grade.PROVEN: 100, Grade.STRONG: 75, Grade.INDICATED: 50, Grade.WEAK: 25}
COLOURS = {
    Grade.PROVEN: "#a63603",
    Grade.STRONG: "#e6550d",
    Grade.INDICATED: "#fd8d3c",
    Grade.WEAK: "#fdd0a2",
}


def layer(case: Saved) -> bytes:
    """The techniques found, each scored by its best grade."""
    techniques: dict[str, dict[Grade, int]] = {}
    for finding in case.findings():
        for technique in filter(_ID.fullmatch, finding["techniques"]):
            counts = techniques.setdefault(technique, dict.fromkeys(Grade, 0))
            counts[Grade(finding["grade"])] += 1
    content = {
        "name": "hikeshi",
        "versions": {"attack": attack.version(), "navigator": "5.0.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": attack.notice(),
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "showName": True, "expandedSubtechniques": "annotated"},
        "hideDisabled": False,
        "techniques": [_technique(id_, techniques[id_]) for id_ in sorted(techniques)],
        "gradient": {
            "colors": [COLOURS[grade] for grade in reversed(Grade)],
            "minValue": 25,
            "maxValue": 100,
        },
        "legendItems": [{"label": name("grade", grade, "en"), "color": COLOURS[grade]} for grade in Grade],
    }
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _technique(id_: str, counts: dict[Grade, int]) -> dict[str, Any]:
    best = next(grade for grade in Grade if counts[grade])
    comment = ", ".join(f"{count} {grade}" for grade, count in counts.items() if count)
    known = attack.technique(id_)
    retired = f"; replaced by {known.replaced_by}" if known and known.replaced_by else ""
    return {"techniqueID": id_, "score": SCORES[best], "comment": comment + retired}
