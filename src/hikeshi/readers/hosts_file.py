# SPDX-License-Identifier: Apache-2.0
"""The hosts file (hosts(5)): which names lead where by the machine's own word, and what a Debian machine calls itself.

Debian and its kin give the machine's own name the address 127.0.1.1 (Debian Reference, "The hostname resolution").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from hikeshi.codecs.addresses import address
from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

KIND = "hosts-file"
VERSION = "1"

MOST = 4 << 20
_LOCAL = re.compile(rb"(?m)^[ \t]{0,64}#?[ \t]{0,64}(?:127\.0\.0\.1|::1)[ \t]{1,64}localhost\b")
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?")
OWN = "127.0.1.1"


def sniff(head: bytes, name: str) -> bool:
    """Whether this is a hosts file: it has localhost, and each line is empty, a comment, or an address with names."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in text or not _LOCAL.search(text):
        return False
    whole = text.splitlines()[: None if len(head) < 65_536 else -1]
    return all(_entry(line) is not None for line in whole[:200])


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """What the machine calls itself, where the file says so."""
    for item in items:
        rows = list(_rows(item.id, item.file.read(MOST)))
        if item.size == 0:
            yield Count(item.id, KIND, 0)
            continue
        if rows:
            yield Batch(item.id, "machines", table("machines", rows))
        if item.size > MOST:
            yield Issue(item.id, Reason.TOO_LARGE, MOST, fields={"limit": str(MOST)})
        yield Count(item.id, KIND, 1, whole=True)


def _entry(line: bytes) -> list[str] | None:
    """The address and names of a line, [] for one that is empty or a comment; null when it is neither."""
    words = line.decode("utf-8", "replace").partition("#")[0].split()
    good = not words or (len(words) > 1 and address(words[0].partition("%")[0]) is not None)
    return words if good and all(_NAME.fullmatch(word) for word in words[1:]) else None


def _rows(item: str, data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        words = _entry(line)
        if words and words[0] == OWN:
            for number, name in enumerate(dict.fromkeys(words[1:])):
                row = {"item": item, "record": number, "offset": 0, "kind": "name", "value": name, "count": 1}
                yield row
            return
