# SPDX-License-Identifier: Apache-2.0
"""Numbers on the page against queries on the saved case, and what each part must say."""

import base64
import hashlib
import re
import time
from datetime import datetime, timedelta, timezone

import pytest

from hikeshi import words
from hikeshi.report.build import build
from hikeshi.report.wording import labels
from hikeshi.schema import Grade
from report import cases, pages

LANGS = ("ja", "en")
NO_TRACE = {"ja": "痕跡なしは漏えいなしを意味しない。", "en": "No trace does not mean no leak."}
SUMS = ("records_in", "records_out", "refused", "duplicate")


def html(saved, languages=LANGS, zone="Asia/Tokyo"):
    return build(saved, languages, zone)["index.html"]


@pytest.fixture(scope="module")
def incident(tmp_path_factory):
    return cases.incident(tmp_path_factory.mktemp("report") / "case")


@pytest.fixture(scope="module")
def page(incident):
    return pages.read(html(incident))


@pytest.fixture(params=LANGS)
def part(page, request):
    return pages.language(page, request.param)


def lang_of(part):
    return part.attrs["lang"]


def n(value):
    return f"{value:,}"


def lines(saved, name):
    return f"read_json('{saved.path / name}', format='newline_delimited')"


def name(part, kind, value):
    return words.name(kind, value, lang_of(part))


def graded(part, grade):
    kind = "grade" if grade in set(Grade) else "cell"
    return name(part, kind, grade)


def third_party(saved):
    """Hits of third-party rules with their day in Japan."""
    japan = timezone(timedelta(hours=9))
    for finding in saved.findings():
        if finding["message"] == "rule.sigma":
            yield finding, datetime.fromisoformat(finding["time"]).astimezone(japan).date()


def own(saved):
    return [f for f in saved.findings() if f["message"] != "rule.sigma"]


def test_reconciliation_on_the_first_page_and_in_its_section(incident, part):
    totals = [n(incident.account["totals"][key]) for key in SUMS]
    (first,) = part.all("p", "sumline")
    assert totals == [b.text for b in first.all("b")]
    (block,) = part.all("div", "reconciliation")
    assert totals == [b.text for b in block.all("b")]
    assert labels(lang_of(part))["examined.balanced"] in block.text


def test_kinds_of_evidence_equal_the_table_of_items(incident, part):
    rows = incident.rows(
        "SELECT kind, count(*) AS items, sum(bytes) AS bytes, sum(records_in) AS a, sum(records_out) AS b,"
        f" sum(refused) AS c, sum(duplicate) AS d FROM items WHERE item <> '{cases.item('evidence/keiri.zip')}'"
        " GROUP BY kind ORDER BY kind"
    )
    printed = part.table(f"{lang_of(part)}-kinds").rows()[1:]
    known = labels(lang_of(part))
    expected = [
        [known.get(f"kind.{r['kind']}", r["kind"]), *(n(int(r[c])) for c in ("items", "bytes", *"abcd"))]
        for r in rows
    ]
    assert expected == printed[: len(expected)]
    sums = [sum(int(row[c]) for row in rows) for c in ("items", "bytes", *"abcd")]
    assert [known["examined.total"], *map(n, sums)] == printed[len(expected)]
    assert ["zip", "1", "20,971,520", "1", "1", "0", "0"] == printed[-1]


def test_unread_evidence_with_reason_and_next_step(incident, part):
    blocks = part.all("div", "unread")
    assert len(blocks) == 4
    for reason, path in (
        ("link-not-followed", "evidence/link"),
        ("encrypted", "evidence/mail/明細.zip"),
        ("damaged-record", "evidence/PC-SOUMU-12/System.evtx"),
        ("unknown-format", "evidence/memo.bin"),
    ):
        (block,) = [b for b in blocks if path in b.text]
        assert name(part, "reason", reason) in block.text
        assert words.next_step(f"reason.{reason}", lang_of(part)) in block.text


def test_matrix_cells_equal_the_table_of_functions(incident, part):
    rows = incident.rows("SELECT host, function, grade, count FROM functions WHERE family = 'netwire'")
    table = part.table(f"{lang_of(part)}-matrix-1-1").rows()
    hosts = table[0][1:]
    for row in rows:
        (line,) = [line for line in table[1:] if line[0] == name(part, "function", row["function"])]
        cell = line[1 + hosts.index(row["host"])]
        assert graded(part, row["grade"]) in cell
        other = "not-examinable" if row["grade"] == "no-evidence" else "no-evidence"
        assert graded(part, other) not in cell
        if row["count"]:
            assert labels(lang_of(part))["matrix.times"].format(n=row["count"]) in cell
    assert len(hosts) * (len(table) - 1) == len(rows)


