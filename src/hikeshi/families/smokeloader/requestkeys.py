# SPDX-License-Identifier: Apache-2.0
"""The request key by trial of all 4-byte keys: which captured bodies are worth it, and what a search came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hikeshi.families.smokeloader import checkin, eras, prefixes, wire
from hikeshi.pack import Grade, Hit, KeyFound, KeySearch, Machine

NO_KEY = "smokeloader.no-request-key"
# Version word, forty upper-case digits, zero: what stands behind the head is of no use to the search.
LAYOUT = "X" * 40 + "N"
MOST, SHORTEST = 100, 16


def jobs(hits: Sequence[Hit], machines: Sequence[Machine] = ()) -> Iterator[KeySearch]:
    """One search over all bodies that no known key opens and that look like requests of the bot."""
    closed = [one for one in wire.requests(hits) if one.opened is None and len(one.head) >= SHORTEST]
    chosen = _chosen([one for one in closed if not _decoy(one)])
    if chosen:
        first = min(chosen, key=lambda one: wire.order(one.hit)).hit
        place = {name: "" if value is None else str(value) for name, value in _place(first).items()}
        yield search([one.head for one in chosen], place)


def search(bodies: Sequence[bytes], fields: Mapping[str, str]) -> KeySearch:
    """The search for the keys of these bodies; those too short to name a key are left out."""
    heads = sorted({body[: prefixes.HEAD].hex() for body in bodies if len(body) >= SHORTEST})
    return KeySearch(
        kind="rc4-head",
        heads=tuple(heads[:MOST]),
        words=tuple(word.to_bytes(2, "little").hex() for word in checkin.WORDS),
        layout=LAYOUT,
        known=tuple(key.hex().upper() for key, _ in checkin.orders(())),
        fields=fields,
    )


def _decoy(one: wire.Request) -> bool:
    return eras.decoy("POST", one.flow[2], one.hit.fields.get("uri", "")) is not None


def _chosen(closed: Sequence[wire.Request]) -> list[wire.Request]:
    """One body of each equal beginning that was sent twice, has a partner under its key, or a published header form.

    Of ids under one key the first two are enough.
    """
    begins: dict[bytes, list[wire.Request]] = {}
    for one in closed:
        begins.setdefault(one.head[: prefixes.HEAD], []).append(one)
    heads = sorted(begins)
    partners = prefixes.families(heads)
    spared = {number for group in partners for number in group[2:]}
    paired = {number for group in partners for number in group}
    return [
        begins[head][0]
        for number, head in enumerate(heads)
        if number not in spared
        and (
            number in paired
            or len(begins[head]) > 1
            or any(one.hit.fields.get("rows") for one in begins[head])
        )
    ]


def _place(hit: Hit) -> dict[str, str | int | None]:
    return {
        "item": hit.item, "record": hit.record, "offset": hit.offset, "time": hit.time, "time_text": hit.time_text,
        "host": hit.host,
    }  # fmt: skip


def found(asked: KeySearch, answer: KeyFound) -> Iterator[Hit]:
    """Clues with the keys found, or that there is none: said only when every key was tried."""
    searched = {
        "searched": f"{answer.searched}/{answer.of}", "exhausted": "yes" if answer.exhausted else "no",
        "bodies": str(len(asked.heads)), "bits": f"{answer.bits:.0f}", "expected_false": f"{answer.false:.2g}",
    }  # fmt: skip
    for value in answer.values:
        opened = sum(key == value for key in answer.heads.values())
        fields = {"config_key": value.lower(), "key_source": "key search", "opened": str(opened), **searched}
        yield _hit(asked, wire.SEARCHED, Grade.PROVEN if answer.bits >= 64 else Grade.INDICATED, fields)
    if not answer.values and answer.exhausted:
        yield _hit(asked, NO_KEY, Grade.WEAK, searched)


def _hit(asked: KeySearch, message: str, grade: Grade, fields: dict[str, str]) -> Hit:
    place = asked.fields
    return Hit(
        place["item"], grade, message, record=_number(place["record"]), offset=_number(place["offset"]),
        time=_number(place["time"]), time_text=place["time_text"] or None, host=place["host"] or None,
        family="smokeloader", techniques=("T1573.001",), fields=fields,
    )  # fmt: skip


def _number(text: str) -> int | None:
    return int(text) if text else None
