# SPDX-License-Identifier: Apache-2.0
"""Frames between an engine and its workers: two little-endian lengths, a JSON head, bytes.

Nothing that a worker sends is ever unpickled: a parser that evidence has taken over can only send wrong data.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any

_LENGTHS = struct.Struct("<IQ")
HEAD_LIMIT = 16 << 20


def frame(head: Mapping[str, Any], blob: bytes = b"") -> bytes:
    """One frame as bytes."""
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=True).encode()
    return _LENGTHS.pack(len(text), len(blob)) + text + blob


class Frames:
    """Cuts a byte stream into frames; feed() gives the frames completed by the new bytes."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Frames completed by `data`; ValueError when the stream is not ours."""
        self._pending += data
        start = 0
        while len(self._pending) - start >= _LENGTHS.size:
            head_size, blob_size = _LENGTHS.unpack_from(self._pending, start)
            if head_size > HEAD_LIMIT:
                raise ValueError("head too large")
            body = start + _LENGTHS.size
            end = body + head_size + blob_size
            if len(self._pending) < end:
                break
            head = json.loads(self._pending[body : body + head_size])
            if not isinstance(head, dict):
                raise ValueError("head is no object")
            yield head, bytes(self._pending[body + head_size : end])
            start = end
        del self._pending[:start]


def receive(channel: socket.socket) -> tuple[dict[str, Any], bytes, list[int]] | None:
    """The next frame with the file descriptors that came with it; None when the other side is gone."""
    frames, descriptors = Frames(), []
    need = _LENGTHS.size
    got = bytearray()
    while len(got) < need:
        data, files, _, _ = socket.recv_fds(channel, need - len(got), 253)
        descriptors += files
        if not data:
            return None
        got += data
        if len(got) == _LENGTHS.size:
            need += sum(_LENGTHS.unpack(got))
    head, blob = next(frames.feed(bytes(got)))
    return head, blob, descriptors
