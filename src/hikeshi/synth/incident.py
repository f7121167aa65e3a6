# SPDX-License-Identifier: Apache-2.0
"""The drill's incident at a small invented company: two lure mails, one attachment opened, five days of evidence.

Each capability of the tool adds its own piece here. `write` puts the evidence into a folder and says what is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hikeshi.pack import LogRecord, PlacedFile, WebRequest
from hikeshi.synth import MARKER, events, mac, mail, office, web, zip
from hikeshi.synth.mail import Letter
from hikeshi.synth.office import CLEAN, DAY, DOMAIN, HOUR, MINUTE, MONDAY, SERVER

OPENED = "お見積書_20240312"
LURE_TIME = MONDAY + DAY + 9 * HOUR + 12 * MINUTE
FIRST_RUN = MONDAY + DAY + 9 * HOUR + 41 * MINUTE
GAP = (MONDAY + 2 * DAY + 13 * HOUR, MONDAY + 2 * DAY + 16 * HOUR)
COLLECTED = MONDAY + 4 * DAY + 18 * HOUR
STUDIO, LAPTOP = f"mac-02.{DOMAIN}", f"mac-05.{DOMAIN}"
LOGGED = f"ws-11.{DOMAIN}"
# Machines known by nothing but what they call themselves in the traffic of the gateway.
HEARD = (("WS-12", FIRST_RUN + 3 * HOUR), ("WS-14", FIRST_RUN + DAY))

Logs = Callable[..., Iterable[LogRecord]]
Files = Callable[..., Iterable[PlacedFile]]
Requests = Callable[..., Iterable[WebRequest]]


@dataclass(frozen=True)
class Planted:
    """What the drill plants on one machine: whose traces, from when, and the grade each function must reach there.

    A Windows machine is known by its logs, which `logs` makes, or only by what it asked of a server, which `requests`
    makes and the gateway captured; a macOS machine by a collection of what `files` makes.
    """

    host: str
    user: str
    start: int
    family: str
    functions: Mapping[str, str]
    logs: Logs | None = None
    files: Files | None = None
    requests: Requests | None = None


@dataclass(frozen=True)
class Infected:
    """What is true of one infected machine: its malware, the grade each function must reach, first and last trace."""

    host: str
    family: str
    functions: Mapping[str, str]
    first: int
    last: int
    server: str | None


@dataclass(frozen=True)
class Truth:
    """What happened, for scoring: times are UTC microseconds, paths are relative to the evidence folder."""

    machines: tuple[str, ...]
    infected: tuple[Infected, ...]
    lures: tuple[str, ...]
    messages: int
    events: int
    damaged: str
    unreadable: str
    gap: str


def write(folder: Path, seed: int, planted: Sequence[Planted]) -> Truth:
    """Write the evidence and return the truth; the same seed writes the same bytes."""
    kept = list(events.without(events.numbered([*office.server(seed)]), "Security", *GAP))
    clean = [*office.desk(seed, CLEAN, "sasaki"), *office.updates(CLEAN, "sasaki")]
    files = {
        "fs-01/security.jsonl": _damaged(events.flat(kept)),
        "ws-03/events.jsonl": events.winlogbeat(events.numbered(clean)),
        "ws-03/System.evtx": b"ElfFile\0" + bytes(56) + MARKER,
    }
    logged, infected, asked = len(kept) - 1 + len(clean), [], list[WebRequest]()
    for plant in planted:
        traces: list[LogRecord | PlacedFile | WebRequest] = []
        if plant.requests:
            own = list(plant.requests(seed, plant.host, plant.start))
            asked += own
            traces += own
        if plant.logs:
            logs = list(plant.logs(seed, plant.host, plant.user, f"{OPENED}.exe", plant.start))
            log = [*office.desk(seed, plant.host, plant.user), *logs]
            files[f"{plant.host.partition('.')[0]}/events.jsonl"] = events.flat(events.numbered(log))
            logged += len(log)
            traces += logs
        if plant.files:
            found = list(plant.files(seed, plant.user, plant.start))
            collected = mac.collection(plant.host, plant.user, COLLECTED, found)
            files |= {f"macs/{path}": data for path, data in collected.items()}
            traces += found
        infected.append(_infected(plant, traces))
    files["gateway/web.pcap"] = web.capture(seed, asked)
    lures, ordinary = _lures(), [*office.letters()]
    files |= {f"mail/{letter.id.partition('@')[0]}.eml": mail.eml(letter) for letter in lures}
    files["mail/office.mbox"] = mail.mbox(ordinary)
    _write(folder, files)
    return Truth(
        machines=(SERVER, CLEAN, *(plant.host for plant in planted)),
        infected=tuple(infected),
        lures=tuple(letter.id for letter in lures),
        messages=len(lures) + len(ordinary),
        events=logged,
        damaged="fs-01/security.jsonl",
        unreadable="ws-03/System.evtx",
        gap=f"{SERVER} Security",
    )


def _infected(plant: Planted, traces: Sequence[LogRecord | PlacedFile | WebRequest]) -> Infected:
    """The truth about a machine; a log of keys is written to for a while before its file has its time."""
    times = [trace.time for trace in traces]
    logs = [trace.fields for trace in traces if isinstance(trace, LogRecord)]
    servers = {fields["DestinationIp"] for fields in logs if "DestinationIp" in fields}
    servers |= {trace.server for trace in traces if isinstance(trace, WebRequest)}
    return Infected(
        plant.host, plant.family, plant.functions, min(times), max(times), min(servers, default=None)
    )


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name in sorted(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])


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
