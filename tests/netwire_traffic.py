# SPDX-License-Identifier: Apache-2.0
"""Inert NetWire streams: only the published messages of the listing, under keys of our own, as bytes of a stream.

Data that the listing does not print, and the answers of the agent, are labelled filler. Nothing here takes a
command: the table is fixed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from hikeshi.codecs.aes import encrypt_blocks
from hikeshi.families.netwire.keys import schedule
from netwire_evidence import Frame

FILLER = b"inert filler of a test, no part of a program or a document. "
HELLO = b"\x0101076100\x07joakim @ ws-01\x0723\x072022-12-18 10:00:00\x07"
Runs = list[tuple[int, bytes]]


def filler(size: int) -> bytes:
    """Labelled bytes in place of what is not published."""
    return (FILLER * (size // len(FILLER) + 1))[:size]


def data_of(frame: Frame) -> bytes:
    """The data of a published message; blocks of files keep their index byte and hold filler instead of a program."""
    if frame.control == 0xAC and (frame.size > len(frame.data) or frame.data[1:3] == b"MZ"):
        known = frame.data[:1] if frame.data[1:3] == b"MZ" else frame.data
        return known + filler(frame.size - len(known))
    return frame.data


def cfb(key: bytes, iv: bytes, data: bytes) -> bytes:
    """CFB-128."""
    out = b""
    for at in range(0, len(data), 16):
        stream = encrypt_blocks(key, iv)
        iv = bytes(a ^ b for a, b in zip(data[at : at + 16], stream, strict=False))
        out += iv
    return out


def ofb(key: bytes, iv: bytes, data: bytes) -> bytes:
    """OFB."""
    out = b""
    for at in range(0, len(data), 16):
        iv = encrypt_blocks(key, iv)
        out += bytes(a ^ b for a, b in zip(data[at : at + 16], iv, strict=False))
    return out


def wire(control: int, data: bytes, older: bool = False) -> bytes:
    """A message as it stands in the stream."""
    return (len(data) + 1).to_bytes(4, "little") + bytes([control - 0x96 * older]) + data


def stream(
    frames: Sequence[Frame], password: bytes, reading: str = "from-length", mode: str = "CFB-128", seed: int = 1,
    older: bool = False,
) -> tuple[bytes, bytes]:  # fmt: skip
    """Both directions of a session (agent, server) that holds the published messages; long filler is cut short."""
    chance = random.Random(seed)
    agent_seed, iv, server_seed = chance.randbytes(32), chance.randbytes(16), chance.randbytes(32)
    keys = [schedule(password, s, reading) for s in (agent_seed, server_seed)]
    assert keys[0] is not None
    assert keys[1] is not None
    seal = cfb if mode == "CFB-128" else ofb
    agent = wire(0x99, agent_seed + iv + chance.randbytes(16), older) + wire(
        0x9B, seal(keys[0], iv, HELLO), older
    )
    server = wire(0x9B, server_seed + chance.randbytes(30), older)
    for frame in frames:
        if frame.control == 0x9B:
            continue
        data = data_of(frame)
        server += wire(frame.control, seal(keys[1], iv, data[:600]), older)
        if frame.control == 0xA4:
            agent += wire(0xA4, seal(keys[0], iv, b"A:\x02\x07C:\x03\x07D:\x05\x07"), older)
        elif frame.control == 0x97:
            agent += wire(0x97, b"", older)
    return agent, server


def cut(data: bytes, seed: int, start: int = 0) -> Runs:
    """The bytes of a direction in pieces of random sizes: borders of packets lie anywhere."""
    chance, runs, at = random.Random(seed), [], start
    while at < len(data):
        size = chance.choice((1, 2, 3, 7, 40, 400, 1460, 4000))
        runs.append((at, data[at : at + size]))
        at += size
    return runs


def expected(frames: Sequence[Frame]) -> Iterator[int]:
    """The numbers of the published messages in order."""
    yield 0x9B
    yield from (frame.control for frame in frames if frame.control != 0x9B)
