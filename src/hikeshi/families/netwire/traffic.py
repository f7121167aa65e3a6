# SPDX-License-Identifier: Apache-2.0
"""A NetWire session in a reassembled stream: what shows without the password, and everything with it.

Each direction is given as runs of bytes (position, bytes) between gaps, and may be asked for twice. Sources:
pan-unit42/public_tools (framing, handshake, keys), ArsenalRecon/NetWireStackForensics (commands).
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from statistics import median

from hikeshi.families.netwire import commands, keys
from hikeshi.families.netwire.files import Described
from hikeshi.families.netwire.frames import Frame, Tiling, frames, may_begin
from hikeshi.families.netwire.transfers import Transfers
from hikeshi.pack import Grade, mask

Runs = Callable[[], Iterable[tuple[int, bytes]]]
When = Callable[[bool, int], int | None]

SEED, IV = 32, 16
_SAMPLE, _LOOKED_AT, _GLANCE = 256, 2 << 20, 256 << 10
_FEWEST = 3
# Answers that hold what the victim typed, stored or saw: their first block is never shown.
_SECRET = frozenset({0xB7, 0xC5, 0xC6, 0xCA, 0xD1, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xAC})
KNOWN_HELLO = b"\x0101076100\x07"


@dataclass(frozen=True)
class Event:
    """One message: who sent it when and how long it is; `command` only where it was decrypted.

    `reply` is an answer of the agent that may be shown, such as a list of drives; `secret` a masked one.
    """

    position: int
    from_agent: bool
    time: int | None
    control: int
    name: str
    size: int
    whole: bool
    command: commands.Command | None = None
    reply: str | None = None
    secret: str | None = None


@dataclass(frozen=True)
class FirstBlock:
    """The beginning of an agent's message, recovered from the known beginning of its introduction: tentative."""

    position: int
    control: int
    text: str
    tentative: bool = True


@dataclass
class Session:
    """A stream that is NetWire's: how sure (`grade`, `grounds`), in which version's numbers, and what it says.

    `reversed` means the end that opened the connection is the server. `refused` counts passwords that do not fit.
    """

    grade: Grade
    grounds: tuple[str, ...]
    older: bool
    reversed: bool
    sent: Tiling
    received: Tiling
    keep_alive: float | None = None
    key: keys.Key | None = None
    refused: int = 0
    hello: commands.Hello | None = None
    events: list[Event] = field(default_factory=list)
    files: list[Described] = field(default_factory=list)
    first_blocks: list[FirstBlock] = field(default_factory=list)


@dataclass(frozen=True)
class _Glimpse:
    """The first messages of both directions, read in one version's numbers."""

    older: bool
    sent: list[Frame]
    received: list[Frame]
    tilings: tuple[Tiling, Tiling]


def session(
    sent: Runs, received: Runs, secrets: Sequence[keys.Secret] = (), when: When = lambda sent, position: None
) -> Session | None:
    """The session in a stream (`sent` by the end that opened it), or None where it is not NetWire's.

    The default password is tried first, then `secrets` in their order. `when` gives the time of a position in what
    was sent (True) or received.
    """
    for older in (False, True):
        glimpse = _glimpse(sent, received, older)
        found = _detected(glimpse) if glimpse else None
        if glimpse is None or found is None:
            continue
        if found.reversed:
            sent, received = received, sent
            glimpse = _Glimpse(older, glimpse.received, glimpse.sent, glimpse.tilings[::-1])
        tried = [keys.Secret(keys.DEFAULT, "default"), *secrets]
        found.key = _key(glimpse, tried)
        if found.key is not None:
            found.grade, found.grounds = Grade.PROVEN, (*found.grounds, "decrypted")
        else:
            found.refused = len(tried) if _seeds(glimpse) else 0
        _tell(found, sent, received, _turned(when, found.reversed))
        return found
    return None


def _turned(when: When, is_reversed: bool) -> When:
    """The same times asked for by who sent: the agent (True) or the server."""
    return lambda from_agent, position: when(from_agent != is_reversed, position)


def looks(sent: Runs, received: Runs) -> bool:
    """Whether a stream has the form of NetWire's traffic."""
    if not all(
        may_begin(b"".join(data for _, data in _beginning(run(), _GLANCE))) for run in (sent, received)
    ):
        return False
    glimpses = (_glimpse(sent, received, older) for older in (False, True))
    return any(glimpse is not None and _detected(glimpse) is not None for glimpse in glimpses)


def _glimpse(sent: Runs, received: Runs, older: bool) -> _Glimpse | None:
    tilings = Tiling(older), Tiling(older)
    ways = zip((sent, received), tilings, strict=True)
    first = [list(islice(frames(_beginning(run()), tiling), _SAMPLE)) for run, tiling in ways]
    if not first[0] and not first[1]:
        return None
    return _Glimpse(older, first[0], first[1], tilings)


def _beginning(runs: Iterable[tuple[int, bytes]], left: int = _LOOKED_AT) -> Iterator[tuple[int, bytes]]:
    """The first bytes of a direction: what they are not, the rest is not either."""
    for position, data in runs:
        yield position, data[:left]
        left -= len(data)
        if left <= 0:
            return


