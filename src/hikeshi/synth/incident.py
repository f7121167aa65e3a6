# SPDX-License-Identifier: Apache-2.0
"""The drill's incident at a small invented company: two lure mails, one attachment opened, five days of logs.

Each capability of the tool adds its own piece here. `write` puts the evidence into a folder and says what is
true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from hikeshi.pack import LogRecord
from hikeshi.synth import MARKER, events, mail, office, zip
from hikeshi.synth.mail import Letter
from hikeshi.synth.office import CLEAN, DAY, DESK, DOMAIN, HOUR, MINUTE, MONDAY, SERVER

OPENED = "お見積書_20240312"
LURE_TIME = MONDAY + DAY + 9 * HOUR + 12 * MINUTE
FIRST_RUN = MONDAY + DAY + 9 * HOUR + 41 * MINUTE
GAP = (MONDAY + 2 * DAY + 13 * HOUR, MONDAY + 2 * DAY + 16 * HOUR)

Malware = Callable[..., Iterable[LogRecord]]


@dataclass(frozen=True)
class Truth:
    """What happened, for scoring: times are UTC microseconds, paths are relative to the evidence folder."""

    machines: tuple[str, ...]
    infected: str
    family: str
    functions: Mapping[str, str]
    first: int
    last: int
    server: str
    lures: tuple[str, ...]
    messages: int
    events: int
    damaged: str
    unreadable: str
    gap: str


def write(folder: Path, seed: int, family: str, functions: Mapping[str, str], malware: Malware) -> Truth:
    """Write the evidence and return the truth; the same seed writes the same bytes.

    `malware` makes the infected machine's traces; `functions` is the grade each function must reach at least.
    """
    traces = list(malware(seed, host=DESK, user="hayashi", opened=f"{OPENED}.exe", start=FIRST_RUN))
    server = [*office.server(seed)]
    clean = [*office.desk(seed, CLEAN, "sasaki"), *office.updates(CLEAN, "sasaki")]
    desk = [*office.desk(seed, DESK, "hayashi"), *traces]
    kept = list(events.without(events.numbered(server), "Security", *GAP))
    files = {
        "fs-01/security.jsonl": _damaged(events.flat(kept)),
        "ws-03/events.jsonl": events.winlogbeat(events.numbered(clean)),
        "ws-03/System.evtx": b"ElfFile\0" + bytes(56) + MARKER,
        "ws-07/events.jsonl": events.flat(events.numbered(desk)),
    }
    lures, ordinary = _lures(), [*office.letters()]
    files |= {f"mail/{letter.id.partition('@')[0]}.eml": mail.eml(letter) for letter in lures}
    files["mail/office.mbox"] = mail.mbox(ordinary)
    for name in sorted(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
    addresses = {trace.fields["DestinationIp"] for trace in traces if "DestinationIp" in trace.fields}
    return Truth(
        machines=(SERVER, CLEAN, DESK),
        infected=DESK,
        family=family,
        functions=MappingProxyType(dict(functions)),
        first=traces[0].time,
        last=traces[-1].time,
        server=min(addresses),
        lures=tuple(letter.id for letter in lures),
        messages=len(lures) + len(ordinary),
        events=len(kept) - 1 + len(clean) + len(desk),
        damaged="fs-01/security.jsonl",
        unreadable="ws-03/System.evtx",
        gap=f"{SERVER} Security",
    )


def _damaged(lines: bytes) -> bytes:
    """The log with its hundredth line cut in the middle, as a full disk leaves it."""
    rows = lines.splitlines(keepends=True)
    rows[99] = rows[99][: len(rows[99]) // 2] + b"\n"
    return b"".join(rows)


def _lures() -> list[Letter]:
    body = (
        "{name} 様\n\nいつもお世話になっております。\nみなとデザイン営業部の高橋と申します。\n"
        "ご依頼の件、お見積書をお送りいたします。\n添付をご確認のうえ、本日中にご返信ください。\n\n"
        "有限会社みなとデザイン\nhttp://download.example/mitsumori/\n"
    )
    inert = "これは訓練用の見本です。".encode() + MARKER
    archive = zip.stored([(f"{OPENED}.bin", inert)])
    found = []
    for number, user in enumerate(("hayashi", "sasaki")):
        name = office.STAFF[user]
        found.append(
            Letter(
                f"mitsumori-{number + 1}@minato-design.example",
                LURE_TIME + number * MINUTE,
                ("有限会社みなとデザイン 営業部", "sales@minato-design.example"),
                ((name, f"{user}@{DOMAIN}"),),
                "【お見積りの件】3月分のお見積書をお送りします",
                body.format(name=name),
                received=(
                    ("mx.mihon.example", "192.0.2.25", "mail.mihon.example"),
                    ("relay.example", "198.51.100.23", "mx.mihon.example"),
                ),
                authentication="mx.mihon.example; spf=softfail; dmarc=fail",
                reply_to="minato-sales@freemail.example",
                attachments=((f"{OPENED}.zip", archive),),
            )
        )
    return found
