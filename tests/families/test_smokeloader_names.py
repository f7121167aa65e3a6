# SPDX-License-Identifier: Apache-2.0
"""What a reporter's label means: two families share the name Mokes, and neither is ever assumed."""

from __future__ import annotations

import pytest

from hikeshi.families.smokeloader.names import resolve


@pytest.mark.parametrize(
    ("label", "reporter", "date", "platform", "family"),
    [
        ("Backdoor.OSX.Mokes", "", "", "", "mokes_qt"),
        ("Mokes", "Kaspersky", "2017-11-16", "", "smokeloader"),
        ("Mokes", "Kaspersky", "2017-11-16", "windows", "smokeloader"),
        ("Mokes", "Kaspersky", "2020-03", "", "smokeloader"),
        ("Mokes", "Kaspersky", "2016-09-07", "macOS", "mokes_qt"),
        ("Backdoor:MacOS/Mokes.B!MTB", "Microsoft", "", "", "mokes_qt"),
        ("Backdoor.Linux.Mokes.a", "Kaspersky", "2016-01", "", "mokes_qt"),
        ("elf.mokes", "Malpedia", "", "", "mokes_qt"),
        ("win.mokes", "Malpedia", "", "", "mokes_qt"),
        ("TrojanDownloader:Win32/Dofoil.L", "Microsoft", "2018-03-06", "", "smokeloader"),
        ("Smoke Loader", "MITRE", "", "", "smokeloader"),
        ("SmokeBot", "", "", "", "smokeloader"),
        ("win.smokeloader", "Malpedia", "", "", "smokeloader"),
        ("ET TROJAN Sharik/Smoke CnC Beacon", "Emerging Threats", "2019", "", "smokeloader"),
        ("Win32/Sharik", "Emerging Threats", "2014", "", "sharik_2014_unclear"),
    ],
)
def test_a_label_that_a_source_equates_with_a_family(
    label: str, reporter: str, date: str, platform: str, family: str
) -> None:
    found = resolve(label, reporter, date, platform)
    assert found.family == family
    assert (found.label, found.reporter, found.date) == (label, reporter, date)
    assert found.basis


@pytest.mark.parametrize(
    ("label", "reporter"),
    [
        ("Trojan:Win32/Mokes", ""),
        ("Trojan:Win32/Mokes.AB!MTB", "Microsoft"),
        ("Backdoor.Win32.Mokes", "Kaspersky"),
        ("Mokes", ""),
    ],
)
def test_mokes_alone_is_ambiguous(label: str, reporter: str) -> None:
    found = resolve(label, reporter)
    assert found.family is None
    assert {"smokeloader", "mokes_qt"} <= {family for family, _ in found.candidates}
    assert found.kind == "editorial"
    assert found.said.startswith("ambiguous (")


def test_a_weight_is_marked_as_our_guess() -> None:
    found = resolve("Mokes", platform="Windows")
    assert ("smokeloader", 0.8) in found.candidates
    assert "guess" in found.basis
    assert "0.8?" in found.said


def test_malpedias_citation_is_flagged() -> None:
    assert "SmokeLoader" in resolve("win.mokes", "Malpedia").warning


@pytest.mark.parametrize(
    "label", ["SmokedHam", "Buer", "Retefe", "SMOKY SPIDER", "Emotet", "Smoker", "", "x" * 100_000]
)
def test_names_of_others_resolve_to_neither(label: str) -> None:
    found = resolve(label)
    assert found.family is None
    assert not found.candidates


def test_evidence_decides_before_any_label() -> None:
    assert resolve("Trojan:Win32/Mokes", traits={"rc4-post"}).family == "smokeloader"
    assert resolve("Dofoil", "Microsoft", traits={"spool-files"}).family == "mokes_qt"
    both = resolve("Mokes", traits={"spool-files", "rc4-post"})
    assert both.family is None
    assert len(both.candidates) == 2
