# SPDX-License-Identifier: Apache-2.0
"""The management note as two pages of text: what is known, then the machines, what happened, and what is done.

A page is filled by the widths of East Asian characters (Unicode, UAX #11), so it holds whatever the evidence names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hikeshi.report.found import STRENGTH, WEAKEST
from hikeshi.report.stage.model import Line, Stage
from hikeshi.report.stage.snapshot import FIRM
from hikeshi.report.stage.wording import Speaker

# Columns of a full line (a wide character takes two), lines of a page, and the longest list before it is cut.
COLUMNS, LINES, MOST = 88, 44, 8
SENTENCE = 170
CELL = 30
NAMES = 3


@dataclass(frozen=True)
class Block:
    """A heading with its lines, or a heading with rows of a table."""

    heading: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: str = ""

    @property
    def height(self) -> int:
        """How many printed lines it takes at most."""
        rows = [max(width(cell) for cell in row) for row in self.rows]
        listed = sum(-(-width(line) // (COLUMNS - 6)) for line in self.lines)
        return 2 + listed + sum(1 + size // CELL for size in rows) + bool(self.more)


@dataclass(frozen=True)
class Note:
    """The two pages, after the head of the first."""

    title: str
    head: tuple[tuple[str, str], ...]
    pages: tuple[tuple[Block, ...], tuple[Block, ...]]
    foot: tuple[str, ...]


def width(text: str) -> int:
    """Columns a text takes: two for wide, full and ambiguous characters."""
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)


def cut(text: str, most: int = SENTENCE) -> str:
    """The text in at most so many columns."""
    if width(text) <= most:
        return text
    used, kept = 0, []
    for char in text:
        used += width(char)
        if used > most - 2:
            break
        kept.append(char)
    return "".join(kept) + "…"


def note(stage: Stage, lang: str) -> Note:
    """The management note of a report."""
    p = Speaker(stage, lang)
    head = _head(stage, p)
    taken = 4 + sum(-(-width(value) // 60) for _, value in head)
    return Note(
        title=f"{p.t['title']} {p.heading()}",
        head=head,
        pages=(
            _fitted(lambda most: _first(stage, p, most), LINES - taken),
            _fitted(lambda most: _second(stage, p, most), LINES - 4),
        ),
        foot=(p.t["no-trace"], p.t["legal"], p.t["see-report"]),
    )


def _fitted(blocks: Callable[[int], list[Block]], lines: int) -> tuple[Block, ...]:
    """The blocks with as many entries each as the page holds."""
    for most in range(MOST, 0, -1):
        made = [block for block in blocks(most) if block.lines or block.rows]
        if sum(block.height for block in made) <= lines:
            break
    return tuple(made)


def _head(stage: Stage, p: Speaker) -> tuple[tuple[str, str], ...]:
    t, hosts = p.t, stage.now.hosts.values()
    families = sorted({family for host in hosts for family in host.families})
    first = min((host.first for host in hosts if host.first), default="")
    last = max((host.last for host in hosts if host.last), default="")
    return (
        (t["as-of"], p.time(stage.now.as_of)),
        (t["affected-machines"], cut(p.affected_range(), 110)),
        (t["family"], cut(p.join(map(p.family, families)) or t["none"], 110)),
        (t["first-seen"], p.time(first)),
        (t["last-seen"], p.time(last)),
        (t["stealing"], p.states(stage.stealing)),
        (t["contact"], p.states(stage.contact)),
    )


def _first(stage: Stage, p: Speaker, most: int) -> list[Block]:
    people = stage.people.lists
    said = {
        key: [p.t["signed"].format(text=cut(p.own(one), SENTENCE - 30)) for one in people.get(key, ())]
        for key in ("confirmed", "examining", "unknown")
    }
    since = [p.line(one.what, one.values) for one in stage.changes]
    blocks = [_block(p, "since", since or [p.t["since-same"]], most)] if stage.before else []
    blocks += [
        _block(p, "confirmed", said["confirmed"] + _by_function(p, stage.confirmed), most),
        _block(p, "examining", said["examining"] + _by_function(p, stage.examining), most),
        _block(p, "unknown", said["unknown"] + _unknown(stage, p), most),
    ]
    if stage.judgement:
        blocks.append(Block(p.t["judgement"], tuple(p.own(one) for one in stage.judgement)))
    return blocks


def _second(stage: Stage, p: Speaker, most: int) -> list[Block]:
    t, hosts = p.t, stage.now.hosts
    ranked = sorted(hosts, key=lambda name: (not name, STRENGTH.get(hosts[name].grade, WEAKEST), name))
    rows = [tuple(t[key] for key in ("host", "grade", "stealing", "contact"))]
    for name in ranked[: 2 * most]:
        host = hosts[name]
        states = (p.state(host.stealing), p.state(host.contact))
        rows.append((cut(p.value("host", name), 56), p.grade(host.grade), *states))
    over = len(ranked) - 2 * most
    table = Block(t["hosts"], rows=tuple(rows), more=t["more"].format(n=over) if over > 0 else "")
    lists = [
        _block(p, key, [p.own(one) for one in stage.people.lists.get(key, ())], most)
        for key in ("measures", "next")
    ]
    return [table, _block(p, "events", _events(stage, p), most), *lists]


def _block(p: Speaker, key: str, lines: Sequence[str], most: int) -> Block:
    shown = tuple(cut(line) for line in lines[:most]) or (p.t["none"],)
    over = len(lines) - most
    return Block(p.t[key], shown, more=p.t["more"].format(n=over) if over > 0 else "")


def _by_function(p: Speaker, lines: Iterable[Line]) -> list[str]:
    """One line a function: on how many machines, and the first of them."""
    met: dict[str, list[str]] = {}
    for line in lines:
        met.setdefault(line.values["function"], []).append(line.values["host"])
    return [
        p.t["function-on"].format(function=p.name("function", function), n=len(hosts), hosts=_named(p, hosts))
        for function, hosts in sorted(met.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]


def _named(p: Speaker, hosts: Sequence[str]) -> str:
    shown = p.join(cut(p.value("host", name), 40) for name in hosts[:NAMES])
    return shown if len(hosts) <= NAMES else shown + p.t["and-more"]


def _unknown(stage: Stage, p: Speaker) -> list[str]:
    closed = [line.values["host"] for line in stage.unknown if line.what == "closed"]
    found = [p.t["closed-on"].format(n=len(closed), hosts=_named(p, closed))] if closed else []
    lost = stage.now.lost
    if lost:
        reasons = p.join(
            f"{p.name('reason', reason)} {lost[reason]:,}" for reason in sorted(lost, key=lambda r: -lost[r])
        )
        found.append(p.t["lost-all"].format(n=sum(lost.values()), reasons=cut(reasons, 110)))
    return found + [p.line(line.what, line.values) for line in stage.unknown if line.what == "gaps"]


def _events(stage: Stage, p: Speaker) -> list[str]:
    """The first firm trace of each function, in the order of time."""
    first: dict[str, tuple[str, str, str]] = {}
    for name, host in stage.now.hosts.items():
        for function, use in host.functions.items():
            if use.first and STRENGTH.get(use.grade, WEAKEST) <= FIRM:
                mine = (use.first, function, name)
                first[function] = min(first.get(function, mine), mine)
    return [
        p.t["event"].format(
            time=p.time(time), function=p.name("function", function), host=cut(p.value("host", name), 40)
        )
        for time, function, name in sorted(first.values())
    ]
