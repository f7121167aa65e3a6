# SPDX-License-Identifier: Apache-2.0
"""A program file as a whole: its settings, or texts of NetWire in it and why no settings can be read.

The texts: CAPE's rule, MalConfScan's, Elastic's and rules derived from vendors' names, as facts; which of them
count, and how many are asked for, is our own choice.
"""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.families.netwire import stack
from hikeshi.families.netwire.config_file import NO_ANCHOR, from_file, why_none
from hikeshi.families.netwire.raw import FAMILY, configured, sent_file
from hikeshi.families.netwire.view import PAGE
from hikeshi.pack import Grade, Hit, Layout, Program, Section

# Particular to the family; the second row also stands in other programs that log keys or read stores.
_OWN = (b"HostId-%Rand%", b"SOFTWARE\\NetWire", b"[Log Started] - [%.2d/%.2d/%d %.2d:%.2d:%.2d]", b"wcnwClass",
        b"RGI28DQ30QB8Q1F7", b"%6\\6Z65dlNh\\YlS.dfd", b"R-W65: %6:%S")  # fmt: skip
_SHARED = (b"[%s] - [%.2d/%.2d/%d %.2d:%.2d:%.2d]", b"%s%.2d-%.2d-%.4d", b"%d:%I64u:%s%s;", b"%s.Identifier",
           b"ping 192.0.2.2", b":deleteSelf", b"select *  from moz_logins", b"[Shift Lock]", b"[Print Screen]",
           b"%s/.config/autostart/%s.desktop", b"filenames.txt", b"http://%s%ComSpec")  # fmt: skip
_ENOUGH, _MOST_PAGES = 5, 1 << 15


def judged(program: Program) -> Iterator[Hit]:
    """The settings of a program, or the texts in it that are NetWire's and why it has none; of a dump, files sent."""
    for layout in program.layouts:
        if layout.format == "minidump":
            yield from _uploads(program, layout)
            return
    images = list(_images(program))
    reasons = {why_none(program.bytes, sections, base) for sections, base in images[:1]}
    if reasons - {NO_ANCHOR}:
        for sections, base in images:
            configs = list(from_file(program.bytes, sections, base))
            if configs:
                yield from (configured(program.item, config) for config in configs)
                return
        reasons = {why_none(program.bytes, sections, base) for sections, base in images}
    texts = [text for text in (*_OWN, *_SHARED) if text in program.bytes]
    own = [text for text in texts if text in _OWN]
    if not own or len(own) + len(texts) < _ENOUGH:
        return
    fields = {
        "texts": "\n".join(text.decode("ascii") for text in texts),
        "why": _why(reasons),
        "format": ", ".join(sorted({layout.format for layout in program.layouts})) or "unknown",
    }
    grade = Grade.STRONG if len(own) >= 2 else Grade.INDICATED
    yield Hit(
        program.item,
        grade,
        "netwire.program",
        offset=program.bytes.find(own[0]),
        family=FAMILY,
        fields=fields,
    )


def _uploads(program: Program, layout: Layout) -> Iterator[Hit]:
    """Files that the last action sent to the victim, followed by the addresses of a dump: raw bytes have none."""
    pages: dict[int, int] = {}
    for section in layout.sections:
        first, end = -(-section.address // PAGE) * PAGE, section.address + section.size
        for address in range(first, min(end, first + _MOST_PAGES * PAGE), PAGE):
            pages[address] = section.offset + address - section.address
    for found in stack.stacks(program.bytes, pages):
        if found.file is not None and found.file.whole:
            yield sent_file(program.item, found.offset, found, found.file)


def _images(program: Program) -> Iterator[tuple[tuple[Section, ...], int]]:
    """Each program in the file as stored, then the same as taken from memory, where offsets equal addresses."""
    for layout in program.layouts:
        yield layout.sections, layout.base
    for layout in program.layouts:
        yield (Section(0, len(program.bytes), 0),), layout.base


def _why(reasons: set[str]) -> str:
    """The reason that got furthest: fields that cannot be read, addresses outside, no code that names fields."""
    order = ("fields-not-readable", "address-outside", NO_ANCHOR)
    return next((reason for reason in order if reason in reasons), "no-section-table")
