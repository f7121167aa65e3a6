# SPDX-License-Identifier: Apache-2.0
"""Which functions of the bot its client's other traffic shows. Only clients with requests of the bot are looked at.

Each is indicated at most: other software makes such traffic too, and only the neighbourhood of the bot gives it weight.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from hikeshi.families.smokeloader import beside
from hikeshi.families.smokeloader.network import POOL
from hikeshi.families.smokeloader.wire import Request, bot_host, host_of, order
from hikeshi.pack import Grade, Hit, Machine, replace

SECOND = 1_000_000
_SOON, _DECOY_SPAN = 5 * SECOND, 60 * SECOND
_DELIVERED, _LARGER, _FEWEST_FORMS = 10_000, 1_024, 3
_PROXY_NAMES = 5
# Clue -> message, function and technique of the finding it becomes beside the bot's requests.
_PLAIN = {
    POOL: ("smokeloader.pool", "mining", "T1496.001"),
    beside.TEAMVIEWER: ("smokeloader.teamviewer-port", "remote-desktop", "T1219"),
    beside.MANY: ("smokeloader.connection-flood", "flooding", "T1498"),
}


def shown(
    hits: Iterable[Hit], requests: Sequence[Request], machines: Sequence[Machine] = ()
) -> Iterator[Hit]:
    """Findings about the clients that these requests of the bot came from."""
    by_client: dict[str, list[Request]] = {}
    for one in requests:
        by_client.setdefault(one.flow[0], []).append(one)
    clue: dict[str, list[Hit]] = {}
    for hit in sorted(hits, key=order):
        if hit.fields.get("client") in by_client and hit.message in (POOL, *beside.CLUES):
            clue.setdefault(hit.fields["client"], []).append(hit)
    for client, own in sorted(by_client.items()):
        near = clue.get(client, [])
        found = (*_plain(near), *_decoys(near, own), *_fetched(near, own), *_larger(own), *_forms(near, own),
                 *_elsewhere(near), *_bit(near))  # fmt: skip
        host = _host(client, own, machines)
        yield from (replace(hit, host=host or hit.host) for hit in found)


def _host(client: str, own: Sequence[Request], machines: Sequence[Machine]) -> str | None:
    """The one bot behind an address; None where several share it."""
    bots = {bot_host(one.opened, machines) for one in own if one.opened}
    return bots.pop() if len(bots) == 1 else None if bots else host_of(client, machines)


def _plain(near: Sequence[Hit]) -> Iterator[Hit]:
    for hit in near:
        if hit.message in _PLAIN:
            message, function, technique = _PLAIN[hit.message]
            yield replace(
                hit, message=message, grade=Grade.INDICATED, function=function, techniques=(technique,)
            )


def _times(own: Sequence[Request]) -> list[int]:
    return sorted(one.hit.time for one in own if one.hit.time is not None)


def _followed(time: int | None, times: Sequence[int], span: int) -> bool:
    """Whether a request of the bot comes soon after a time."""
    if time is None:
        return False
    at = bisect_left(times, time)
    return at < len(times) and times[at] - time <= span


def _decoys(near: Sequence[Hit], own: Sequence[Request]) -> Iterator[Hit]:
    """Decoys that a request of the bot follows within a minute, each place once."""
    times, told = _times(own), set[tuple[str, str]]()
    for hit in near:
        place = hit.fields.get("site", ""), hit.fields.get("uri", "")
        if hit.message == beside.DECOY and place not in told and _followed(hit.time, times, _DECOY_SPAN):
            told.add(place)
            yield replace(hit, message="smokeloader.decoy", grade=Grade.WEAK, techniques=("T1071.001",))


def _fetched(near: Sequence[Hit], own: Sequence[Request]) -> Iterator[Hit]:
    """Programs fetched from the place that an answer of the server had named."""
    named = {one.hit.fields["task_url"] for one in own if one.hit.fields.get("task_url")}
    for hit in near:
        url = f"http://{hit.fields.get('site', '')}{hit.fields.get('uri', '')}"
        if hit.message == beside.FETCHED and {url, url.rstrip("/")} & named:
            fields = {**hit.fields, "task_url": url}
            yield replace(
                hit, message="smokeloader.fetched", grade=Grade.INDICATED, function="download-and-run",
                techniques=("T1105",), fields=fields,
            )  # fmt: skip


def _larger(own: Sequence[Request]) -> Iterator[Hit]:
    """Bodies far larger than the beacon's after a large answer: something was delivered, and something sent."""
    flows: dict[tuple[str, ...], list[Request]] = {}
    for one in own:
        flows.setdefault((*one.flow, one.opened.bot_id if one.opened else one.head[:43].hex()), []).append(
            one
        )
    for _, some in sorted(flows.items()):
        timed = sorted((one for one in some if one.hit.time is not None), key=lambda one: one.hit.time or 0)
        beacon = min((one.size for one in timed), default=0)
        delivered = next((n for n, one in enumerate(timed) if _answer(one) >= _DELIVERED), len(timed))
        large = [one for one in timed[delivered + 1 :] if one.size > beacon + _LARGER]
        if large:
            first = timed[delivered]
            fields = {
                **{name: large[0].hit.fields.get(name, "") for name in ("client", "server", "site", "uri")},
                "requests": str(len(large)), "bytes": str(sum(one.size for one in large)), "beacon_bytes": str(beacon),
                "delivered_bytes": str(_answer(first)),
            }  # fmt: skip
            yield replace(
                large[0].hit, message="smokeloader.larger-bodies", grade=Grade.INDICATED, function="credential-theft",
                techniques=("T1041",), fields=fields,
            )  # fmt: skip


