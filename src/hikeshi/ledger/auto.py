# SPDX-License-Identifier: Apache-2.0
"""Stubs as files, one a rule, with its version and the inputs' hashes; written by the tool, never by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from hikeshi.ledger.canonical import scalar
from hikeshi.ledger.policy import POLICY
from hikeshi.ledger.stubs import Stub

SCHEMA = "hikeshi.stubs/1"


def files(stubs: Iterable[Stub]) -> Mapping[str, str]:
    """The text of each file by its name."""
    made = {}
    for rule, group in groupby(
        sorted(stubs, key=lambda stub: (stub.rule, stub.id)), key=lambda stub: stub.rule
    ):
        made[f"{rule.partition('@')[0]}.yaml"] = _file(rule, list(group))
    return made


def _file(rule: str, stubs: list[Stub]) -> str:
    head = [f"schema: {SCHEMA}", f"rule: {scalar(rule)}", f"policy: {POLICY}", "stubs:"]
    return "\n".join([*head, *(line for stub in stubs for line in _stub(stub))]) + "\n"


def _stub(stub: Stub) -> list[str]:
    refs = ", ".join(f"{{id: {scalar(ref.id)}, sha256: {ref.sha256}}}" for ref in stub.findings)
    lines = [
        f"  - id: {stub.id}",
        f"    family: {scalar(stub.family)}",
        f"    value: {scalar(stub.value)}",
        f"    ja: {scalar(stub.words.ja)}",
        f"    en: {scalar(stub.words.en)}",
        "    question: link  # same operator as elsewhere, never who it was",
        f"    class: {stub.forging}",
        f"    phi: {stub.phi:g}",
        f"    seen: [{stub.seen}, {stub.of}]",
        f"    ratio: [{stub.ratio[0]:g}, {stub.ratio[1]:g}]",
        f"    cell: {stub.cell}",
        f"    type: {stub.type}",
        f"    vertex: [{', '.join(stub.vertex)}]",
        f"    findings: [{refs}]",
    ]
    if stub.said_by:
        said = f"ja: {scalar(stub.said.ja)}, en: {scalar(stub.said.en)}, source: {scalar(stub.said_by)}"
        lines.append(f"    claim: {{{said}}}")
    return lines
