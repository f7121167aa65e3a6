# SPDX-License-Identifier: Apache-2.0
"""What the checks found, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from hikeshi.ledger.problems import Problem

MESSAGES: Mapping[str, tuple[str, str]] = {
    "id-twice": ("同じidが二度使われている", "this id is used twice"),
    "claim-gone": (
        "主張が消えている。取り下げる場合は削除せず status: withdrawn を付ける",
        "the claim is gone; keep it with `status: withdrawn` instead of deleting it",
    ),
    "id-reused": ("同じidが別の主張に使い回されている", "the id now stands for another claim"),
    "claim-lacks": ("主張に欠けている項目がある: {what}", "the claim lacks: {what}"),
    "claim-unknown": ("{field} の {value} が登録されていない", "{field} {value} is not on file"),
    "residual-count": (
        "その他・未知の仮説(residual: true)はちょうど1つ必要だが、{count}個ある",
        "exactly one hypothesis is the residual (`residual: true`); there are {count}",
    ),
    "prior-range": ("事前の幅は0より大きく1以下にする", "a prior range lies above 0 and at most at 1"),
    "prior-sum": (
        "事前の幅の合計が1になりえない(下限の和 {low}、上限の和 {high})",
        "the priors cannot sum to 1 (lower ends {low}, upper ends {high})",
    ),
    "seed-cites": (
        "layer: seed の主張は出典 seed だけを挙げられるが、{doc} を挙げている",
        "a claim of the seed layer cites the source `seed` alone, not {doc}",
    ),
    "finding-unknown": (
        "所見 {finding} が事案の中に見つからない",
        "the finding {finding} is not in the case",
    ),
    "finding-stale": (
        "所見 {finding} の内容が変わっている。評価の見直しが必要",
        "the finding {finding} has changed since; the judgement needs review",
    ),
    "joint-missing": (
        "{items}件をまとめた群に、群としての幅(as_of の joint)がない",
        "a group of {items} items has no joint range (`as_of`, `joint`)",
    ),
    "overlap": (
        "群 {groups} が同じ出どころ {origins} に遡る。まとめるか、overlaps に理由を書く",
        "the groups {groups} go back to the same origins {origins}; merge them or explain under `overlaps`",
    ),
    "overlap-explained": (
        "群 {groups} が同じ出どころ {origins} に遡る。説明があるので別々に数えている",
        "the groups {groups} go back to the same origins {origins}; explained, and so counted apart",
    ),
    "range-hypotheses": ("仮説の一覧と食い違う: {names}", "does not match the hypotheses: {names}"),
    "range-bounds": ("尤度の幅は0より大きく1以下にする", "likelihoods lie above 0 and at most at 1"),
    "range-top": (
        "最も大きい上限は1にする(今は {top})",
        "the largest upper end must be 1 (it is {top})",
    ),
    "outcome-bounds": (
        "結果の確率は、全仮説について0から1で書く",
        "an outcome needs a probability from 0 to 1 for every hypothesis",
    ),
    "straddles": (
        "どの組にも優劣をつけない群なので、幅を保ったまま中心を揃える",
        "discriminates between no pair; it is re-centred and only widens the result",
    ),
    "not-discriminating": ("次の組を区別しない: {pairs}", "does not discriminate between: {pairs}"),
    "above-source": (
        "根拠が示されていない主張の比 {ratio} が出典の上限 {ceiling} を超える。上限で計算する",
        "an assertion without a stated ground; its ratio {ratio} is limited to the source ceiling {ceiling}",
    ),
    "claim-above-ground": (
        "主張の格付け {digit} が、挙げている根拠の格付け {ground} より良い",
        "the assertion is graded {digit}, better than the ground it cites ({ground})",
    ),
    "item-above-ground": (
        "主張の比 {ratio} が、挙げている根拠の比 {ground} より大きい",
        "the assertion has a ratio of {ratio}, above that of the ground it cites ({ground})",
    ),
    "contradicted-used": (
        "他の資料と食い違う主張 {claim} を根拠に使っている",
        "uses the claim {claim}, which other material contradicts",
    ),
    "above-cap": (
        "種別 {class} の比 {ratio} が上限 {cap} を超える。署名した override が必要",
        "class {class} has a ratio of {ratio}, above its cap {cap}; sign an `override` to keep it",
    ),
    "prior-twice": (
        "動機・被害者像を、事前の幅と根拠の両方で使っている",
        "motive or victimology is used in the prior and again as evidence",
    ),
    "not-blind": (
        "{by} は有力な仮説が表示された後に幅を入力した({items})",
        "{by} entered ranges after the leading hypothesis was displayed ({items})",
    ),
    "no-such": ("{name} が台帳にない", "{name} is not in the ledger"),
    "cites-nothing": ("主張も所見も挙げていない", "cites neither a claim nor a finding"),
    "kind-feeds-nothing": (
        "種類 {kind} の主張 {claim} は根拠にならない。出どころの計算から外す",
        "the claim {claim} is of kind {kind}, which feeds no evidence; it is left out of the origins",
    ),
    "hindsight": (
        "日付 {date} より後({claim}以降)の主張しか挙げていない。後知恵に注意",
        "dated {date}, but every claim it cites is later (from {claim}): hindsight",
    ),
    "text-lost": (
        "引用符のない読点(,)で文が切れ、ここから先が失われている。全体を引用符で囲む",
        "an unquoted comma cuts the text here and the rest is lost; quote the whole text",
    ),
    "not-accepted": (
        "下書き {stub} は採用の記録(revisions の accepts)がないので数えない",
        "the stub {stub} is not accepted in `revisions`, so it does not count",
    ),
    "label-forbidden": (
        "ラベルに使えない語がある: {word}",
        "the label holds a word that may not be printed: {word}",
    ),
}


def line(problem: Problem, name: str, lang: str) -> str:
    """One problem as one line: place, rule, subject, what to do."""
    text = MESSAGES[problem.message][0 if lang == "ja" else 1].format_map(problem.fields)
    where = f"{name}:{problem.place.line}:{problem.place.column}" if problem.place.line else name
    mark = " W" if problem.warning else ""
    return f"{where}: {problem.rule}{mark} {problem.subject}: {text}"
