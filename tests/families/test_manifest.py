# SPDX-License-Identifier: Apache-2.0
"""pack.toml: what is refused, and with which words."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from hikeshi.errors import PackError
from hikeshi.families.manifest import read

GOOD = """
name = "sample"
version = "1"
status = "nursery"
family = true
aliases = ["Sample"]
wants = ["events"]
[attack]
id = "S9999"
mitre = ["T1105"]
ours = []
[functions.persistence]
seen_in = ["Security/4657", "registry-hive"]
[[sigma]]
id = "1"
file = "rules/a.yml"
grade = "weak"
message = "sample.a"
function = "persistence"
techniques = ["T1105"]
fields = ["program"]
[entry]
events = "host:events"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "sample").mkdir()
    (folder / "sample" / "pack.toml").write_text(text, encoding="utf-8")
    return folder / "sample"


def test_a_good_one_is_read(tmp_path: Path) -> None:
    pack = read(written(tmp_path, GOOD))
    assert (pack.name, pack.family, pack.attack_id, pack.wants) == ("sample", "sample", "S9999", ("events",))
    assert pack.functions["persistence"].seen_in == ("Security/4657", "registry-hive")
    assert [(rule.grade, rule.function) for rule in pack.sigma] == [("weak", "persistence")]
    assert dict(pack.entry) == {"events": "host:events"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "sample"', 'name = "other"', "make them equal"),
        ('name = "sample"', "name = 7", "name must be a text"),
        ('version = "1"', "", "version must be a text"),
        ('status = "nursery"', 'status = "stable"', "add [[sources]]"),
        ('status = "nursery"', 'status = "done"', "must be one of stable, nursery"),
        ("family = true", 'family = "yes"', "true or false"),
        ('aliases = ["Sample"]', 'aliases = "Sample"', "list of texts"),
        ('aliases = ["Sample"]', 'aliases = ["a", "a"]', "names something twice"),
        ('wants = ["events"]', 'wants = ["dreams"]', "must be one of"),
        ('id = "S9999"', 'id = "G9999"', "must look like"),
        ('mitre = ["T1105"]', 'mitre = ["T15"]', "must look like"),
        ('mitre = ["T1105"]', "mitre = []", "list it under mitre or ours"),
        ("[functions.persistence]", "[functions.telepathy]", "is no function"),
        ("[functions.persistence]", "[functions.keylogging]", "add [functions.persistence]"),
        ('"registry-hive"', '"crystal-ball"', "neither Channel/EventID nor"),
        ('grade = "weak"', 'grade = "certain"', "must be one of proven"),
        ('message = "sample.a"', 'message = "netwire.a"', "must look like"),
        ('file = "rules/a.yml"', 'file = "../a.yml"', "must look like"),
        ('fields = ["program"]', 'fields = ["colour"]', "must be one of"),
        ('events = "host:events"', 'events = "os.system"', "must look like"),
        ('events = "host:events"', 'dreams = "host:events"', "unknown key dreams"),
        ("[entry]", "[entrance]", "unknown key entrance"),
        ("[entry]", "[entry", "cannot be read"),
    ],
)
def test_a_wrong_one_is_refused_in_words(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(PackError, match=r"sample/pack\.toml") as caught:
        read(written(tmp_path, GOOD.replace(old, new, 1)))
    assert said in str(caught.value)


def test_no_prefix_of_a_good_one_does_worse_than_a_pack_error(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD)
    read_whole = 0
    for length in range(len(GOOD)):
        (folder / "pack.toml").write_text(GOOD[:length], encoding="utf-8")
        with suppress(PackError):
            read_whole += read(folder).name == "sample"
    assert 0 < read_whole < len(GOOD) // 2
