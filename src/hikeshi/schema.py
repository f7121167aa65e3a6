# SPDX-License-Identifier: Apache-2.0
"""Every table of a case and everything that crosses from one room to another.

Times are UTC microseconds; the text they were read from is kept beside them as ``time_text``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "hikeshi.case/1"

# Column types, spelled so that listing them needs no Arrow: see arrow_type().
# `item` is the SHA-256 of the bytes a row was read from; `record` counts from 0 inside the item; `offset` is
# the byte offset inside the item, null where the container gives none.
_WHERE = (("item", "text"), ("record", "int64"), ("offset", "int64"))
_WHEN = (("time", "time"), ("time_text", "text"))

TABLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    # One event of any log. `fields` holds what the event itself carries under its Windows names (event data and
    # the System names Sigma rules use); repeated or nested values are joined by line feeds or written as JSON.
    "events": (
        *_WHERE,
        *_WHEN,
        ("host", "text"),
        ("user", "text"),
        ("channel", "text"),
        ("provider", "text"),
        ("event_id", "int64"),
        ("record_id", "uint64"),
        ("fields", "map"),
    ),
    # One mail message. `time` is what the sender's Date says, `delivered` what the last Received says. `sender` is
    # From, `sent_by` is Sender; `mismatch` names what disagrees with From's domain (reply-to, return-path, sent-by,
    # or another address in the name). `received` is newest first; `received_ip` has the address of each hop's sender
    # or "". spf, dkim and dmarc hold "result domain by who" as headers state them, joined by "; ", verified by nobody
    # here. `attachments` (names) and `attachment_ids` are aligned. `body` is masked (length and fingerprint).
    "messages": (
        *_WHERE,
        *_WHEN,
        ("delivered", "time"),
        ("message_id", "text"),
        ("in_reply_to", "text"),
        ("subject", "text"),
        ("sender", "text"),
        ("sender_name", "text"),
        ("reply_to", "text"),
        ("return_path", "text"),
        ("sent_by", "text"),
        ("mismatch", "list"),
        ("recipients", "list"),
        ("received", "list"),
        ("received_ip", "list"),
        ("spf", "text"),
        ("dkim", "text"),
        ("dmarc", "text"),
        ("urls", "list"),
        ("attachments", "list"),
        ("attachment_ids", "list"),
        ("body", "text"),
        ("defects", "list"),
    ),
    # One captured packet. `stream` and `direction` (0 from the client, 1 to it) point into `streams`; `length` is the
    # length on the wire, `captured` what the file holds of it; `payload` counts bytes on the wire after the
    # transport header, `payload_offset` is where they lie in the item. `seq`, `ack` and `flags` are TCP's.
    "packets": (
        *_WHERE,
        ("time", "time"),
        ("interface", "int64"),
        ("protocol", "text"),
        ("stream", "int64"),
        ("direction", "int64"),
        ("length", "int64"),
        ("captured", "int64"),
        ("payload_offset", "int64"),
        ("payload", "int64"),
        ("seq", "int64"),
        ("ack", "int64"),
        ("flags", "int64"),
        ("comment", "text"),
    ),
    # One conversation: a TCP connection, or all packets of one pair of ends of another protocol. Bytes are payload
    # on the wire, each byte of a stream once; `missing_` are bytes of it that the capture does not hold;
    # `conflicting` were sent twice with different content. `record` is the first packet or the line of a log.
    "streams": (
        *_WHERE,
        *_WHEN,
        ("last", "time"),
        ("stream", "int64"),
        ("protocol", "text"),
        ("application", "text"),
        ("client", "text"),
        ("client_port", "int64"),
        ("server", "text"),
        ("server_port", "int64"),
        ("packets_sent", "int64"),
        ("packets_received", "int64"),
        ("bytes_sent", "int64"),
        ("bytes_received", "int64"),
        ("missing_sent", "int64"),
        ("missing_received", "int64"),
        ("conflicting", "int64"),
        ("notes", "list"),
    ),
    # The bytes of TCP streams in order: `state` is data, other (a second, different copy of data), lost (later bytes
    # were seen), cut (by the capture's snapshot length) or acked (the receiver had bytes that the capture lacks).
    "segments": (
        *_WHERE,
        ("stream", "int64"),
        ("direction", "int64"),
        ("position", "int64"),
        ("length", "int64"),
        ("state", "text"),
    ),
    # One HTTP exchange: headers in wire order, secrets in them masked; bodies are items of their own.
    "exchanges": (
        *_WHERE,
        *_WHEN,
        ("stream", "int64"),
        ("client", "text"),
        ("server", "text"),
        ("server_port", "int64"),
        ("method", "text"),
        ("host", "text"),
        ("uri", "text"),
        ("user_agent", "text"),
        ("request_headers", "list"),
        ("request_bytes", "int64"),
        ("request_body", "text"),
        ("status_code", "int64"),
        ("response_headers", "list"),
        ("response_bytes", "int64"),
        ("response_body", "text"),
        ("notes", "list"),
    ),
    # One DNS message seen (or one line of a DNS log).
    "names": (
        *_WHERE,
        *_WHEN,
        ("stream", "int64"),
        ("client", "text"),
        ("server", "text"),
        ("query_id", "int64"),
        ("response", "int64"),
        ("name", "text"),
        ("type", "text"),
        ("rcode", "text"),
        ("answers", "list"),
        ("notes", "list"),
    ),
    # One TLS handshake as far as it is in the clear.
    "handshakes": (
        *_WHERE,
        *_WHEN,
        ("stream", "int64"),
        ("client", "text"),
        ("server", "text"),
        ("server_port", "int64"),
        ("version", "text"),
        ("name", "text"),
        ("alpn", "list"),
        ("cipher", "text"),
        ("ja4", "text"),
        ("subjects", "list"),
        ("issuers", "list"),
        ("fingerprints", "list"),
        ("notes", "list"),
    ),
    # Who talked to whom: one client, one server port. `period` and `jitter` (seconds) are the median and the median
    # deviation of the time between what `basis` names, connections or, where those are few, the client's messages;
    # `entropy` (bits a byte) and `prefix` (hex) are those of the first bytes the client sends, `prefix` only where
    # several connections agree in it.
    "contacts": (
        ("item", "text"),
        ("client", "text"),
        ("server", "text"),
        ("server_port", "int64"),
        ("protocol", "text"),
        ("first", "time"),
        ("last", "time"),
        ("connections", "int64"),
        ("bytes_sent", "int64"),
        ("bytes_received", "int64"),
        ("basis", "text"),
        ("period", "float64"),
        ("jitter", "float64"),
        ("sent_median", "float64"),
        ("received_median", "float64"),
        ("entropy", "float64"),
        ("prefix", "text"),
    ),
    # One value of a registry hive: `time` is the last write of its key, `key` the full path with its root
    # (HKLM\SYSTEM\…, HKU\<user or file name>\…), `name` "" for a key's default value; binary `data` as hex.
    "registry": (
        *_WHERE,
        *_WHEN,
        ("host", "text"),
        ("key", "text"),
        ("name", "text"),
        ("type", "text"),
        ("data", "text"),
    ),
    # What starts by itself, as the artefact says: `kind` is task, launch-agent, launch-daemon or xdg-autostart, `path`
    # a task's URI (\Folder\Name) or the path of the file, `user` whom it runs as. `fields` hold what else it states: of
    # a task author, triggers (one a line, "TimeTrigger 1999-11-30T00:00:00 repeat PT10M"), start_boundary, interval …
    "autostarts": (
        *_WHERE,
        *_WHEN,
        ("host", "text"),
        ("kind", "text"),
        ("name", "text"),
        ("path", "text"),
        ("command", "text"),
        ("arguments", "text"),
        ("user", "text"),
        ("fields", "map"),
    ),
    # One shortcut: where it leads, and what it kept of the machine it was made on. `machine` is the NetBIOS name of the
    # link tracker, `volume_serial` 8 hex digits; created, modified and accessed are the target's when it was made.
    "shortcuts": (
        *_WHERE,
        *_WHEN,
        ("host", "text"),
        ("target", "text"),
        ("arguments", "text"),
        ("working_folder", "text"),
        ("volume_serial", "text"),
        ("volume_label", "text"),
        ("machine", "text"),
        ("created", "time"),
        ("modified", "time"),
        ("accessed", "time"),
    ),
    # What identifies a machine: `kind` is name, former-name, address, volume-serial (8 hex digits, upper case: the low
    # 32 bits of an NTFS serial), time-zone or collection.
    "machines": (
        *_WHERE,
        ("kind", "text"),
        ("value", "text"),
        ("first", "time"),
        ("last", "time"),
        ("count", "int64"),
    ),
    # What a disk image or memory dump is (record 0) and the volumes in it. `kind` is the format or file system,
    # `stated` the hashes the image states of itself, `check` what became of them: confirmed, differs or "none stated".
    "volumes": (
        *_WHERE,
        ("name", "text"),
        ("kind", "text"),
        ("bytes", "int64"),
        ("stated", "text"),
        ("check", "text"),
    ),
    # Every file that the volumes of an image, or a file listing, name. `kind` is file, folder, link or other, `state`
    # allocated or deleted, `address` its number in the file system; the times are the file system's, on NTFS those of
    # $STANDARD_INFORMATION, and name_* those of $FILE_NAME. `extents` say where its bytes lie, as offset+length.
    "files": (
        *_WHERE,
        ("path", "text"),
        ("kind", "text"),
        ("bytes", "int64"),
        ("state", "text"),
        ("address", "int64"),
        ("created", "time"),
        ("modified", "time"),
        ("accessed", "time"),
        ("changed", "time"),
        ("name_created", "time"),
        ("name_modified", "time"),
        ("name_accessed", "time"),
        ("name_changed", "time"),
        ("extents", "list"),
    ),
    # Where each item was found. `collection` is the path at which a triage collection of that `layout` begins, `host`
    # the machine it came from, `ground` how that is known (collection-file, collection-name, registry or
    # system-settings: how the system around it calls itself, or event-logs: all logs in it agree), `original` the path
    # on the machine. Null where the evidence does not say.
    "places": (
        ("item", "text"),
        ("path", "text"),
        ("collection", "text"),
        ("layout", "text"),
        ("host", "text"),
        ("ground", "text"),
        ("original", "text"),
    ),
    # What reconstruct/ joins. `hosts`: every machine with its other names and when it was seen.
    "hosts": (
        ("host", "text"),
        ("aliases", "list"),
        ("first", "time"),
        ("last", "time"),
        ("events", "int64"),
    ),
    # Which log sources each host has: channel and event id, with times and counts.
    "sources": (
        ("host", "text"),
        ("channel", "text"),
        ("provider", "text"),
        ("event_id", "int64"),
        ("first", "time"),
        ("last", "time"),
        ("count", "int64"),
    ),
    # Spans in which a log that was busy before and after says nothing; `missing` counts absent record ids, null
    # when the log has none.
    "gaps": (
        ("host", "text"),
        ("channel", "text"),
        ("start", "time"),
        ("end", "time"),
        ("missing", "int64"),
        ("kind", "text"),
    ),
    # A file that came by mail and a program of the same name (`ground` name) or the same bytes (hash) that started
    # later: `item` and `record` show the program at work for the first time, `mail` and `mail_record` the mail.
    # `member` is the file's place inside the attachment; `mails` counts mails that brought such a file before.
    "entries": (
        ("host", "text"),
        ("program", "text"),
        ("user", "text"),
        ("time", "time"),
        ("item", "text"),
        ("record", "int64"),
        ("attachment", "text"),
        ("member", "text"),
        ("arrived", "time"),
        ("sender", "text"),
        ("recipients", "list"),
        ("mail", "text"),
        ("mail_record", "int64"),
        ("mails", "int64"),
        ("ground", "text"),
        ("sha256", "text"),
        ("grade", "text"),
    ),
    # The rebuilt console: per host, family and function the grade (or no-evidence, not-examinable) and its findings.
    "functions": (
        ("host", "text"),
        ("family", "text"),
        ("function", "text"),
        ("grade", "text"),
        ("first", "time"),
        ("last", "time"),
        ("count", "int64"),
        ("findings", "list"),
        ("seen_in", "list"),
    ),
    # Every rule of every rule set and what became of it: judged, no-source (no log it needs is there), unmapped (its
    # log source is unknown), refused (it could not be compiled; `reason`). `needs` are log sources as channel/event id.
    "rules": (
        ("set", "text"),
        ("id", "text"),
        ("title", "text"),
        ("path", "text"),
        ("sha256", "text"),
        ("level", "text"),
        ("author", "text"),
        ("licence", "text"),
        ("state", "text"),
        ("reason", "text"),
        ("needs", "list"),
        ("hits", "int64"),
    ),
    # The records that a correlation's finding rests on, each with the rule that matched it.
    "correlated": (
        ("finding", "text"),
        ("rule", "text"),
        ("item", "text"),
        ("record", "int64"),
        ("time", "time"),
    ),
    # Findings that an entry of the analyst's suppression files keeps out of findings.jsonl, with that entry; `expires`
    # is the time of a finding up to which it holds.
    "suppressed": (
        ("finding", "text"),
        *_WHEN,
        ("host", "text"),
        ("user", "text"),
        ("family", "text"),
        ("function", "text"),
        ("grade", "text"),
        ("message", "text"),
        ("fields", "map"),
        ("rule", "text"),
        *_WHERE,
        ("path", "text"),
        ("entry", "text"),
        ("reason", "text"),
        ("expires", "text"),
    ),
    # Every item once.
    "items": (
        ("item", "text"),
        ("kind", "text"),
        ("bytes", "int64"),
        ("status", "text"),
        ("reason", "text"),
        ("records_in", "int64"),
        ("records_out", "int64"),
        ("refused", "int64"),
        ("duplicate", "int64"),
    ),
}


# Tables whose rows are the records of an item; rows of the others are said about it.
RECORDS = frozenset({"events", "messages", "packets", "registry"})


def arrow_type(name: str) -> pa.DataType:
    """Arrow type of a column type named in TABLES."""
    import pyarrow as pa

    return {
        "text": pa.string(),
        "int64": pa.int64(),
        "uint64": pa.uint64(),
        "float64": pa.float64(),
        "time": pa.timestamp("us", tz="UTC"),
        "list": pa.list_(pa.string()),
        "map": pa.map_(pa.string(), pa.string()),
    }[name]


@cache
def arrow_schema(table: str) -> pa.Schema:
    """Arrow schema of a table of the case."""
    import pyarrow as pa

    return pa.schema([pa.field(column, arrow_type(kind)) for column, kind in TABLES[table]])


class Status(enum.StrEnum):
    """How far an item was read."""

    READ = "read"
    PARTIAL = "partial"
    BYTES_ONLY = "bytes-only"
    ENCRYPTED = "encrypted"
    REFUSED = "refused"


class Reason(enum.StrEnum):
    """Why something was not read; worded in both languages by words/."""

    UNKNOWN_FORMAT = "unknown-format"
    UNSUPPORTED_FORMAT = "unsupported-format"
    DAMAGED = "damaged"
    TRUNCATED = "truncated"
    DAMAGED_RECORD = "damaged-record"
    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    TOO_DEEP = "too-deep"
    TOO_LARGE = "too-large"
    TOO_MANY_ENTRIES = "too-many-entries"
    EXPANSION_RATIO = "expansion-ratio"
    LINK = "link-not-followed"
    NOT_A_FILE = "not-a-file"
    PATH_ESCAPE = "path-escape"
    WORKER_CRASHED = "worker-crashed"
    WORKER_HUNG = "worker-hung"
    OUT_OF_MEMORY = "out-of-memory"
    CPU_LIMIT = "cpu-limit"
    OUTPUT_LIMIT = "output-limit"
    CHANGED = "changed-while-read"
    UNKNOWN_LINK = "unknown-link-type"
    SNAPLEN = "cut-by-snapshot-length"
    DROPPED = "dropped-by-capture"
    INTERNAL = "internal-error"
    UNACCOUNTED = "unaccounted"
    NOT_AT_HAND = "not-at-hand"
    UNDATED = "undated"
    MISSING_EXTRA = "missing-extra"
    NOT_TAKEN_OUT = "not-taken-out"
    SEARCH_LIMIT = "search-limit"
    NOT_ASKED = "not-asked"
    LOG_NOT_APPLIED = "log-not-applied"
    KEY_SEARCH = "key-search-open"


class Grade(enum.StrEnum):
    """How sure a finding is, strongest first; families/ say when each applies."""

    PROVEN = "proven"
    STRONG = "strong"
    INDICATED = "indicated"
    WEAK = "weak"


@dataclass(frozen=True)
class Item:
    """Bytes to read: `file` is open for reading, seekable, and positioned at 0; `passwords` may open what it holds.

    `logs` are the transaction logs that lay beside a registry hive.
    """

    id: str
    name: str
    size: int
    file: BinaryIO
    passwords: Sequence[str] = field(default=(), repr=False)
    logs: Sequence[BinaryIO] = field(default=(), repr=False)


@dataclass(frozen=True)
class Batch:
    """Rows of one table read from one item; `rows` has the columns of arrow_schema(table)."""

    item: str
    table: str
    rows: pa.Table


@dataclass(frozen=True)
class Found:
    """A child: bytes that lie inside an item, offered for reading under the same limits.

    `place` is the path inside the parent, with `/` between folders; `chunks` are its bytes in order.
    """

    item: str
    place: str
    chunks: Iterable[bytes]


@dataclass(frozen=True)
class Stream:
    """A TCP stream for who asks: `sent` and `received` give its bytes as (position, bytes) between gaps.

    `marks` says for the bytes sent (True) or received where each packet's begin: (position, record, offset, time).
    """

    item: str
    number: int
    time: int | None
    client: str
    client_port: int
    server: str
    server_port: int
    sent: Callable[[], Iterable[tuple[int, bytes]]]
    received: Callable[[], Iterable[tuple[int, bytes]]]
    marks: Callable[[bool], Iterable[tuple[int, int, int, int | None]]] = lambda sent: ()


@dataclass(frozen=True)
class Exchange:
    """An HTTP exchange for who asks: header fields as sent, not masked; the bodies decoded, up to the first gap."""

    item: str
    stream: int
    record: int
    offset: int
    time: int | None
    client: str
    server: str
    server_port: int
    method: str | None
    uri: str | None
    request_headers: Sequence[tuple[str, str]]
    request_body: Iterable[bytes]
    status_code: int | None
    response_headers: Sequence[tuple[str, str]]
    response_body: Iterable[bytes]


@dataclass(frozen=True)
class Issue:
    """One loss: what could not be read, where, why, and what therefore cannot be said.

    `records` is how many records the loss covers (0 when they are counted elsewhere or unknown). `place` names a
    member inside a container. `unknown` is a message id of words/.
    """

    item: str
    reason: Reason
    offset: int | None = None
    place: str | None = None
    records: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    unknown: str | None = None


@dataclass(frozen=True)
class Count:
    """A reader's closing account of one item: records met, and how many were the same record twice.

    `whole` says that the item is one record by itself: nothing of it becomes rows of a record-bearing table.
    What was delivered is counted from the batches (of a container: from its children) and what was refused from
    the issues, so that a loss nobody reported shows. `blocks` are records that the reader counts itself: the readable
    blocks of an image, the lines of a file listing.
    """

    item: str
    kind: str
    records_in: int
    duplicate: int = 0
    container: bool = False
    whole: bool = False
    blocks: int = 0


@dataclass(frozen=True)
class Search:
    """What a pack asks of raw bytes; see [[raw]] in docs/adding-a-pack.md.

    `anchors` are byte patterns that are searched for everywhere; around each a region is grown as long as its bytes are
    of `alphabet` (256 flags), or cut out from `before` to `after` where there is none. `scores` are counted in regions
    only; a region with fewer than `least` patterns is dropped. `test` names a function over blocks that gives offsets.
    """

    pack: str
    name: str
    entry: str
    anchors: Sequence[str]
    scores: Sequence[str] = ()
    least: int = 1
    alphabet: bytes | None = None
    density: float = 0.75
    before: int = 0
    after: int = 4096
    test: str | None = None
    costly: bool = True


@dataclass(frozen=True)
class KeySearch:
    """One unknown 32-bit value that a pack wants found by trying them all; see docs/keysearch.md.

    `kind` "rc4-head": the 4-byte RC4 keys under which `heads` (hex, the first bytes of captured bodies) begin with one
    of `words` (hex, two bytes each) and go on as `layout` says, a letter for each byte: X an upper-case hexadecimal
    digit, N a NUL, P printable ASCII, . anything. `kind` "md5-digits": the eight upper-case hexadecimal digits between
    the texts `before` and `after` whose MD5 begins with the digits `begins` and ends with `ends`.
    `known` are values (8 hex digits) tried before any search. `fields` are the pack's own and decide nothing.
    """

    kind: str
    heads: Sequence[str] = ()
    words: Sequence[str] = ()
    layout: str = ""
    before: str = ""
    after: str = ""
    begins: str = ""
    ends: str = ""
    known: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyFound:
    """What a search came to. `values` are all that fit, as 8 upper-case hex digits (of a key: its bytes in order).

    `heads` says which key opens which head. `searched` of `of` shards were needed; 0 when a known value fitted.
    Only with `exhausted` may be said that there is no other value: every shard ran and proved its work. `bits` is how
    much evidence a fitting value has, `false` how many of 2^32 fit by chance.
    """

    values: Sequence[str]
    heads: Mapping[str, str]
    searched: int
    of: int
    exhausted: bool
    bits: float
    false: float


@dataclass(frozen=True)
class Region:
    """A stretch of raw bytes that a pack asked for: where it lies, its bytes, and which patterns stand where in it.

    `anchors` are (pattern, offset in the item) in order of offset; `copies` are offsets at which the same bytes lie.
    """

    item: str
    offset: int
    size: int
    bytes: bytes
    anchors: Sequence[tuple[str, int]] = ()
    copies: Sequence[int] = ()


@dataclass(frozen=True)
class Rule:
    """The rule behind a finding, with what its licence asks to be credited."""

    id: str
    kind: str
    level: str | None = None
    author: str | None = None
    licence: str | None = None
    title: str | None = None


@dataclass(frozen=True)
class Hit:
    """A finding before its places are known: it points at a record or an offset of an item.

    A hit that rests on several records points at the first; `others` are all of them: `rule`, `item`, `record`, `time`.
    """

    item: str
    grade: Grade
    message: str
    record: int | None = None
    offset: int | None = None
    time: int | None = None
    time_text: str | None = None
    host: str | None = None
    user: str | None = None
    family: str | None = None
    function: str | None = None
    techniques: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    rule: Rule | None = None
    others: Sequence[Mapping[str, Any]] = ()


def table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows given as mappings (missing columns are null) as an Arrow table of the named kind."""
    import pyarrow as pa

    schema = arrow_schema(name)
    columns = [pa.array([row.get(f.name) for row in rows], type=f.type) for f in schema]
    return pa.Table.from_arrays(columns, schema=schema)
