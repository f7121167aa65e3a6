# SPDX-License-Identifier: Apache-2.0
"""Mails and programs made by hand: which pairs are joined, which are not, and what is said of them."""

import pytest

from hikeshi.reconstruct.entries import entries
from hikeshi.report.build import build
from report import cases, pages

MAIL, ZIP, INNER = "in.mbox", "in.mbox/見積書_0312.zip", "in.mbox/見積書_0312.zip/見積書_0312.bin"
SYSMON = cases.SYSMON


def mail(record, delivered, name="見積書_0312.zip", holder=ZIP, to="mori@example.com"):
    time = cases.at(delivered)
    row = {"item": cases.item(MAIL), "record": record, "time": time, "delivered": time}
    files = {"attachments": [name], "attachment_ids": [cases.item(holder)]}
    return row | files | {"sender": "sales@mail.example", "recipients": [to]}


def start(record, time, program, host="PC1", user="CORP\\mori", **fields):
    where = {"item": cases.item("PC1.evtx"), "record": record, "time": cases.at(time), "host": host}
    named = {"Image": program, **fields}
    return where | {"user": user, "channel": SYSMON, "event_id": 1, "fields": named}


def joined(tmp_path, mails, events):
    tree = [cases.node(path, "x", 1, (1, 1, 0, 0)) for path in (MAIL, ZIP, INNER, "PC1.evtx")]
    saved = cases.write_case(tmp_path / "case", tree, events=events, tables={"messages": mails})
    return saved, entries(saved.rows, {"PC1": "pc1.example"})


PROGRAM = "C:\\Users\\mori\\Downloads\\見積書_0312.exe"


def test_a_program_of_an_attachments_name(tmp_path):
    mails = [mail(0, "2024-03-12T00:10:00Z", to="kato@example.com"), mail(1, "2024-03-12T00:12:00Z")]
    events = [
        start(4, "2024-03-12T00:41:00Z", PROGRAM),
        start(9, "2024-03-12T00:50:00Z", PROGRAM.upper()),
        start(3, "2024-03-12T00:20:00Z", "C:\\Users\\mori\\other.exe"),
    ]
    saved, rows = joined(tmp_path, mails, events)
    (row,) = rows
    assert ("pc1.example", PROGRAM, 4, 1, 2) == tuple(
        row[key] for key in ("host", "program", "record", "mail_record", "mails")
    )
    assert ("name", "strong", None) == (row["ground"], row["grade"], row["sha256"])
    cases.write_rows(saved.path, "entries", rows)
    for lang, words in (("en", "is not established"), ("ja", "確かめられていない")):
        page = pages.read(build(cases.Saved(saved.path), (lang,), "Asia/Tokyo")["index.html"])
        (summary,) = page.all("section", "summary")
        for text in (PROGRAM, "sales@mail.example", "見積書_0312.zip", "in.mbox", "PC1.evtx", words):
            assert text in summary.text


@pytest.mark.parametrize(
    "event",
    [
        start(1, "2024-03-12T00:05:00Z", PROGRAM),
        start(1, "2024-03-12T00:41:00Z", "C:\\Windows\\System32\\見積書_0312.exe"),
        start(1, "2024-03-12T00:41:00Z", "C:\\Users\\mori\\見積書_0313.exe"),
        start(1, "2024-03-12T00:41:00Z", PROGRAM) | {"event_id": 5},
    ],
    ids=["before", "of-the-system", "other-name", "no-start"],
)
def test_what_is_no_pair(tmp_path, event):
    assert [] == joined(tmp_path, [mail(0, "2024-03-12T00:10:00Z")], [event])[1]


def test_equal_bytes_under_another_name(tmp_path):
    hashes = f"MD5=00,SHA256={cases.item(INNER).upper()},IMPHASH=00"
    events = [start(1, "2024-03-12T00:41:00Z", "C:\\Windows\\Temp\\x.exe", Hashes=hashes)]
    (row,) = joined(tmp_path, [mail(0, "2024-03-12T00:10:00Z")], events)[1]
    assert ("hash", "proven", cases.item(INNER), "見積書_0312.bin") == (
        row["ground"],
        row["grade"],
        row["sha256"],
        row["member"],
    )


def test_a_parent_was_at_work_and_a_logon_audit_counts(tmp_path):
    parent = start(1, "2024-03-12T00:41:00Z", "C:\\a.exe", ParentImage=PROGRAM)
    audit = start(2, "2024-03-12T00:42:00Z", "", "PC2", NewProcessName=PROGRAM)
    audit |= {"event_id": 4688, "channel": "Security"}
    rows = joined(tmp_path, [mail(0, "2024-03-12T00:10:00Z")], [parent, audit])[1]
    assert [("pc1.example", 1), ("PC2", 2)] == [(row["host"], row["record"]) for row in rows]


def test_a_name_inside_an_archive_and_a_short_name(tmp_path):
    mails = [mail(0, "2024-03-12T00:10:00Z", "docs.zip")]
    (row,) = joined(tmp_path / "a", mails, [start(1, "2024-03-12T00:41:00Z", PROGRAM)])[1]
    assert row["attachment"] == "docs.zip"
    assert [] == joined(tmp_path / "b", [], [start(1, "2024-03-12T00:41:00Z", PROGRAM)])[1]
