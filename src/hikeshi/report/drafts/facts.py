# SPDX-License-Identifier: Apache-2.0
"""The facts of a case that drafts may ask for, each a few lines in one language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hikeshi import words
from hikeshi.case.saved import Saved
from hikeshi.report.clock import moment
from hikeshi.report.custody import custody
from hikeshi.report.escape import short
from hikeshi.report.found import settings
from hikeshi.report.stage.model import Line, Stage
from hikeshi.report.stage.wording import Speaker, defanged
from hikeshi.report.wording import labels

ROWS = 60
WIDTH = 300
Facts = Mapping[str, Callable[[], list[str]]]


def facts(saved: Saved, stage: Stage, lang: str) -> Facts:
    """Every fact by its name; each is worked out only when a draft asks for it."""
    p = Speaker(stage, lang)
    hosts = stage.now.hosts
    return {
        "overview": lambda: [p.affected(), f"{p.t['no-trace']}"],
        "confirmed": lambda: _lines(p, stage.confirmed),
        "examining": lambda: _lines(p, stage.examining),
        "unknown": lambda: _lines(p, stage.unknown),
        "families": lambda: _families(p),
        "count-range": lambda: ["＿＿＿ 〜 ＿＿＿" if lang == "ja" else "from ____ to ____"],
        "stealing": lambda: _states(p, "stealing", stage.stealing),
        "contact": lambda: _states(p, "contact", stage.contact),
        "measures": lambda: [
            one.ja if lang == "ja" else one.en for one in stage.people.lists.get("measures", ())
        ],
        "span": lambda: _span(p),
        "zone": lambda: [p.t["zone"].format(zone=stage.clock.name)],
        "clocks": lambda: _clocks(saved, p),
        "configuration": lambda: _configuration(saved, stage, p),
        "timeline": lambda: _cut(_timeline(saved, stage, p)),
        "indicators": lambda: _indicators(stage, p),
        "hosts": lambda: [_host(p, name, host) for name, host in hosts.items()],
        "intake": lambda: _intake(saved, lang),
        "evidence": lambda: _cut(_evidence(saved.account["evidence"])),
        "tool": lambda: _tool(saved.account["tool"]),
    }


def _lines(p: Speaker, lines: Iterable[Line]) -> list[str]:
    return _cut(p.line(one.what, one.values) for one in lines)


def _cut(lines: Iterable[str]) -> list[str]:
    """At most ROWS lines; what is left out is counted."""
    found = list(lines)
    return [*found[:ROWS], f"… +{len(found) - ROWS}"] if len(found) > ROWS else found


def _states(p: Speaker, key: str, states: Mapping[str, int]) -> list[str]:
    return [f"{p.t[key]}: {p.states(states)}"]


def _families(p: Speaker) -> list[str]:
    found = sorted({family for host in p.stage.now.hosts.values() for family in host.families})
    return [f"{p.t['family']}: {p.join(map(p.family, found)) or p.t['none']}"]


def _span(p: Speaker) -> list[str]:
    hosts = p.stage.now.hosts.values()
    first = min((host.first for host in hosts if host.first), default="")
    last = max((host.last for host in hosts if host.last), default="")
    return [f"{p.t['first-seen']}: {p.time(first)}", f"{p.t['last-seen']}: {p.time(last)}"]


# The system's time was changed: Security 4616, and event 1 of Kernel-General (learn.microsoft.com).
CLOCKS = """
SELECT host, coalesce(map_extract(fields, 'PreviousTime')[1], map_extract(fields, 'OldTime')[1]) AS old,
  map_extract(fields, 'NewTime')[1] AS new
FROM events WHERE (channel = 'Security' AND event_id = 4616) OR (channel = 'System' AND event_id = 1)
ORDER BY host, time, record
"""


def _clocks(saved: Saved, p: Speaker) -> list[str]:
    """Machines whose clock was set, with the widest step; no record of it does not mean a right clock."""
    steps: dict[str, list[float]] = {}
    for row in saved.rows(CLOCKS):
        old, new = moment(row["old"]), moment(row["new"])
        if old and new:
            steps.setdefault(row["host"] or "", []).append((new - old).total_seconds())
    if not steps:
        return [p.t["clock-none"]]
    lines = [
        p.t["clock-set"].format(
            host=p.value("host", host), n=len(found), seconds=f"{max(found, key=abs):+,.3f}"
        )
        for host, found in sorted(steps.items())
    ]
    return _cut(lines)


def _configuration(saved: Saved, stage: Stage, p: Speaker) -> list[str]:
    """What packs decoded of the malware's settings, each once."""
    kept, found = set(stage.now.findings), dict[str, None]()
    for finding in saved.findings():
        if finding["id"] in kept and finding["family"]:
            for name, value in settings(finding):
                shown = short(defanged(value) if name.startswith("c2") else value, p.lang, WIDTH)
                found[f"{p.family(finding['family'])} {p.kind(name)}: {shown}"] = None
    return [p.t["no-contact"], *_cut(found)] if found else [p.t["no-configuration"]]


def _host(p: Speaker, name: str, host: Any) -> str:
    states = f"{p.t['stealing']}: {p.state(host.stealing)}; {p.t['contact']}: {p.state(host.contact)}"
    times = f"; {p.time(host.first)} – {p.time(host.last)}" if host.first else ""
    return f"{p.value('host', name)} — {p.grade(host.grade)}{times}; {states}"


def _timeline(saved: Saved, stage: Stage, p: Speaker) -> Iterable[str]:
    kept = set(stage.now.findings)
    for finding in saved.findings():
        if finding["id"] in kept:
            text = short(words.text(finding["message"], p.lang, finding["fields"]), p.lang, WIDTH)
            grade = p.name("grade", finding["grade"])
            yield f"{p.time(finding['time'] or '')} {p.value('host', finding['host'] or '')} [{grade}] {text}"


def _indicators(stage: Stage, p: Speaker) -> list[str]:
    found = [
        f"{p.kind(one.kind)}: {short(defanged(one.value), p.lang, WIDTH)}" for one in stage.now.indicators
    ]
    return [p.t["no-contact"], *_cut(found)] if found else []


def _intake(saved: Saved, lang: str) -> list[str]:
    record = custody(saved.path, saved.account)
    words_of = labels(lang)
    return _cut(
        f"{'　' * row.depth}{words_of.get(f'intake.{row.key}', row.key)}: {short(row.value or '', lang, WIDTH)}"
        for row in record.intake or []
    )


def _evidence(nodes: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for node in nodes:
        if node.get("sha256"):
            yield f"{short(str(node['path']), 'en', WIDTH)}  SHA-256 {node['sha256']}"
        yield from _evidence(node.get("children", ()))


def _tool(tool: Mapping[str, Any]) -> list[str]:
    packs = [
        f"{pack['name']} {pack.get('version', '')} {pack.get('sha256', '')}".strip() for pack in tool["packs"]
    ]
    return [f"{tool['name']} {tool['version']}", *packs]
