# SPDX-License-Identifier: Apache-2.0
"""internal/findings.csv: one line a finding, with the byte order mark Timeline Explorer and Excel want."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hikeshi import words
from hikeshi.codecs.escape import csv_line

if TYPE_CHECKING:
    from hikeshi.case.saved import Saved

COLUMNS = [
    *(
        "time_utc",
        "time_text",
        "host",
        "user",
        "grade",
        "family",
        "function",
        "techniques",
        "message_ja",
        "message_en",
    ),
    *(
        "fields",
        "rule",
        "rule_title",
        "rule_level",
        "rule_author",
        "rule_licence",
        "path",
        "record",
        "offset",
    ),
    *("sha256", "also", "id"),
]


def table(case: Saved) -> bytes:
    """The findings as CSV."""
    rows = [csv_line(COLUMNS), *(csv_line(_row(finding)) for finding in case.findings())]
    return b"\xef\xbb\xbf" + "".join(rows).encode()


def _row(finding: Mapping[str, Any]) -> list[str]:
    rule, evidence, fields = finding["rule"] or {}, finding["evidence"], finding["fields"]
    time = (finding["time"] or "").replace("T", " ").rstrip("Z")
    named = ("time_text", "host", "user", "grade", "family", "function")
    values = [
        time,
        *(finding[name] for name in named),
        " ".join(finding["techniques"]),
        *(words.text(finding["message"], lang, fields) for lang in words.LANGS),
        " | ".join(f"{name}={fields[name]}" for name in sorted(fields)),
        *(rule.get(name) for name in ("id", "title", "level", "author", "licence")),
        *(evidence.get(name) for name in ("path", "record", "offset", "id")),
        " | ".join(finding["also"]),
        finding["id"],
    ]
    return ["" if value is None else str(value) for value in values]
