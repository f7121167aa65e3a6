# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import pytest

from hikeshi.report import escape, examined, model, tally, timeline

DOCS = Path(__file__).parents[2] / "docs"
LIMITS = (tally.SHOWN, timeline.ROWS, model.HITS, examined.ROWS, model.GAPS, escape.VALUE)


@pytest.mark.parametrize("name", ["report.md", "report.ja.md"])
def test_limits_are_those_of_the_code(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    stated = [
        int(number.replace(",", ""))
        for number in re.findall(r"\b(\d[\d,]*\d{2})\b(?! ?\+)", text.split("## ")[0])
    ]
    assert sorted(LIMITS) == sorted(stated)
