# SPDX-License-Identifier: Apache-2.0
"""What the requests of a whole case say together: named machines where a key fits, else flows of one form.

Grades are those of the pack's sheet: a deciphered request is proven; a constant beginning is indicated, and strong when
explorer.exe made the connection or two ids under one key are seen; a header form alone is indicated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from hikeshi.families.smokeloader import checkin, eras, prefixes
from hikeshi.families.smokeloader.config import CANDIDATES
from hikeshi.families.smokeloader.network import POOL, REQUEST, told
from hikeshi.pack import Grade, Hit, Machine, Mark, machine_of, rc4_streams, replace

KEY, CHECK_IN, BEACON = "smokeloader.request-key", "smokeloader.check-in", "smokeloader.beacon"
SEARCHED = "smokeloader.key-searched"
CLUES = (REQUEST, POOL, CANDIDATES, SEARCHED)
_MOST_REQUESTS, _MOST_CANDIDATES, _MOST_LISTED = 200_000, 65_536, 20
_PERIOD, _TOLERANCE = 600, 90


@dataclass(frozen=True)
class Request:
    """One request with its deciphered head where a key fits."""

    hit: Hit
    head: bytes
    opened: checkin.CheckIn | None

    @property
    def flow(self) -> tuple[str, str, str]:
        """Who asked whom under which name."""
        fields = self.hit.fields
        return fields.get("client", ""), fields.get("server", ""), fields.get("site", "")

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return int(self.hit.fields.get("bytes", "0"))


def joined(every: Sequence[Hit], found: Sequence[Request], machines: Sequence[Machine] = ()) -> Iterator[Hit]:
    """Findings of all requests of the case, given with all hits of the pack."""
    explorer = {hit.fields.get("address") for hit in every if _by_explorer(hit)}
    yield from _keys(found, [hit for hit in every if hit.message == SEARCHED])
    yield from _named(found, machines)
    yield from _flows([one for one in found if one.opened is None], machines, explorer)
    yield from _tasks(found, machines)


def _by_explorer(hit: Hit) -> bool:
    return bool(hit.fields.get("address")) and hit.fields.get("program", "").lower().endswith(
        "\\explorer.exe"
    )


def requests(every: Sequence[Hit]) -> list[Request]:
    """All requests, each tried under every key of the case and every candidate from memory."""
    every = sorted(every, key=order)
    asked = [hit for hit in every if hit.message == REQUEST][:_MOST_REQUESTS]
    known: dict[bytes, str] = {}
    for hit in (*(hit for hit in every if hit.message == SEARCHED), *asked):
        if hit.fields.get("config_key"):
            known.setdefault(
                bytes.fromhex(hit.fields["config_key"]), hit.fields.get("key_source", "key search")
            )
    heads = [bytes.fromhex(hit.fields.get("head", "")) for hit in asked]
    closed = [head for hit, head in zip(asked, heads, strict=True) if "bot_id" not in hit.fields]
    for key, source in _from_memory(every, closed):
        known.setdefault(key, source)
    keys = checkin.orders(sorted(known.items()))
    return [Request(hit, head, checkin.opened(head, keys)) for hit, head in zip(asked, heads, strict=True)]


def _from_memory(every: Sequence[Hit], closed: Sequence[bytes]) -> Iterator[tuple[bytes, str]]:
    """Dwords beside a configuration that open a request: of bodies that begin alike one is enough to try."""
    bodies = list(dict.fromkeys(head[: prefixes.HEAD] for head in closed if len(head) >= prefixes.HEAD))[:64]
    candidates = dict[bytes, str]()
    for hit in every:
        if hit.message == CANDIDATES:
            for text in hit.fields.get("candidates", "").split():
                candidates.setdefault(bytes.fromhex(text), f"memory {hit.item[:12]}")
    if bodies and candidates:
        yield from opening(list(candidates.items())[:_MOST_CANDIDATES], bodies)


def opening(candidates: Sequence[tuple[bytes, str]], bodies: Sequence[bytes]) -> Iterator[tuple[bytes, str]]:
    """The candidates, in either order of their bytes, under which a body begins as a request does."""
    import numpy as np

    tried = [(k, source) for key, source in candidates for k in (key, key[::-1])]
    streams = rc4_streams(np.frombuffer(b"".join(key for key, _ in tried), np.uint8).reshape(-1, 4), 2)
    for body in bodies:
        words = (streams ^ np.frombuffer(body[:2], np.uint8)).view("<u2")[:, 0]
        for number in np.flatnonzero((words >= checkin.WORDS.start) & (words < checkin.WORDS.stop)):
            key, source = tried[int(number)]
            if checkin.opened(body, [(key, source)]):
                yield key, source


def _keys(found: Sequence[Request], searched: Sequence[Hit]) -> Iterator[Hit]:
    """Each key that opens requests, once, with what a search for it came to."""
    answers = {hit.fields["config_key"]: hit.fields for hit in searched}
    by_key: dict[bytes, list[Request]] = {}
    for one in found:
        if one.opened:
            by_key.setdefault(one.opened.key, []).append(one)
    for key, some in sorted(by_key.items()):
        source = some[0].opened.source if some[0].opened else ""
        bots = {one.opened.bot_id for one in some if one.opened}
        answer = answers.get(key.hex()) or answers.get(key[::-1].hex()) or {}
        fields = {
            name: answer[name]
            for name in ("searched", "exhausted", "bits", "expected_false")
            if name in answer
        }
        fields |= {"config_key": key.hex(), "key_source": answer.get("key_source", source)}
        fields |= {"requests": str(len(some)), "bots": str(len(bots))}
        yield _made(some, KEY, Grade.PROVEN, None, ("T1573.001",), fields)


def _named(found: Sequence[Request], machines: Sequence[Machine]) -> Iterator[Hit]:
    """One finding a bot, client and server."""
    groups: dict[tuple[str, ...], list[Request]] = {}
    for one in found:
        if one.opened:
            groups.setdefault((one.opened.bot_id, one.opened.computer or "", *one.flow), []).append(one)
    for _, some in sorted(groups.items()):
        first = some[0].opened
        if first is None:
            continue
        fields = {
            **_about(some),
            **{name: value or "" for name, value in told(first).items()},
            "c2_url": _url(some),
        }
        seen = {f"{number} at {at}" for one in some if one.opened for at, number in one.opened.commands}
        fields["commands"] = ", ".join(sorted(seen)[:_MOST_LISTED])
        made = _made(some, CHECK_IN, Grade.PROVEN, "registration", ("T1071.001", "T1573.001"), fields)
        yield replace(made, host=bot_host(first, machines))


def _flows(found: Sequence[Request], machines: Sequence[Machine], explorer: set[str | None]) -> Iterator[Hit]:
    """Requests nobody could open: by client, server and equal beginning."""
    groups: dict[tuple[str, ...], list[Request]] = {}
    for one in found:
        fields = one.hit.fields
        if fields.get("enciphered") and not eras.decoy("POST", fields.get("site", ""), fields.get("uri", "")):
            begins = one.head[: prefixes.HEAD].hex() if len(one.head) >= prefixes.HEAD else ""
            groups.setdefault((*one.flow, begins), []).append(one)
    keys = sorted(groups)
    partners: dict[int, int] = {}
    for group in prefixes.families([bytes.fromhex(key[3]) for key in keys]):
        partners |= dict.fromkeys(group, len(group))
    behind: dict[tuple[str, ...], int] = {}
    for number, key in enumerate(keys):
        if number in partners:
            behind[key[:3]] = behind.get(key[:3], 0) + 1
    for number, key in enumerate(keys):
        made = _flow(groups[key], partners.get(number, 0), explorer)
        if made is not None:
            made = replace(made, host=host_of(key[0], machines) or made.host)
            more = behind.get(key[:3], 0)
            yield replace(made, fields={**made.fields, "bots_of_client": str(more)}) if more > 1 else made


def _flow(some: list[Request], partners: int, explorer: set[str | None]) -> Hit | None:
    """A finding where the requests agree in what no other software does, or fit a published form; else None."""
    fields = _about(some)
    heads = [one.head for one in some]
    bodies = len({(one.head, one.size) for one in some})
    shared = prefixes.shared(heads)
    rows = sorted({row for one in some for row in one.hit.fields.get("rows", "").split(", ") if row})
    grounds = []
    if len(some) > 1 and shared >= prefixes.HEAD and (bodies > 1 or len(some) > 2):
        grounds.append("constant beginning")
        fields["prefix"] = str(shared)
    if partners > 1:
        grounds.append("ids under one key")
        fields["bots_of_key"] = str(partners)
    if rows:
        grounds.append("header form")
        fields |= {"rows": ", ".join(rows), "lines": some[0].hit.fields.get("lines", "")}
    if not grounds:
        return None
    if any(one.size == 63 for one in some):
        grounds.append("63 bytes")
    if _odd(some):
        grounds.append("404 with a body that is no page")
    if "period" in fields and abs(float(fields["period"]) - _PERIOD) <= _TOLERANCE:
        grounds.append("every ten minutes")
    ours = fields["server"].rpartition(":")[0].strip("[]") in explorer
    if ours:
        grounds.append("explorer.exe")
    sure = "ids under one key" in grounds or (ours and "constant beginning" in grounds)
    fields["grounds"] = ", ".join(grounds)
    if sure:
        fields["c2_url"] = _url(some)
    grade = Grade.STRONG if sure else Grade.INDICATED
    return _made(some, BEACON, grade, "registration", ("T1071.001",), fields)


def _url(some: Sequence[Request]) -> str:
    """Where the requests went."""
    first = some[0].hit.fields
    return f"http://{first['site']}{first.get('uri', '/')}" if first.get("site") else ""


def _odd(some: Sequence[Request]) -> bool:
    kinds = ("opaque", "page and more", "task")
    return any(
        one.hit.fields.get("status") == "404" and one.hit.fields.get("answer") in kinds for one in some
    )


def _tasks(found: Sequence[Request], machines: Sequence[Machine]) -> Iterator[Hit]:
    """Answers that name a place to load a program from, each once a client."""
    told: dict[tuple[str, ...], list[Request]] = {}
    for one in found:
        if one.hit.fields.get("task_url"):
            told.setdefault((*one.flow, one.hit.fields["task_url"]), []).append(one)
    for key, some in sorted(told.items()):
        fields = {**_about(some), "task_url": key[3], "status": some[0].hit.fields.get("status", "")}
        made = _made(some, "smokeloader.task-url", Grade.INDICATED, "download-and-run", ("T1105",), fields)
        opened = next((one.opened for one in some if one.opened), None)
        named = bot_host(opened, machines) if opened else host_of(key[0], machines)
        yield replace(made, host=named or made.host)


def _about(some: Sequence[Request]) -> dict[str, str]:
    """Ends, count, times and sizes of requests that belong together."""
    first = some[0].hit.fields
    times = sorted(one.hit.time for one in some if one.hit.time is not None)
    gaps = [(after - before) / 1_000_000 for before, after in pairwise(times)]
    sizes = sorted({one.size for one in some})
    fields = {name: first[name] for name in ("client", "server", "site", "uri", "method") if name in first}
    fields |= {"requests": str(len(some)), "sizes": _range(sizes)}
    if len(gaps) > 1:
        fields["period"] = f"{median(gaps):.0f}"
    return fields


def _range(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


def _made(
    some: Sequence[Request], message: str, grade: Grade, function: str | None, techniques: tuple[str, ...],
    fields: dict[str, str],
) -> Hit:  # fmt: skip
    """A finding at the earliest of the requests."""
    first = min(some, key=lambda one: (one.hit.time is None, one.hit.time or 0, order(one.hit)))
    given = {name: value for name, value in fields.items() if value}
    return replace(
        first.hit, message=message, grade=grade, function=function, techniques=techniques, fields=given
    )


def bot_host(opened: checkin.CheckIn, machines: Sequence[Machine]) -> str:
    """The machine of the case that a deciphered request names, else the name it gives itself, else its serial."""
    known = machine_of(machines, opened.computer)
    serial = {m.host for m in machines if m.host and any(_is_serial(k, opened.serial) for k in m.marks)}
    if known is None and opened.computer is None and len(serial) == 1:
        return serial.pop()
    return known.host if known and known.host else opened.computer or opened.serial


def _is_serial(mark: Mark, serial: str) -> bool:
    return mark.kind == "volume-serial" and mark.value == serial


def host_of(client: str, machines: Sequence[Machine]) -> str | None:
    """The one machine of the case that has an address; None where none or several have."""
    named = {
        m.host for m in machines if m.host and any(k.kind == "address" and k.value == client for k in m.marks)
    }
    return named.pop() if len(named) == 1 else None


def order(hit: Hit) -> tuple[str, int, str, int, int, str]:
    """One order of hits, whatever order they come in."""
    return (
        hit.message,
        hit.time or 0,
        hit.item,
        hit.record or 0,
        hit.offset or 0,
        str(sorted(hit.fields.items())),
    )
