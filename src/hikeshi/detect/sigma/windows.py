# SPDX-License-Identifier: Apache-2.0
"""Windows that slide over ascending times: one ends at each instant and reaches back over a timespan."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple


class Window(NamedTuple):
    """Positions of the first and last member, the count in between, and the labels where they are kept."""

    first: int
    last: int
    number: int
    labels: frozenset[Hashable] = frozenset()


def count_windows(
    times: Sequence[int], labels: Sequence[Hashable | None], timespan: int, keep: bool = False
) -> Iterator[Window]:
    """How many different labels each window has; None is no label."""
    inside: dict[Hashable, int] = {}
    first = 0
    for start, last in _instants(times):
        for label in labels[start : last + 1]:
            if label is not None:
                inside[label] = inside.get(label, 0) + 1
        while times[first] < times[last] - timespan:
            label = labels[first]
            if label is not None:
                inside[label] -= 1
                if not inside[label]:
                    del inside[label]
            first += 1
        yield Window(first, last, len(inside), frozenset(inside) if keep else frozenset())


def chain_windows(times: Sequence[int], steps: Sequence[int], timespan: int) -> Iterator[Window]:
    """How many different steps each window has in ascending order, each later than the one before."""
    latest: dict[tuple[int, int], int] = {}  # (last step, length) → the latest start of such a chain so far
    first = 0
    for start, last in _instants(times):
        time = times[last]
        while times[first] < time - timespan:
            first += 1
        grown: dict[tuple[int, int], int] = {(step, 1): time for step in steps[start : last + 1]}
        for (step, length), began in latest.items():
            for now in {s for s in steps[start : last + 1] if s > step}:
                grown[now, length + 1] = max(began, grown.get((now, length + 1), began))
        for chain, began in grown.items():
            latest[chain] = max(began, latest.get(chain, began))
        yield Window(
            first, last, max(length for (_, length), began in latest.items() if began >= time - timespan)
        )


def merged(windows: Sequence[Window]) -> list[Window]:
    """Windows that share members made one, with the largest count."""
    found: list[Window] = []
    for window in windows:
        if found and window.first <= found[-1].last:
            before = found.pop()
            window = Window(before.first, window.last, max(before.number, window.number))
        found.append(window)
    return found


def _instants(times: Sequence[int]) -> Iterator[tuple[int, int]]:
    for _, run in groupby(range(len(times)), key=times.__getitem__):
        positions = list(run)
        yield positions[0], positions[-1]