def test_every_finding_of_a_pack_stands_in_the_timeline_and_in_the_details(incident, part):
    lang = lang_of(part)
    timeline = part.table(f"{lang}-timeline-table")
    for finding in own(incident):
        article = part.one(f"{lang}-{finding['id']}")
        assert finding["evidence"]["path"] in article.text
        assert all(value in article.text for value in finding["fields"].values())
        assert n(finding["evidence"]["record"]) in article.text
        assert words.next_step(finding["message"], lang) in part.text
        assert [f"#{lang}-{finding['id']}"] == [
            a.attrs["href"] for a in timeline.all("a") if a.text == finding["id"]
        ]


def test_timeline_is_in_order_and_holds_the_gaps(incident, part):
    timeline = part.table(f"{lang_of(part)}-timeline-table")
    times = [t.attrs["datetime"] for row in timeline.all("tr") for t in row.all("time")[:1]]
    assert times == sorted(times)
    gaps = incident.rows("SELECT host, channel, missing FROM gaps ORDER BY start")
    printed = [row.text for row in timeline.all("tr", "gap")]
    assert len(gaps) == len(printed)
    for gap, row in zip(gaps, printed, strict=True):
        assert gap["host"] in row
        assert gap["channel"] in row
        assert gap["missing"] is None or n(gap["missing"]) in row


def test_times_are_local_first_with_utc_beside(part):
    (row,) = [row for row in part.all("tr") if "f-" in row.text and "00:40:00" in row.text]
    assert "01-25 15:40:00 UTC" in row.text


def test_third_party_hits_equal_a_query_on_the_findings(incident, part):
    rows = incident.rows(
        "SELECT rule.id AS rule, coalesce(h.host, f.host) AS host, count(*) AS hits, min(f.id) AS id,"
        f" min(time) AS first, max(time) AS last FROM {lines(incident, 'findings.jsonl')} f"
        " LEFT JOIN hosts h ON list_contains(h.aliases, f.host) WHERE message = 'rule.sigma' GROUP BY ALL"
    )
    bodies = part.table(f"{lang_of(part)}-others-table").all("tbody")
    assert len({row["rule"] for row in rows}) == len(bodies)
    for row in rows:
        (body,) = [b for b in bodies if row["rule"] in b.text]
        (line,) = [r for r in body.all("tr") if row["host"] in r.text]
        assert n(row["hits"]) == line.all("td", "n")[0].text
    assert "DRL-1.1" in bodies[0].text
    assert "Examiner, Example" in bodies[0].text


def test_third_party_hits_are_counted_by_kind(tmp_path):
    tree = [cases.node("a.evtx", "evtx", 1, (9, 9, 0, 0))]
    kinds = ("sigma", "sigma", "sigma", "correlation", "yara", "indicator", "indicator")
    hits = [
        cases.hit("a.evtx", n, None, f"PC{n}", f"rule.{kind}", rule=cases.sigma(kind) | {"kind": "sigma"})
        for n, kind in enumerate(kinds)
    ]
    part = pages.language(pages.read(html(cases.write_case(tmp_path / "case", tree, hits))), "en")
    (section,) = part.all("section", "findings")
    (key,) = section.all("ul", "key")
    known = labels("en")
    expected = [("correlation", 1), ("indicator", 2), ("sigma", 3), ("yara", 1)]
    assert [
        f"{known[f'rule-kind.{kind}']} {count} {known['unit.machines'].format(n=count)}"
        for kind, count in expected
    ] == [li.text for li in key.all("li")]


def test_attack_counts_equal_a_query_on_the_findings(incident, part):
    rows = incident.rows(
        "SELECT technique, count(*) FILTER (message <> 'rule.sigma') AS own,"
        " count(*) FILTER (message = 'rule.sigma') AS others, count(DISTINCT coalesce(h.host, f.host)) AS machines FROM"
        f" (SELECT *, unnest(techniques) AS technique FROM {lines(incident, 'findings.jsonl')}) f"
        " LEFT JOIN hosts h ON list_contains(h.aliases, f.host) GROUP BY technique"
    )
    printed = {row[0]: row[4:7] for row in part.table(f"{lang_of(part)}-attack-table").rows()[1:]}
    assert {
        row["technique"]: [n(row["own"]), n(row["others"]), n(row["machines"])] for row in rows
    } == printed


def test_losses_equal_a_query_on_the_issues(incident, part):
    rows = incident.rows(
        "SELECT reason, count(*) AS cases, sum(records) AS records"
        f" FROM {lines(incident, 'issues.jsonl')} GROUP BY reason"
    )
    printed = {row[0]: row[1:3] for row in part.table(f"{lang_of(part)}-losses").rows()[1:]}
    assert {name(part, "reason", r["reason"]): [n(r["cases"]), n(int(r["records"]))] for r in rows} == printed
    assert words.text("unknown.events", lang_of(part)) in part.text


