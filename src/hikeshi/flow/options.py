# SPDX-License-Identifier: Apache-2.0
"""What decides the result of a run, beside the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """The options of a run that change its result; case.json holds them, of passwords only how many there were.

    `deep` runs costly tests on inputs of any size and YARA rules over whole images; `start` and `end` bound the
    findings, both included: ISO texts in UTC with microseconds. `own` are address ranges of the examiner's network;
    with `cert` victims in logs of servers are listed that are not in them.
    """

    rules: tuple[str, ...] = ()
    yara: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    suppress: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    timezone: str = "Asia/Tokyo"
    tlp: str = "AMBER+STRICT"
    languages: tuple[str, ...] = ("ja", "en")
    search_keys: bool = False
    own: tuple[str, ...] = ()
    cert: bool = False
    deep: bool = False
    passwords: tuple[str, ...] = field(default=(), repr=False)
