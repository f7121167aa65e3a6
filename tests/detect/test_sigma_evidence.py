# SPDX-License-Identifier: Apache-2.0
"""SigmaHQ's rules over public event logs: their regression files, and pySigma's SQL as a second engine."""

from __future__ import annotations

import io
import random
import re
import tarfile
from typing import Any

import pyarrow as pa
import pytest
import yaml

from detect import sqlite
from hikeshi.detect.sigma.judge import Match, judge
from hikeshi.detect.sigma.logsource import routes, unmapped
from hikeshi.detect.sigma.reach import unreachable
from hikeshi.detect.sigma.rules import Branch, Node, RuleSet
from hikeshi.detect.sigma.views import VIEWS
from hikeshi.readers import evtx
from hikeshi.schema import Batch, Item, arrow_schema
from readers import evidence

REGRESSION = "sigma-regression.tar.xz"
PACKS = (
    REGRESSION,
    "deepbluecli-yamato.tar.xz",
    "evtx-attack-samples.tar.xz",
    "evtx-to-mitre-attack.tar.xz",
    "parser-edge-and-benign.tar.xz",
)
# Regression files in which more events satisfy the rule than their info.yml counts. In the first, three
# events name a file that begins with ...\AnyDesk\user.conf; in the second, three name procdump.exe,
# procdump64.exe and procdump64a.exe.
MORE = {"0b9ad457-2554-44c1-82c2-d56a99c42377": (3, 1), "8fbf3271-1ef6-4e94-8210-03c2317947f6": (3, 1)}


def events(name: str, data: bytes) -> pa.Table:
    """The events of one log."""
    found = [
        b.rows for b in evtx.read([Item(name, name, len(data), io.BytesIO(data))]) if isinstance(b, Batch)
    ]
    rows = [each for each in found if each.schema.equals(arrow_schema("events"))]
    return pa.concat_tables(rows) if rows else arrow_schema("events").empty_table()


def pack_events(*packs: str) -> pa.Table:
    """The events of all logs of some packs."""
    return pa.concat_tables(events(name, data) for name, data in evidence.logs(*packs))


def regression() -> dict[str, dict[str, Any]]:
    """By path of the log, what its info.yml states: rule, and count where it gives one."""
    stated = {}
    with tarfile.open(evidence.folder() / "evtx" / REGRESSION) as members:
        for member in members:
            if member.name.endswith("info.yml") and (content := members.extractfile(member)):
                info = yaml.safe_load(content.read())
                for test in info.get("regression_tests_info") or ():
                    path = test["path"].removeprefix("regression_data/")
                    stated[path] = {"rule": info["rule_metadata"][0]["id"], "count": test.get("match_count")}
    return stated


def test_regression_files(sigmahq: RuleSet) -> None:
    stated = regression()
    fired, counted, unequal = 0, 0, {}
    for name, data in evidence.logs(REGRESSION):
        said = stated[name.partition("!")[2]]
        hits = [m for m in judge(events(name, data), sigmahq) if sigmahq.rules[m.rule].id == said["rule"]]
        fired += bool(hits)
        if said["count"] is not None:
            counted += 1
            if len(hits) != said["count"]:
                unequal[said["rule"]] = (len(hits), said["count"])

    assert (fired, counted) == (122, 105)
    assert unequal == MORE


def test_all_rules_are_accounted_for(sources: dict[str, bytes], sigmahq: RuleSet) -> None:
    # The only rules refused are those that wait for placeholder values, which `expand` marks.
    expanding = {path for path, text in sources.items() if b"|expand" in text}

    assert 3780 == len(sources) == len(sigmahq.rules) + len(sigmahq.refused)
    assert expanding == {refused.path for refused in sigmahq.refused}
    assert all("placeholder %" in refused.reason for refused in sigmahq.refused)
    windows = [n for n, rule in enumerate(sigmahq.rules) if rule.product == "windows"]
    assert set(unmapped(sigmahq.rules)).isdisjoint(windows)
    assert all(rule.author and rule.licence == "DRL-1.1" for rule in sigmahq.rules)


