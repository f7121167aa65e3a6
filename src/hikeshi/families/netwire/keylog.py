# SPDX-License-Identifier: Apache-2.0
"""NetWire's key logs: codec, grammar, and carving from any bytes.

Codec and tokens: ArsenalRecon/NetWireLogDecoder; signatures: the key tokens of Teissier's rule NetWiredRC_B and
the format strings of JPCERTCC/MalConfScan. The codec works byte by byte, so any fragment decodes. What was
typed is the victim's secret: results carry places and masks, the text itself comes from `reveal` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hikeshi.families.netwire.typed import TOKENS, count, edited
from hikeshi.pack import Reading, mask, read_text

PLAIN = bytes(((byte - 0x24) & 0xFF) ^ 0x9D for byte in range(256))
CODED = bytes(((byte ^ 0x9D) + 0x24) & 0xFF for byte in range(256))

_D = rb"[0-9]"
_STAMP = _D * 2 + rb"/" + _D * 2 + rb"/" + _D * 4 + rb" " + _D * 2 + rb":" + _D * 2 + rb":" + _D * 2
LINE = re.compile(rb"\[([^\r\n]{1,512})\] - \[(" + _STAMP + rb")\]\r\n")
_STARTED = b"Log Started"


def encoded(plain: bytes) -> bytes:
    """How these bytes stand in a log: for signatures and for the test data of this pack."""
    return plain.translate(CODED)


def decoded(coded: bytes) -> bytes:
    """The plain bytes of a log."""
    return coded.translate(PLAIN)


# What a search for logs looks for, in encoded form: each is long enough to be rare in other data.
LITERALS = tuple(
    encoded(text)
    for text in (b"] - [", *(b"[" + token + b"]" for token in TOKENS if len(token) > 2), b"[Ctrl+", b" Lock]")
)
_ANCHOR = re.compile(
    rb"\] - \[" + _STAMP + rb"\]|\[(?:" + rb"|".join(t for t in TOKENS if len(t) > 2) + rb"|Ctrl\+[^\r\n])\]"
)


@dataclass(frozen=True)
class Segment:
    """What was typed in one window: `time_text` is local time of the machine, in the order day/month/year.

    `offset` and `length` are the place of the typed bytes in the item, `keys` how many keys they are; `login`
    that the title speaks of a login.
    """

    title: str | None
    code_page: str
    confidence: float
    time_text: str | None
    offset: int
    length: int
    keys: int
    started: bool = False
    login: bool = False


@dataclass(frozen=True)
class Log:
    """A run of log bytes: where it lies and what it holds. `anchors` are signs that only a log has."""

    offset: int
    length: int
    anchors: int
    cut: bool
    segments: Sequence[Segment]


_LOGIN = re.compile(
    r"log.?in|sign.?in|log.?on|passw|ログイン|サインイン|パスワード|вход|пароль|anmeld", re.IGNORECASE
)


def log(data: bytes, offset: int = 0, cut: bool = False) -> Log | None:
    """A day file, or a run that was carved at `offset`; None where nothing in it is a log's alone."""
    plain = decoded(data)
    anchors = sum(1 for _ in _ANCHOR.finditer(plain))
    return Log(offset, len(data), anchors, cut, tuple(_segments(plain, offset))) if anchors else None


def _segments(plain: bytes, offset: int) -> Iterator[Segment]:
    lines = [match for match in LINE.finditer(plain) if _is_time(match[2])]
    preferred = _common([_title(match) for match in lines])
    first = lines[0].start() if lines else len(plain)
    if plain[:first].strip(b"\r\n"):
        yield _segment(None, None, plain, 0, first, offset)
    for number, match in enumerate(lines):
        end = lines[number + 1].start() if number + 1 < len(lines) else len(plain)
        yield _segment(read_text(_title(match), preferred), match, plain, match.end(), end, offset)


def _title(match: re.Match[bytes]) -> bytes:
    return match[1]


def _segment(
    title: Reading | None, match: re.Match[bytes] | None, plain: bytes, start: int, end: int, offset: int
) -> Segment:
    while end > start and plain[end - 1] in b"\r\n":
        end -= 1
    typed = plain[start:end]
    started = match is not None and match[1] == _STARTED
    text = title.text if title else None
    return Segment(
        title=None if started else text,
        code_page=title.code_page if title else "ascii",
        confidence=title.confidence if title else 0.0,
        time_text=match[2].decode("ascii") if match else None,
        offset=offset + start,
        length=end - start,
        keys=count(typed),
        started=started,
        login=bool(text and _LOGIN.search(text)),
    )


def _common(titles: Sequence[bytes]) -> str | None:
    """The code page that the titles which are sure about theirs agree on."""
    votes: dict[str, float] = {}
    for title in titles:
        reading = read_text(title)
        if reading.code_page != "ascii":
            votes[reading.code_page] = votes.get(reading.code_page, 0.0) + reading.confidence
    return max(sorted(votes), key=lambda name: votes[name]) if votes else None


def _is_time(stamp: bytes) -> bool:
    day, month, hour, minute, second = (int(stamp[a : a + 2]) for a in (0, 3, 11, 14, 17))
    return 1 <= day <= 31 and 1 <= month <= 12 and hour < 24 and minute < 60 and second < 61


def masked(data: bytes, segment: Segment, offset: int = 0) -> str:
    """The typed bytes of a segment as length and fingerprint."""
    start = segment.offset - offset
    return mask(decoded(data[start : start + segment.length]))


def reveal(data: bytes, segment: Segment, offset: int = 0) -> tuple[str, str]:
    """The typed text of a segment, raw and with Backspace applied, decoded again from the log's bytes."""
    start = segment.offset - offset
    typed = decoded(data[start : start + segment.length])
    page = segment.code_page if segment.code_page != "ascii" else None
    return read_text(typed, page).text, read_text(edited(typed, segment.code_page), page).text
