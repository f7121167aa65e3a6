# SPDX-License-Identifier: Apache-2.0
"""The facts of a case that drafts may ask for, each a few lines in one language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hikeshi import words
from hikeshi.case.saved import Saved
from hikeshi.report.custody import custody
from hikeshi.report.escape import short
from hikeshi.report.stage.model import Line, Stage
from hikeshi.report.stage.wording import Speaker, defanged

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
        "families": lambda: [
            p.family(one) for one in sorted({one for host in hosts.values() for one in host.families})
        ],
        "count-range": lambda: ["＿＿＿ 〜 ＿＿＿" if lang == "ja" else "from ____ to ____"],
        "stealing": lambda: _states(p, "stealing", stage.stealing),
        "contact": lambda: _states(p, "contact", stage.contact),
        "measures": lambda: [
            one.ja if lang == "ja" else one.en for one in stage.people.lists.get("measures", ())
        ],
        "zone": lambda: [f"{stage.clock.name}, UTC"],
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


def _host(p: Speaker, name: str, host: Any) -> str:
    grade = p.grade(host.grade)
    states = f"{p.t['stealing']}: {p.state(host.stealing)}; {p.t['contact']}: {p.state(host.contact)}"
    return f"{p.value('host', name)} — {grade}; {p.time(host.first)} – {p.time(host.last)}; {states}"


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
    rows = record.intake or []
    return _cut(f"{'  ' * row.depth}{row.key}: {short(row.value or '', lang, WIDTH)}" for row in rows)


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
