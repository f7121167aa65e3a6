# SPDX-License-Identifier: Apache-2.0
"""The checks V01 to V15 of a ledger, and what else keeps it from being weighed."""

from __future__ import annotations

from collections.abc import Iterable

from hikeshi.ledger.check_claims import claim_rules
from hikeshi.ledger.check_weights import weight_rules
from hikeshi.ledger.findings import Finding, known
from hikeshi.ledger.model import Ledger
from hikeshi.ledger.problems import Problem


def check(
    ledger: Ledger, findings: Iterable[Finding] = (), previous: Ledger | None = None
) -> tuple[Problem, ...]:
    """Everything the checks found, errors first, each at its place; `previous` is an earlier version."""
    found = [*claim_rules(ledger, known(findings), previous), *weight_rules(ledger)]
    return tuple(sorted(found, key=lambda p: (p.warning, p.rule, p.place, p.subject, p.message)))
