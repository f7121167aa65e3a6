# SPDX-License-Identifier: Apache-2.0
"""Values of header fields: encoded words (RFC 2047), parameters (RFC 2045, 2231), addresses (RFC 5322).

Input is bytes as found, folded or not; output is text without control characters. Nothing here raises on
input, and every function is linear in what it is given. Defect ids are appended to the list the caller
hands in.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from .charset import BAD, decode

_WORD = re.compile(rb"=\?([!-<>@-~]{1,60})\?([BbQq])\?([^?]*)\?=")
_FOLD = re.compile(rb"\r?\n[ \t]*|\r(?=[ \t])")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PARAMETER = re.compile(rb';\s{0,20}([^\s=;"]{1,80})\s{0,20}=\s{0,20}("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?", re.ASCII)
_QUOTED = re.compile(rb"\\(.)", re.DOTALL)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|\((?:[^()\\]|\\.)*\)?|\\.|[<>,;:)]|[^"(<>,;:)\\]+|\\', re.DOTALL)
NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


class Address(NamedTuple):
    """A mailbox: the name people see and the address mail goes to."""

    name: str
    address: str


def clean(text: str) -> tuple[str, bool]:
    """Text that every table can hold, and whether controls or lone surrogates had to be replaced."""
    safe = _CONTROL.sub(BAD, text)
    return safe, safe != text


def unfold(value: bytes) -> bytes:
    """The value on one line (RFC 5322 section 2.2.3), each fold reduced to one space."""
    return _FOLD.sub(b" ", value).strip(b" \t\r\n")


def base64(text: bytes) -> bytes:
    """Bytes of base64 text up to its padding; what is not in the alphabet is passed over."""
    letters = text.partition(b"=")[0].translate(None, NOT_BASE64)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def words(value: bytes, defects: list[str]) -> str:
    """Text of an unstructured value: encoded words decoded, raw 8-bit bytes guessed, controls replaced."""
    return _words(_plain(value, defects), defects)


def parameters(value: bytes, defects: list[str]) -> tuple[str, dict[str, str]]:
    """The token before the first `;` in lower case, and the parameters by lower-case name."""
    value = _plain(value, defects)
    plain: dict[str, bytes] = {}
    sections: dict[str, dict[int, tuple[bool, bytes]]] = {}
    for match in _PARAMETER.finditer(value):
        name, raw = _text(match[1]).lower(), _unquote(match[2].strip())
        parts = _SECTION.fullmatch(name)
        if parts is None or (parts[2] is None and parts[3] is None):
            plain.setdefault(name, raw)
        else:
            sections.setdefault(parts[1], {}).setdefault(int(parts[2] or 0), (bool(parts[3]), raw))
    found = {name: _words(raw, defects) for name, raw in plain.items()}
    found |= {name: _sections(parts, defects) for name, parts in sections.items()}
    return _text(value.partition(b";")[0].strip()).lower(), found


def addresses(value: bytes, defects: list[str], limit: int = 10_000) -> list[Address]:
    """Mailboxes of an address list, groups flattened; a name without an address has an empty one."""
    return list(islice(_mailboxes(_plain(value, defects), defects), limit))


def _plain(value: bytes, defects: list[str]) -> bytes:
    """The unfolded value as UTF-8: raw Japanese holds bytes that look like quotes, commas and backslashes."""
    value = unfold(value)
    if value.isascii() and b"\x1b" not in value:
        return value
    text, _ = decode(value)
    plain = text.encode("utf-8", "replace")
    if plain != value:
        defects.append("header-8bit")
    return plain


def _text(data: bytes) -> str:
    return clean(data.decode("utf-8", "replace"))[0]


def _words(value: bytes, defects: list[str]) -> str:
    pieces: list[str] = []
    run: list[tuple[bytes, bytes, bytes]] = []
    at = 0
    for match in _WORD.finditer(value):
        between = value[at : match.start()]
        if between.strip() or not run:
            pieces += (_run(run, defects), between.decode("utf-8", "replace"))
            run = []
        run.append((match[1].partition(b"*")[0].lower(), match[2].lower(), match[3]))
        at = match.end()
    pieces += (_run(run, defects), value[at:].decode("utf-8", "replace"))
    text, changed = clean("".join(pieces))
    defects += ["control-characters"] if changed else []
    return text


def _run(run: list[tuple[bytes, bytes, bytes]], defects: list[str]) -> str:
    """Adjacent encoded words; those of one character set are joined as bytes: senders split characters."""
    out: list[str] = []
    at = 0
    while at < len(run):
        label = run[at][0]
        data: list[bytes] = []
        while at < len(run) and run[at][0] == label:
            kind, text = run[at][1:]
            at += 1
            if kind == b"q":
                data.append(binascii.a2b_qp(text.replace(b" ", b"_"), header=True))
                continue
            parts = [text]
            while b"=" not in text and len(text) % 4 and at < len(run) and run[at][:2] == (label, kind):
                text = run[at][2]
                parts.append(text)
                at += 1
            data.append(base64(b"".join(parts)))
        decoded, defect = decode(b"".join(data), _text(label))
        out.append(decoded)
        defects += [defect] if defect else []
    return "".join(out)


def _sections(parts: dict[int, tuple[bool, bytes]], defects: list[str]) -> str:
    """RFC 2231 sections in order, percent-decoded where starred, in the character set the first names."""
    if not any(starred for starred, _ in parts.values()):
        return _words(b"".join(raw for _, (_, raw) in sorted(parts.items())), defects)
    label = ""
    data: list[bytes] = []
    for number, (starred, raw) in sorted(parts.items()):
        if starred and number == 0 and raw.count(b"'") >= 2:
            charset, _, raw = raw.split(b"'", 2)
            label = _text(charset)
        data.append(_PERCENT.sub(lambda m: bytes((int(m[1], 16),)), raw) if starred else raw)
    text, defect = decode(b"".join(data), label)
    text, changed = clean(text)
    defects += [defect] if defect else []
    defects += ["control-characters"] if changed else []
    return text


def _mailboxes(value: bytes, defects: list[str]) -> Iterator[Address]:
    """A comma after words that are no address belongs to a name that should have been quoted."""
    grouped = b";" in value
    name: list[bytes] = []
    notes: list[bytes] = []
    route: list[bytes] | None = None
    address = b""
    depth = since = 0
    for match in _TOKEN.finditer(value):
        token = match[0]
        if depth or token.startswith(b"("):
            depth = max(0, depth + token.startswith(b"(") - token.endswith(b")"))
            notes.append(token.strip(b"()"))
        elif token == b"<" and route is None:
            route = []
        elif token == b">" and route is not None:
            address, route = address or b"".join(route), None
        elif route is not None:
            route.append(token)
        elif token == b"," and not address and not any(b"@" in part for part in name[since:]):
            since = len(name)
            name.append(token)
        elif token in (b",", b";"):
            yield from _mailbox(name, notes, address, defects)
            name, notes, address, since = [], [], b"", 0
        elif token == b":" and grouped:
            name, since = [], 0
        else:
            name.append(token)
    yield from _mailbox(name, notes, address or b"".join(route or ()), defects)


def _mailbox(name: list[bytes], notes: list[bytes], address: bytes, defects: list[str]) -> Iterator[Address]:
    """One mailbox; `addr (Name)` is the older form of `Name <addr>` (RFC 5322 section 3.4)."""
    shown = b"".join(_unquote(token) for token in name).strip(b" \t,")
    if address.startswith(b"@") and b":" in address:
        address = address.partition(b":")[2]
    if not address and b"@" in shown and not re.search(rb"\s", shown):
        shown, address = b" ".join(notes), shown
    if shown or address:
        yield Address(_words(shown, defects), _words(address, defects).replace(" ", ""))


def _unquote(token: bytes) -> bytes:
    if not token.startswith(b'"'):
        return token
    return _QUOTED.sub(rb"\1", token[1 : -1 if len(token) > 1 and token.endswith(b'"') else None])
