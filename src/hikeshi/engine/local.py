# SPDX-License-Identifier: Apache-2.0
"""The engine on this machine: long-lived confined worker processes, each lost without harm to the others."""

from __future__ import annotations

import heapq
import itertools
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hikeshi.engine.task import GIB, Limits, Lost, Message, Reply, Task, Unit
from hikeshi.engine.wire import Frames, frame
from hikeshi.errors import EngineError

_BOOT = "import sys,json;a=json.loads(sys.argv[1]);sys.path[:]=a[0];from hikeshi.engine.worker import main;main(*a[1:])"

START = 120.0
# How long replies() waits before it asks again whether there is more to do.
SOON = 0.02


class _Worker:
    """One process and what it is doing."""

    def __init__(self, memory: int, preload: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        paths = [path for path in sys.path if path]
        arguments = json.dumps([paths, theirs.fileno(), memory, list(preload)])
        environment = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0", "MALLOC_ARENA_MAX": "2"}
        environment |= {
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        environment |= {
            key: os.environ[key]
            for key in ("HOME", "XDG_CACHE_HOME", "OPENBLAS_CORETYPE", "COVERAGE_PROCESS_START")
            if key in os.environ
        }
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", _BOOT, arguments],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(
                f"A worker process could not be started ({error}); free memory and run again."
            ) from error
        theirs.close()
        self.channel = ours
        self.frames = Frames()
        self.ready = False
        self.task: Task | None = None
        self.open: dict[int, Unit] = {}
        self.output = 0
        self.heard = self.began = time.monotonic()

    def give(self, task: Task) -> None:
        """Send a task with the files of its units."""
        files, inline, descriptors = [], [], []
        for unit in task.units:
            lengths = []
            for opener in unit.files:
                source = opener()
                if isinstance(source, bytes):
                    inline.append(source)
                    lengths.append(len(source))
                else:
                    descriptors.append(source)
                    lengths.append(-1)
            files.append(lengths)
        head = {
            "function": task.function,
            "arguments": task.arguments,
            "units": [unit.arguments for unit in task.units],
            "files": files,
            "cpu": task.limits.cpu,
        }
        data = frame(head, b"".join(inline))
        self.task, self.open, self.output = task, dict(enumerate(task.units)), 0
        self.heard = self.began = time.monotonic()
        try:
            sent = socket.send_fds(self.channel, [data], descriptors)
            self.channel.sendall(data[sent:])
        except OSError:
            pass  # the worker is gone: its closed channel is noticed by the reading loop
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def overdue(self) -> bool:
        """Silent or at work for longer than its task may be."""
        if self.task is None:
            return False
        now, limits = time.monotonic(), self.task.limits
        if not self.ready:
            return now - self.began > START
        return now - self.heard > limits.silence or now - self.began > limits.wall

    def end(self) -> int:
        """Kill the process; gives its return code."""
        self.process.kill()
        code = self.process.wait()
        self.channel.close()
        return code


class Pool:
    """Local engine: submit() tasks, also while iterating replies(); close() when done."""

    def __init__(self, jobs: int, preload: Sequence[str] = (), memory: int = 2 * GIB) -> None:
        self._jobs = max(1, jobs)
        self._preload = tuple(preload)
        self._memory = memory
        self._queue: list[tuple[tuple[int, int], int, Task]] = []
        self._order = itertools.count()
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self.missing: set[str] = set()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, task: Task) -> None:
        """Queue a task; lower priorities run first, equal ones in order of submission."""
        heapq.heappush(self._queue, (task.priority, next(self._order), task))

    def replies(self, more: Callable[[], bool] | None = None) -> Iterator[Reply]:
        """Replies until every submitted task is finished or lost, and `more`, which may submit some, says no."""
        while (coming := more is not None and more()) or self._queue or self._busy:
            self._dispatch()
            for key, _ in self._selector.select(timeout=SOON if coming else 0.5):
                yield from self._read(key.data)
            for worker in [worker for worker in self._workers if worker.overdue()]:
                yield from self._lose(worker, Lost.HUNG)

    @property
    def _busy(self) -> int:
        return sum(worker.task is not None for worker in self._workers)

    @property
    def hungry(self) -> bool:
        """Whether a worker has nothing to do."""
        return not self._queue and self._busy < self._jobs

    def close(self) -> None:
        """Kill all workers."""
        for worker in self._workers:
            self._selector.unregister(worker.channel)
            worker.end()
        self._workers.clear()

    def _dispatch(self) -> None:
        while self._queue:
            idle = next((worker for worker in self._workers if worker.task is None), None)
            if idle is None:
                if len(self._workers) >= self._jobs:
                    return
                idle = _Worker(self._memory, self._preload)
                self._workers.append(idle)
                self._selector.register(idle.channel, selectors.EVENT_READ, idle)
            idle.give(heapq.heappop(self._queue)[2])

    def _read(self, worker: _Worker) -> Iterator[Reply]:
        try:
            data = worker.channel.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            yield from self._lose(worker, None)
            return
        worker.heard = time.monotonic()
        worker.output += len(data)
        if worker.task and worker.output > worker.task.limits.output:
            yield from self._lose(worker, Lost.OUTPUT)
            return
        try:
            for head, blob in worker.frames.feed(data):
                yield from self._handle(worker, head, blob)
        except (ValueError, KeyError, TypeError):
            yield from self._lose(worker, Lost.CRASHED)

    def _handle(self, worker: _Worker, head: dict[str, Any], blob: bytes) -> Iterator[Reply]:
        if head["kind"] == "ready":
            worker.ready = True
            worker.began = worker.heard
            self.missing.update(str(name) for name in head["missing"])
            return
        if head["kind"] == "broken":
            raise EngineError(f"Worker processes do not start on this machine: {head['detail']}")
        task = worker.task
        if task is None:
            raise ValueError("message outside a task")
        if head["kind"] == "failed":
            yield from self._lose(worker, Lost(head["lost"]), str(head.get("detail", "")))
        elif head["kind"] == "done":
            left = list(worker.open.values())
            worker.task, worker.open = None, {}
            yield from (Reply(task, unit, finished=True) for unit in left)
        elif head["kind"] == "end":
            yield Reply(task, worker.open.pop(head["unit"]), finished=True)
        else:
            yield Reply(task, worker.open[head["unit"]], message=Message(head, blob))

    def _lose(self, worker: _Worker, lost: Lost | None, detail: str = "") -> Iterator[Reply]:
        """Replace a failed worker; a lone unit is lost, several run again in halves."""
        self._selector.unregister(worker.channel)
        self._workers.remove(worker)
        code = worker.end()
        if not worker.ready and lost in (None, Lost.HUNG):
            raise EngineError(f"Worker processes do not start on this machine (exit {code}).")
        task, units = worker.task, list(worker.open.values())
        if task is None:
            return
        if len(units) == 1:
            cause = lost or (Lost.CPU if code == -signal.SIGXCPU else Lost.CRASHED)
            yield Reply(task, units[0], lost=cause, detail=detail or f"exit {code}")
            return
        for half in (units[: len(units) // 2], units[len(units) // 2 :]):
            if half:
                self.submit(replace(task, units=half))
                yield from (Reply(task, unit, again=True) for unit in half)


__all__ = ["Limits", "Pool"]
