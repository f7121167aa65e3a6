# SPDX-License-Identifier: Apache-2.0
"""pcapng files: sections, interfaces and packet blocks.

Format: draft-ietf-opsawg-pcapng (PCAP Next Generation Capture File Format).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

import numpy as np

from .blocks import LARGEST, MOST_DAMAGES, SLACK, Block, Bytes, Ints, Loss, Parts, Window, rows

SECTION = b"\x0a\x0d\x0d\x0a"
MAGICS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
INTERFACE, PACKET, SIMPLE, STATISTICS, ENHANCED = 1, 2, 3, 5, 6
COMMENT, EPB_DROPCOUNT, IF_TSRESOL, IF_TSOFFSET, ISB_IFDROP, ISB_OSDROP = 1, 4, 9, 14, 5, 7
NO_TIME = np.iinfo(np.int64).min
MOST_INTERFACES = 100_000
MOST_SECTIONS = 2000
FEW_BLOCKS, MOST_BLOCKS = 64, 1 << 30
YEAR_10000 = 253_402_300_800_000_000
KNOWN = (INTERFACE, PACKET, SIMPLE, 4, STATISTICS, ENHANCED, 10, int.from_bytes(SECTION, "big"))


@dataclass
class Section:
    """Byte order and interfaces of the section being read; interface numbers of the file count on through it."""

    order: str = "<"
    first: int = 0
    link: list[int] = field(default_factory=list)
    snaplen: list[int] = field(default_factory=list)
    resolution: list[int] = field(default_factory=list)
    since: list[int] = field(default_factory=list)
    dropped: dict[int, tuple[int, int]] = field(default_factory=dict)


def lengths(data: memoryview, order: str) -> Iterator[int]:
    """Total length of each block of the chain, up to the first that is impossible or does not lie in the data."""
    read = struct.Struct(order + "I").unpack_from
    at = 4
    try:
        while True:
            (total,) = read(data, at)
            if total < 12 or total & 3:
                return
            yield total
            at += total
    except struct.error:
        return


def options(body: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Options of a block."""
    at = 0
    while at + 4 <= len(body):
        code, size = struct.unpack_from(order + "HH", body, at)
        if code == 0 or at + 4 + size > len(body):
            return
        yield code, body[at + 4 : at + 4 + size]
        at += 4 + (size + 3) // 4 * 4


def add_interface(section: Section, body: bytes) -> None:
    """Note an Interface Description Block."""
    link, _reserved, snaplen = struct.unpack_from(section.order + "HHI", body.ljust(8, b"\0"))
    resolution, since = 6, 0
    for code, value in options(body[8:], section.order):
        if code == IF_TSRESOL and value:
            resolution = value[0]
        elif code == IF_TSOFFSET and len(value) == 8:
            (since,) = struct.unpack(section.order + "q", value)
    section.link.append(link)
    section.snaplen.append(snaplen)
    section.resolution.append(resolution)
    section.since.append(since if abs(since) < 1 << 40 else 0)


def add_statistics(section: Section, body: bytes, offset: int) -> None:
    """Note the last count of dropped packets an interface states."""
    if len(body) < 12:
        return
    (interface,) = struct.unpack_from(section.order + "I", body)
    drops = [
        struct.unpack(section.order + "Q", value)[0]
        for code, value in options(body[12:], section.order)
        if code in (ISB_IFDROP, ISB_OSDROP) and len(value) == 8
    ]
    if drops:
        section.dropped[interface] = (sum(drops), offset)


