# SPDX-License-Identifier: Apache-2.0
"""DNS messages (RFC 1035), also as multicast DNS (RFC 6762), LLMNR (RFC 4795) and NetBIOS names (RFC 1002)."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .layers import address6
from .payload import Half

PORTS = (53, 5353, 5355, 137)
NETBIOS = 137
MOST_RECORDS = 256
MOST_JUMPS = 32
MOST_MESSAGES = 20_000
TYPES = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 28: "AAAA",
    29: "LOC", 32: "NB", 33: "SRV", 35: "NAPTR", 39: "DNAME", 41: "OPT", 43: "DS", 44: "SSHFP", 46: "RRSIG",
    47: "NSEC", 48: "DNSKEY", 50: "NSEC3", 52: "TLSA", 64: "SVCB", 65: "HTTPS", 99: "SPF", 250: "TSIG", 251: "IXFR",
    252: "AXFR", 255: "ANY", 257: "CAA",
}  # fmt: skip
RCODES = (
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
    "NOTZONE",
)  # fmt: skip


@dataclass(frozen=True)
class Message:
    """One DNS message: its first question and the other ones, its answers, and what is wrong with it."""

    query_id: int
    response: bool
    name: str
    type: str
    rcode: str | None
    answers: tuple[str, ...]
    notes: tuple[str, ...]
    more: tuple[tuple[str, str], ...] = ()


def parse(data: bytes, netbios: bool = False) -> Message | None:
    """The message, or nothing when these bytes are none."""
    if len(data) < 12:
        return None
    query_id, flags, questions, answers, authority, additional = struct.unpack_from(">6H", data)
    if questions > 32 or questions + answers + authority + additional == 0:
        return None
    response, code = bool(flags & 0x8000), flags & 15
    name, kind, found, notes = "", "", [], []
    more: list[tuple[str, str]] = []
    at = 12
    known: Known = {}
    try:
        for number in range(questions):
            text, at = read_name(data, at, known)
            (code_of_type, _class) = _unpack(">HH", data, at)
            at += 4
            if number == 0:
                name, kind = text, type_name(code_of_type)
            else:
                more.append((text, type_name(code_of_type)))
    except ValueError:
        return None
    try:
        for _ in range(min(answers, MOST_RECORDS)):
            owner, at = read_name(data, at, known)
            code_of_type, _class, _ttl, size = _unpack(">HHIH", data, at)
            at += 10
            if at + size > len(data):
                raise ValueError
            found.append(
                f"{type_name(code_of_type)} {record_data(data, at, size, code_of_type, known)}".rstrip()
            )
            if not questions and not name:
                name, kind = owner, type_name(code_of_type)
                notes.append("no-question")
            at += size
        if answers > MOST_RECORDS:
            notes.append("answers-left-out")
    except ValueError:
        notes.append("damaged")
    if flags & 0x0200:
        notes.append("truncated")
    if netbios:
        name = netbios_name(name)
    rcode = (RCODES[code] if code < len(RCODES) else f"RCODE{code}") if response else None
    return Message(query_id, response, name, kind, rcode, tuple(found), tuple(notes), tuple(more))


def type_name(code: int) -> str:
    """Name of a record type (RFC 3597 writes unknown ones as TYPE and number)."""
    return TYPES.get(code, f"TYPE{code}")


def _unpack(form: str, data: bytes, at: int) -> tuple[int, ...]:
    """Numbers at a position; ValueError, as everywhere here, where the message ends before them."""
    try:
        return struct.unpack_from(form, data, at)
    except struct.error as error:
        raise ValueError from error


Known = dict[int, tuple[str, ...]]


def read_name(data: bytes, at: int, known: Known) -> tuple[str, int]:
    """A domain name and where the field after it starts, following at most MOST_JUMPS pointers (RFC 1035, 4.1.4).

    `known` remembers what pointers of this message led to.
    """
    labels: list[str] = []
    jumps: list[tuple[int, int]] = []
    after, size = -1, 0
    for _ in range(128 + MOST_JUMPS):
        if at >= len(data):
            raise ValueError
        length = data[at]
        if length >= 0xC0:
            if at + 1 >= len(data) or len(jumps) >= MOST_JUMPS:
                raise ValueError
            after = at + 2 if after < 0 else after
            at = (length & 0x3F) << 8 | data[at + 1]
            if at in known:
                labels += known[at]
                break
            jumps.append((at, len(labels)))
        elif length > 63:
            raise ValueError
        elif length == 0:
            after = at + 1 if after < 0 else after
            break
        else:
            label = data[at + 1 : at + 1 + length]
            size += length + 1
            if len(label) < length or size > 255:
                raise ValueError
            labels.append(escape(label))
            at += 1 + length
    else:
        raise ValueError
    if len(labels) > 128:
        raise ValueError
    for target, begin in jumps:
        known[target] = tuple(labels[begin:])
    return ".".join(labels), after


def escape(label: bytes) -> str:
    """A label as text, other bytes as in master files (RFC 1035, 5.1)."""
    if label.isalnum() or label.replace(b"-", b"").replace(b"_", b"").isalnum():
        return label.decode("ascii") if label.isascii() else _escape(label)
    return _escape(label)


def _escape(label: bytes) -> str:
    if not label.isascii() and (word := _unicode(label)):
        return word
    return "".join(
        f"\\{chr(byte)}" if byte in b".\\" else chr(byte) if 32 < byte < 127 else f"\\{byte:03d}"
        for byte in label
    )


def _unicode(label: bytes) -> str | None:
    """A label of multicast DNS, which is UTF-8 (RFC 6762, 16), when it can be shown."""
    try:
        word = label.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return word if word.isprintable() and "." not in word else None


def record_data(data: bytes, at: int, size: int, code: int, known: Known) -> str:
    """Data of a record as text."""
    body = data[at : at + size]
    if code == 1 and size == 4:
        return str(ipaddress.IPv4Address(body))
    if code == 28 and size == 16:
        return address6(body)
    if code in (2, 5, 12, 39):
        return read_name(data, at, known)[0]
    if code == 15 and size > 2:
        return f"{_unpack('>H', data, at)[0]} {read_name(data, at + 2, known)[0]}"
    if code == 33 and size > 6:
        priority, weight, port = _unpack(">HHH", data, at)
        return f"{priority} {weight} {port} {read_name(data, at + 6, known)[0]}"
    if code == 6:
        primary, after = read_name(data, at, known)
        return f"{primary} {read_name(data, after, known)[0]}"
    if code in (16, 99):
        return " ".join(f'"{text}"' for text in strings(body))
    return body.hex()


def strings(body: bytes) -> list[str]:
    """The character strings of a TXT record."""
    out, at = [], 0
    while at < len(body):
        part = body[at + 1 : at + 1 + body[at]]
        out.append("".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03d}" for b in part))
        at += 1 + body[at]
    return out


def netbios_name(name: str) -> str:
    """A NetBIOS name from its first-level encoding (RFC 1001, 14.1), without the padding and with its suffix."""
    encoded = name.split(".")[0]
    if len(encoded) != 32 or not all("A" <= c <= "P" for c in encoded):
        return name
    raw = bytes((ord(a) - 65) << 4 | (ord(b) - 65) for a, b in zip(encoded[::2], encoded[1::2], strict=True))
    return _escape(raw[:15].rstrip(b" \0")) + f"<{raw[15]:02x}>"


def over_tcp(half: Half) -> Iterator[tuple[int, Message]]:
    """Messages of a TCP stream, each behind its length (RFC 1035, 4.2.2), with their positions.

    Behind a gap or anything else that is no message, the next segment that begins with one is taken.
    """
    at = half.next_known(0)
    for _ in range(MOST_MESSAGES):
        if at is None:
            return
        length = int.from_bytes(half.read(at, 2), "big")
        data = half.read(at + 2, length) if length >= 12 else b""
        message = parse(data) if len(data) == length else None
        if message:
            yield at, message
            at += 2 + length
        following = half.next_known(at)
        if message is None or following != at:
            at = next(half.starts_after(at), None)
