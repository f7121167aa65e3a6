# SPDX-License-Identifier: Apache-2.0
"""The reader and the log of docs/adding-a-reader.md work as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hikeshi.readers import pick
from hikeshi.schema import Reason
from readers.reading import run

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("adding-a-reader.md", "adding-a-reader.ja.md")


def block(page: str, language: str) -> str:
    """The first block of this language on the page."""
    found = re.search(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("page", PAGES)
def test_the_example_reads_the_example(page: str) -> None:
    reader: Any = ModuleType("firewall_log")
    exec(compile(block(page, "python"), page, "exec"), reader.__dict__)
    log = block(page, "text").encode()
    assert reader.sniff(log, "")
    assert pick(log, "pfirewall.log") is None
    outcome = run(reader, log)
    assert [("2018-01-26 00:02:13", "ALLOW"), ("2018-01-26 00:02:14", "DROP")] == [
        (event["time_text"], dict(event["fields"])["action"]) for event in outcome.events
    ]
    assert [(Reason.DAMAGED_RECORD, log.rindex(b"2018"), 1)] == [
        (issue.reason, issue.offset, issue.records) for issue in outcome.issues
    ]


def test_both_pages_show_the_same_code() -> None:
    blocks = [
        re.findall(r"```.*?```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL) for page in PAGES
    ]
    assert blocks[0] == blocks[1]
