# SPDX-License-Identifier: Apache-2.0
"""Names of Mokes' spool files through a whole run: in a shell's history and in a packed journal."""

from __future__ import annotations

import gzip
from pathlib import Path

from flow.test_sessions import findings
from hikeshi.flow import Options, run

JOURNAL = "private/var/folders/4x/inert/T/kk0-120324-094200-007.kkt"


def test_names_in_a_history_and_in_a_packed_journal(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "zsh_history").write_text(": 1710204060:0;ls -l /tmp/ss0-120324-094100-123.sst\n" * 2)
    events = b"\x07" + JOURNAL.encode() + b"\0\1\0"
    (folder / "0000000000a1b2c3.gz").write_bytes(gzip.compress(events, mtime=0))
    run([str(folder)], tmp_path / "case", Options(), 1)
    told = [f for f in findings(tmp_path / "case") if f["message"] == "mokes_qt.spool"]
    assert [
        ("keylogging", "indicated", "2024-03-12 09:42:00.007", JOURNAL),
        ("screen-capture", "indicated", "2024-03-12 09:41:00.123", "/tmp/ss0-120324-094100-123.sst"),
    ] == sorted((f["function"], f["grade"], f["fields"]["own_clock"], f["fields"]["file"]) for f in told)  # fmt: skip
    assert {None} == {f["time"] for f in told}
