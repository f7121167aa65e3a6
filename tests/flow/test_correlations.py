# SPDX-License-Identifier: Apache-2.0
"""Sigma correlations over a whole case: several items, several runs, several hosts, known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from flow import incident
from flow.test_flow import content, counts
from hikeshi import cli
from hikeshi.case.saved import Saved

BASE = {
    "title": "Notepad Started",
    "id": "11111111-2222-4333-8444-555555555555",
    "name": "notepad",
    "level": "low",
    "logsource": {"category": "process_creation", "product": "windows"},
    "detection": {"s": {"Image|endswith": "\\notepad.exe"}, "condition": "s"},
}
CALC = {
    **BASE,
    "title": "Calculator Started",
    "id": "11111111-2222-4333-8444-666666666666",
    "name": "calc",
    "detection": {"s": {"Image|endswith": "\\calc.exe"}, "condition": "s"},
}


def correlation(kind: str, rules: list[str], **said: Any) -> dict[str, Any]:
    wanted = {key.replace("_", "-"): value for key, value in said.items()}
    return {
        "title": f"Many of {kind}",
        "id": "99999999-2222-4333-8444-555555555555",
        "author": "Test Author",
        "level": "high",
        "correlation": {"type": kind, "rules": rules, "timespan": "10m", **wanted},
    }


def written(folder: Path, *documents: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "rules.yml").write_text(yaml.safe_dump_all(documents))
    return folder


def log(path: Path, *events: dict[str, Any]) -> Path:
    path.write_bytes(incident.lines(list(events)))
    return path


def found(case: Path) -> list[dict[str, Any]]:
    return [f for f in Saved(case).findings() if f["message"] == "rule.correlation"]


def seen(case: Path) -> list[tuple[Any, ...]]:
    """Minute of the first record, host, group, records of each correlation finding."""
    return [
        (f["time"][11:16], f["host"], f["fields"].get("group", ""), int(f["fields"]["records"]))
        for f in found(case)
    ]


CALC_EXE = "C:\\Windows\\System32\\calc.exe"


def test_event_count_over_hosts_and_items(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """alice starts notepad at 00:00 and 00:04 on one machine and at 00:08 on another; bob only twice."""
    one = log(
        tmp_path / "one.jsonl",
        incident.event(0, "PC1", User="CORP\\alice"),
        incident.event(4, "PC1", User="CORP\\alice"),
        incident.event(5, "PC1", User="CORP\\bob"),
    )
    two = log(
        tmp_path / "two.jsonl",
        incident.event(8, "PC2", User="corp\\Alice"),
        incident.event(9, "PC2", User="CORP\\bob"),
        incident.event(30, "PC2", User="CORP\\alice"),
    )
    rules = written(
        tmp_path / "rules",
        BASE,
        correlation("event_count", ["notepad"], group_by=["User"], condition={"gte": 3}),
    )
    counts(tmp_path / "case", one, two, rules=(rules,))

    (finding,) = found(tmp_path / "case")
    assert {
        "title": "Many of event_count",
        "records": "3",
        "count": "3",
        "first": "2018-01-10T00:00:00.000000Z",
        "last": "2018-01-10T00:08:00.000000Z",
        "group": "User=CORP\\alice",
        "hosts": "PC1\nPC2",
    } == finding["fields"]
    assert ("indicated", None, None) == (finding["grade"], finding["host"], finding["family"])
    assert {
        "id": "99999999-2222-4333-8444-555555555555",
        "kind": "sigma-correlation",
        "level": "high",
        "author": "Test Author",
        "licence": None,
        "title": "Many of event_count",
    } == finding["rule"]
    assert ("one.jsonl", 0, ["two.jsonl"]) == (
        finding["evidence"]["path"],
        finding["evidence"]["record"],
        finding["also"],
    )
    rows = Saved(tmp_path / "case").rows(
        "SELECT finding, rule, path, record, epoch_us(time) // 60000000 % 60 AS minute"
        " FROM correlated JOIN places USING (item) ORDER BY minute"
    )
    assert [
        (finding["id"], BASE["id"], "one.jsonl", 0, 0),
        (finding["id"], BASE["id"], "one.jsonl", 1, 4),
        (finding["id"], BASE["id"], "two.jsonl", 0, 8),
    ] == [tuple(row.values()) for row in rows]
    assert 0 == cli.main(["explain", str(tmp_path / "case"), finding["id"]])
    assert ["00:00:00+00:00  one.jsonl  record 0", "00:04:00+00:00  one.jsonl  record 1"] == [
        line.strip()[11:46] for line in capsys.readouterr().out.splitlines()[-3:-1]
    ]
    assert 0 == cli.main(["show", "correlated", str(tmp_path / "case")])
    assert 3 == capsys.readouterr().out.count(finding["id"])
    # Without `generate`, the rule underneath is not reported on its own.
    assert 1 == len(list(Saved(tmp_path / "case").findings()))


def test_value_count(tmp_path: Path) -> None:
    evidence = log(
        tmp_path / "log.jsonl",
        *(incident.event(n, "PC1", CommandLine=text) for n, text in enumerate(["a", "A", "b", "c"])),
        *(incident.event(20 + n, "PC2", CommandLine="a") for n in range(5)),
    )
    counted = {"gte": 3, "field": "CommandLine"}
    rules = written(
        tmp_path / "rules",
        BASE,
        correlation("value_count", ["notepad"], group_by=["Computer"], condition=counted),
    )
    counts(tmp_path / "case", evidence, rules=(rules,))
    assert [("00:00", "PC1", "Computer=PC1", 4)] == seen(tmp_path / "case")
    assert ["3"] == [f["fields"]["count"] for f in found(tmp_path / "case")]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("temporal", [("00:00", "PC1", "Computer=PC1", 2), ("00:20", "PC2", "Computer=PC2", 2)]),
        ("temporal_ordered", [("00:00", "PC1", "Computer=PC1", 2)]),
    ],
)
def test_temporal(tmp_path: Path, kind: str, expected: list[tuple[Any, ...]]) -> None:
    """PC1: notepad, then calc; PC2: calc, then notepad; PC3: too far apart; each event in an item of its own."""
    events = [
        incident.event(0, "PC1"),
        incident.event(9, "PC1", Image=CALC_EXE),
        incident.event(20, "PC2", Image=CALC_EXE),
        incident.event(29, "PC2"),
        incident.event(40, "PC3"),
        incident.event(51, "PC3", Image=CALC_EXE),
    ]
    evidence = [log(tmp_path / f"{n}.jsonl", event) for n, event in enumerate(events)]
    rules = written(
        tmp_path / "rules", BASE, CALC, correlation(kind, ["notepad", "calc"], group_by=["Computer"])
    )
    counts(tmp_path / "case", *evidence, rules=(rules,))
    assert expected == seen(tmp_path / "case")


def test_generate_reports_the_rules_too(tmp_path: Path) -> None:
    evidence = log(tmp_path / "log.jsonl", incident.event(0), incident.event(1))
    rules = written(
        tmp_path / "rules", BASE, correlation("event_count", ["notepad"], generate=True, condition={"gte": 2})
    )
    counts(tmp_path / "case", evidence, rules=(rules,))
    assert ["rule.correlation", "rule.sigma", "rule.sigma"] == sorted(
        f["message"] for f in Saved(tmp_path / "case").findings()
    )


def test_one_event_collected_twice_is_one_event(tmp_path: Path) -> None:
    """The same two events in two exports: four records, two events."""
    events = [incident.event(0), incident.event(1)]
    one = log(tmp_path / "one.jsonl", *events)
    two = log(tmp_path / "two.jsonl", *events, incident.event(2, Image=CALC_EXE))
    rules = written(tmp_path / "rules", BASE, correlation("event_count", ["notepad"], condition={"gte": 3}))
    counts(tmp_path / "case", one, two, rules=(rules,))
    assert [] == found(tmp_path / "case")


def test_increments_equal_one_run_and_cost_only_what_is_new(tmp_path: Path) -> None:
    """The correlation spans what two runs read; its window exists only once both are in the case."""
    one = log(tmp_path / "one.jsonl", incident.event(0), incident.event(1))
    two = log(tmp_path / "two.jsonl", incident.event(2, "PC2"), incident.event(3, "PC2"))
    rules = written(tmp_path / "rules", BASE, correlation("event_count", ["notepad"], condition={"gte": 3}))
    counts(tmp_path / "whole", one, two, rules=(rules,), jobs=1)
    counts(tmp_path / "steps", one, rules=(rules,))
    assert [] == found(tmp_path / "steps")
    second = counts(tmp_path / "steps", two, rules=(rules,))
    # one item read, three judges over its events, and the correlation anew over the steps of both
    assert (1, 4) == (second.read, second.judged)
    assert [("00:00", None, "", 4)] == seen(tmp_path / "steps")
    assert content(tmp_path / "whole") == content(tmp_path / "steps")
    third = counts(tmp_path / "steps", one, two, rules=(rules,))
    assert (0, 0) == (third.read, third.judged)
    assert content(tmp_path / "whole") == content(tmp_path / "steps")


def test_matches_without_a_time_are_named(tmp_path: Path) -> None:
    undated = {key: value for key, value in incident.event(1).items() if key != "@timestamp"}
    evidence = log(tmp_path / "log.jsonl", incident.event(0), undated, incident.event(2))
    rules = written(tmp_path / "rules", BASE, correlation("event_count", ["notepad"], condition={"gte": 2}))
    outcome = counts(tmp_path / "case", evidence, rules=(rules,))
    assert [("00:00", "PC1.corp.example", "", 2)] == seen(tmp_path / "case")
    issues = [i for i in Saved(tmp_path / "case").issues() if i["reason"] == "undated"]
    assert [("log.jsonl", {"matches": "1"})] == [(i["path"], i["fields"]) for i in issues]
    assert not outcome.complete


def test_rules_table_lists_correlations(tmp_path: Path) -> None:
    evidence = log(tmp_path / "log.jsonl", incident.event(0), incident.event(1))
    absent = {**CALC, "logsource": {"product": "windows", "service": "system"}}
    many = correlation("event_count", ["notepad"], condition={"gte": 2})
    few = {
        **correlation("event_count", ["calc"], condition={"gte": 2}),
        "title": "few",
        "id": "99999999-2222-4333-8444-666666666666",
    }
    rules = written(tmp_path / "rules", BASE, absent, many, few)
    counts(tmp_path / "case", evidence, rules=(rules,))
    rows = Saved(tmp_path / "case").rows(
        "SELECT title, state, hits FROM rules WHERE \"set\" = 'rules' ORDER BY title"
    )
    assert [
        ("Calculator Started", "no-source", 0),
        ("Many of event_count", "judged", 1),
        ("Notepad Started", "judged", 0),
        ("few", "no-source", 0),
    ] == [tuple(row.values()) for row in rows]


def test_a_long_group_value_stays_distinct(tmp_path: Path) -> None:
    """Two values that differ after thousands of characters are two groups."""
    long = "x" * 5000
    evidence = log(
        tmp_path / "log.jsonl",
        *(incident.event(n, CommandLine=long + end) for n, end in enumerate("aAb")),
    )
    rules = written(
        tmp_path / "rules",
        BASE,
        correlation("event_count", ["notepad"], group_by=["CommandLine"], condition={"gte": 2}),
    )
    counts(tmp_path / "case", evidence, rules=(rules,))
    assert [("00:00", 2)] == [(time, records) for time, _, _, records in seen(tmp_path / "case")]
