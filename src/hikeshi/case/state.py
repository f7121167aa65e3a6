# SPDX-License-Identifier: Apache-2.0
"""``state/``: parts named by their content, and done-files created exclusively.

A done-file is the only proof that a task is finished; a part without one is forgotten. Both are written under
another name first, so that a killed run leaves either all of a file or nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from hikeshi.errors import CaseError

Done = Mapping[str, Any]
BLOCK = 1 << 20


def task_id(*identity: object) -> str:
    """Id of a task from what decides its result."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


class Part:
    """A part being written; keep() gives it its name."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._digest = hashlib.sha256()
        descriptor, self._path = tempfile.mkstemp(dir=state.scratch)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._digest.update(data)
        self._file.write(data)

    def keep(self) -> str:
        """Close and name the part; gives its name, the SHA-256 of its bytes."""
        self._file.close()
        name = self._digest.hexdigest()
        os.replace(self._path, self._state.part(name))
        return name

    def drop(self) -> None:
        """Forget the part."""
        self._file.close()
        os.unlink(self._path)


class Parts:
    """The parts of one task by kind, each made at its first bytes; those in `always` are made in any case."""

    def __init__(self, state: State, *always: str) -> None:
        self._state, self._always = state, always
        self._parts: dict[str, Part] = {}

    def write(self, kind: str, data: bytes) -> None:
        """Append bytes to the part of a kind."""
        if kind not in self._parts:
            self._parts[kind] = self._state.new_part()
        self._parts[kind].write(data)

    def keep(self) -> dict[str, str]:
        """Close and name all parts; gives the names by kind."""
        for kind in self._always:
            self.write(kind, b"")
        return {kind: part.keep() for kind, part in sorted(self._parts.items())}

    def drop(self) -> None:
        """Forget all parts."""
        for part in self._parts.values():
            part.drop()
        self._parts.clear()


class State:
    """The state folder of one case."""

    def __init__(self, case: Path) -> None:
        self._root = case / "state"
        self.scratch = self._root / "scratch"

    def prepare(self) -> None:
        """Make the folders and forget what an earlier run was writing when it ended."""
        for folder in (self.scratch, self._root / "parts", self._root / "done", self._root / "evidence"):
            folder.mkdir(parents=True, exist_ok=True)
        for left in self.scratch.iterdir():
            left.unlink()

    def salt(self) -> bytes:
        """Random bytes of this case's own; no secret, but nobody can prepare for them."""
        path = self._root / "salt"
        try:
            with open(path, "xb") as file:
                file.write(os.urandom(16))
        except FileExistsError:
            pass
        return path.read_bytes()

    def part(self, name: str) -> Path:
        """Path of a part."""
        return self._root / "parts" / name

    def new_part(self) -> Part:
        """A part to write."""
        return Part(self)

    def intact(self, parts: Iterable[str]) -> bool:
        """Whether every part is there with the bytes its name promises."""
        return all(_sha256(self.part(name)) == name for name in parts)

    def done(self, task: str) -> Done | None:
        """What a finished task left, or None."""
        try:
            text = (self._root / "done" / task).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return cast(Done, json.loads(text))
        except ValueError:
            return None

    def usable(self, task: str) -> Done | None:
        """What a finished task left, all its parts included; None when it was lost or one of them is gone."""
        done = self.done(task)
        whole = done is not None and "lost" not in done and self.intact(done["parts"].values())
        return done if whole else None

    def finish(self, task: str, result: Done) -> None:
        """Create the done-file of a task; the first stays, unless it is unusable, lost, or had less to read with.

        Less to read with: passwords tried in vain, or transaction logs of a hive that were not beside it.
        """
        path = self._root / "done" / task
        descriptor, scratch = tempfile.mkstemp(dir=self.scratch)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(result, file, sort_keys=True)
        try:
            os.link(scratch, path)
        except FileExistsError:
            earlier = self.done(task)
            more = set(result.get("logs", ())) - set(earlier.get("logs", ()) if earlier else ())
            if earlier is None or "lost" in earlier or "tried" in earlier or more:
                os.replace(scratch, path)
                return
        os.unlink(scratch)

    def forget(self, task: str) -> None:
        """Remove the done-file of a task whose result is not to be trusted."""
        (self._root / "done" / task).unlink(missing_ok=True)

    def note(self, name: str, value: Any) -> None:
        """Remember a value under a name in place of what was remembered before."""
        descriptor, scratch = tempfile.mkstemp(dir=self.scratch)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(value, file, sort_keys=True)
        os.replace(scratch, self._root / f"{name}.json")

    def noted(self, name: str) -> Any:
        """What is remembered under a name, or None."""
        try:
            return json.loads((self._root / f"{name}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None

    def add_listing(self, listing: list[Any]) -> None:
        """Remember what one argument held."""
        data = json.dumps(listing, sort_keys=True).encode()
        part = self.new_part()
        part.write(data)
        name = part.keep()
        os.replace(self.part(name), self._root / "evidence" / name)

    def listings(self) -> Iterator[list[Any]]:
        """Every listing of every run, in a fixed order."""
        for path in sorted((self._root / "evidence").iterdir()):
            try:
                yield json.loads(path.read_bytes())
            except ValueError as error:
                raise CaseError(
                    f"{path} is damaged; delete it and run again on the same evidence."
                ) from error

    def finished(self) -> Iterator[Done]:
        """What every finished task left."""
        for path in sorted((self._root / "done").iterdir()):
            done = self.done(path.name)
            if done is not None:
                yield done


def _sha256(path: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except FileNotFoundError:
        return None
    return digest.hexdigest()