def microseconds(raw: NDArrayU64, interface: Ints, section: Section) -> Ints:
    """Timestamps in interface units as microseconds since 1970."""
    out = np.zeros(len(raw), np.int64)
    for number in np.unique(interface).tolist():
        chosen = interface == number
        code = section.resolution[number] if number < len(section.resolution) else 6
        value, power = raw[chosen], code & 0x7F
        if code & 0x80:
            whole = value >> np.uint64(min(power, 63))
            part = value & np.uint64((1 << min(power, 63)) - 1)
            shift = max(power - 40, 0)
            low = (part >> np.uint64(shift)) * np.uint64(1_000_000) >> np.uint64(power - shift)
            micro = whole * np.uint64(1_000_000) + low
        elif power <= 6:
            micro = value * np.uint64(10 ** (6 - power))
        else:
            micro = value // np.uint64(10 ** min(power - 6, 19))
        since = section.since[number] if number < len(section.since) else 0
        moment = np.minimum(micro, np.uint64(YEAR_10000)).astype(np.int64) + since * 1_000_000
        out[chosen] = np.where((moment >= YEAR_10000) | (moment < -YEAR_10000 // 8), NO_TIME, moment)
    return out


NDArrayU64 = np.ndarray[Any, np.dtype[np.uint64]]


def packets(window: Window, offset: Ints, total: Ints, kind: Ints, section: Section) -> Block:
    """The packet blocks among the blocks at these offsets."""
    data = window.bytes
    head = rows(data, offset, 28).view(
        np.dtype(
            [
                (n, section.order + "u4")
                for n in ("kind", "total", "interface", "high", "low", "captured", "length")
            ]
        )
    )
    enhanced, simple = kind != SIMPLE, kind == SIMPLE
    interface = np.where(enhanced, head["interface"].astype(np.int64), 0)
    old = kind == PACKET
    if old.any():
        pair = rows(data, offset + 8, 2).view(section.order + "u2").astype(np.int64)
        interface = np.where(old, pair, interface)
    snaplen = (section.snaplen[0] if section.snaplen else 0) or LARGEST
    length = np.where(simple, head["interface"].astype(np.int64), head["length"].astype(np.int64))
    captured = np.where(
        simple, np.minimum(np.minimum(length, snaplen), total - 16), head["captured"].astype(np.int64)
    )
    raw = (head["high"].astype(np.uint64) << np.uint64(32)) | head["low"].astype(np.uint64)
    links = np.array([*section.link, -1], np.int64)
    known = np.minimum(interface, len(section.link))
    return Block(
        window.base, data, offset, offset + np.where(simple, 12, 28), captured, length,
        np.where(simple, NO_TIME, microseconds(raw, interface, section)),
        interface + section.first, links[known],
    )  # fmt: skip


def read_options(window: Window, block: Block, total: Ints, kind: Ints, section: Section) -> int:
    """Note the comments of packets in the block; returns how many packets the capture says it dropped between them."""
    dropped = 0
    fixed = 28 + (block.captured + 3) // 4 * 4
    for row in np.flatnonzero((kind == ENHANCED) & (total - 4 - fixed >= 8)).tolist():
        at = int(block.offset[row])
        body = bytes(window.data[at + int(fixed[row]) : at + int(total[row]) - 4])
        for code, value in options(body, section.order):
            if code == COMMENT:
                block.comment.setdefault(row, value.decode("utf-8", "replace"))
            elif code == EPB_DROPCOUNT and len(value) == 8:
                dropped += struct.unpack(section.order + "Q", value)[0]
    return dropped


def read(file: BinaryIO, size: int) -> Parts:
    """Packets of a pcapng file, window by window, and what was lost."""
    window = Window(file, size)
    section, sections, damages, most = Section(), 0, 0, MOST_BLOCKS
    while window.size:
        head = bytes(window.data[:12])
        if head[:4] == SECTION:
            yield from drops(section)
            section = next_section(section, head)
            sections += 1
            if sections > MOST_SECTIONS:
                yield Loss("sections", window.base, 1, {"bytes": str(window.length - window.base)})
                break
        sizes = np.fromiter(islice(lengths(window.data, section.order), most), np.int64)
        ends = np.cumsum(sizes)
        whole = int(np.searchsorted(ends, window.size, "right"))
        big = np.flatnonzero(sizes[: whole + 1] > LARGEST)
        count = min(whole, int(big[0])) if len(big) else whole
        offset = np.concatenate((np.zeros(1, np.int64), ends[:-1]))[:count]
        data = window.bytes
        kinds = rows(data, offset, 4).view(section.order + "u4").astype(np.int64)
        again = np.flatnonzero(kinds[1:] == int.from_bytes(SECTION, "big"))
        if len(again):
            count = int(again[0]) + 1
            offset, kinds = offset[:count], kinds[:count]
        tails = rows(data, ends[:count] - 4, 4).view(section.order + "u4")
        wrong = np.flatnonzero(tails != sizes[:count])
        if len(wrong):
            count = int(wrong[0])
            offset, kinds = offset[:count], kinds[:count]
        yield from spans(window, offset, sizes[:count], kinds, section)
        done = int(ends[count - 1]) if count else 0
        if done and (bytes(window.data[done : done + 4]) == SECTION) and not len(wrong):
            window.move(done)
            most = max(2 * count, FEW_BLOCKS)
        elif count == most:
            window.move(done)
            most *= 4
        elif len(wrong) or (count == len(sizes) and window.size - done >= 12) or len(big):
            at = window.base + done
            window.move(done)
            damages += 1
            found = find_block(window, section) if damages < MOST_DAMAGES else None
            skipped = (window.length if found is None else found) - at
            yield Loss("damaged", at, 1, {"bytes": str(skipped), "resumed": "no" if found is None else "yes"})
            if found is None:
                break
            window.move(found - window.base)
        elif window.last:
            if done < window.size:
                yield Loss("truncated", window.base + done, 1, {"bytes": str(window.size - done)})
            break
        else:
            window.move(done, int(sizes[count]) if count < len(sizes) else 12)
    yield from drops(section)


def next_section(section: Section, head: bytes) -> Section:
    """The section a Section Header Block opens."""
    order = MAGICS.get(head[8:12], section.order)
    return Section(order, section.first + len(section.link))


def drops(section: Section) -> Iterator[Loss]:
    """What the interfaces of a section say they dropped."""
    for interface, (count, offset) in sorted(section.dropped.items()):
        if count:
            yield Loss(
                "dropped", offset, 0, {"interface": str(interface + section.first), "dropped": str(count)}
            )


def spans(window: Window, offset: Ints, total: Ints, kinds: Ints, section: Section) -> Parts:
    """Packets among the blocks of a section, read by the interfaces that the section describes up to their end."""
    for index in np.flatnonzero((kinds == INTERFACE) | (kinds == STATISTICS)).tolist():
        at = int(offset[index])
        body = bytes(window.data[at + 8 : at + int(total[index]) - 4])
        if kinds[index] == STATISTICS:
            add_statistics(section, body, window.base + at)
        elif len(section.link) < MOST_INTERFACES:
            add_interface(section, body)
    chosen = np.flatnonzero(np.isin(kinds, (PACKET, SIMPLE, ENHANCED)))
    if not len(chosen):
        return
    block = packets(window, offset[chosen], total[chosen], kinds[chosen], section)
    dropped = read_options(window, block, total[chosen], kinds[chosen], section)
    if dropped:
        yield Loss("dropped", window.base + int(block.offset[0]), 0, {"dropped": str(dropped)})
    yield from sound(window, block, total[chosen])


def sound(window: Window, block: Block, total: Ints) -> Parts:
    """The block without the packets whose captured length exceeds their block, which are losses."""
    good = block.captured <= total - (block.start - block.offset) - 4
    if good.all():
        yield block
        return
    for at in block.offset[~good].tolist():
        yield Loss("damaged", window.base + at, 1, {"expected": "captured length inside the block"})
    if good.any():
        yield block.take(np.flatnonzero(good))


def find_block(window: Window, section: Section) -> int | None:
    """Offset in the file of the next block whose two lengths agree."""
    first, span = 1, 4096
    while True:
        limit = window.size - 11 if window.last else window.size // 2
        until = min(first + span, limit)
        if first < until:
            at = candidates(window, section, first, until)
            if at is not None:
                return window.base + at
            first, span = until, span * 4
        elif window.last:
            return None
        else:
            window.move(first)
            first = 0


def candidates(window: Window, section: Section, first: int, until: int) -> int | None:
    """The first position of a range at which a block of a known kind ends with the length it begins with."""
    pair = np.dtype([("kind", section.order + "u4"), ("total", section.order + "u4")])
    view = np.ndarray((until - first,), pair, window.data, first, (1,))
    total = view["total"].astype(np.int64)
    known = np.isin(view["kind"], KNOWN) & (total >= 12) & (total & 3 == 0) & (total <= LARGEST)
    at = first + np.flatnonzero(known)
    total = total[known]
    inside = at + total <= window.size
    at, total = at[inside], total[inside]
    agree = tail(window.bytes, at + total - 4, section.order) == total
    return int(at[np.argmax(agree)]) if agree.any() else None


def tail(data: Bytes, at: Ints, order: str) -> Ints:
    """The 32-bit words at these positions."""
    assert len(data) >= SLACK
    return rows(data, at, 4).view(order + "u4").astype(np.int64)
