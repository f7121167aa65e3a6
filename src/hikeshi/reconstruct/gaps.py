# SPDX-License-Identifier: Apache-2.0
"""Spans in which a log says nothing although it was busy before and after.

A silence of an hour or more counts when it is also ten times the log's mean distance between events. With record
ids the silence is a gap only when ids are missing in it (a machine that was off loses none); without ids it is
named a silence, because nothing can tell the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping

from hikeshi.reconstruct import Query, Row

BUSY = 20
HOUR = 3600
TIMES_MEAN = 10

_SQL = f"""
WITH log AS (
  SELECT DISTINCT host, channel, time, record_id FROM events WHERE time IS NOT NULL AND channel IS NOT NULL
), step AS (
  SELECT host, channel, time AS until, record_id,
    lag(time) OVER w AS since, lag(record_id) OVER w AS before,
    count(*) OVER (PARTITION BY host, channel) AS events,
    date_diff('second', min(time) OVER (PARTITION BY host, channel),
      max(time) OVER (PARTITION BY host, channel)) AS span
  FROM log WINDOW w AS (PARTITION BY host, channel ORDER BY time, record_id)
)
SELECT host, channel, since, until,
  CASE WHEN record_id IS NULL OR before IS NULL THEN NULL ELSE record_id::HUGEINT - before::HUGEINT - 1 END AS missing
FROM step
WHERE events >= {BUSY} AND date_diff('second', since, until) >= {HOUR}
  AND date_diff('second', since, until) >= {TIMES_MEAN} * span / events
ORDER BY host, channel, since
"""


def gaps(query: Query, machine: Mapping[str, str]) -> list[Row]:
    """Rows of `gaps`, by machine, log and time."""
    rows = []
    for found in query(_SQL):
        missing = found["missing"]
        if missing is not None and missing <= 0:
            continue
        rows.append(
            {
                "host": machine.get(found["host"] or ""),
                "channel": found["channel"],
                "start": found["since"],
                "end": found["until"],
                "missing": missing,
                "kind": "silence" if missing is None else "records-missing",
            }
        )
    return sorted(rows, key=lambda row: (row["host"] or "", row["channel"], row["start"]))
