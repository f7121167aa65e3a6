# SPDX-License-Identifier: Apache-2.0
"""The table `entries` as the report prints it: what came by mail and what then started under the same name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hikeshi.case.saved import Saved
from hikeshi.report.found import STRENGTH
from hikeshi.report.tally import at

_ENTRIES = """
WITH place AS (SELECT item, min(path) AS path FROM places GROUP BY item)
SELECT host, program, "user", epoch_us(time) AS time, attachment, member, epoch_us(arrived) AS arrived, sender,
  recipients, mails, ground, sha256, grade, mail_record, record, m.path AS mail_path, r.path AS run_path
FROM entries e LEFT JOIN place m ON m.item = e.mail LEFT JOIN place r ON r.item = e.item
ORDER BY list_position($1, grade), e.time, host, program
"""


@dataclass(frozen=True)
class Arrived:
    """One pair of mail and program, with the records that show them; `mails` is how many mails brought the file."""

    host: str | None
    program: str
    user: str | None
    time: datetime | None
    attachment: str
    member: str | None
    arrived: datetime | None
    sender: str | None
    recipients: list[str]
    mails: int
    ground: str
    sha256: str | None
    grade: str
    mail_record: int | None
    record: int | None
    mail_path: str | None
    run_path: str | None


def arrived(saved: Saved) -> list[Arrived]:
    """Every pair, the surest first and then the earliest."""
    rows = saved.rows(_ENTRIES, [list(STRENGTH)])
    return [Arrived(**{**row, "time": at(row["time"]), "arrived": at(row["arrived"])}) for row in rows]
