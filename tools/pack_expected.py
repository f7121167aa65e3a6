# SPDX-License-Identifier: Apache-2.0
"""Write a pack's expected/seed-N.json: the traces its synth.py makes and what its own judges say of them.

    python tools/pack_expected.py NAME [SEED …]

Read the difference before committing it: the golden files say what the pack is meant to find.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hikeshi import families, schema
from hikeshi.families import Pack
from hikeshi.pack import Hit, Issue, LogRecord, hit

ITEM = "0" * 64


def row(record: LogRecord, number: int) -> dict[str, Any]:
    """A trace as a row of the table `events`."""
    fields = {"EventID": str(record.event_id), "Channel": record.channel, "Provider_Name": record.provider}
    user = record.fields.get("SubjectUserName") or record.fields.get("User")
    return {
        "item": ITEM,
        "record": number,
        "time": record.time,
        "host": record.host,
        "user": user,
        "channel": record.channel,
        "provider": record.provider,
        "event_id": record.event_id,
        "fields": list({**fields, **record.fields}.items()),
    }


def judged(pack: Pack, rows: Sequence[Mapping[str, Any]]) -> list[Hit | Issue]:
    """What a pack says of these events: its rules, its own judge, and what its findings say together."""
    from hikeshi.detect.sigma.compile import compile_rules
    from hikeshi.detect.sigma.judge import judge

    table = schema.table("events", rows)
    rules = compile_rules((rule.file, (pack.folder / rule.file).read_bytes()) for rule in pack.sigma)
    known = {rule.id: rule for rule in pack.sigma}
    found: list[Hit | Issue] = []
    for match in judge(table, rules):
        rule = rules.rules[match.rule]
        found.append(hit(known[rule.id], pack.family, rows[match.row], rule.credit()))
    events = families.entry(pack, "events")
    if events is not None:
        found += events(table)
    join = families.entry(pack, "join")
    if join is not None:
        found += join([one for one in found if isinstance(one, Hit)], ())
    return sorted(found, key=_order)


def _order(one: Hit | Issue) -> tuple[Any, ...]:
    if isinstance(one, Issue):
        return (1, -1, str(one.reason))
    return (
        0,
        one.record or 0,
        one.message,
        one.fields.get("with_record", ""),
        one.fields.get("with_message", ""),
    )


def expected(pack: Pack, seed: int) -> str:
    """The content of expected/seed-N.json."""
    synth = families.entry(pack, "synth")
    traces: Iterable[LogRecord] = synth(seed) if synth else ()
    rows = [row(trace, number) for number, trace in enumerate(traces)]
    found = [_plain(one) for one in judged(pack, rows) if not _is_clue(pack, one)]
    body = {"findings": found, "traces": [{**line, "fields": dict(line["fields"])} for line in rows]}
    for line in body["traces"]:
        del line["item"]
    return json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _is_clue(pack: Pack, one: Hit | Issue) -> bool:
    return isinstance(one, Hit) and one.message in pack.clues


def _plain(one: Hit | Issue) -> dict[str, Any]:
    plain = {key: value for key, value in asdict(one).items() if value not in (None, "", (), {})}
    del plain["item"]
    return plain


def main(name: str, *seeds: str) -> None:
    """Write the files of one pack."""
    pack = next(pack for pack in families.packs() if pack.name == name)
    (pack.folder / "expected").mkdir(exist_ok=True)
    for seed in seeds or ("1",):
        (pack.folder / "expected" / f"seed-{seed}.json").write_text(
            expected(pack, int(seed)), encoding="utf-8"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
