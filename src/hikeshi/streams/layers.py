# SPDX-License-Identifier: Apache-2.0
"""IP, TCP and UDP headers of a block of packets, column by column.

Formats: RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293 (TCP), RFC 768 (UDP).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .blocks import Block, Bytes, Ints, rows
from .links import Network

TCP, UDP, SCTP, ICMP, ICMP6, IPV6_FRAGMENT, AH = 6, 17, 132, 1, 58, 44, 51
EXTENSIONS = (0, 43, 44, 51, 60, 135, 139, 140)
MOST_EXTENSIONS = 16
V6 = 1 << 40

_IP = np.dtype(
    {"names": ["vihl", "total", "id", "frag", "proto", "src", "dst", "len6", "next6", "src6", "dst6"],
     "formats": ["u1", ">u2", ">u2", ">u2", "u1", ">u4", ">u4", ">u2", "u1", "V16", "V16"],
     "offsets": [0, 2, 4, 6, 9, 12, 16, 4, 6, 8, 24], "itemsize": 40}
)  # fmt: skip
_L4 = np.dtype(
    {"names": ["sport", "dport", "seq", "ulen", "ack", "doff", "flags"],
     "formats": [">u2", ">u2", ">u4", ">u2", ">u4", "u1", "u1"],
     "offsets": [0, 2, 4, 4, 8, 12, 13], "itemsize": 14}
)  # fmt: skip


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
        import ipaddress

        if number >= V6:
            return str(ipaddress.IPv6Address(self._all[number - V6]))
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


def decode(block: Block, network: Network, addresses: Addresses) -> Layers:
    """Network and transport headers of every packet."""
    data, count = block.bytes, len(block.start)
    end = block.start + block.captured
    raw = rows(data, network.at, 40).view(_IP)
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
    return _transport(
        data, block, ip, proto, src, dst, at, rest, fragment, more, ident, np.zeros(count, np.int64)
    )


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
        raw = rows(data, at[todo], 8).view(
            np.dtype(
                {
                    "names": ["next", "size", "frag", "id"],
                    "formats": ["u1", "u1", ">u2", ">u4"],
                    "offsets": [0, 1, 2, 4],
                    "itemsize": 8,
                }
            )  # fmt: skip
        )
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
