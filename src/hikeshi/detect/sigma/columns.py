# SPDX-License-Identifier: Apache-2.0
"""Events as fields with their distinct values: a predicate is tested once per value and not per event.

A set of events is a Python integer whose bit n stands for row n: unions, intersections and differences
cost next to nothing whether there are five events or five thousand.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

SYSTEM = {"EventID": "event_id", "Channel": "channel", "Provider_Name": "provider", "Computer": "host"}
"""Fields that stand in columns of their own; an event's own field of that name goes first."""

_STOP = "\x00"


def row_set(rows: NDArray[np.int64], count: int) -> int:
    """The set of the given rows, out of `count`."""
    if len(rows) < 32:
        return sum(1 << row for row in set(rows.tolist()))
    bits = np.zeros(count, dtype=np.uint8)
    bits[rows] = 1
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def members(rows: int) -> list[int]:
    """The rows of a set, ascending."""
    data = np.frombuffer(rows.to_bytes((rows.bit_length() + 7) // 8, "little"), dtype=np.uint8)
    found: list[int] = np.flatnonzero(np.unpackbits(data, bitorder="little")).tolist()
    return found


@dataclass
class Field:
    """One field's cells: `rows[i]` has the value `texts[codes[i]]`; `present` are the rows that name it."""

    texts: list[str]
    codes: NDArray[np.int64]
    rows: NDArray[np.int64]
    count: int
    present: int

    @cached_property
    def valued(self) -> int:
        """Rows with a value that is not null."""
        return row_set(self.rows, self.count)

    @cached_property
    def folded(self) -> list[str]:
        """The distinct values in lower case."""
        return [text.lower() for text in self.texts]

    @cached_property
    def number_of(self) -> dict[str, list[int]]:
        """Codes by folded value."""
        found: dict[str, list[int]] = {}
        for code, text in enumerate(self.folded):
            found.setdefault(text, []).append(code)
        return found

    @cached_property
    def haystack(self) -> str:
        """The folded values, each between two NULs."""
        return _STOP + _STOP.join(self.folded) + _STOP

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(text) + 1 for text in self.folded), initial=1))

    def candidates(self, needle: str) -> list[int]:
        """Codes of the values in whose stretch of the haystack the needle begins."""
        found: list[int] = []
        position = self.haystack.find(needle)
        while position >= 0:
            code = bisect_right(self._starts, position + 1) - 1
            if code >= len(self.texts):
                break
            found.append(code)
            position = self.haystack.find(needle, self._starts[code + 1] - 1)
        return found

    def containing(self, needles: Sequence[str]) -> set[int]:
        """Codes of the values that contain one of the needles."""
        whole = self.folded
        lines, owners = self._lines or (self, None)
        codes: set[int] = set()
        for needle in needles:
            if owners is None or "\n" in needle:
                if needle in self.haystack:
                    codes.update(code for code in self.candidates(needle) if needle in whole[code])
            elif needle in lines.haystack:
                for line in lines.candidates(needle):
                    codes.update(owners[line] if needle in lines.folded[line] else ())
        return codes

    @cached_property
    def _lines(self) -> tuple[Field, list[list[int]]] | None:
        # Long values repeat line by line (ContextInfo of PowerShell events): their distinct lines are few.
        if "\n" not in self.haystack:
            return None
        owners: dict[str, list[int]] = {}
        for code, text in enumerate(self.folded):
            for line in set(text.split("\n")):
                owners.setdefault(line, []).append(code)
        none = self.codes[:0]
        return Field(list(owners), none, none, 0, 0), list(owners.values())

    def holding(self, codes: Sequence[int]) -> int:
        """Rows that have one of the values."""
        if not codes:
            return 0
        wanted = np.zeros(len(self.texts), dtype=bool)
        wanted[codes] = True
        return row_set(self.rows[wanted[self.codes]], self.count)

    def by_row(self) -> dict[int, list[int]]:
        """Codes by row."""
        found: dict[int, list[int]] = {}
        for row, code in zip(self.rows.tolist(), self.codes.tolist(), strict=True):
            found.setdefault(row, []).append(code)
        return found


class Columns:
    """The fields of a set of events, each made when it is first asked for."""

    def __init__(self, fields: pa.MapArray, system: Mapping[str, pa.Array]) -> None:
        self.count = len(fields)
        self.all = (1 << self.count) - 1
        self._system = system
        self._made: dict[str | None, Field | None] = {}
        self._lacking: dict[str, int] = {}
        start, stop = (fields.offsets[0].as_py(), fields.offsets[-1].as_py()) if self.count else (0, 0)
        keys = fields.keys.slice(start, stop - start).dictionary_encode()
        values = fields.items.slice(start, stop - start).dictionary_encode()
        self._names: dict[str, int] = {name: code for code, name in enumerate(keys.dictionary.to_pylist())}
        self._texts: list[str] = values.dictionary.to_pylist()
        codes = keys.indices.to_numpy(zero_copy_only=False)
        self._order = np.argsort(codes, kind="stable")
        self._bounds = np.searchsorted(codes[self._order], np.arange(len(self._names) + 1))
        self._rows = np.repeat(np.arange(self.count), np.diff(fields.offsets.to_numpy()))
        self._codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    def field(self, name: str | None) -> Field | None:
        """The field of that name, or every value of every field for None; None where no event has it."""
        if name not in self._made:
            self._made[name] = self._field(name)
        return self._made[name]

    def lacking(self, name: str) -> int:
        """The events without a value in the field."""
        if name not in self._lacking:
            found = self.field(name)
            self._lacking[name] = self.all & ~found.valued if found else self.all
        return self._lacking[name]

    def _field(self, name: str | None) -> Field | None:
        cells = slice(None) if name is None else self._cells(name)
        rows, codes = self._rows[cells], self._codes[cells]
        present = row_set(rows, self.count)
        rows, codes = rows[codes >= 0], codes[codes >= 0]
        distinct, codes = np.unique(codes, return_inverse=True)
        texts = [self._texts[code] for code in distinct.tolist()]
        for system in SYSTEM if name is None else {name} & SYSTEM.keys():
            more, numbers, where = self._column(system)
            codes = np.concatenate([codes, numbers + len(texts)])
            rows = np.concatenate([rows, where])
            texts += more
            present |= row_set(where, self.count)
        return Field(texts, codes, rows, self.count, present) if present else None

    def _cells(self, name: str) -> NDArray[np.int64]:
        code = self._names.get(name)
        return self._order[:0] if code is None else self._order[self._bounds[code] : self._bounds[code + 1]]

    def _column(self, name: str) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
        encoded = self._system[SYSTEM[name]].dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        codes[self._rows[self._cells(name)]] = -1
        where = np.flatnonzero(codes >= 0)
        return [str(text) for text in encoded.dictionary.to_pylist()], codes[where], where
