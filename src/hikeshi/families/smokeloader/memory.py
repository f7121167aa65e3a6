# SPDX-License-Identifier: Apache-2.0
"""Names of SmokeLoader in raw bytes: the agent task, its files, and the bot id as mutex and file mapping.

Source: ThreatLabz/smokebuster (screenshots: a mutex of 40 digits, a mapping of the same and FF).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hikeshi.families.smokeloader.clues import clue
from hikeshi.families.smokeloader.places import MOZILLA
from hikeshi.pack import Hit, Region

_TASK = re.compile(rb"Firefox Default Browser Agent ([0-9A-F]{16})(?![0-9A-F])")
_MAPPING = re.compile(rb"(?<![0-9A-Fa-f])([0-9A-F]{40})FF(?![0-9A-Fa-f])")
_PROGRAM = re.compile(rb"(?:[A-Za-z]:\\[ -~]{1,200}?\\AppData\\)?(?:Roaming|Local\\Temp)\\([a-jr-w]{7})\0")
_MOZILLA = re.compile(rb"Mozilla\\$")


def tasks(region: Region) -> Iterator[Hit]:
    """The sixteen digits of agent tasks that are not in Mozilla's folder, in one or two bytes a letter."""
    told = set()
    for place, text, _ in _narrowed(region, _TASK):
        digits = text[1].decode()
        if digits not in told and digits not in MOZILLA and not _MOZILLA.search(text.string[: text.start()]):
            told.add(digits)
            where = {"item": region.item, "offset": place}
            task = text[0].decode()
            yield clue("smokeloader.clue-task", where, task=task, digits=digits, ground="bytes")


def mappings(region: Region) -> Iterator[Hit]:
    """Bot ids that stand as the name of a file mapping, 40 digits and FF."""
    told = set()
    for place, text, width in _narrowed(region, _MAPPING):
        found = text[1].decode()
        # Chance digits and repeated bytes are no hash.
        if found not in told and len(set(found[:32])) > 6:
            told.add(found)
            where = {"item": region.item, "offset": place}
            yield clue("smokeloader.clue-id", where, bot_id=found, width=str(width), ground="memory")


def programs(region: Region) -> Iterator[Hit]:
    """Paths in the root of Roaming or Temp whose last step is spelled in seven of the letters."""
    told = set()
    for place, text, _ in _narrowed(region, _PROGRAM):
        path, letters = text[0][:-1].decode(), text[1].decode()
        if path not in told:
            told.add(path)
            where = {"item": region.item, "offset": place}
            yield clue("smokeloader.clue-file", where, file=path, letters=letters, ground="bytes")


def _narrowed(region: Region, pattern: re.Pattern[bytes]) -> Iterator[tuple[int, re.Match[bytes], int]]:
    """Matches in the bytes as they are, and in each second byte where those between are zero."""
    for match in pattern.finditer(region.bytes):
        yield region.offset + match.start(), match, 1
    for odd in (0, 1):
        wide = region.bytes[odd::2]
        for match in pattern.finditer(wide):
            between = region.bytes[odd + 1 + 2 * match.start() : 2 * match.end() + odd : 2]
            if not any(between):
                yield region.offset + odd + 2 * match.start(), match, 2
