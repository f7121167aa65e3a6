# SPDX-License-Identifier: Apache-2.0
"""What is handed to an engine and what comes back."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GIB = 1 << 30


class Lost(enum.StrEnum):
    """How a worker failed on one unit."""

    CRASHED = "worker-crashed"
    HUNG = "worker-hung"
    MEMORY = "out-of-memory"
    CPU = "cpu-limit"
    OUTPUT = "output-limit"
    ERROR = "internal-error"


@dataclass(frozen=True)
class Limits:
    """What one task may use: bytes of memory and output, seconds of processor, silence and wall clock."""

    memory: int = 2 * GIB
    output: int = 64 * GIB
    cpu: int = 3600
    silence: float = 60.0
    wall: float = 7200.0


Opener = Callable[[], "int | bytes"]


@dataclass(frozen=True)
class Unit:
    """The smallest thing that can be lost: its arguments (JSON) and the files it may read, opened at dispatch.

    An opener gives a file descriptor, which the engine closes after handing it over, or the bytes themselves.
    """

    key: str
    arguments: Mapping[str, Any]
    files: Sequence[Opener] = ()


@dataclass(frozen=True)
class Task:
    """Units given to one call of `function` ("module:name"); `arguments` are common to all of them."""

    function: str
    units: Sequence[Unit]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = Limits()
    priority: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Message:
    """One message of a worker about one unit: a JSON head and opaque bytes."""

    head: Mapping[str, Any]
    blob: bytes


@dataclass(frozen=True)
class Reply:
    """What the engine says about a unit.

    Exactly one of: `message` (more may follow), `finished`, `lost` (with `detail`), or `again`: the unit was cut
    short by the loss of a neighbour, what it sent must be forgotten, and it runs again.
    """

    task: Task
    unit: Unit
    message: Message | None = None
    finished: bool = False
    again: bool = False
    lost: Lost | None = None
    detail: str = ""
