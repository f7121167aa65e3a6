# SPDX-License-Identifier: Apache-2.0
"""The structure of a mail message: header fields, the parts of RFC 2046, transfer encodings of RFC 2045.

One pass with a stack of open boundaries, so the cost does not grow with nesting; an outer boundary ends
every part inside it (RFC 2046 section 5.1.2). A `message/rfc822` part is not entered: it is a message of
its own.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .mailheaders import NOT_BASE64, base64, parameters

MAX_FIELDS = 5_000
MAX_VALUE = 128 * 1024
MAX_PARTS = 5_000
MAX_DEPTH = 50
_CHUNK = 1 << 20
_MAX_BAD = 1_000
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)\n?")
_KNOWN = re.compile(
    rb"(?:content-[a-z-]+|received|from|to|cc|date|subject|message-id|mime-version|return-path|reply-to|x-[!-9;-~]+)"
    rb"[ \t]*:",
    re.IGNORECASE,
)
LEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]{0,80}\r?\n){0,1000}(?:>?From [^\n]*\n)?")
_DELIMITER = re.compile(rb"\n--([!-~]{1,200})[ \t]*\r?\nContent-[A-Za-z-]{1,40}:")
_UULINE = re.compile(rb"[^\r\n]+")
_NOTHING = re.compile(rb"(?!)")
_WHITE = b" \t\r\n"
_NOT_STRANGE = bytes(set(range(256)) - set(NOT_BASE64)) + b"=" + _WHITE


@dataclass
class Part:
    """One part: its header fields in order, and where its still encoded content lies."""

    fields: list[tuple[str, bytes]]
    kind: str
    parameters: dict[str, str]
    encoding: str
    start: int
    end: int
    defects: list[str] = field(default_factory=list)

    def value(self, name: str) -> bytes | None:
        """Raw value of the first field of this lower-case name."""
        return next((value for found, value in self.fields if found == name), None)

    def disposition(self, defects: list[str]) -> tuple[str, dict[str, str]]:
        """Content-Disposition: its token and its parameters."""
        return parameters(self.value("content-disposition") or b"", defects)

    def boundary(self) -> bytes | None:
        """Delimiter of the parts inside, null when this is no multipart or names none."""
        boundary = self.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
        return boundary or None if self.kind.startswith("multipart/") else None


def line_feeds(raw: bytes) -> bytes:
    """The bytes, with line feeds where old Macs wrote carriage returns only; offsets stay."""
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def fields(raw: bytes, start: int, defects: list[str]) -> tuple[list[tuple[str, bytes]], int]:
    """Header fields from `start` on, names in lower case, and where the content begins."""
    found: list[tuple[str, bytes]] = []
    at = start
    while at < len(raw):
        match = _FIELD.match(raw, at)
        if match and not match[1].startswith(b"--"):
            at = match.end()
            if len(found) >= MAX_FIELDS:
                defects.append("header-fields-cut")
                continue
            if match.end(2) - match.start(2) > MAX_VALUE:
                defects.append("header-value-cut")
            value = raw[match.start(2) : min(match.end(2), match.start(2) + MAX_VALUE)]
            found.append((match[1].decode("ascii").lower(), value.strip(_WHITE)))
            continue
        line_end = raw.find(b"\n", at) + 1 or len(raw)
        if not raw[at : min(line_end, at + 3)].strip(b"\r\n"):
            return found, line_end
        if not _KNOWN.match(raw, line_end):
            defects.append("header-without-end")
            return found, at
        defects.append("header-line-broken")
        at = line_end
    return found, at


def split(raw: bytes) -> tuple[Part, list[Part]]:
    """The message's own part, and its leaves in order (the message itself when it has one part)."""
    lead = LEAD.match(raw)
    top = _part(raw, lead.end() if lead else 0, "text/plain")
    _mend(raw, top)
    walk = _Walk(raw, top)
    at = max(0, walk.top.start - 1)
    while walk.levels and (delimiter := walk.pattern.search(raw, at)):
        at = walk.line(delimiter.start())
    walk.finish()
    return walk.top, walk.leaves


def _mend(raw: bytes, top: Part) -> None:
    """Where the stated boundary never comes, take the first line that stands where one would."""
    boundary, begin = top.boundary(), max(0, top.start - 1)
    if boundary is not None and raw.find(b"\n--" + boundary, begin) < 0:
        delimiter = _DELIMITER.search(raw, begin)
        if delimiter:
            top.parameters["boundary"] = delimiter[1].decode("utf-8", "replace")
            top.defects.append("boundary-wrong")


