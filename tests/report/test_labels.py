# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

from hikeshi.report import wording
from hikeshi.report.build import TEMPLATES, build
from report import cases

ROOM = Path(wording.__file__).parent
LITERAL = re.compile(r"""["']([a-z]+\.[a-z0-9-]+)["']""")
# Sections whose keys come from data: field names, keys of intake.yaml, kinds, days.
FROM_DATA = ("intake.", "copy.", "rule-kind.", "field.", "artefact.", "gap.", "kind.", "weekday.", "month.")
FILES = {"findings.jsonl", "issues.jsonl", "intake.yaml"}
# Labels that templates put together from a section's name.
BUILT = (
    "summary.firm",
    "summary.weak",
    "timeline.strip-events",
    "timeline.strip-others",
    "timeline.strip-own",
)


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{([a-z0-9-]+)\}", text))


def test_both_languages_have_the_same_labels():
    assert list(wording.labels("ja")) == list(wording.labels("en"))


def test_both_languages_fill_the_same_places():
    ja, en = wording.labels("ja"), wording.labels("en")
    differ = {key for key in ja if places(ja[key]) != places(en[key]) and not key.startswith("day.")}
    assert differ == set()
    assert set(places(en["day.heading"])) <= {"year", "month", "day", "weekday"}


def test_every_label_is_used_and_every_used_label_exists():
    text = "\n".join(path.read_text(encoding="utf-8") for path in (*TEMPLATES.iterdir(), *ROOM.glob("*.py")))
    sections = {key.partition(".")[0] for key in wording.labels("en")}
    used = {
        name
        for name in LITERAL.findall(text)
        if name.partition(".")[0] in sections and not name.endswith("-")
    }
    labels = {key for key in wording.labels("en") if not key.startswith(FROM_DATA)}
    assert used - labels - FILES == set()
    assert {key for key in labels - used if not key.endswith(".title")} - set(BUILT) == set()


def test_japanese_labels_are_japanese():
    plain = {"custody.hash", "field.url"}
    latin = {key for key, text in wording.labels("ja").items() if text.isascii() and not text.isdigit()}
    assert latin <= plain


def test_english_sentences_that_follow_each_other_are_parted(tmp_path):
    for make in (cases.incident, cases.empty):
        page = build(make(tmp_path / make.__name__), ("en",), "Asia/Tokyo")["index.html"].decode()
        assert [] == re.findall(r"[a-z]\.(?:<strong>)?(?:No trace|The numbers|Rows of)[^<]*", page)
