# SPDX-License-Identifier: Apache-2.0
"""Judges the streams that packs asked to keep, again whenever the case holds other passwords or keys than before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hikeshi.case.state import Done, Parts, State, task_id
from hikeshi.engine import Limits, Reply, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.families import fingerprint, packs
from hikeshi.flow.judging import FORM, lines
from hikeshi.flow.rules import file_opener
from hikeshi.schema import Reason

KEPT = "kept"
WORK = "hikeshi.flow.sessions:judge"
_MOST = 4096
_KEY = re.compile(r"(?:[0-9A-Fa-f]{2}){1,256}")
Secret = tuple[bytes, str]


class Opening:
    """The tasks over kept streams of one run."""

    def __init__(self, state: State, pool: Pool, passwords: Sequence[str]) -> None:
        self._state, self._pool, self._passwords = state, pool, passwords
        self._asking = [fingerprint(pack) for pack in packs() if "sessions" in pack.entry]
        self._work: dict[str, Parts] = {}
        self._tasks: dict[str, str] = {}
        self._left = 0
        self.reused = 0
        self.judged = 0

    def judge(self, results: Mapping[str, Done], hits: Iterable[Mapping[str, Any]]) -> None:
        """Judge the kept streams of every item; `hits` are what may hold passwords or keys: settings of malware.

        With other hits the streams are judged anew, and what was said before is forgotten.
        """
        self._tasks.clear()
        parts = {item: done["parts"][KEPT] for item, done in sorted(results.items()) if KEPT in done["parts"]}
        if not parts:
            return
        found = ((hit["item"], hit["fields"]) for hit in hits if hit["family"])
        secrets, self._left = known_secrets(found, self._passwords)
        salted = "\n".join(f"{text}\0{source}" for text, source in told(secrets)).encode()
        known = hashlib.scrypt(salted, salt=self._state.salt(), n=4096, r=8, p=1, dklen=16).hex()
        for item, part in parts.items():
            self._submit(item, part, known, secrets)
        for reply in self._pool.replies():
            self._take(reply)

    def _submit(self, item: str, part: str, known: str, secrets: Sequence[Secret]) -> None:
        task = task_id("sessions", FORM, self._asking, item, part, known)
        self._tasks[task] = item
        if self._state.usable(task):
            self.reused += 1
            return
        path = self._state.part(part)
        size = path.stat().st_size
        limits = Limits(silence=600 + size / 100_000, wall=3600 + size / 10_000)
        self._pool.submit(
            Task(WORK, [Unit(task, {}, [file_opener(str(path))])], {"secrets": told(secrets)}, limits)
        )

    def _take(self, reply: Reply) -> None:
        task = reply.unit.key
        parts = self._work.setdefault(task, Parts(self._state, "hits"))
        if reply.message:
            parts.write(reply.message.head["kind"], reply.message.blob)
            return
        if reply.again:
            parts.drop()
            return
        result: dict[str, Any] = {}
        if reply.lost:
            parts.drop()
            result = {"lost": reply.lost.value, "detail": reply.detail}
        self._state.finish(task, result | {"parts": parts.keep()})
        self.judged += 1

    def hits(self) -> Iterator[dict[str, Any]]:
        """All hits in kept streams, in a fixed order."""
        for task in self._tasks:
            done = self._state.done(task)
            if done is not None:
                yield from lines(self._state, done["parts"]["hits"])

    def losses(self, places: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
        """Kept streams that could not be judged, and passwords that were not tried on them, as issues."""
        if self._left:
            fields = {"judge": "packs", "passwords": str(self._left), "limit": str(_MOST)}
            where = {"item": None, "path": "packs", "offset": None, "records": 0}
            yield {
                **where,
                "reason": Reason.SEARCH_LIMIT.value,
                "fields": fields,
                "unknown": "unknown.not-judged",
            }
        for task, item in self._tasks.items():
            done = self._state.done(task)
            if done is not None and "lost" in done:
                where = {"item": item, "path": places[item][0], "offset": None, "records": 0}
                fields = {"judge": "packs", "detail": done["detail"][-400:]}
                yield {**where, "reason": done["lost"], "fields": fields, "unknown": "unknown.not-judged"}


def known_secrets(
    settings: Iterable[tuple[str, Mapping[str, str]]], passwords: Iterable[str]
) -> tuple[list[Secret], int]:
    """Passwords and keys with their sources, settings of malware (item, fields) first; and how many were left out."""
    found = {(secret, item) for item, fields in settings for secret in _secrets(fields)}
    secrets = [(secret, f"settings in {item[:12]}") for secret, item in sorted(found)]
    given = [(_bytes(text), "analyst") for text in sorted(set(passwords))]
    return secrets[:_MOST] + given, max(0, len(secrets) - _MOST)


def told(secrets: Iterable[Secret]) -> list[tuple[str, str]]:
    """Secrets as a worker is told them: hexadecimal, with their sources."""
    return [(secret.hex(), source) for secret, source in secrets]


def _secrets(fields: Mapping[str, str]) -> list[bytes]:
    """Passwords, and keys written in hexadecimal."""
    passwords = [_bytes(text) for text in fields.get("config_password", "").split("\n") if text]
    keys = [text for text in fields.get("config_key", "").split("\n") if _KEY.fullmatch(text)]
    return [*passwords, *map(bytes.fromhex, keys)]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
