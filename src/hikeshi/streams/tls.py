# SPDX-License-Identifier: Apache-2.0
"""TLS handshakes as far as they are in the clear (RFC 8446, RFC 5246, RFC 6066) and the JA4 client fingerprint.

JA4: FoxIO, technical_details/JA4.md (BSD 3-Clause; the other JA4+ methods are licensed differently and not used).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

HANDSHAKE, CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 22, 1, 2, 11
SNI, ALPN, SIGNATURES, VERSIONS = 0x0000, 0x0010, 0x000D, 0x002B
VERSION_NAMES = {
    0x0304: "TLS 1.3",
    0x0303: "TLS 1.2",
    0x0302: "TLS 1.1",
    0x0301: "TLS 1.0",
    0x0300: "SSL 3.0",
}
JA4_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
JA4_VERSIONS |= {0xFEFF: "d1", 0xFEFD: "d2", 0xFEFC: "d3"}
MOST_HANDSHAKE = 256 << 10
MOST_CERTIFICATES = 16
NOTHING = "000000000000"


@dataclass
class Hello:
    """A ClientHello or ServerHello."""

    version: int
    ciphers: list[int]
    client: bool
    extensions: list[int] = field(default_factory=list)
    name: str | None = None
    alpn: list[str] = field(default_factory=list)
    alpn_raw: bytes = b""
    signatures: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)


@dataclass
class Side:
    """What one end says in the clear."""

    hello: Hello | None = None
    certificates: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def looks(head: bytes) -> bool:
    """Whether a stream begins as a TLS handshake."""
    return len(head) >= 6 and head[0] == HANDSHAKE and head[1] == 3 and head[2] <= 4 and head[5] in (1, 2, 11)


def grease(value: int) -> bool:
    """Whether a value is one of those that mean nothing (RFC 8701)."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


class Reader:
    """Reads big-endian vectors; `ok` turns false where the data end too soon."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.ok = data, 0, True

    def take(self, size: int) -> bytes:
        """The next bytes."""
        part = self.data[self.at : self.at + size]
        self.ok = self.ok and len(part) == size
        self.at += size
        return part

    def number(self, size: int) -> int:
        """The next number."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """The next vector, behind a length of so many bytes."""
        return self.take(self.number(size))

    @property
    def more(self) -> bool:
        """Whether there is more to read."""
        return self.ok and self.at < len(self.data)


def words(data: bytes) -> list[int]:
    """A vector of 16-bit numbers."""
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data) - 1, 2)]


def side(read: Callable[[int, int], bytes], start: int = 0) -> Side:
    """Handshake messages of one direction up to the first record that is none."""
    out = Side()
    pending = bytearray()
    at, whole = start, True
    while len(pending) < MOST_HANDSHAKE:
        head = read(at, 5)
        if len(head) < 5 or head[0] != HANDSHAKE or head[1] != 3:
            break
        size = int.from_bytes(head[3:5], "big")
        body = read(at + 5, size)
        pending += body
        if len(body) < size:
            whole = False
            break
        at += 5 + size
    used = 0
    while used + 4 <= len(pending):
        kind, size = pending[used], int.from_bytes(pending[used + 1 : used + 4], "big")
        message = bytes(pending[used + 4 : used + 4 + size])
        if len(message) < size and kind not in (CLIENT_HELLO, CERTIFICATE):
            break
        if len(message) < size:
            whole = False
        if kind in (CLIENT_HELLO, SERVER_HELLO) and out.hello is None:
            out.hello = hello(message, kind == CLIENT_HELLO)
        elif kind == CERTIFICATE and not out.certificates:
            out.certificates = certificates(message)
        elif kind not in (CLIENT_HELLO, SERVER_HELLO, CERTIFICATE, 4, 12, 13, 14, 15, 16, 20, 22):
            break
        used += 4 + size
    if not whole:
        out.notes.append("incomplete")
    return out


def hello(message: bytes, client: bool) -> Hello | None:
    """A hello message, as far as it goes."""
    reader = Reader(message)
    version = reader.number(2)
    reader.take(32)
    reader.vector(1)
    ciphers = words(reader.vector(2)) if client else [reader.number(2)]
    if client:
        reader.vector(1)
    else:
        reader.number(1)
    if not reader.ok:
        return None
    found = Hello(version, ciphers, client)
    extensions = Reader(reader.vector(2)) if reader.at < len(message) else Reader(b"")
    while extensions.more:
        kind, body = extensions.number(2), extensions.vector(2)
        if not extensions.ok:
            break
        found.extensions.append(kind)
        extension(found, kind, Reader(body), client)
    return found


def extension(found: Hello, kind: int, body: Reader, client: bool) -> None:
    """Note what one extension says."""
    if kind == SNI and client:
        names = Reader(body.vector(2))
        while names.more:
            sort, name = names.number(1), names.vector(2)
            if sort == 0 and found.name is None:
                found.name = name.decode("utf-8", "backslashreplace")
    elif kind == ALPN:
        protocols = Reader(body.vector(2))
        while protocols.more:
            protocol = protocols.vector(1)
            found.alpn_raw = found.alpn_raw or protocol
            found.alpn.append(protocol.decode("ascii", "backslashreplace"))
    elif kind == SIGNATURES:
        found.signatures = words(body.vector(2))
    elif kind == VERSIONS:
        found.versions = words(body.vector(1)) if client else [body.number(2)]


def certificates(message: bytes) -> list[bytes]:
    """DER of the certificates in a Certificate message of TLS 1.2 and before."""
    chain = Reader(Reader(message).vector(3))
    out: list[bytes] = []
    while chain.more and len(out) < MOST_CERTIFICATES:
        der = chain.vector(3)
        if chain.ok:
            out.append(der)
    return out


def version(found: Hello) -> int:
    """The version spoken or the highest one offered."""
    offered = [v for v in found.versions if not grease(v)]
    return max(offered) if offered else found.version


def version_name(number: int) -> str:
    """A version as people write it."""
    return VERSION_NAMES.get(number, f"0x{number:04x}")


def ja4(found: Hello, transport: str = "t") -> str:
    """The JA4 fingerprint of a ClientHello."""
    ciphers = [c for c in found.ciphers if not grease(c)]
    extensions = [e for e in found.extensions if not grease(e)]
    signatures = [s for s in found.signatures if not grease(s)]
    first = found.alpn_raw
    alpn = "00"
    if first:
        ends = chr(first[0]) + chr(first[-1])
        alpn = ends if ends.isascii() and ends.isalnum() else first.hex()[0] + first.hex()[-1]
    head = f"{transport}{JA4_VERSIONS.get(version(found), '00')}{'d' if SNI in extensions else 'i'}"
    head += f"{min(len(ciphers), 99):02d}{min(len(extensions), 99):02d}{alpn}"
    listed = ",".join(sorted(f"{e:04x}" for e in extensions if e not in (SNI, ALPN)))
    if signatures:
        listed += "_" + ",".join(f"{s:04x}" for s in signatures)
    return f"{head}_{_digest(','.join(sorted(f'{c:04x}' for c in ciphers)))}_{_digest(listed)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else NOTHING
