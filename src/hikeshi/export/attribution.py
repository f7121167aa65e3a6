# SPDX-License-Identifier: Apache-2.0
"""The ledger for other tools: STIX notes and opinions, MISP analyst data.

`attributed-to` is written only from level 2; below that a grouping of notes carries what was said and what may be
said of it. The numbers travel with their words and a note: the confidence scales of STIX and the bands of ICD 203
read the same number differently.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hikeshi.codecs.escape import plain
from hikeshi.export.share import NAMESPACE
from hikeshi.export.stix import TLP, TLP_EXTENSION, Object
from hikeshi.ledger import say
from hikeshi.ledger.queries import likelihood_word
from hikeshi.ledger.say_lint import Kind, Sentence
from hikeshi.ledger.weigh import Weighing

LINK_FROM = 2
LONG = 5_000
SCALES = (
    "Numbers are medians of the ledger's weighing, 0 to 100, not a producer's confidence. STIX's DNI scale and the "
    "bands of ICD 203 word the same number differently; the word given here is ICD 203's, and none is given where "
    "the range spans more than two bands."
)
# How a median reads as a STIX opinion (STIX 2.1, section 4.13 and opinion-enum).
OPINIONS = (
    (0.2, "strongly-disagree"),
    (0.45, "disagree"),
    (0.55, "neutral"),
    (0.8, "agree"),
    (1.0, "strongly-agree"),
)


def stix(weighing: Weighing, tlp: str) -> bytes:
    """A STIX 2.1 bundle of what was said about who did it, and what may be said of that."""
    marking = _marking(tlp)
    ledger = weighing.view.ledger
    base = {"created": _when(weighing), "modified": _when(weighing), "object_marking_refs": [marking["id"]]}
    campaign = _made({"type": "campaign", "name": _name(ledger.title.en, ledger.case), **base})
    refs = [campaign["id"]]
    objects: list[Object] = [campaign]
    if weighing.level >= LINK_FROM:
        objects += _link(weighing, campaign["id"], base)
        refs.append(objects[-1]["id"])
    for sentence in say.sentences(weighing):
        objects.append(_note(sentence, refs, base))
    objects += list(_opinions(weighing, refs, base))
    objects.append(_made({"type": "note", "content": SCALES, "object_refs": refs, **base}))
    if weighing.level < LINK_FROM:
        grouping = {
            "type": "grouping",
            "name": "Claims about who did it; no judgement",
            "context": "unspecified",
        }
        objects.append(_made({**grouping, "object_refs": sorted({one["id"] for one in objects}), **base}))
    unique = {one["id"]: one for one in [marking, *objects]}
    whole = {"type": "bundle", "id": _id("bundle", list(unique.values())), "objects": list(unique.values())}
    return _json(whole)


def _link(weighing: Weighing, campaign: str, base: Mapping[str, Any]) -> list[Object]:
    leader = weighing.verdict.leader
    name = say.hypothesis(weighing.view.ledger, leader).en
    actor = _made(
        {"type": "threat-actor", "name": _name(name, leader), "threat_actor_types": ["unknown"], **base}
    )
    link = {"type": "relationship", "relationship_type": "attributed-to", "source_ref": campaign}
    confidence = round(100 * weighing.shared[leader].median)
    return [actor, _made({**link, "target_ref": actor["id"], "confidence": confidence, **base})]


def _opinions(weighing: Weighing, refs: Sequence[str], base: Mapping[str, Any]) -> Iterator[Object]:
    """From level 2 on, an opinion on the disputed relationship; below that there is none to have an opinion on."""
    if weighing.level < LINK_FROM:
        return
    spread = weighing.shared[weighing.verdict.leader]
    opinion = next(word for top, word in OPINIONS if spread.median <= top)
    explanation = f"range {spread.low:.2f}-{spread.high:.2f}; level {weighing.level}; caps: {_caps(weighing)}"
    yield _made(
        {"type": "opinion", "opinion": opinion, "explanation": explanation, "object_refs": refs[-1:], **base}
    )


def _caps(weighing: Weighing) -> str:
    return ", ".join(cap.rule for cap in weighing.verdict.caps) or "none"


def _note(sentence: Sentence, refs: Sequence[str], base: Mapping[str, Any]) -> Object:
    label = say.LABELS[sentence.kind][1]
    content = plain(f"{label}: {sentence.en}\n{say.LABELS[sentence.kind][0]}: {sentence.ja}", LONG)
    return _made({"type": "note", "abstract": label, "content": content, "object_refs": list(refs), **base})


def misp(weighing: Weighing, tlp: str) -> bytes:
    """A MISP event with analyst data: a note a sentence, an opinion a hypothesis (0 to 100, with its range)."""
    ledger = weighing.view.ledger
    event = str(uuid.uuid5(NAMESPACE, f"attribution event {ledger.case}"))
    about = {"object_uuid": event, "object_type": "Event"}
    notes = [
        {"uuid": _uuid("note", lang, one.en), "note": _labelled(one, lang), "language": lang, **about}
        for one in say.sentences(weighing)
        for lang in ("ja", "en")
    ]
    notes.append({"uuid": _uuid("note", "en", SCALES), "note": SCALES, "language": "en", **about})
    opinions = [
        {
            "uuid": _uuid("opinion", h),
            "opinion": str(round(100 * spread.median)),
            "comment": _comment(weighing, h),
            **about,
        }
        for h, spread in weighing.shared.items()
    ]
    content = {
        "uuid": event,
        "info": _name(ledger.title.en, ledger.case)[:255],
        "date": weighing.view.as_of.day.isoformat(),
        "published": False,
        "analysis": "1",
        "threat_level_id": "4",
        "distribution": "0",
        "Tag": [{"name": f"tlp:{tlp.lower()}"}],
        "Note": notes,
        "Opinion": opinions,
    }
    return _json({"Event": content})


def _labelled(one: Sentence, lang: str) -> str:
    text = one.ja if lang == "ja" else one.en
    return plain(f"{say.LABELS[Kind(one.kind)][0 if lang == 'ja' else 1]}: {text}", LONG)


def _comment(weighing: Weighing, name: str) -> str:
    spread = weighing.shared[name]
    word = likelihood_word(spread.low, spread.median, spread.high)
    words = say.hypothesis(weighing.view.ledger, name)
    said = f"; {word[1]} / {word[0]}" if word else ""
    return plain(f"{words.en} / {words.ja}: range {spread.low:.2f}-{spread.high:.2f}{said}", LONG)


def _marking(tlp: str) -> Object:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{TLP[tlp]}",
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{tlp}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.lower()}},
    }


def _made(shape: Mapping[str, Any]) -> Object:
    made = {"spec_version": "2.1", **shape}
    return {**made, "id": _id(str(made["type"]), made)}


def _id(kind: str, content: Any) -> str:
    return f"{kind}--{_uuid(kind, json.dumps(content, sort_keys=True))}"


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "\n".join(("attribution", *parts))))


def _name(text: str, fallback: str) -> str:
    return plain(text or fallback, 255)


def _when(weighing: Weighing) -> str:
    return f"{weighing.view.as_of.day.isoformat()}T00:00:00.000Z"


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
