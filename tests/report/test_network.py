# SPDX-License-Identifier: Apache-2.0
"""The part on network traffic: what it says against what was written into the tables, and when it is there at all."""

import pytest

from hikeshi.report.build import build
from hikeshi.report.network import network
from hikeshi.report.wording import labels
from report import cases, pages

LANGS = ("ja", "en")


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return cases.traffic(tmp_path_factory.mktemp("traffic") / "case")


@pytest.fixture(scope="module")
def page(case):
    return pages.read(build(case, LANGS, "Asia/Tokyo")["index.html"])


@pytest.fixture(params=LANGS)
def part(page, request):
    return pages.language(page, request.param)


def said(part, label, **values):
    return labels(part.attrs["lang"])[f"network.{label}"].format(**values)


def rows(part, name):
    return part.table(f"{part.attrs['lang']}-{name}").rows()[1:]


def test_contacts_are_summed_and_the_largest_comes_first(part):
    missing = said(part, "not-held", n="1,200")
    expected = [
        ["198.51.100.7:443/tcp", "1", f"5,000,000 {missing}", "900"],
        ["198.51.100.8:80/tcp", "1", "400", "70,000"],
        ["203.0.113.45:3360/tcp", "10", "1,000", "200"],
        ["224.0.0.251:5353/udp", "9", "45", "0"],
        ["[2001:db8::9]:443/tcp", "1", "1", "1"],
    ]
    printed = [[row[1].split(" ")[0], *row[3:6]] for row in rows(part, "talks")]
    assert expected == printed


def test_contacts_equal_a_query_on_the_streams(case, part):
    asked = case.rows(
        "SELECT count(*) AS n, sum(bytes_sent)::BIGINT AS sent, sum(bytes_received)::BIGINT AS received"
        " FROM streams GROUP BY server ORDER BY sum(bytes_sent + bytes_received) DESC, server"
    )
    printed = [[row[3], row[4].split(" ")[0], row[5]] for row in rows(part, "talks")]
    assert [[f"{row[key]:,}" for key in ("n", "sent", "received")] for row in asked] == printed


def test_servers_have_the_names_under_which_they_were_asked_for(part):
    names = {row[1].split(" ")[0]: row[2] for row in rows(part, "talks")}
    certificate = said(part, "certificate")
    assert {
        "198.51.100.7:443/tcp": f"files.example {certificate} CN=files.example",
        "198.51.100.8:80/tcp": "www.example",
        "203.0.113.45:3360/tcp": "update.example",
        "224.0.0.251:5353/udp": "",
        "[2001:db8::9]:443/tcp": "",
    } == names


def test_regular_contacts_without_groups_of_machines(part):
    connections, messages = said(part, "between-connections"), said(part, "between-messages")
    expected = [
        ["203.0.113.45:3360/tcp", "60.01", "0", connections, "10"],
        ["198.51.100.9:4041/tcp", "12.352", "0.2", messages, "1"],
    ]
    assert expected == [[row[1].split(" ")[0], *row[2:6]] for row in rows(part, "beats")]


def test_names_that_never_resolved_in_any_spelling(part):
    assert [["qzxw.example", "2", "0"], ["vbnm.example", "1", "1"]] == [
        [row[0], row[2], row[3]] for row in rows(part, "silent")
    ]


def test_hosts_of_requests(part):
    assert [["www.example", "192.0.2.10", "2", "40", "60,005"]] == [row[:5] for row in rows(part, "sites")]


def test_what_bounds_a_statement_about_data_that_left(part):
    (section,) = part.all("section", "network")
    for label, values in (
        ("missing", {"n": 1, "sent": "1,200", "received": 0}),
        ("cut", {"n": 11, "bytes": "4,400"}),
        ("dropped", {"n": 7}),
        ("refused", {"n": 3}),
        ("conflicting", {"n": 1}),
    ):
        assert said(part, label, **values) in section.text
    assert said(part, "no-bounds") not in section.text
    assert said(part, "sizes") in section.text


def test_no_contact_stands_beside_what_a_finding_names(part):
    notice = labels(part.attrs["lang"])["page.no-contact"]
    for name in ("talks", "beats"):
        for row in part.table(f"{part.attrs['lang']}-{name}").all("tr")[1:]:
            assert ("203.0.113.45" in row.text) == (notice in row.text)


def test_a_case_without_traffic_has_no_such_part(tmp_path):
    saved = cases.incident(tmp_path / "case")
    assert network(saved, saved.issues(), frozenset()) is None
    page = pages.read(build(saved, ("en",), "Asia/Tokyo")["index.html"])
    assert page.all("section", "network") == []


def test_logs_of_requests_alone(tmp_path):
    row = {"item": cases.item("a.log"), "client": "192.0.2.1", "host": "www.example", "notes": []}
    tree = [cases.node("a.log", "weblog", 1, (1, 1, 0, 0))]
    saved = cases.write_case(tmp_path / "case", tree, tables={"exchanges": [row]})
    part = pages.language(pages.read(build(saved, ("en",), "Asia/Tokyo")["index.html"]), "en")
    (section,) = part.all("section", "network")
    assert "www.example" in section.text
    assert said(part, "bounds") not in section.text
    assert said(part, "beats") not in section.text