def _answer(one: Request) -> int:
    return int(one.hit.fields.get("answer_bytes", "0"))


def _forms(near: Sequence[Hit], own: Sequence[Request]) -> Iterator[Hit]:
    """Forms the user sent elsewhere, each followed within seconds by a request of the bot."""
    servers = {one.flow[2] for one in own}
    sent = [hit for hit in near if hit.message == beside.FORM and hit.fields.get("site") not in servers]
    times = _times(own)
    close = [hit for hit in sent if _followed(hit.time, times, _SOON)]
    if len(close) >= _FEWEST_FORMS and 2 * len(close) > len(sent) and _rare(times):
        fields = {"client": close[0].fields["client"], "forms": str(len(sent)), "followed": str(len(close))}
        yield replace(
            close[0], message="smokeloader.after-form", grade=Grade.INDICATED, function="form-theft",
            techniques=("T1056.004",), fields=fields,
        )  # fmt: skip


def _rare(times: Sequence[int]) -> bool:
    """Whether requests are so far apart that one within seconds of a form is no accident."""
    gaps = sorted(after - before for before, after in pairwise(times))
    return not gaps or gaps[len(gaps) // 2] > 4 * _SOON


def _elsewhere(near: Sequence[Hit]) -> Iterator[Hit]:
    """Names asked for at servers whose address no answer gave; servers of many names are proxies."""
    answers: dict[str, set[str]] = {}
    served: dict[str, set[str]] = {}
    for hit in near:
        name = hit.fields.get("name", "")
        if hit.message == beside.ANSWERED:
            answers.setdefault(name, set()).update(hit.fields.get("answers", "").split())
        elif hit.message == beside.BROWSED:
            served.setdefault(hit.fields.get("server", ""), set()).add(name)
    for hit in near:
        name, server = hit.fields.get("name", ""), hit.fields.get("server", "")
        known = {text for text in answers.get(name, ()) if "." in text and text.rpartition(".")[2].isdigit()}
        if (
            hit.message == beside.BROWSED
            and known
            and server not in known
            and len(served[server]) <= _PROXY_NAMES
        ):
            fields = {**hit.fields, "answers": ", ".join(sorted(known))}
            yield replace(
                hit, message="smokeloader.unanswered-server", grade=Grade.INDICATED, function="dns-tampering",
                techniques=("T1565.002",), fields=fields,
            )  # fmt: skip


def _bit(near: Sequence[Hit]) -> Iterator[Hit]:
    for hit in near:
        if hit.message == beside.BIT:
            yield replace(hit, message="smokeloader.bit-name", grade=Grade.WEAK, techniques=("T1071.004",))
