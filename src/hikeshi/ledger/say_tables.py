# SPDX-License-Identifier: Apache-2.0
"""The numbers of a weighing as tables: hull, range and level for the page, the rest to download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hikeshi.ledger import policy, queries
from hikeshi.ledger.changes import Change, Diff, Shift
from hikeshi.ledger.model import Range
from hikeshi.ledger.pooling import Pooled
from hikeshi.ledger.stubs import Stub
from hikeshi.ledger.weigh import Weighing

CHANGES: Mapping[str, tuple[str, str]] = {
    "claim-added": ("主張を追加", "claim added"),
    "claim-removed": ("主張が削除された(取り下げるなら withdrawn)", "claim removed (withdraw it instead)"),
    "claim-withdrawn": ("主張を取り下げ", "claim withdrawn"),
    "claim-restored": ("主張の取り下げを解除", "claim no longer withdrawn"),
    "claim-regraded": ("主張の格付けを変更 {old} → {new}", "claim re-graded {old} → {new}"),
    "claim-origin": ("主張の出どころを変更 {old} → {new}", "claim's origin {old} → {new}"),
    "claim-reworded": ("主張の内容を変更", "claim reworded or re-dated"),
    "item-added": ("根拠を追加", "evidence item added"),
    "item-removed": ("根拠を削除", "evidence item removed"),
    "item-group": ("群を変更 {old} → {new}", "group {old} → {new}"),
    "item-cites": ("挙げる主張・所見を変更", "cites other claims or findings"),
    "range-moved": ("幅を変更 {hypothesis}: {old} → {new}", "range moved {hypothesis}: {old} → {new}"),
    "prior-moved": ("事前の幅を変更 {old} → {new}", "prior moved {old} → {new}"),
    "hypothesis-added": ("仮説を追加", "hypothesis added"),
    "hypothesis-removed": ("仮説を削除", "hypothesis removed"),
    "origin-rests-on": ("出どころのもとを変更 → {new}", "origin now derives from {new}"),
}
HEADS: Mapping[str, tuple[str, str]] = {
    "hypothesis": ("仮説", "hypothesis"),
    "range": ("90 %の幅", "90 % range"),
    "hull": ("取りうる限界", "hull"),
    "word": ("ことば", "word"),
    "group": ("群", "group"),
    "without": ("除いたとき", "without it"),
    "level": ("水準", "level"),
    "analyst": ("分析者", "analyst"),
    "spread": ("ばらつき", "spread"),
}


def pick(pair: tuple[str, str], lang: str) -> str:
    """The text of a pair in one language."""
    return pair[0] if lang == "ja" else pair[1]


def change(one: Change, lang: str) -> str:
    """One difference as a line."""
    return f"{one.subject}: {pick(CHANGES[one.what], lang).format_map(one.fields)}"


def conclusion(shift: Shift, lang: str) -> list[str]:
    """What a change did to the conclusion."""
    before, after = shift.before, shift.after
    same = before.level == after.level
    if lang == "ja":
        lines = [f"評価の水準: {before.level} → {after.level}" + ("(変わらない)" if same else "(変わった)")]
    else:
        lines = [
            f"level of the judgement: {before.level} → {after.level}"
            + (" (unchanged)" if same else " (changed)")
        ]
    lines += [f"  {h}: {old:.2f} → {new:.2f}" for h, (old, new) in shift.moved.items()]
    for caps, pair in (
        (shift.imposed, ("加わった上限", "caps added")),
        (shift.lifted, ("外れた上限", "caps lifted")),
    ):
        if caps:
            lines.append(f"{pick(pair, lang)}: {', '.join(caps)}")
    return lines


def difference(one: Diff, lang: str) -> list[str]:
    """Two versions compared, as lines."""
    nothing = pick(("内容の変更なし", "no change of meaning"), lang)
    return [*([change(c, lang) for c in one.changes] or [nothing]), "", *conclusion(one.conclusion, lang)]


def page(weighing: Weighing, lang: str) -> list[str]:
    """What stands on the page: level, range and hull of each hypothesis."""
    head = [pick(HEADS[key], lang) for key in ("hypothesis", "range", "hull", "word")]
    rows = [head]
    for h, spread in weighing.shared.items():
        word = queries.likelihood_word(spread.low, spread.median, spread.high)
        rows.append(
            [
                h,
                _range((spread.low, spread.high)),
                _range(weighing.hull[h]),
                pick(word, lang) if word else "-",
            ]
        )
    level = f"{pick(HEADS['level'], lang)}: {weighing.level}"
    caps = ", ".join(cap.rule for cap in weighing.verdict.caps)
    return [f"{level} ({caps})" if caps else level, *table(rows)]


def details(weighing: Weighing, lang: str) -> list[str]:
    """The tables behind the page: drivers, flips, missing evidence, priors, groups."""
    pair = f"{weighing.verdict.leader}:{weighing.rival}"
    drivers = [[pick(HEADS["group"], lang), pick(HEADS["without"], lang)]]
    drivers += [[d.group, f"{d.without:+.2f}"] for d in weighing.drivers]
    names = list(weighing.shared)
    priors = [["prior", *names]] + [
        [key, *(f"{row[h]:.2f}" for h in names)] for key, row in weighing.priors.items()
    ]
    return [
        f"log-odds {pair}: {weighing.log_odds:+.2f}",
        *table(drivers),
        "",
        *table(
            [["flip", "low", "high"], *([f.hypothesis, f"{f.low:g}", f"{f.high:g}"] for f in weighing.flips)]
        ),
        "",
        *table([["missing", "bits"], *([gap.id, f"{gap.bits:.2f}"] for gap in weighing.gaps)]),
        "",
        *table(priors),
        "",
        f"{policy.POLICY}, seed {weighing.seed}, {weighing.draws} draws",
    ]


def analysts(pooled: Pooled, lang: str) -> list[str]:
    """The medians of each analyst, and their spread."""
    names = list(pooled.spread)
    rows = [[pick(HEADS["analyst"], lang), *names, pick(HEADS["level"], lang)]]
    rows += [
        [by, *(f"{one.shared[h].median:.2f}" for h in names), str(one.level)]
        for by, one in pooled.each.items()
    ]
    rows.append([pick(HEADS["spread"], lang), *(_range(pooled.spread[h]) for h in names), ""])
    return table(rows)


def stub_line(stub: Stub, lang: str) -> str:
    """One stub as a line."""
    words = pick((stub.words.ja, stub.words.en), lang)
    ratio = f"{stub.ratio[0]:g}-{stub.ratio[1]:g}"
    return "  ".join(part for part in (stub.id, stub.rule, stub.family, stub.value, ratio, words) if part)


def _range(pair: Range) -> str:
    return f"{pair[0]:.2f}-{pair[1]:.2f}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned columns; Japanese letters count double."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(cell: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in cell)


def as_json(weighing: Weighing) -> dict[str, Any]:
    """Everything computed, for `weigh.json`: reproducible from the ledger, the policy and the seed."""
    verdict = weighing.verdict
    return {
        "schema": "hikeshi.weigh/1",
        "ledger": weighing.view.ledger.sha256,
        "policy": policy.POLICY,
        "seed": weighing.seed,
        "draws": weighing.draws,
        "as_of": weighing.view.as_of.text,
        "naive": weighing.naive,
        "level": verdict.level,
        "reached": verdict.reached,
        "leader": verdict.leader,
        "order": list(verdict.order),
        "confidence": verdict.confidence,
        "caps": [{"rule": cap.rule, "limit": cap.limit, **cap.fields} for cap in verdict.caps],
        "hull": {h: list(pair) for h, pair in weighing.hull.items()},
        "ranges": {
            f"{model}{'-centred' if centred else ''}": {
                h: {"low": s.low, "median": s.median, "high": s.high, "first": s.first}
                for h, s in rows.items()
            }
            for (model, centred), rows in weighing.settings.items()
        },
        "groups": [
            {
                "id": group.id,
                "items": [item.id for item in group.items],
                "ranges": {h: list(pair) for h, pair in group.ranges.items()},
                "straddles": group.straddles,
                "limited": group.limited,
                "discriminates": group.id in verdict.discriminating,
                "silent": [list(pair) for pair in group.silent],
            }
            for group in weighing.view.groups
        ],
        "rival": weighing.rival,
        "log_odds": weighing.log_odds,
        "drivers": {driver.group: driver.without for driver in weighing.drivers},
        "flips": {flip.hypothesis: [flip.low, flip.high] for flip in weighing.flips},
        "missing": [{"id": gap.id, "bits": gap.bits, "outcomes": gap.outcomes} for gap in weighing.gaps],
        "priors": weighing.priors,
        "ach": {
            h: {"items": column.items, "groups": column.groups, "parc": column.parc}
            for h, column in weighing.matrix.columns.items()
        },
        "hindsight": list(weighing.view.hindsight),
        "inert": list(weighing.view.inert),
    }
