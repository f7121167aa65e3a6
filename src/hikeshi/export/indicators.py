# SPDX-License-Identifier: Apache-2.0
"""share/indicators.csv: one line for each address, name, URL and hash of malware."""

from __future__ import annotations

from hikeshi.codecs.escape import csv_line
from hikeshi.export.share import Shared, warning

COLUMNS = ["type", "value", "port", "family", "grade", "first_seen", "last_seen", "tlp", "note"]


def table(shared: Shared) -> bytes:
    """The indicators as CSV."""
    lines = [csv_line(COLUMNS)]
    for family, value, seen in shared.indicators():
        hours = [f"{hour}:00:00Z" if hour else "" for hour in (seen.first, seen.last)]
        port = str(value.port or "")
        label = f"TLP:{shared.tlp}"
        lines.append(
            csv_line([value.kind, value.text, port, family, seen.grade, *hours, label, warning(value)])
        )
    return "".join(lines).encode()