def test_gaps_equal_the_table_of_gaps(incident, part):
    rows = incident.rows('SELECT host, channel, missing FROM gaps ORDER BY "end" - start DESC')
    unknown = labels(lang_of(part))["limits.missing-unknown"]
    expected = [[r["host"], r["channel"], unknown if r["missing"] is None else n(r["missing"])] for r in rows]
    printed = part.table(f"{lang_of(part)}-gaps").rows()[1:]
    assert expected == [[row[0], row[1], row[-1]] for row in printed]


def test_absent_evidence_equals_the_functions_that_cannot_be_examined(incident, part):
    rows = incident.rows(
        "SELECT source, count(DISTINCT host) AS machines FROM (SELECT host, unnest(seen_in) AS source FROM functions"
        " WHERE grade = 'not-examinable') GROUP BY source"
    )
    table = part.table(f"{lang_of(part)}-absent")
    printed = sorted(b.text for b in table.all("b"))
    machines = labels(lang_of(part))["unit.machines"]
    assert sorted(machines.format(n=n(row["machines"])) for row in rows) == printed
    assert len(rows) == len(table.rows()) - 1


def test_summary_says_what_the_tables_say(incident, part):
    known = labels(lang_of(part))
    (summary,) = part.all("section", "summary")
    (sql,) = incident.rows(
        "SELECT count(*) AS pairs, count(DISTINCT function) AS functions FROM functions WHERE grade = 'not-examinable'"
    )
    assert known["summary.not-examinable"].format(functions=sql["functions"], n=sql["pairs"]) in summary.text
    assert known["summary.firm"].format(n=2) in summary.text
    assert known["summary.encrypted"].format(n=1) in summary.text
    assert known["summary.gaps"].format(n=2) in summary.text
    (lost,) = incident.rows(f"SELECT count(*) AS lost FROM {lines(incident, 'issues.jsonl')}")
    assert known["summary.losses"].format(n=lost["lost"]) in summary.text
    used = incident.rows("SELECT DISTINCT function FROM functions WHERE count > 0")
    for row in used:
        assert name(part, "function", row["function"]) in summary.text
    first = min(f["time"] for f in own(incident))
    assert first[:10] in summary.text
    assert "Host.exe" in summary.text


def test_no_contact_stands_beside_every_address(incident, part):
    notice = labels(lang_of(part))["page.no-contact"]
    (finding,) = [f for f in own(incident) if f["message"] == "netwire.connection"]
    article = part.one(f"{lang_of(part)}-{finding['id']}")
    beside = [dd.text for dd in article.all("dd") if dd.all("strong", "contact")]
    assert [f"203.0.113.45 {notice}", f"update.example {notice}"] == beside
    for row in part.table(f"{lang_of(part)}-timeline-table").all("tr"):
        assert ("203.0.113.45" in row.text) == (notice in row.text)


def test_custody_annex_names_hashes_and_people(incident, part):
    (annex,) = part.all("section", "custody")
    for node in incident.rows("SELECT item FROM items"):
        assert node["item"] in annex.text
    for text in (
        "0012E4",
        "総務課 乙山 試",
        "netwire",
        cases.item("netwire"),
        cases.item("rules"),
        "manifest.json",
    ):
        assert text in annex.text
    data = (incident.path / "findings.jsonl").read_bytes()
    assert hashlib.sha256(data).hexdigest() in annex.text


def test_all_eight_parts_in_order_in_both_languages(page):
    wanted = ["summary", "examined", "matrix", "timeline", "findings", "attack", "limits", "custody"]
    for lang in LANGS:
        part = pages.language(page, lang)
        assert wanted == [section.classes[0] for section in part.all("section")]
        assert [labels(lang)[f"{w}.title"] for w in wanted] == [a.text for a in part.all("nav")[0].all("a")]


def test_ids_are_unique_and_every_link_leads_to_one(page):
    ids = [e.attrs["id"] for e in page.walk() if "id" in e.attrs]
    assert len(set(ids)) == len(ids)
    assert {a.attrs["href"][1:] for a in page.all("a")} <= set(ids)


def test_tables_are_accessible(page):
    for table in page.all("table"):
        assert len(table.all("caption")) == 1
        assert all("scope" in th.attrs for th in table.all("th"))
    for svg in page.all("svg"):
        assert svg.attrs.get("role") == "img" or svg.attrs.get("aria-hidden") == "true"


def test_policy_allows_the_one_style_sheet_and_nothing_else(page):
    (policy,) = [m.attrs["content"] for m in page.all("meta") if m.attrs.get("http-equiv")]
    (style,) = page.all("style")
    (text,) = style.children
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    expected = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert expected == policy
    assert not page.all("script")
    assert not [e for e in page.walk() if "style" in e.attrs or any(a.startswith("on") for a in e.attrs)]
    assert re.findall(r"url\(|@import|https?:", text) == []


