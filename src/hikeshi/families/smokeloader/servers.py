# SPDX-License-Identifier: Apache-2.0
"""Servers of a configuration that was found, against the names that machines of the case asked for.

A configuration may hold names of others as bait (published analyses say so): one name is indicated, two are strong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from hikeshi.families.smokeloader import beside
from hikeshi.families.smokeloader.wire import host_of, order
from hikeshi.pack import Grade, Hit, Machine, replace

CONFIG = "smokeloader.config"
_ASKING = (beside.ANSWERED, beside.DEAD, beside.BROWSED, beside.BIT)
_SITE = re.compile(r"https?://([A-Za-z0-9._-]+)")
_MOST = 50


def asked(hits: Iterable[Hit], machines: Sequence[Machine] = ()) -> Iterator[Hit]:
    """For each client and configuration, the names of its servers that the client asked for."""
    every = sorted(hits, key=order)
    configs = [hit for hit in every if hit.message == CONFIG and hit.grade in (Grade.PROVEN, Grade.STRONG)]
    asking = [hit for hit in every if hit.message in _ASKING]
    told = set[tuple[str, str]]()
    for config in configs:
        names = {
            found[1].lower() for url in config.fields["c2_url"].split("\n") if (found := _SITE.match(url))
        }
        by_client: dict[str, list[Hit]] = {}
        for hit in asking:
            if hit.fields.get("name") in names:
                by_client.setdefault(hit.fields["client"], []).append(hit)
        for client, some in sorted(by_client.items()):
            named = sorted({hit.fields["name"] for hit in some})
            if (client, str(named)) not in told:
                told.add((client, str(named)))
                yield _finding(client, some, named, config, machines)


def _finding(
    client: str, some: Sequence[Hit], found: Sequence[str], config: Hit, machines: Sequence[Machine]
) -> Hit:
    first = min(some, key=lambda hit: (hit.time is None, hit.time or 0, order(hit)))
    dead = {hit.fields["name"] for hit in some if hit.message == beside.DEAD}
    fields = {
        "client": client, "names": ", ".join(found[:_MOST]), "count": str(len(found)), "dead": str(len(dead)),
        "with_item": config.item, "with_message": config.message,
    }  # fmt: skip
    return replace(
        first, grade=Grade.STRONG if len(found) > 1 else Grade.INDICATED, message="smokeloader.server-asked",
        function="registration", techniques=("T1071.001",), fields=fields, host=host_of(client, machines) or first.host,
    )  # fmt: skip
