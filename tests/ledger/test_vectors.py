# SPDX-License-Identifier: Apache-2.0
"""Published arithmetic and analytic vectors."""

from __future__ import annotations

import math

import pytest

from hikeshi.ledger import ratios
from hikeshi.ledger.matrix import as_csv, consistency, diagnosticity, inconsistency, matrix, parc
from hikeshi.ledger.model import Ledger
from hikeshi.ledger.view import look
from hikeshi.ledger.weigh import weigh
from ledger.small import claim, item, loaded, small

# Heuer's example in chapter 8 as a given matrix: + is C, − is I.
RETALIATE = {
    "E1": ("C", "C", "C"),
    "E2": ("C", "C", "I"),
    "E3": ("C", "C", "I"),
    "E4": ("I", "C", "C"),
    "E5": ("I", "C", "C"),
    "E6": ("I", "C", "C"),
}


def heuer(strength: str = "M") -> Ledger:
    plain = small()
    plain["evidence"] = [
        item(
            name,
            "G1",
            ["c1"],
            ach=dict(zip(("H1", "H2", "H3"), cells, strict=True)),
            **({"credibility": strength, "relevance": strength} if name in ("E4", "E5", "E6") else {}),
        )
        for name, cells in RETALIATE.items()
    ]
    return loaded(plain)


def test_heuer_counts() -> None:
    table = matrix(look(heuer()))
    assert [column.items for column in table.columns.values()] == [3, 0, 2]
    assert [row.diagnosticity for row in table.rows] == [0.0] + [0.9428] * 5
    assert [column.parc for column in table.columns.values()] == [-3, 0, -2]


def test_heuer_weighted_as_parc_does() -> None:
    assert [column.parc for column in matrix(look(heuer("H"))).columns.values()] == [-6, 0, -2]


def test_squared_distances_of_the_archived_web_tool() -> None:
    columns = list(zip(*RETALIATE.values(), strict=True))
    assert [inconsistency(column) for column in columns] == [3, 0, 2]
    assert [consistency(column) for column in columns] == [3, 6, 4]
    assert [
        inconsistency(cells)
        for cells in (("CC", "NA", "I", "I"), ("I", "I", "N", "I"), ("N", "NA", "CC", "II"))
    ] == [2, 3, 4]
    assert diagnosticity(["NA", "NA"]) == 0


@pytest.mark.parametrize(
    ("credibility", "relevance", "expected"),
    [
        ("L", "L", -0.5),
        ("L", "M", -0.7071),
        ("M", "M", -1),
        ("L", "H", -1),
        ("M", "H", -1.4142),
        ("H", "H", -2),
    ],
)
def test_parc_cells(credibility: str, relevance: str, expected: float) -> None:
    assert parc("I", credibility, relevance) == pytest.approx(expected, abs=5e-5)
    assert parc("II", credibility, relevance) == pytest.approx(2 * expected, abs=1e-4)
    assert 0 == parc("C", credibility, relevance) == parc("N") == parc("NA")


def test_matrix_as_csv() -> None:
    lines = as_csv(matrix(look(heuer()))).splitlines()
    assert lines[0] == "item,group,H1,H2,H3,diagnosticity"
    assert lines[1] == "E1,G1,C,C,C,0.0"
    assert lines[7:] == [
        "inconsistent items,,3,0,2,",
        "inconsistent groups,,1,0,1,",
        "PARC-weighted,,-3.0,0.0,-2.0,",
        "squared inconsistency,,3,0,2,",
        "squared consistency,,3,6,4,",
    ]


def two(likelihoods: dict[str, list[float]], copies: int = 1, groups: int = 1) -> Ledger:
    """Priors of exactly a half, and items of one likelihood."""
    plain = small()
    plain["hypotheses"] = plain["hypotheses"][1:]
    for h in plain["hypotheses"]:
        h["prior"] = [0.5, 0.5]
    plain["groups"] = {f"G{g}": {"as_of": [{"from": "2020", "joint": likelihoods}]} for g in range(groups)}
    plain["evidence"] = [
        item(f"E{n}", f"G{n % groups}", [f"k{n}"], lik=likelihoods, ach={}, date="2020")
        for n in range(copies * groups)
    ]
    plain["claims"] = [claim(f"k{n}", f"O{n % groups}") for n in range(copies * groups)]
    plain["origins"] = {f"O{g}": {"ja": "一", "en": "one"} for g in range(groups)}
    plain.pop("missing_evidence")
    return loaded(plain)


