# SPDX-License-Identifier: Apache-2.0
"""IP, TCP and UDP headers of a block of packets, column by column.

Formats: RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293 (TCP), RFC 768 (UDP).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from .blocks import Block, Bytes, Ints, rows
from .links import Network

TCP, UDP, SCTP, ICMP, ICMP6, IPV6_FRAGMENT, AH = 6, 17, 132, 1, 58, 44, 51
EXTENSIONS = (0, 43, 44, 51, 60, 135, 139, 140)
MOST_EXTENSIONS = 16
V6 = 1 << 32

_L4_FIELDS = {
    "sport": (">u2", 0), "dport": (">u2", 2), "seq": (">u4", 4), "ulen": (">u2", 4), "ack": (">u4", 8),
    "doff": ("u1", 12), "flags": ("u1", 13),
}  # fmt: skip
_IP_FIELDS = {
    "vihl": ("u1", 0), "total": (">u2", 2), "id": (">u2", 4), "frag": (">u2", 6), "proto": ("u1", 9),
    "src": (">u4", 12), "dst": (">u4", 16), "len6": (">u2", 4), "next6": ("u1", 6), "src6": ("V16", 8),
    "dst6": ("V16", 24),
}  # fmt: skip


def _columns(size: int, *groups: tuple[dict[str, tuple[str, int]], int]) -> np.dtype[Any]:
    """A record of so many bytes with these groups of fields, each shifted."""
    cells = [(name, form, at + by) for fields, by in groups for name, (form, at) in fields.items()]
    return np.dtype(
        {
            "names": [name for name, _, _ in cells],
            "formats": [form for _, form, _ in cells],
            "offsets": [at for _, _, at in cells],
            "itemsize": size,
        }
    )


_L4 = _columns(14, (_L4_FIELDS, 0))
_IP = _columns(40, (_IP_FIELDS, 0), (_L4_FIELDS, 20))
_EXTENSION = _columns(8, ({"next": ("u1", 0), "size": ("u1", 1), "frag": (">u2", 2), "id": (">u4", 4)}, 0))


def address6(raw: bytes) -> str:
    """An IPv6 address as RFC 5952 writes it, whatever the version of Python."""
    six = ipaddress.IPv6Address(raw)
    return f"::ffff:{six.ipv4_mapped}" if six.ipv4_mapped else str(six)


class Addresses:
    """Addresses as numbers: IPv4 as itself, IPv6 as V6 plus its rank of appearance."""

    def __init__(self) -> None:
        self._six: dict[bytes, int] = {}
        self._all: list[bytes] = []

    def numbers(self, raw: np.ndarray) -> Ints:
        """Numbers of 16-byte addresses."""
        import pyarrow as pa

        packed = pa.py_buffer(np.ascontiguousarray(raw))
        coded = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(16), len(raw), [None, packed]
        ).dictionary_encode()
        numbers = []
        for value in coded.dictionary.to_pylist():
            number = self._six.setdefault(value, len(self._all))
            if number == len(self._all):
                self._all.append(value)
            numbers.append(V6 + number)
        picked: Ints = np.array(numbers, np.int64)[coded.indices.to_numpy()]
        return picked

    def text(self, number: int) -> str:
        """An address as it is written."""
        if number >= V6:
            return address6(self._all[number - V6])
        return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@dataclass
class Layers:
    """Per packet: `proto` is -1 where there is no IP; positions are relative to the block's bytes.

    `payload` to `payload + held` are the transport payload's bytes in the file, `wire` is its length on the wire.
    `whole` says that the transport header was there; `more`, `fragment` (a byte offset) and `ident` are those of a
    fragment, `fragmented` says that there are any.
    """

    proto: Ints
    src: Ints
    dst: Ints
    sport: Ints
    dport: Ints
    seq: Ints
    ack: Ints
    flags: Ints
    payload: Ints
    held: Ints
    wire: Ints
    whole: np.ndarray
    fragmented: np.ndarray
    fragment: Ints
    more: np.ndarray
    ident: Ints
    network: Ints

    def take(self, chosen: Ints) -> Layers:
        """The chosen rows."""
        return replace(self, **{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def put(self, chosen: Ints, part: Layers) -> None:
        """Replace the chosen rows."""
        for field in fields(self):
            getattr(self, field.name)[chosen] = getattr(part, field.name)


def decode(block: Block, network: Network, addresses: Addresses) -> Layers:
    """Network and transport headers of every packet."""
    raw = rows(block.bytes, network.at, 40).view(_IP)
    end = block.start + block.captured
    plain = (network.kind == 0x0800) & (raw["vihl"] == 0x45) & (raw["frag"] & 0x3FFF == 0)
    plain &= end - network.at >= 40
    proto, total = raw["proto"], raw["total"]
    tcp = proto == TCP
    size = np.where(tcp, raw["doff"] >> 2 & 0x3C, 8).astype(np.int64)
    plain &= np.where(tcp, (size >= 20) & (total >= size + 20), (proto == UDP) & (raw["ulen"] == total - 20))
    plain &= total >= 28
    if plain.all():
        return _plain(raw, network.at, end, tcp, size)
    layers = _general(block, network, addresses, raw, end)
    chosen = np.flatnonzero(plain)
    if len(chosen):
        layers.put(chosen, _plain(raw[chosen], network.at[chosen], end[chosen], tcp[chosen], size[chosen]))
    return layers


def _plain(raw: np.ndarray, at: Ints, end: Ints, tcp: np.ndarray, size: Ints) -> Layers:
    """Whole TCP and UDP headers behind IPv4 headers without options."""
    count = len(raw)
    payload = at + size + 20
    wire = raw["total"].astype(np.int64) - size - 20
    no, none = np.zeros(count, bool), np.zeros(count, np.int64)
    seq, ack, flags = (raw[name].astype(np.int64) for name in ("seq", "ack", "flags"))
    if not tcp.all():
        seq, ack, flags = (np.where(tcp, column, 0) for column in (seq, ack, flags))
    return Layers(
        raw["proto"].astype(np.int64), raw["src"].astype(np.int64), raw["dst"].astype(np.int64),
        raw["sport"].astype(np.int64), raw["dport"].astype(np.int64), seq, ack, flags,
        payload, np.maximum(np.minimum(wire, end - payload), 0), wire,
        np.ones(count, bool), no, none, no, none, at,
    )  # fmt: skip


def _general(block: Block, network: Network, addresses: Addresses, raw: np.ndarray, end: Ints) -> Layers:
    data, count = block.bytes, len(block.start)
    six = (network.kind == 0x86DD) & (raw["vihl"] >> 4 == 6) & (network.at + 40 <= end)
    four = (network.kind == 0x0800) & (raw["vihl"] >> 4 == 4) & (network.at + 20 <= end)
    header = (raw["vihl"] & 15).astype(np.int64) * 4
    four &= header >= 20
    proto = np.where(four, raw["proto"].astype(np.int64), -1)
    src, dst = raw["src"].astype(np.int64), raw["dst"].astype(np.int64)
    at = network.at + header
    on_wire = block.length - (network.at - block.start)
    total = raw["total"].astype(np.int64)
    total = np.where((total == 0) | (total < header), on_wire, total)
    frag = raw["frag"].astype(np.int64)
    fragment = np.where(four, (frag & 0x1FFF) * 8, 0)
    more = four & (frag & 0x2000 != 0)
    ident = raw["id"].astype(np.int64)
    rest = total - header
    if six.any():
        chosen = np.flatnonzero(six)
        part = raw[chosen]
        src[chosen], dst[chosen] = addresses.numbers(part["src6"]), addresses.numbers(part["dst6"])
        size = part["len6"].astype(np.int64)
        rest[chosen] = np.where(size == 0, on_wire[chosen] - 40, size)
        at[chosen] = network.at[chosen] + 40
        proto[chosen] = part["next6"]
        _walk(data, chosen, proto, at, rest, end, fragment, more, ident)
    ip = four | six
    none = np.zeros(count, np.int64)
    return _transport(data, block, ip, proto, src, dst, at, rest, fragment, more, ident, none)


def _walk(
    data: Bytes,
    todo: Ints,
    proto: Ints,
    at: Ints,
    rest: Ints,
    end: Ints,
    fragment: Ints,
    more: np.ndarray,
    ident: Ints,
) -> None:
    """Step over IPv6 extension headers, in place."""
    for _ in range(MOST_EXTENSIONS):
        here = np.isin(proto[todo], EXTENSIONS) & (fragment[todo] == 0) & (at[todo] + 8 <= end[todo])
        todo = todo[here]
        if not len(todo):
            return
        raw = rows(data, at[todo], 8).view(_EXTENSION)
        kind = proto[todo]
        cut = kind == IPV6_FRAGMENT
        size = np.where(
            kind == AH, (raw["size"].astype(np.int64) + 2) * 4, (raw["size"].astype(np.int64) + 1) * 8
        )
        size = np.where(cut, 8, size)
        word = raw["frag"].astype(np.int64)
        fragment[todo] = np.where(cut, word & 0xFFF8, 0)
        more[todo] |= cut & (word & 1 == 1)
        ident[todo] = np.where(cut, raw["id"].astype(np.int64), ident[todo])
        proto[todo] = raw["next"]
        at[todo] += size
        rest[todo] -= size


def _transport(
    data: Bytes, block: Block, ip: np.ndarray, proto: Ints, src: Ints, dst: Ints, at: Ints, rest: Ints,
    fragment: Ints, more: np.ndarray, ident: Ints, none: Ints,
) -> Layers:  # fmt: skip
    end = block.start + block.captured
    rest = np.where(ip, np.maximum(rest, 0), 0)
    have = np.clip(np.minimum(end - at, rest), 0, None)
    raw = rows(data, at, 14).view(_L4)
    head = ip & (fragment == 0)
    tcp, udp = head & (proto == TCP), head & (proto == UDP)
    size = np.where(tcp, (raw["doff"] >> 4).astype(np.int64) * 4, 8)
    whole = (tcp & (have >= 20) & (size >= 20)) | (udp & (have >= 8))
    ported = (tcp | udp | (head & (proto == SCTP))) & (have >= 4)
    ulen = raw["ulen"].astype(np.int64)
    rest = np.where(udp & (ulen >= 8) & (ulen < rest) & ~more, ulen, rest)
    size = np.where(whole, size, 0)
    payload = at + np.minimum(size, have)
    wire = np.where(ip, np.maximum(rest - size, 0), 0)
    tcp &= whole
    return Layers(
        np.where(ip, proto, -1), np.where(ip, src, 0), np.where(ip, dst, 0),
        np.where(ported, raw["sport"], none), np.where(ported, raw["dport"], none),
        np.where(tcp, raw["seq"], none), np.where(tcp, raw["ack"], none), np.where(tcp, raw["flags"], none),
        payload, np.clip(np.minimum(end - payload, wire), 0, None), wire,
        whole, ip & (more | (fragment > 0)), fragment, more, ident, at,
    )  # fmt: skip
