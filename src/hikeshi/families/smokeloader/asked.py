# SPDX-License-Identifier: Apache-2.0
"""What the pack asks of key searches, and what their answers mean: build constants and request keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hikeshi.families.smokeloader import builds, identity, requestkeys
from hikeshi.pack import Hit, KeyFound, KeySearch, Machine


def jobs(hits: Sequence[Hit], machines: Sequence[Machine]) -> Iterator[KeySearch]:
    """Every search that the hits give ground for."""
    yield from builds.jobs(hits, machines)
    yield from requestkeys.jobs(hits, machines)


def found(search: KeySearch, answer: KeyFound) -> Iterator[Hit]:
    """What an answer says."""
    yield from (requestkeys if search.kind == "rc4-head" else builds).found(search, answer)


def given(what: Mapping[str, Sequence[str]]) -> Iterator[KeySearch]:
    """Searches over what an analyst gives: captured bodies, or a machine's name and serial with names made of them."""
    bodies = [bytes.fromhex(text) for text in what.get("body", ())]
    if bodies and any(len(body) >= requestkeys.SHORTEST for body in bodies):
        yield requestkeys.search(bodies, {})
    computer, serial = (next(iter(what.get(key, ())), "").upper() for key in ("name", "serial"))
    if computer and identity.is_serial(serial):
        task = next(iter(what.get("task", ())), "").upper()
        spelled = [digits for name in what.get("files", ()) if (digits := identity.digits(name))]
        programs = [digits for digits in spelled if digits[2:] == serial[:5]]
        stores = [digits for digits in spelled if digits not in programs]
        if task:
            yield _digits(computer, serial, task, "")
        elif stores:
            yield _digits(computer, serial, stores[0], programs[0][:2] if programs else "")


def _digits(computer: str, serial: str, begins: str, ends: str) -> KeySearch:
    known = tuple(f"{value:08X}" for value in identity.KNOWN)
    return KeySearch(kind="md5-digits", before=computer, after=serial, begins=begins, ends=ends, known=known)
