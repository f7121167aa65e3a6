# SPDX-License-Identifier: Apache-2.0
"""A ledger of 5,000 claims: the time to check and weigh it as a multiple of loading it (aim: under 10)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1] / part) for part in ("src", "tests/ledger")]

CLAIMS, PER_ITEM, PER_GROUP = 5_000, 4, 5


def text() -> str:
    """The invented ledger: four claims an item, five items a group, one origin a group."""
    from small import claim, item, small

    plain = small()
    plain["claims"] = [
        claim(f"k{n}", f"P{n // (PER_ITEM * PER_GROUP)}", ja=f"主張{n}" * 8, en=f"statement {n} " * 8)
        for n in range(CLAIMS)
    ]
    items = CLAIMS // PER_ITEM
    lik = {"H1": [0.8, 1], "H2": [0.7, 0.9], "H3": [0.7, 0.9]}
    plain["evidence"] = [
        item(f"E{n}", f"G{n // PER_GROUP}", [f"k{n * PER_ITEM + k}" for k in range(PER_ITEM)], lik=lik)
        for n in range(items)
    ]
    groups = range(items // PER_GROUP)
    plain["groups"] = {f"G{g}": {"as_of": [{"from": "2020", "joint": lik}]} for g in groups}
    plain["origins"] = {f"P{g}": {"ja": "元", "en": "origin"} for g in groups}
    return json.dumps(plain, ensure_ascii=False)


def best(run: Callable[[], Any], times: int = 3) -> float:
    """The shortest of a few runs, in seconds."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        spent.append(time.perf_counter() - start)
    return min(spent)


def main() -> None:
    """Print the two times and their ratio."""
    from hikeshi.ledger.canonical import fmt
    from hikeshi.ledger.check import check
    from hikeshi.ledger.load import load
    from hikeshi.ledger.weigh import weigh

    data = fmt(text())
    ledger = load(data)
    loading = best(lambda: load(data))
    checking = best(lambda: check(ledger))
    weighing = best(lambda: weigh(ledger))
    print(f"ledger: {len(ledger.claims)} claims, {len(ledger.groups)} groups, {len(data) / 1e6:.1f} MB")
    print(f"load {loading:.2f} s, check {checking:.2f} s, check and weigh {weighing:.2f} s")
    print(f"ratio {weighing / loading:.1f} (aim: under 10)")


if __name__ == "__main__":
    main()
