# SPDX-License-Identifier: Apache-2.0
"""What the main loop of NetWire 1.7 leaves on its stack: last action, host, user, drives, path, time, file.

Offsets and return addresses: ArsenalRecon/NetWireStackForensics. The image has no address randomisation, so
return addresses and constants are those of one build; each page names its own place through pointers into
the stack, so pages are put together by their addresses and need no order, no host name and no neighbours.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from hikeshi.families.netwire import commands
from hikeshi.families.netwire.files import Described
from hikeshi.families.netwire.residue import uploaded
from hikeshi.families.netwire.view import View, cut
from hikeshi.pack import filetime, read_text

ANCHOR = 0x40109E
LOOP = (0x402C27, 0x402D38)
CONSTANT = 0x427244
OUTER = 0x402BD5
LITERALS = (struct.pack("<I", ANCHOR), struct.pack("<I", CONSTANT))
SIZE = 0x34000
PAGE = 0x1000
_MOST = 2048

ACTIONS: Mapping[int, str] = {
    0x401147: "ping", 0x401313: "session-start", 0x401891: "list-drives", 0x4018ED: "browse",
    0x401B6B: "download", 0x401BAF: "upload", 0x401CC1: "screenshot", 0x401E21: "key-log-open",
    0x401E41: "key-log-view", 0x401E55: "key-log-delete", 0x401ED9: "key-log-download", 0x402134: "rename",
    0x40217E: "delete", 0x4023EB: "hash", 0x402498: "shell", 0x4026F9: "http-download",
    0x40272C: "browser-passwords", 0x40275F: "messenger-passwords", 0x402792: "mail-passwords",
}  # fmt: skip
DRIVES = re.compile(rb"(?:[A-Z]:[\x00-\x06]\x07)+")
PATHS = (0x1F1C, 0x1F10, 0x1F30)
TIMES = (0x3C4C, 0x3C28)
# A FILETIME outside 2005 to 2100 is no time of this malware.
PLAUSIBLE = range(1_104_537_600_000_000, 4_102_444_800_000_000)


@dataclass(frozen=True)
class Residue:
    """The state of one agent's main loop. What lies on a page that is missing or overwritten is None.

    `offset` is that of the stack's base in the image where its pages lie in order, else of its best page.
    `constants` (of 5) says how many of the build's constants agree; `pending` that a command was not yet
    processed; `assumed` that drives and path lie on a page joined only because the image has no other such page.
    """

    offset: int
    base: int | None
    constants: int
    linear: bool
    action: str | None
    address: int | None
    control: int | None
    pending: bool
    host: str | None = None
    user: str | None = None
    parameter: str | None = None
    drives: str | None = None
    path: str | None = None
    server: str | None = None
    time: int | None = None
    hello: commands.Hello | None = None
    command: commands.Command | None = None
    file: Described | None = None
    missing: tuple[int, ...] = ()
    assumed: bool = False


def stacks(data: bytes, pages: Mapping[int, int] | None = None) -> Iterator[Residue]:
    """Every stack in an image, by offset. `pages` maps addresses of pages to offsets, where that is known."""
    loops, bodies = dict(islice(_loops(data), _MOST)), dict(islice(_bodies(data), _MOST))
    views = [(at, _joined(data, at, base, bodies, loops, pages)) for at, base in sorted(loops.items())]
    used = {view.offset(0x2B44) for _, view in views}
    for at, base in sorted(bodies.items()):
        if at not in used:
            view = View.linear(data, at, 0x2B44, base, _own)
            views.append((at, view.mapped(pages) if pages is not None else view))
    for at, view in sorted(views, key=lambda one: one[0]):
        lists = _lists(data, view) if len(views) == 1 and view.offset(0x1AFC) is None else []
        assumed = len(lists) == 1
        yield _residue(view.with_page(lists[0], 0x1B0C) if assumed else view, at, assumed)


def _lists(data: bytes, view: View) -> list[int]:
    """Offsets of lists of drives that could be this stack's, by their place in a page."""
    inside, phase = (view.start + 0x1B0C) % PAGE, next(iter(view.pages.values()))
    found = []
    for match in DRIVES.finditer(data):
        at, size = match.start(), _u32(data, match.start() - 0x10)
        if (at - phase) % PAGE == inside and size == len(match[0]):
            found += [at] if all(_u32(data, at - d) == size + 5 for d in (0x3C, 0x34, 0x30)) else []
    return found


def _loops(data: bytes) -> Iterator[tuple[int, int | None]]:
    """Offsets of the loop's own frame, with the base's address as its pointers give it."""
    at = data.find(LITERALS[0])
    while at >= 0:
        if _u32(data, at + 0xC) in LOOP and (_u32(data, at + 0x1C) or 0) <= commands.LARGEST_DATA:
            outer, payload = (_u32(data, at + d) or 0 for d in (0x14, 0x18))
            base = next((p for p in (outer - 0x33F7C, payload - 0x3F7D) if p > 0 and p % 4 == 0), None)
            yield at, base
        at = data.find(LITERALS[0], at + 1)


