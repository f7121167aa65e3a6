# SPDX-License-Identifier: Apache-2.0
"""The policy numbers and word lists of the ledger: ours, versioned, printed with every result.

They are to be argued with. A change of any of them changes `POLICY`.
"""

from __future__ import annotations

from collections.abc import Mapping

POLICY = "hikeshi.ledger-policy/1"

# What a claim is. Only the kinds outside NO_EVIDENCE may feed an evidence item.
KINDS = (
    "technical-finding-reported",
    "technical-assessment",
    "circumstantial",
    "official-assertion",
    "expert-assertion",
    "expert-opinion",
    "consensus-statement",
    "denial",
    "absence-of-observation",
    "evidence-quality",
    "withdrawal-by-silence",
    "commodity",
    "malware-profile",
    "victim-statement",
    "police-statement",
    "court-record",
    "timeline",
    "analogy",
    "press-error",
    "meta",
)
NO_EVIDENCE = frozenset({"meta", "analogy", "malware-profile"})
# Claims that assert a hypothesis; they are counted in the text, never multiplied.
ASSERTING = frozenset({"official-assertion", "expert-assertion", "expert-opinion", "consensus-statement"})

# What an evidence item is.
TYPES = (
    "official-assertion",
    "expert-assertion",
    "expert-opinion",
    "consensus-statement",
    "denial",
    "intelligence",
    "court-record",
    "money-trail",
    "technical-finding",
    "technical-assessment",
    "technical-commodity",
    "technical-cluster",
    "circumstantial",
    "absence-of-observation",
    "absence-of-evidence",
    "disputed-item",
    "victim-statement",
    "police-statement",
    "motive",
    "victimology",
)
ASSERTION_TYPES = ASSERTING | {"denial"}
IDENTITY_TYPES = frozenset({"money-trail", "court-record"})
PRIOR_ONLY_TYPES = frozenset({"motive", "victimology"})

# The largest likelihood ratio a class of evidence may carry. The forging classes are 1/φ, φ being the chance
# that somebody else would copy, buy or plant the thing.
PHI: Mapping[str, float] = {"trivial": 0.5, "easy": 0.2, "costly": 0.05, "hard": 0.01}
CAPS: Mapping[str, float] = {
    "commodity": 2.0,
    "commodity-pair": 3.0,
    **{name: 1 / phi for name, phi in PHI.items()},
}
CHEAP = frozenset({"commodity", "commodity-pair", "trivial", "easy"})

# Hit and false-report rate of a source whose ground is not stated: such a report is worth at most 17:3.
HIT_RATE, FALSE_RATE = 0.85, 0.15
SOURCE_CEILING = HIT_RATE / FALSE_RATE

RESIDUAL_FLOOR = 0.02
FIRST_SHARE = 0.80
LIKELY, VERY_LIKELY = 0.55, 0.80
LIKELY_GROUPS, VERY_LIKELY_GROUPS = 2, 3
DRAWS = 100_000
SEED = 20180126
DECIMALS = 4

# Confidence: least discriminating groups, least own findings, widest range, smallest overturning clue.
CONFIDENCE: tuple[tuple[str, int, float, float, float], ...] = (
    ("high", 3, 0.5, 0.25, 10.0),
    ("moderate", 2, 0.25, 0.45, 5.0),
)

# ICD 203's seven bands: upper bounds in hundredths, one row of words only.
BANDS: tuple[tuple[float, str, str], ...] = (
    (0.05, "ほぼ可能性なし", "almost no chance"),
    (0.20, "可能性は非常に低い", "very unlikely"),
    (0.45, "可能性は低い", "unlikely"),
    (0.55, "五分五分", "roughly even chance"),
    (0.80, "可能性が高い", "likely"),
    (0.95, "可能性が非常に高い", "very likely"),
    (1.00, "ほぼ確実", "almost certain"),
)
FORBIDDEN_JA = ("断定", "判明した", "の犯行である", "犯人は")
FORBIDDEN_EN = ("confirmed", "proves", "was carried out by", "is responsible for")
