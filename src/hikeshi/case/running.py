# SPDX-License-Identifier: Apache-2.0
"""What a run that is still going, or was stopped, has found so far."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hikeshi.case.state import State
from hikeshi.codecs.times import iso


def running_findings(case: Path) -> Iterator[dict[str, Any]]:
    """Hits of the judging tasks that are done, by time; their places are not known yet."""
    state = State(case)
    hits = []
    for done in state.finished():
        if "hits" in done["parts"]:
            with open(state.part(done["parts"]["hits"]), "rb") as file:
                hits += [json.loads(line) for line in file]
    for hit in sorted(
        hits, key=lambda hit: (hit["time"] or 0, hit["item"], hit["record"] or 0, hit["message"])
    ):
        where = {"id": hit["item"], "record": hit["record"], "offset": hit["offset"]}
        yield {**hit, "time": iso(hit["time"]), "evidence": where}