def _bodies(data: bytes) -> Iterator[tuple[int, int]]:
    """Offsets of the constant beside the buffers, with the base's address."""
    at = data.find(LITERALS[1])
    while at >= 0:
        first, second = _u32(data, at - 12), _u32(data, at - 8)
        if at >= 12 and first and second and first - second == 0x40 and first > 0x2BA0 and first % 4 == 0:
            yield at, first - 0x2BA0
        at = data.find(LITERALS[1], at + 1)


def _joined(
    data: bytes,
    at: int,
    base: int | None,
    bodies: Mapping[int, int],
    loops: Mapping[int, int | None],
    pages: Mapping[int, int] | None,
) -> View:
    """The stack around a loop frame: its image neighbours where they fit, else the pages its address points to."""
    neighbour = at - (0x3F50 - 0x2B44)
    in_order = neighbour in bodies and (base is None or bodies[neighbour] == base)
    if in_order and _u32(data, at - 0x3F50 + 0x33F88) == OUTER:
        return View.linear(data, at, 0x3F50, bodies[neighbour], None)
    view = View.linear(data, at, 0x3F50, base, _own)
    if base is None:
        return view
    if pages is not None:
        return view.mapped(pages)
    alike = [offset for offset, other in bodies.items() if other == base]
    rivals = [offset for offset, other in loops.items() if other == base]
    if len(rivals) > 1:
        low = view.number(0x3F7C, 1)
        alike = [offset for offset in alike if data[offset + 0x18 : offset + 0x19] == bytes([low or 0])]
    return view.with_page(alike[0], 0x2B44) if len(alike) == 1 else view


def _own(number: int, own: int) -> bool:
    return number == own


def _residue(view: View, at: int, assumed: bool) -> Residue:
    address = view.number(0x2B1C)
    control = view.number(0x3F7C, 1) or view.number(0x2B5C, 1)
    first = view.number(0x2B5C, 1)
    known = control if control is not None and commands.FIRST <= control <= commands.LAST else None
    size = view.number(0x3F6C)
    payload = view.upto(0x3F7D, size) if size is not None and size <= commands.LARGEST_DATA else b""
    command = commands.parse(known, payload, size) if known and size is not None else None
    start = view.offset(0)
    return Residue(
        offset=at if start is None or not view.whole else start,
        base=view.base,
        constants=_constants(view),
        linear=view.whole,
        action=ACTIONS.get(address or 0),
        address=address,
        control=known,
        pending=known is not None and first is not None and first != known,
        host=_name(view, 0x2B60, 64),
        user=_name(view, 0x2BA0, 0x104),
        parameter=_name(view, 0x2CA4, 0x104),
        drives=_drives(view),
        path=_path(view),
        server=_name(view, 0x3068, 64, host=True),
        time=_time(view),
        hello=commands.hello(cut(view.upto(0x2F00, 0x168))),
        command=command,
        file=uploaded(view, ACTIONS.get(address or 0), known),
        missing=view.missing(),
        assumed=assumed,
    )


def _constants(view: View) -> int:
    wanted = ((0x3F50, (ANCHOR,)), (0x3F5C, LOOP), (0x2B44, (CONSTANT,)), (0x33F88, (OUTER,)))
    found = sum(view.number(at) in values for at, values in wanted)
    first, second = view.number(0x2B38), view.number(0x2B3C)
    return found + (first is not None and second is not None and first - second == 0x40)


def _name(view: View, at: int, size: int, host: bool = False) -> str | None:
    raw = view.upto(at, size)
    end = raw.find(b"\0")
    text = raw[:end] if end >= 0 else b""
    if not text or any(byte < 0x20 or byte == 0x7F for byte in text):
        return None
    if host and (b"." not in text or not text.replace(b".", b"").replace(b"-", b"").isalnum()):
        return None
    return read_text(text).text


def _drives(view: View) -> str | None:
    sizes = {view.number(at) for at in (0x1AD0, 0x1AD8, 0x1ADC)}
    length = view.number(0x1AFC)
    if length is None or not 0 < length <= 26 * 4 or sizes != {length + 5}:
        return None
    return commands.drives(view.upto(0x1B0C, length))


def _path(view: View) -> str | None:
    for at in PATHS:
        raw = view.upto(at, 520)
        text = raw[: len(raw) & ~1].decode("utf-16-le", "replace").partition("\0")[0]
        if text[1:3] == ":\\" and text[0].isalpha() and text.endswith("\\*.*") and text.isprintable():
            return text
    return None


def _time(view: View) -> int | None:
    found = [filetime(view.number(at, 8) or 0) for at in TIMES]
    plausible = [moment for moment in found if moment is not None and moment in PLAUSIBLE]
    return plausible[0] if len(plausible) == 1 else None


def _u32(data: bytes, at: int) -> int | None:
    return int.from_bytes(data[at : at + 4], "little") if 0 <= at <= len(data) - 4 else None
