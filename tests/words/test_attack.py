# SPDX-License-Identifier: Apache-2.0
"""The ATT&CK table against facts of attack.mitre.org and against the archive it is made from."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from hikeshi.words import attack

ROOT = Path(__file__).parents[2]


def test_technique_names_and_tactics() -> None:
    assert attack.technique("T1056.001") == attack.Technique(
        "T1056.001", "Keylogging", ("collection", "credential-access")
    )
    assert attack.full_name("T1056.001") == "Input Capture: Keylogging"
    assert attack.full_name("T1105") == "Ingress Tool Transfer"


def test_a_revoked_technique_names_its_successor() -> None:
    revoked = attack.technique("T1060")
    assert revoked is not None
    assert revoked.replaced_by == "T1547.001"


def test_every_successor_exists_and_every_technique_has_a_known_tactic() -> None:
    known = set(attack.techniques())
    for id_ in known:
        found = attack.technique(id_)
        assert found is not None
        assert found.tactics
        assert set(found.tactics) <= set(attack.tactics())
        assert found.replaced_by is None or found.replaced_by in known


def test_an_unknown_id_is_no_technique() -> None:
    assert attack.technique("T9999") is None
    assert attack.full_name("T9999") == "T9999"


def test_notice_and_version() -> None:
    assert attack.version() == "18.1"
    assert "© 2025 The MITRE Corporation" in attack.notice()
    assert "non-exclusive, royalty-free license" in attack.notice()
    assert attack.tactics()["command-and-control"] == "TA0011"


def test_the_table_is_what_the_generator_writes(tmp_path: Path) -> None:
    folder = os.environ.get("HIKESHI_EVIDENCE")
    if not folder:
        pytest.skip("HIKESHI_EVIDENCE is not set: the ATT&CK archive is not at hand")
    spec = importlib.util.spec_from_file_location("attack_table", ROOT / "tools" / "attack_table.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    generator.main(os.path.join(folder, "cti", "attack-stix.tar.xz"), str(tmp_path / "attack.json"))
    written = (tmp_path / "attack.json").read_bytes()
    assert written == (ROOT / "src" / "hikeshi" / "words" / "attack.json").read_bytes()
