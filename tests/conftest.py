# SPDX-License-Identifier: Apache-2.0
"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_evidence() -> Path:
    """The folder of real public evidence named by HIKESHI_EVIDENCE; the test is skipped where there is none."""
    folder = os.environ.get("HIKESHI_EVIDENCE")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HIKESHI_EVIDENCE names no folder of real evidence")
    return Path(folder)
