# SPDX-License-Identifier: Apache-2.0
"""Imported into worker processes by tests: scans end after one second."""

from __future__ import annotations

from hikeshi.detect import yara

yara.SECONDS = 1