class _Walk:
    """The open multiparts while the delimiter lines are met in order."""

    def __init__(self, raw: bytes, top: Part) -> None:
        self.raw, self.top = raw, top
        self.leaves: list[Part] = []
        self.levels: dict[bytes, int] = {}
        self.open: list[tuple[Part, bytes, int]] = []
        self.leaf: Part | None = None
        self.pattern = _NOTHING
        self.enter(top)

    def ready(self) -> None:
        """Look for the boundaries that are open now; of equal ones the innermost counts."""
        self.levels = {boundary: level for level, (_, boundary, _) in enumerate(self.open)}
        self.pattern = re.compile(b"\n--(?:" + b"|".join(map(re.escape, self.levels)) + b")")

    def enter(self, part: Part) -> None:
        """Open a multipart, or begin a leaf."""
        boundary = part.boundary()
        if boundary is not None and len(self.open) < MAX_DEPTH:
            self.open.append((part, boundary, len(self.leaves)))
            self.ready()
            return
        if boundary is not None:
            self.top.defects.append("parts-too-deep")
        self.leaf = part
        self.leaves.append(part)

    def line(self, at: int) -> int:
        """Deal with the line behind the line feed at `at`; where to look for the next one."""
        line_end = self.raw.find(b"\n", at + 1)
        line_end = len(self.raw) if line_end < 0 else line_end
        line = self.raw[at + 3 : min(line_end, at + 1024)].rstrip(_WHITE)
        level, closing = self.levels.get(line, -1), False
        if level < 0 and line.endswith(b"--"):
            level, closing = self.levels.get(line[:-2], -1), True
        if level < 0:
            return at + 3
        self.end_leaf(at)
        self.close(level + (not closing), at, closing)
        if closing:
            return line_end
        if len(self.leaves) >= MAX_PARTS:
            self.top.defects.append("parts-cut")
            return len(self.raw)
        usual = "message/rfc822" if self.open[level][0].kind == "multipart/digest" else "text/plain"
        part = _part(self.raw, min(line_end + 1, len(self.raw)), usual)
        self.enter(part)
        return max(line_end, part.start - 1)

    def end_leaf(self, at: int) -> None:
        """The line break before a delimiter belongs to the delimiter."""
        if self.leaf is not None:
            end = at - (self.raw[at - 1 : at] == b"\r")
            self.leaf.end = max(self.leaf.start, end)
            self.leaf = None

    def close(self, level: int, at: int, closing: bool) -> None:
        """Close every multipart from this level inwards; one without parts is text, as readers show it."""
        changed = len(self.open) > level
        while len(self.open) > level:
            part, _, before = self.open.pop()
            if len(self.open) >= level + closing:
                self.top.defects.append("boundary-unclosed")
            if len(self.leaves) == before:
                part.kind, part.end = "text/plain", max(part.start, at)
                self.leaves.append(part)
                self.top.defects.append("boundary-missing")
        if changed:
            self.ready()

    def finish(self) -> None:
        """The input is over."""
        self.close(0, len(self.raw), closing=False)


def _part(raw: bytes, start: int, usual: str) -> Part:
    defects: list[str] = []
    found, start = fields(raw, start, defects)
    part = Part(found, usual, {}, "", start, len(raw), defects)
    stated = part.value("content-type")
    if stated is not None:
        kind, part.parameters = parameters(stated, defects)
        part.kind = kind if "/" in kind else "text/plain"
    encoding = parameters(part.value("content-transfer-encoding") or b"", defects)[0]
    part.encoding = encoding.partition("(")[0].strip("\"' ")
    return part


def content(raw: bytes, part: Part, defects: list[str]) -> Iterator[bytes]:
    """The part's content, transfer encoding undone, in pieces of about a megabyte."""
    if part.encoding == "base64":
        return _base64(raw, part.start, part.end, defects)
    if part.encoding == "quoted-printable":
        return _quoted_printable(raw, part.start, part.end)
    if part.encoding in ("x-uuencode", "x-uue", "uuencode", "uue"):
        return _uuencode(raw, part.start, part.end, defects)
    if part.encoding not in ("", "7bit", "8bit", "binary"):
        defects.append("encoding-unknown")
    return (raw[at : min(at + _CHUNK, part.end)] for at in range(part.start, part.end, _CHUNK))


def _base64(raw: bytes, start: int, end: int, defects: list[str]) -> Iterator[bytes]:
    """Padding ends the data (RFC 2045 section 6.8); bytes outside the alphabet are passed over and named."""
    kept, ended = b"", False
    for at in range(start, end, _CHUNK):
        piece = raw[at : min(at + _CHUNK, end)]
        strange = piece.translate(None, _NOT_STRANGE)
        letters, padding, rest = piece.partition(b"=")
        letters = letters.translate(None, NOT_BASE64)
        if strange or (ended and letters) or rest.strip(b"=" + _WHITE):
            defects.append("base64-damaged")
        if ended:
            return
        letters, ended = kept + letters, bool(padding)
        whole = len(letters) if ended else len(letters) // 4 * 4
        letters, kept = letters[:whole], letters[whole:]
        yield base64(letters)
    if kept:
        defects.append("base64-damaged")
        yield base64(kept)


def _quoted_printable(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    at = start
    while at < end:
        stop = min(at + _CHUNK, end)
        if stop < end:
            stop = raw.rfind(b"\n", at, stop) + 1 or stop
        yield binascii.a2b_qp(raw[at:stop])
        at = stop


def _uuencode(raw: bytes, start: int, end: int, defects: list[str]) -> Iterator[bytes]:
    """Lines that cannot be decoded are left out; after too many the rest is."""
    bad = 0
    for line in _UULINE.finditer(raw, start, end):
        text = line[0]
        if bad > _MAX_BAD:
            return
        if text.startswith((b"begin ", b"end")) or not text.strip():
            continue
        wanted = ((text[0] - 32 & 63) + 2) // 3 * 4 + 1
        try:
            if 2 * len(text) < wanted:
                raise binascii.Error
            yield binascii.a2b_uu(text[:wanted])
        except binascii.Error:
            defects += ["uuencode-damaged"] if not bad else []
            bad += 1
