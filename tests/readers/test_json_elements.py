# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from hikeshi.readers.json_elements import LIMIT, Element, elements
from hikeshi.schema import Reason

A, B, C = {"a": 1}, {"b": [{"x": '}]"{'}, "\\"]}, {"c": {"d": None}}
THREE = [A, B, C]
PRETTY = (
    b'{\n  "a": 1\n}\n{\n  "b": [\n    {"x": "}]\\"{"},\n    "\\\\"\n  ]\n}\n{\n  "c": {\n"d": null\n  }\n}\n'
)
LINES = b'{"a":1}\n{"b":[{"x":"}]\\"{"},"\\\\"]}\r\n{"c":{"d":null}}'


def found(content: bytes) -> list[tuple[int, Any]]:
    """Offset and value, or the reason why there is none."""
    return [(e.offset, e.value if isinstance(e, Element) else e.reason) for e in elements(BytesIO(content))]


def values(content: bytes) -> list[Any]:
    return [value for _, value in found(content)]


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        LINES.replace(b"\n", b"\n\n \n"),
        b"\xef\xbb\xbf" + LINES,
        b"\xff\xfe" + LINES.decode().encode("utf-16-le"),
        LINES.replace(b"\n", b""),
        b"[" + LINES.replace(b"\n", b",\n") + b"]",
        b"[\n" + LINES.replace(b"\n", b"\n,") + b"\n]\n",
        b"[" + LINES.replace(b"\r\n", b",").replace(b"\n", b", ") + b"]",
        PRETTY,
        PRETTY.replace(b"\n", b"\r\n"),
        b"[\n" + PRETTY.replace(b"\n}\n", b"\n},\n") + b"]",
        b"\xff\xfe" + PRETTY.decode().encode("utf-16-le"),
    ],
)
def test_the_same_values_in_every_layout(content: bytes) -> None:
    assert THREE == values(content)


def test_offsets_are_those_of_the_file() -> None:
    assert [0, 8, LINES.index(b'{"c"')] == [offset for offset, _ in found(LINES)]
    wide = b"\xff\xfe" + '{"é":1}\n{"😀":2}\n{"x":3}'.encode("utf-16-le")
    assert [2, 18, 36] == [offset for offset, _ in found(wide)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"x":tru}', Reason.DAMAGED_RECORD),
        (b'{"x":1', Reason.DAMAGED_RECORD),
        (b'{"x":{"y":1}', Reason.DAMAGED_RECORD),
        (b'{"x":"1', Reason.DAMAGED_RECORD),
        (b'{"x":"1\\', Reason.DAMAGED_RECORD),
        (b"no object", Reason.DAMAGED_RECORD),
        (b"17", Reason.DAMAGED_RECORD),
        (b"}", Reason.DAMAGED_RECORD),
        (b"\0\0\0\0", Reason.DAMAGED_RECORD),
        (b'{"x":' * 2000 + b"1" + b"}" * 2000, Reason.TOO_DEEP),
        (b"[" * 100_000, Reason.TOO_DEEP),
        (b'{"x":"' + b"y" * (LIMIT + 1) + b'"}', Reason.TOO_LARGE),
    ],
)
def test_a_broken_line_costs_only_itself(line: bytes, reason: Reason) -> None:
    assert [(0, A), (8, reason), (9 + len(line), C)] == found(b'{"a":1}\n' + line + b'\n{"c":{"d":null}}\n')


def test_a_broken_value_in_an_array_costs_only_itself() -> None:
    assert [A, Reason.DAMAGED_RECORD, C] == values(b'[{"a":1},{"x":tru},{"c":{"d":null}}]')


def test_what_no_text_can_hold_is_replaced_and_said() -> None:
    content = b'{"x":"\\ud800 \\ud83d\\ude00 \\\\ud800"}\n{"y":"\xff"}\n{"z":1}\n'
    assert [({"x": "\ufffd 😀 \\ud800"}, True), ({"y": "\ufffd"}, True), ({"z": 1}, False)] == [
        (e.value, e.repaired) for e in elements(BytesIO(content)) if isinstance(e, Element)
    ]


@pytest.mark.parametrize("content", [LINES, PRETTY, b"[" + LINES.replace(b"\n", b",") + b"]"])
def test_cut_at_any_length_what_is_whole_is_read(content: bytes) -> None:
    whole = found(content)
    for length in range(len(content)):
        *sure, last = [*found(content[:length]), (0, None)][:-1] or [(0, None)]
        assert sure == whole[: len(sure)]
        assert last in (*whole, (0, None)) or Reason.TRUNCATED == last[1]


@pytest.mark.parametrize(
    "piece",
    [
        b"{}",
        b"{}\n",
        b"[",
        b"{",
        b'{"',
        b"{ \n",
        b'{"a":{\n',
        b'"',
        b"\\",
        b"\n",
        b"[{},",
        b'{"a":"\\ud800"\n',
    ],
)
def test_repetition_is_read_in_one_pass(piece: bytes) -> None:
    content = _Counting(b'{"a":1}\n' + piece * 30_000)
    assert A == next(e.value for e in elements(content) if isinstance(e, Element))
    for _ in elements(content):
        pass
    assert content.taken <= 2 * (len(content.getvalue()) + 8)


class _Counting(BytesIO):
    """Bytes that count how many of them were taken."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        got = super().read(size)
        self.taken += len(got)
        return got
