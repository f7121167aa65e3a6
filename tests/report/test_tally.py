# SPDX-License-Identifier: Apache-2.0
"""Machines are counted by name; a trace that names none is no further machine."""

from __future__ import annotations

import pytest

from hikeshi.report.tally import Use


@pytest.mark.parametrize(
    ("count", "machines"), [(0, set()), (1, {None}), (1, {"ws-01"}), (2, {None, "ws-01", "ws-02"})]
)
def test_how_many_machines(count: int, machines: set[str | None]) -> None:
    assert count == Use(machines=machines).machine_count
