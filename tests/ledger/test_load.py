# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime
import json

import pytest

from hikeshi.errors import LedgerError
from hikeshi.ledger.canonical import fmt
from hikeshi.ledger.fields import parse_when
from hikeshi.ledger.load import load, load_file
from ledger.small import loaded, shared, small


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2018", datetime.date(2018, 12, 31)),
        ("2019-05", datetime.date(2019, 5, 31)),
        ("2020-02", datetime.date(2020, 2, 29)),
        ("2018-01-26", datetime.date(2018, 1, 26)),
    ],
)
def test_partial_dates_stay_partial_and_count_from_their_last_day(text: str, day: datetime.date) -> None:
    assert parse_when(text).text == text
    assert parse_when(text).day == day


@pytest.mark.parametrize(
    "text", ["", "2019-13", "2019-02-30", "2019-5", "19-05-01", "2019-05-01T00", "0000", "２０１９"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_when(text)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("[0.2, 0.5]", "[0.5, 0.2]"), "runs backwards"),
        (("[0.2, 0.5]", "[0.2]"), "two numbers"),
        (("[0.2, 0.5]", "[1e-3, nan]"), "expected a number"),
        (("2020-01-10", "10/01/2020"), "expected a date"),
        (("kind:", "kidn:"), "did you mean kind"),
        (("technical-assessment", "technical-assesment"), "did you mean technical-assessment"),
        (("technical-finding", "technical-findings"), "did you mean technical-finding"),
        (("residual: true", "residual: yes"), "expected true or false"),
        (("id: c1", "id: c 1"), "is no id"),
        (("hikeshi.ledger/1", "hikeshi.ledger/2"), "not known here"),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(change: tuple[str, str], why: str) -> None:
    text = fmt(json.dumps(small(), ensure_ascii=False))
    assert change[0] in text
    with pytest.raises(LedgerError) as error:
        load(text.replace(*change, 1), "small.yaml")
    line = text[: text.index(change[0])].count("\n") + 1
    assert why in str(error.value)
    first = int(str(error.value).splitlines()[0].split(":")[1])
    assert line <= first <= line + 3


def test_all_complaints_come_at_once_and_are_bounded() -> None:
    plain = small()
    plain["claims"] = [{**plain["claims"][0], "date": "soon"} for _ in range(200)]
    with pytest.raises(LedgerError) as error:
        loaded(plain)
    assert len(str(error.value).splitlines()) == 51
    assert "150 more" in str(error.value)


def test_a_missing_file_is_one_sentence() -> None:
    with pytest.raises(LedgerError, match="give the path"):
        load_file("no/such/ledger.yaml")


def test_the_shared_ledger_loads_whole() -> None:
    ledger = load(shared())
    assert len(ledger.claims) == 83
    assert sum(claim.layer == "seed" for claim in ledger.claims) == 46
    assert sum(claim.layer == "added" for claim in ledger.claims) == 37
    assert [h.id for h in ledger.hypotheses] == ["H1", "H2", "H3", "H4"]
    assert (len(ledger.evidence), len(ledger.groups), len(ledger.missing)) == (11, 5, 4)
    partial = next(claim for claim in ledger.claims if claim.id == "cc-add-012")
    assert partial.date is not None
    assert partial.date.text == "2019-05"
