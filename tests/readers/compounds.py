# SPDX-License-Identifier: Apache-2.0
"""Compound files and Outlook messages made for tests, from [MS-CFB] and [MS-OXMSG]."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

FREE, END, FAT_SECTOR, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
Tree = Mapping[str, "bytes | Tree"]


@dataclass
class _Node:
    name: str
    kind: int
    content: bytes = b""
    right: int = NONE
    child: int = NONE
    start: int = END


def compound(tree: Tree) -> bytes:
    """A version 3 compound file; siblings are chained to the right, short streams lie in the mini stream."""
    nodes = [_Node("Root Entry", 5)]
    _place(tree, nodes, 0)
    sectors: list[bytes] = []
    fat: list[int] = []
    mini, mini_fat = b"", []
    for node in nodes[1:]:
        if node.kind == 2 and len(node.content) >= 4096:
            node.start = _store(node.content, sectors, fat)
        elif node.kind == 2 and node.content:
            node.start = len(mini_fat)
            count = -(-len(node.content) // 64)
            mini_fat += [*range(node.start + 1, node.start + count), END]
            mini += node.content.ljust(count * 64, b"\0")
    nodes[0].content, nodes[0].start = mini, _store(mini, sectors, fat)
    mini_start = _store(struct.pack(f"<{len(mini_fat)}I", *mini_fat), sectors, fat, b"\xff")
    directory = _store(b"".join(map(_entry, nodes)), sectors, fat)
    count = next(n for n in range(1, 110) if n * 128 >= len(fat) + n)
    numbers = list(range(len(fat), len(fat) + count))
    fat += [FAT_SECTOR] * count
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(count * 512, b"\xff")
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII",
        bytes.fromhex("d0cf11e0a1b11ae1"),
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        0,
        count,
        directory,
        0,
        4096,
        mini_start,
        -(-len(mini_fat) // 128),
        END,
        0,
        numbers[0],
    )
    return (
        (header + struct.pack(f"<{count - 1}I", *numbers[1:])).ljust(512, b"\xff") + b"".join(sectors) + table
    )


def _place(tree: Tree, nodes: list[_Node], parent: int) -> None:
    last = -1
    for name, content in tree.items():
        number = len(nodes)
        nodes.append(_Node(name, 2, content) if isinstance(content, bytes) else _Node(name, 1))
        if last < 0:
            nodes[parent].child = number
        else:
            nodes[last].right = number
        last = number
        if not isinstance(content, bytes):
            _place(content, nodes, number)


def _store(content: bytes, sectors: list[bytes], fat: list[int], fill: bytes = b"\0") -> int:
    if not content:
        return END
    start = len(fat)
    for at in range(0, len(content), 512):
        sectors.append(content[at : at + 512].ljust(512, fill))
        fat.append(len(fat) + 1)
    fat[-1] = END
    return start


def _entry(node: _Node) -> bytes:
    name = node.name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16xIQQIQ",
        name,
        len(name) + 2,
        node.kind,
        1,
        NONE,
        node.right,
        node.child,
        0,
        0,
        0,
        node.start,
        len(node.content),
    )


def storage(
    header: int, texts: Mapping[int, str] = {}, numbers: Mapping[int, tuple[int, int]] = {}, **more: object
) -> dict[str, object]:
    """A storage with a property stream: Unicode texts and fixed-size values (type, value) by property id."""
    entries = [struct.pack("<HHIQ", 0x1F, number, 6, len(text) * 2 + 2) for number, text in texts.items()]
    entries += [struct.pack("<HHIQ", kind, number, 6, value) for number, (kind, value) in numbers.items()]
    streams = {f"__substg1.0_{number:04X}001F": text.encode("utf-16-le") for number, text in texts.items()}
    return {"__properties_version1.0": bytes(header) + b"".join(entries), **streams, **more}