def test_the_label_of_sharing_stands_first_and_last(tmp_path):
    tree = [cases.node("a.evtx", "evtx", 1, (1, 1, 0, 0))]
    for given, shown in (
        ("RED", "TLP:RED"),
        ("TLP:GREEN", "TLP:GREEN"),
        (None, "TLP:AMBER+STRICT"),
        ("no", "TLP:AMBER+STRICT"),
    ):
        saved = cases.write_case(tmp_path / str(given), tree, options={"tlp": given} if given else {})
        printed = html(saved, ("en",)).decode()
        assert [shown] * 2 == re.findall(r'<span class="label">(.*?)</span>', printed)
        assert f'@top-right{{content:"{shown}"' in printed


def test_nothing_found_is_not_nothing_happened(tmp_path):
    page = pages.read(html(cases.empty(tmp_path / "case")))
    for lang in LANGS:
        part = pages.language(page, lang)
        (summary,) = part.all("section", "summary")
        assert labels(lang)["summary.nothing"] in summary.text
        assert NO_TRACE[lang] in summary.text
        assert words.text("notice.own-rules-only", lang) in summary.text
        assert labels(lang)["custody.no-intake"] in part.text


def test_only_third_party_hits_name_no_malware(tmp_path):
    tree = [cases.node("a.evtx", "evtx", 1, (1, 1, 0, 0))]
    hits = [
        cases.hit(
            "a.evtx",
            0,
            "2018-01-16T00:00:00Z",
            "PC1",
            "rule.sigma",
            rule=cases.sigma("Phish"),
            techniques=["T1566.001"],
        )
    ]
    saved = cases.write_case(tmp_path / "case", tree, hits, rules=[{"name": "r", "sha256": "0"}])
    part = pages.language(pages.read(html(saved)), "en")
    (summary,) = part.all("section", "summary")
    assert labels("en")["summary.rules"].format(n=1, count=1) in summary.text
    assert "Third-party rule that points to the way in: Phish (matches: 1" in summary.text
    assert words.text("notice.own-rules-only", "en") not in summary.text


def test_one_language_needs_no_switch(tmp_path):
    page = pages.read(html(cases.empty(tmp_path / "case"), ("ja",)))
    assert [d.attrs["lang"] for d in page.all("div", "page")] == ["ja"]
    assert page.all("input") == []


def test_other_zone_moves_the_days(incident):
    part = pages.language(pages.read(html(incident, ("en",), "America/New_York")), "en")
    assert "Monday, 15 January 2018" in part.text
    assert "UTC-05:00" in part.text


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_same_case_same_bytes_whatever_the_machine(incident, monkeypatch, zone):
    before = html(incident)
    monkeypatch.setenv("TZ", zone)
    monkeypatch.setenv("LANG", "C")
    time.tzset()
    try:
        assert before == html(incident)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_family_without_traces_is_one_line_per_function(tmp_path):
    tree = [cases.node("a.evtx", "evtx", 1, (1, 1, 0, 0))]
    hosts = [{"host": f"PC{number}"} for number in range(9)]
    examined = {row["host"]: frozenset({"memory"} if row["host"] == "PC3" else ()) for row in hosts}
    saved = cases.write_case(tmp_path / "case", tree, hosts=hosts, examined=examined)
    part = pages.language(pages.read(html(saved)), "en")
    rows = part.table("en-matrix-1-1").rows()
    assert rows[0] == ["Function", "9 machines"]
    (capture,) = [row for row in rows if row[0] == words.name("function", "screen-capture", "en")]
    assert capture[1] == "—no evidence machines: 1 ？not examinable machines: 8"


def test_a_large_case_is_cut_and_says_so(tmp_path):
    saved = cases.large(tmp_path / "case")
    printed = html(saved)
    assert len(printed) < 5_000_000
    page = pages.read(printed)
    for lang in LANGS:
        part = pages.language(page, lang)
        shown = {article.attrs["id"].removeprefix(f"{lang}-") for article in part.all("article")}
        assert len(shown) == 500
        proven = [f["id"] for f in saved.findings() if f["grade"] == "proven"]
        assert shown == set(proven[:500])
        (summary,) = part.all("section", "summary")
        assert "25,000" in summary.text
        cut = labels(lang)["page.cut"]
        notices = [p.text for p in part.all("p", "cut")]
        assert cut.format(total="25,000", shown="500", where="findings.jsonl") in notices
        rows = len({(day, f["rule"]["id"], f["host"]) for f, day in third_party(saved)}) + 25_000
        where = {"shown": "500", "where": "findings.jsonl"}
        assert labels(lang)["timeline.cut"].format(total=n(rows), **where) in notices
        assert labels(lang)["matrix.machines-shown"].format(total="200", shown="24") in notices