def _detected(glimpse: _Glimpse) -> Session | None:
    """Detection without a password: both directions tile, and how they begin."""
    sent, received = glimpse.sent, glimpse.received
    if any(t.breaks or t.loose > t.framed for t in glimpse.tilings) or not (sent or received):
        return None
    swapped = _opens(received, sent) and not _opens(sent, received)
    agent, server = (received, sent) if swapped else (sent, received)
    grounds = ["tiling"] if len(sent) + len(received) >= _FEWEST else []
    if _opens(agent, server):
        grounds.append("handshake")
    alive = [f for f in (*sent, *received) if f.number in (0x97, 0x98) and f.size == 0]
    if len(alive) >= _FEWEST:
        grounds.append("keep-alive")
    empty = all(f.size == 0 for f in (*sent, *received))
    if "handshake" in grounds and "tiling" in grounds:
        grade = Grade.STRONG
    elif "tiling" in grounds and sent and received and not empty and not glimpse.older:
        grade = Grade.INDICATED
    else:
        return None
    first, second = glimpse.tilings
    return Session(grade, tuple(grounds), glimpse.older, swapped, first, second)


def _opens(agent: list[Frame], server: list[Frame]) -> bool:
    """Whether the first messages are a key exchange: seeds and an initial value, on both sides, of much variety."""
    if not agent or not server or agent[0].number != 0x99 or server[0].number != 0x9B:
        return False
    return all(
        f.size >= SEED + IV and f.size <= 1024 and len(set(f.data[: SEED + IV])) > (SEED + IV) // 2
        for f in (agent[0], server[0])
    )


def _seeds(glimpse: _Glimpse) -> tuple[bytes, bytes, bytes] | None:
    if not _opens(glimpse.sent, glimpse.received):
        return None
    agent, server = glimpse.sent[0].data, glimpse.received[0].data
    return (
        (agent[:SEED], agent[SEED : SEED + IV], server[:SEED])
        if len(agent) >= SEED + IV <= len(server)
        else None
    )


def _key(glimpse: _Glimpse, tried: Sequence[keys.Secret]) -> keys.Key | None:
    seeds = _seeds(glimpse)
    if seeds is None:
        return None
    return keys.choose(*seeds, glimpse.sent[1:], glimpse.received[1:], tried)


def _tell(found: Session, sent: Runs, received: Runs, when: When) -> None:
    """Fill in the messages in the order of their times."""
    found.sent, found.received = Tiling(found.older), Tiling(found.older)
    both = heapq.merge(
        _timed(sent, found.sent, True, when),
        _timed(received, found.received, False, when),
        key=lambda one: one[:3],
    )
    transfers, expected = Transfers(), {True: -1, False: -1}
    introduced: bytes | None = None
    blocks: list[Frame] = []
    for moment, _, _, frame, from_agent in both:
        if expected[from_agent] not in (-1, frame.position):
            transfers.lost()
        expected[from_agent] = frame.position + 5 + frame.size
        exchange = frame.number in (0x99, 0x9B) and frame.position == 0
        plain = found.key.open(frame.data, from_agent) if found.key and not exchange else None
        event = _event(frame, from_agent, moment if moment >= 0 else None, plain)
        found.events.append(event)
        if plain is not None:
            if from_agent and found.hello is None:
                found.hello = commands.hello(plain)
            command = event.command or commands.parse(frame.control, b"")
            found.files += transfers.take(frame, plain, command, from_agent)
        elif from_agent and not exchange and len(frame.data) >= len(KNOWN_HELLO):
            introduced = introduced if introduced is not None else frame.data
            blocks.append(frame)
    found.files += transfers.rest()
    found.keep_alive = _period(found.events)
    if introduced is not None and "handshake" in found.grounds and len(introduced) <= 512:
        found.first_blocks = list(_first_blocks(introduced, blocks[1:]))


def _timed(
    runs: Runs, tiling: Tiling, from_agent: bool, when: When
) -> Iterator[tuple[int, int, int, Frame, bool]]:
    """Messages with a time that never runs backwards; a message without one has that of the message before."""
    last = -1
    for number, frame in enumerate(frames(runs(), tiling)):
        moment = when(from_agent, frame.position)
        last = max(last, moment if moment is not None else last)
        yield last, int(from_agent), number, frame, from_agent


def _event(frame: Frame, from_agent: bool, time: int | None, plain: bytes | None) -> Event:
    """One message in words; what an agent answers is masked unless it is known to hold no secret."""
    command = (
        commands.parse(frame.control, plain, frame.size) if plain is not None and not from_agent else None
    )
    reply = secret = None
    if plain and from_agent:
        if introduced := commands.hello(plain):
            reply = f"{introduced.platform} {introduced.version} {introduced.user} @ {introduced.host}"
        elif frame.number == 0xA4:
            reply = commands.drives(plain)
        elif frame.number not in (0xAB, 0xAC, 0xAD):
            secret = mask(plain)
    name = commands.COMMANDS.get(frame.number, ("unknown",))[0]
    return Event(
        frame.position, from_agent, time, frame.number, name, frame.size, frame.whole, command, reply, secret
    )  # fmt: skip


def _period(events: Sequence[Event]) -> float | None:
    """Seconds between keep-alives of the direction that sends more of them: the median; None for fewer than 4."""
    alive = [e for e in events if e.control in (0x97, 0x98) and e.size == 0 and e.time is not None]
    if not alive:
        return None
    side = Counter(e.from_agent for e in alive).most_common(1)[0][0]
    times = [e.time for e in alive if e.from_agent is side and e.time is not None]
    return median(b - a for a, b in pairwise(times)) / 1e6 if len(times) > _FEWEST else None


def _first_blocks(introduced: bytes, others: Sequence[Frame]) -> Iterator[FirstBlock]:
    """Beginnings of other messages under the same first keystream block, where all of them are printable."""
    stream = bytes(a ^ b for a, b in zip(introduced, KNOWN_HELLO, strict=False))
    for frame in others:
        text = bytes(a ^ b for a, b in zip(frame.data, stream, strict=False))
        if frame.number not in _SECRET and all(0x20 <= byte < 0x7F or byte == 7 for byte in text):
            yield FirstBlock(frame.position, frame.number, text.decode("ascii").replace("\x07", " | "))
