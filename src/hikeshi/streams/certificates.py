# SPDX-License-Identifier: Apache-2.0
"""Subject and issuer of X.509 certificates (RFC 5280), read from the DER without judging it."""

from __future__ import annotations

from dataclasses import dataclass

SEQUENCE, SET, OID, CONTEXT_0 = 0x30, 0x31, 0x06, 0xA0
NAMES = {
    "2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
    "2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.42": "GN",
    "1.2.840.113549.1.9.1": "emailAddress", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}  # fmt: skip
MOST_PARTS = 64


@dataclass(frozen=True)
class Certificate:
    """Names of a certificate, most significant part last, as RFC 4514 writes them."""

    subject: str
    issuer: str


def element(data: bytes, at: int, end: int) -> tuple[int, int, int] | None:
    """Tag, start and end of the content of the DER element at a position; nothing when it does not fit."""
    if at + 2 > end:
        return None
    tag, size = data[at], data[at + 1]
    at += 2
    if size & 0x80:
        count = size & 0x7F
        if count == 0 or count > 4 or at + count > end:
            return None
        size = int.from_bytes(data[at : at + count], "big")
        at += count
    return None if at + size > end else (tag, at, at + size)


def parse(data: bytes) -> Certificate | None:
    """Subject and issuer of a certificate in DER, or nothing."""
    outer = element(data, 0, len(data))
    inner = element(data, outer[1], outer[2]) if outer and outer[0] == SEQUENCE else None
    if inner is None or inner[0] != SEQUENCE:
        return None
    at, end = inner[1], inner[2]
    fields: list[tuple[int, int, int]] = []
    while len(fields) < 6 and (field := element(data, at, end)):
        if not (field[0] == CONTEXT_0 and not fields):
            fields.append(field)
        at = field[2]
    if len(fields) < 5 or fields[2][0] != SEQUENCE or fields[4][0] != SEQUENCE:
        return None
    issuer, subject = (name(data, fields[i][1], fields[i][2]) for i in (2, 4))
    return Certificate(subject, issuer)


def name(data: bytes, at: int, end: int) -> str:
    """A distinguished name as text, in the reverse order of the encoding (RFC 4514, 2.1)."""
    parts: list[str] = []
    while len(parts) < MOST_PARTS and (group := element(data, at, end)):
        values: list[str] = []
        inside = group[1]
        while len(values) < MOST_PARTS and (pair := element(data, inside, group[2])):
            values.append(attribute(data, pair[1], pair[2]))
            inside = pair[2]
        parts.append("+".join(values))
        at = group[2]
    return ",".join(reversed(parts))


def attribute(data: bytes, at: int, end: int) -> str:
    """One attribute as type=value."""
    kind = element(data, at, end)
    value = element(data, kind[2], end) if kind and kind[0] == OID else None
    if kind is None or value is None:
        return "?"
    number = dotted(data[kind[1] : kind[2]])
    raw = data[value[1] : value[2]]
    encoding = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}.get(value[0], "utf-8")
    text = raw.decode(encoding, "replace")
    escaped = "".join(
        f"\\{c}" if c in ',+"\\<>;' else c if c.isprintable() else f"\\{ord(c):02X}" for c in text
    )
    return f"{NAMES.get(number, number)}={escaped}"


def dotted(raw: bytes) -> str:
    """An object identifier in dotted form."""
    numbers: list[int] = []
    value = 0
    for byte in raw[:32]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    if not numbers:
        return "?"
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
