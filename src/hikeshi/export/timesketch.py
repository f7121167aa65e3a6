# SPDX-License-Identifier: Apache-2.0
"""internal/timesketch.jsonl (findings) and timesketch-events.jsonl (everything), under Plaso's field names.

Timesketch asks for message, datetime and timestamp_desc (docs/guides/user/import-from-json-csv.md); its
analysers look for data_type, event_identifier, source_name, computer_name and xml_string as Plaso's winevtx
parser names them. The XML is written anew from the fields of the table; the record stays in the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from hikeshi import words
from hikeshi.codecs.escape import whole
from hikeshi.codecs.times import iso

if TYPE_CHECKING:
    import pyarrow as pa

    from hikeshi.case.saved import Saved

# OpenSearch keeps no keyword over 32,766 bytes; a character has at most four.
LONGEST = 8_000
NO_TIME = {"datetime": "1970-01-01T00:00:00.000000+00:00", "timestamp": 0, "timestamp_desc": "Not a time"}
# Characters XML 1.0 (section 2.2) has no way to write.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_XML = "http://schemas.microsoft.com/win/2004/08/events/event"

Row = dict[str, Any]


def findings(case: Saved) -> Iterator[bytes]:
    """The findings as JSON lines."""
    yield _json(map(_finding, case.findings()))


def events(case: Saved) -> Iterator[bytes]:
    """Every event and message as JSON lines, some thousand at a time."""
    for batch in case.batches("events"):
        yield _json(map(_event, _rows(batch)))
    for batch in case.batches("messages"):
        yield _json(map(_message, _rows(batch)))


def _rows(batch: pa.RecordBatch) -> list[Row]:
    """Rows with their times as microseconds."""
    import pyarrow as pa

    times = {f.name for f in batch.schema if pa.types.is_timestamp(f.type)}
    columns = {
        name: (batch.column(name).cast(pa.int64()) if name in times else batch.column(name)).to_pylist()
        for name in batch.schema.names
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _json(rows: Iterable[Row]) -> bytes:
    import orjson

    option = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    filled = ({name: value for name, value in row.items() if value not in (None, [], "")} for row in rows)
    return b"".join(orjson.dumps(row, option=option) for row in filled)


def _words(texts: Iterable[str | None]) -> list[str]:
    return [_cut(text) for text in texts if text]


def _when(time: int | None, meaning: str) -> Row:
    text = iso(time)
    if text is None:
        return NO_TIME
    return {"datetime": text.replace("Z", "+00:00"), "timestamp": time, "timestamp_desc": meaning}


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return whole(text)
    return whole(text[:LONGEST]) + f"…({len(text)} characters)"


def _where(row: Row) -> Row:
    return {"source_sha256": row["item"], "record": row["record"], "offset": row["offset"]}


def _event(row: Row) -> Row:
    fields = dict(row["fields"] or ())
    shown = " ".join(f"{name}: {value}" for name, value in fields.items())
    return {
        **_when(row["time"], "Creation Time"),
        **_where(row),
        "message": _cut(f"[{row['event_id']}] {row['provider'] or row['channel'] or ''} {shown}"),
        "data_type": "windows:evtx:record",
        "event_identifier": row["event_id"],
        "source_name": _text(row["provider"]),
        "computer_name": _text(row["host"]),
        "channel": _text(row["channel"]),
        "record_number": row["record_id"],
        "username": _text(row["user"]),
        "xml_string": _cut(_xml(row, fields)),
    }


def _text(value: str | None) -> str | None:
    return None if value is None else _cut(value)


def _xml(row: Row, fields: Mapping[str, str]) -> str:
    data = "".join(
        f'<Data Name="{escape(name)}">{escape(value or "")}</Data>' for name, value in fields.items()
    )
    provider, channel, host = (escape(row[name] or "") for name in ("provider", "channel", "host"))
    number, identifier = ("" if row[name] is None else row[name] for name in ("record_id", "event_id"))
    xml = (
        f'<Event xmlns="{_XML}"><System><Provider Name="{provider}"/><EventID>{identifier}</EventID>'
        f"<EventRecordID>{number}</EventRecordID><Channel>{channel}</Channel><Computer>{host}</Computer></System>"
        f"<EventData>{data}</EventData></Event>"
    )
    return xml if xml.isprintable() else _NO_XML.sub("\ufffd", xml)


def _message(row: Row) -> Row:
    return {
        **_when(row["time"], "Sent Time"),
        **_where(row),
        "message": _cut(
            f"mail from {row['sender']} to {', '.join(row['recipients'] or ())}: {row['subject']}"
        ),
        "data_type": "hikeshi:message",
        "sender": _text(row["sender"]),
        "recipients": _words(row["recipients"] or ()),
        "subject": _text(row["subject"]),
        "message_id": _text(row["message_id"]),
        "urls": _words(row["urls"] or ()),
        "attachments": _words(row["attachments"] or ()),
        "attachment_sha256": _words(row["attachment_ids"] or ()),
    }


def _finding(finding: Mapping[str, Any]) -> Row:
    rule, evidence = finding["rule"] or {}, finding["evidence"]
    time = finding["time"]
    when = {"datetime": time.replace("Z", "+00:00"), "timestamp_desc": "Finding"} if time else NO_TIME
    named = [finding["grade"], finding["family"], finding["function"], *finding["techniques"]]
    return {
        **when,
        "timestamp": _microseconds(time) if time else 0,
        "message": _cut(words.text(finding["message"], "en", finding["fields"])),
        "data_type": "hikeshi:finding",
        "tag": ["hikeshi", *_words(named)],
        "finding": finding["id"],
        "computer_name": _text(finding["host"]),
        "username": _text(finding["user"]),
        "grade": finding["grade"],
        "family": _text(finding["family"]),
        "function": _text(finding["function"]),
        "rule_id": _text(rule.get("id")),
        "rule_author": _text(rule.get("author")),
        "rule_licence": _text(rule.get("licence")),
        "source_sha256": evidence["id"],
        "source_path": _text(evidence["path"]),
        "record": evidence.get("record"),
        "offset": evidence.get("offset"),
    }


def _microseconds(time: str) -> int:
    from datetime import datetime, timedelta

    from hikeshi.codecs.times import EPOCH

    return (datetime.fromisoformat(time) - EPOCH) // timedelta(microseconds=1)
