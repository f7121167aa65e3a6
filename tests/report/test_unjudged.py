# SPDX-License-Identifier: Apache-2.0
"""Rules that could not match, against the table of rules and against what `hikeshi explain` says."""

import pytest

from hikeshi.case.explain import explain
from hikeshi.report.build import build
from report import cases, pages

SYSMON_1 = "Microsoft-Windows-Sysmon/Operational/1"
RULES = [
    {"set": "sigma-rules", "id": "a", "state": "judged", "needs": [], "hits": 2},
    {"set": "sigma-rules", "id": "b", "state": "no-source", "needs": [SYSMON_1], "hits": 0},
    {"set": "sigma-rules", "id": "c", "state": "no-source", "needs": [SYSMON_1, "Security/4688"], "hits": 0},
    {"set": "sigma-rules", "id": "d", "state": "unmapped", "needs": [], "hits": 0},
    {"set": "packs", "id": "e", "state": "judged", "needs": [], "hits": 0},
    {"set": "packs", "path": "f.yml", "state": "refused", "needs": [], "hits": 0},
]


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    tree = [cases.node("a.evtx", "evtx", 1, (1, 1, 0, 0))]
    return cases.write_case(tmp_path_factory.mktemp("rules") / "case", tree, tables={"rules": RULES})


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_states_and_missing_logs(case, lang):
    part = pages.language(pages.read(build(case, (lang,), "Asia/Tokyo")["index.html"]), lang)
    states = part.table(f"{lang}-rule-states").rows()[1:]
    assert [["1", "0", "0", "1"], ["1", "2", "1", "0"]] == [row[1:] for row in states]
    assert states[1][0] == "sigma-rules"
    needs = part.table(f"{lang}-needs").rows()[1:]
    assert [[SYSMON_1, "2"], ["Security/4688", "1"]] == needs
    assert [[row["needs"], f"{row['rules']:,}"] for row in explain(case)["missing_logs"]] == needs
