# SPDX-License-Identifier: Apache-2.0
"""SigmaHQ's rules from the evidence folder, compiled once for all tests of this folder."""

from __future__ import annotations

import tarfile

import pytest

from hikeshi.detect.sigma.compile import compile_rules
from hikeshi.detect.sigma.rules import RuleSet
from readers import evidence


@pytest.fixture(scope="session")
def sources() -> dict[str, bytes]:
    """Rule files by path."""
    place = evidence.folder() / "sigma-rules" / "sigma-rules.tar.xz"
    with tarfile.open(place) as members:
        opened = (
            (member.name, members.extractfile(member)) for member in members if member.name.endswith(".yml")
        )
        return {name: file.read() for name, file in opened if file is not None}


@pytest.fixture(scope="session")
def sigmahq(sources: dict[str, bytes]) -> RuleSet:
    """The rules as a run loads them."""
    return RuleSet.from_bytes(compile_rules(sources.items(), licence="DRL-1.1").to_bytes())