def test_rules_that_need_sysmon(sources: dict[str, bytes], sigmahq: RuleSet) -> None:
    # Read from the rules' own text: the service, and the categories that no other Windows log has.
    elsewhere = "process_creation|registry_(set|event|delete)|ps_\\w+|file_(access|rename)"
    product, service = re.compile(rb"(?m)^ +product: windows"), re.compile(rb"(?m)^ +service: sysmon")
    category = re.compile(rf"(?m)^ +category: (?!({elsewhere})\s*$)".encode())
    refused = {each.path for each in sigmahq.refused}
    expected = {
        path
        for path, text in sources.items()
        if path not in refused and product.search(text) and (service.search(text) or category.search(text))
    }
    without = {
        (channel, event_id)
        for rule in sigmahq.rules
        for route in routes(rule.product, rule.category, rule.service)
        for channel in route.channels
        for event_id in route.ids or _ids(rule.tree, sigmahq) or {1}
        if "sysmon" not in channel
    }
    absent = {sigmahq.rules[each.rule].path for each in unreachable(sigmahq, without) if each.needs}

    assert len(expected) == 548
    assert expected <= absent
    # The others ask, of a process or a registry value, what only Sysmon writes down.
    assert all(
        re.search(rb"(?m)^ +category: (process|registry)_", sources[path]) for path in absent - expected
    )


def _ids(node: Node, rules: RuleSet) -> set[int]:
    if isinstance(node, Branch):
        return set().union(*(_ids(child, rules) for child in node.nodes))
    leaf = rules.leaves[node]
    return {int(value) for value in leaf.values} if leaf.field == "EventID" else set()


def compare(table: pa.Table, rules: RuleSet, sources: dict[str, bytes], numbers: set[int]) -> int:
    """Assert that both engines find the same; how many hits that was."""
    ours: dict[bool, set[tuple[int, int]]] = {True: set(), False: set()}
    for match in judge(table, rules):
        if match.rule in numbers:
            ours[_translated(rules, match)].add(match[:2])

    assert set(sqlite.hits(table, rules, sources, numbers)) == ours[False]

    # Translated events lack fields. SQL takes a lacking field as one that does not match, so that a filter on
    # it lets the event pass; the product keeps silent there. That is the only difference.
    theirs = set(sqlite.hits(table, rules, sources, numbers, translated=True))
    assert ours[True] <= theirs
    for number in {number for number, _ in theirs - ours[True]}:
        rule = rules.rules[number]
        asked = set(sqlite.query(sources[rule.path])[1])
        views = [route.view for route in routes(rule.product, rule.category, rule.service) if route.view]
        optional = {"CommandLine", "ParentImage"}  # Not in every version of event 4688.
        assert asked - VIEWS[views[0]][1] | asked & optional, rule.path
    return len(ours[False]) + len(ours[True])


def _translated(rules: RuleSet, match: Match) -> bool:
    rule = rules.rules[match.rule]
    ways = routes(rule.product, rule.category, rule.service)
    return any(route.view for route in ways if route.name == match.variant)


def test_hits_equal_sql(sigmahq: RuleSet, sources: dict[str, bytes]) -> None:
    table = pack_events(REGRESSION)
    numbers = set(random.Random(20180126).sample(range(len(sigmahq.rules)), 250))
    numbers |= {match.rule for match in list(judge(table, sigmahq))[::3]}

    assert compare(table, sigmahq, sources, numbers) > 50


@pytest.mark.campaign
def test_all_hits_equal_sql(sigmahq: RuleSet, sources: dict[str, bytes]) -> None:
    assert compare(pack_events(*PACKS), sigmahq, sources, set(range(len(sigmahq.rules)))) > 7000