def test_even_priors_and_a_ratio_of_four_give_four_fifths() -> None:
    weighing = weigh(two({"H2": [1, 1], "H3": [0.25, 0.25]}), draws=100)
    for table in weighing.settings.values():
        assert table["H2"].median == pytest.approx(0.8)
    assert weighing.hull["H2"] == pytest.approx((0.8, 0.8))


@pytest.mark.parametrize("copies", [2, 5, 40])
def test_copies_in_one_group_change_nothing(copies: int) -> None:
    once = weigh(two({"H2": [0.5, 1], "H3": [0.2, 0.6]}))
    often = weigh(two({"H2": [0.5, 1], "H3": [0.2, 0.6]}, copies))
    assert once.settings == often.settings
    assert once.hull == often.hull
    assert once.verdict == often.verdict


@pytest.mark.parametrize(
    ("hit", "false", "worth"),
    [(0.95, 0.05, 15.949), (0.85, 0.15, 5.4), (0.7, 0.3, 2.3), (0.6, 0.4, 1.5), (0.5, 0.5, 1.0)],
)
def test_what_a_report_of_a_perfect_clue_is_worth(hit: float, false: float, worth: float) -> None:
    found = ratios.attenuated((0.99, 0.01), hit, false)
    assert found == pytest.approx(worth, abs=0.05)
    assert found <= hit / false


def test_information() -> None:
    assert ratios.bits([0.5, 0.5], [[1, 0], [0, 1]]) == pytest.approx(1)
    assert ratios.bits([0.5, 0.5], [[0.3, 0.3], [0.7, 0.7]]) == pytest.approx(0)
    assert ratios.bits([1.0, 0.0], [[1, 0], [0, 1]]) == pytest.approx(0)


def test_rarity_below_the_forging_ceiling() -> None:
    assert ratios.rarity(0, 0) == 0.5
    assert ratios.rarity(0, 98) == pytest.approx(0.01)
    for phi, ceiling in ((0.5, 2), (0.2, 5), (0.05, 20), (0.01, 100)):
        assert ratios.rare_ratio(1.0, phi, 0.0) == pytest.approx(ceiling)
        assert ratios.rare_ratio(1.0, phi, ratios.rarity(0, 10**9)) < ceiling
    assert ratios.rare_ratio(1.0, 0.2, ratios.rarity(2, 200)) == pytest.approx(1 / (0.2 + 0.8 * 3 / 202))


def test_re_centring_keeps_widths_and_gives_one_centre() -> None:
    before = {"a": (0.2, 1.0), "b": (0.6, 1.0), "c": (0.5, 1.0)}
    after = ratios.recentre(before)
    for h in before:
        assert after[h][1] / after[h][0] == pytest.approx(before[h][1] / before[h][0])
    centres = [math.sqrt(lo * hi) for lo, hi in after.values()]
    assert centres == pytest.approx([centres[0]] * 3)


def test_touching_one_is_not_straddling() -> None:
    assert ratios.straddles({"a": (0.4, 0.9), "b": (0.8, 1.0)})
    assert not ratios.straddles({"a": (0.4, 0.9), "b": (0.9, 1.0)})
    assert ratios.silent_pairs({"a": (0.4, 0.9), "b": (0.9, 1.0)}) == (("a", "b"),)
    assert not ratios.favours({"a": (0.4, 0.9), "b": (0.9, 1.0)}, "b")


def test_the_residual_never_goes_below_two_hundredths() -> None:
    weighing = weigh(two({"H2": [1, 1], "H3": [0.0001, 0.0001]}, groups=3), draws=500)
    assert weighing.shared["H3"].low == 0.02
    assert weighing.shared["H2"].high == 0.98
    assert weighing.hull["H2"] == pytest.approx((0.98, 0.98))
