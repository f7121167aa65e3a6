# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hikeshi.readers import evtx, pick
from readers import evidence
from readers.reading import run

# The wheel does not open a chunk that the file cuts short; 89 records of this one are whole.
CUT = {"evtx/parser-edge-and-benign.tar.xz!plaso/System2.evtx": 89}


def test_every_public_log_gives_the_events_the_manifest_states() -> None:
    expected = evidence.manifest()
    total = 0
    for path, content in evidence.logs():
        assert pick(content[:65536], "") is evtx
        outcome = run(evtx, content)
        assert evidence.stated(expected[path]) + CUT.get(path, 0) == len(outcome.events), path
        total += len(outcome.events)
    assert total == 43528 + 89
