# SPDX-License-Identifier: Apache-2.0
"""Start a family pack: a nursery pack with one rule that the suite of every pack accepts.

    python tools/new_pack.py NAME [FOLDER]

NAME is the folder's and the pack's name (lower-case letters, digits, underscores). What to write where stands
in docs/adding-a-pack.md.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from pathlib import Path

import pack_expected
from hikeshi import families

FAMILIES = Path(families.__file__).parent
SPDX = "# SPDX-License-Identifier: Apache-2.0\n"

COMMODITY = """# Who can get the family, since when, and what its builder writes by default. Facts only, each sourced.
status = "unknown"
since = ""
users = ""
platforms = ["Windows"]
ja = "{name} を誰が入手できるかは記録にない。"
en = "Who can get {name} is not on record."

[source]
title = "a made-up example"
url = "https://hikeshi.example/"
"""
PACK = """name = "{name}"
version = "1"
status = "nursery"
family = true
aliases = []
overrides = ["generic"]
wants = ["events"]

# `mitre`: what MITRE lists for this software. `ours`: mappings of this pack that MITRE does not list.
[attack]
mitre = []
ours = ["T1547.001"]

# A pack becomes `stable` when every fact in it has a public source named here.
# [[sources]]
# title = ""
# url = ""
# licence = ""

# `seen_in`: where this pack looks. `also_in`: where the function would show, but this pack does not look yet.
[functions.persistence]
seen_in = ["Microsoft-Windows-Sysmon/Operational/13", "Security/4657"]
also_in = ["registry-hive"]

[[sigma]]
id = "{id}"
file = "rules/run_value.yml"
grade = "weak"
message = "{name}.run-value"
function = "persistence"
techniques = ["T1547.001"]
fields = ["registry_path", "registry_data", "program"]

[entry]
synth = "synth:traces"
"""

RULE = r"""title: Run value of {name}
id: {id}
status: experimental
description: Replace this by what the family writes.
author: hikeshi
license: Apache-2.0
tags:
  - attack.t1547.001
logsource:
  product: windows
  category: registry_set
detection:
  run:
    TargetObject|endswith: '\CurrentVersion\Run\{name}-example'
  condition: run
level: low
"""

SYNTH = '''"""Inert log records of a machine with this family: text only, reserved names and addresses."""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.pack import LogRecord

START = 1_710_204_060_000_000  # 2024-03-12 00:41:00 UTC
USER = r"HKU\\S-1-5-21-1000000001-1000000002-1000000003-1001"
RUN = USER + r"\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"


def traces(seed: int, host: str = "ws-01.example", start: int = START) -> Iterator[LogRecord]:
    """One event; the same seed gives the same event."""
    program = rf"C:\\Users\\user\\AppData\\Roaming\\{seed}\\program.exe"
    value = {"TargetObject": RUN + r"\\@NAME@-example", "Details": program}
    provider = "Microsoft-Windows-Sysmon"
    fields = {"EventType": "SetValue", "Image": program, **value}
    yield LogRecord(start, host, f"{provider}/Operational", provider, 13, fields)
'''

JAPANESE = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# {name}

どのようなマルウェアか、何ができるか、この解析パックがどこを見てどこを見ないかを書く。

## {name}.run-value

自動起動の値 {{registry_path}} に「{{registry_data}}」が登録された（登録したプログラム: {{program}}）。

この痕跡が何を意味し、何を意味しないかを書く。

次に何を調べ、何を保全するかを書く。
"""

ENGLISH = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# {name}

Write what the malware is, what it can do, and where this pack looks and does not look.

## {name}.run-value

The autostart value {{registry_path}} was set to “{{registry_data}}” (by {{program}}).

Write what this trace means and what it does not mean.

Write what to examine and what to preserve next.
"""


def example(why: str, value: str) -> dict[str, object]:
    """One event for rules/run_value.examples.json."""
    name = (
        "HKU\\S-1-5-21-1000000001-1000000002-1000000003-1001\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion"
        + value
    )
    fields = {
        "EventType": "SetValue",
        "Image": "C:\\Users\\user\\program.exe",
        "TargetObject": name,
        "Details": "x",
    }
    return {"why": why, "channel": "Microsoft-Windows-Sysmon/Operational", "event_id": 13, "fields": fields}


def files(name: str) -> dict[str, str]:
    """Path below the pack's folder -> content."""
    id_ = str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://hikeshi.example/rules/{name}/run_value"))
    examples = {
        "positive": [example("the value", f"\\Run\\{name}-example")],
        "negative": [
            example("another value", "\\Run\\Other"),
            example("another key", f"\\RunOnce\\{name}-example"),
        ],
    }
    return {
        "commodity.toml": SPDX + COMMODITY.format(name=name),
        "pack.toml": SPDX + PACK.format(name=name, id=id_),
        "rules/run_value.yml": SPDX + RULE.format(name=name, id=id_),
        "rules/run_value.examples.json": json.dumps(examples, ensure_ascii=False, indent=1) + "\n",
        "synth.py": SPDX + SYNTH.replace("@NAME@", name),
        "text.en.md": ENGLISH.format(name=name),
        "text.ja.md": JAPANESE.format(name=name),
    }


def main(name: str, folder: str = str(FAMILIES)) -> None:
    """Write the pack and its first golden file."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name):
        sys.exit(f"{name!r} is no pack name: use lower-case letters, digits and underscores, as in my_family")
    target = Path(folder) / name
    if target.exists():
        sys.exit(f"{target} exists already; choose another name")
    for path, content in files(name).items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(content, encoding="utf-8")
    if folder not in families.__path__:
        families.__path__.append(folder)
    pack_expected.main(name)
    print(f"{target} is ready. Next: docs/adding-a-pack.md, then make test.")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not sys.argv[1]:
        sys.exit("usage: make new-pack NAME=my_family")
    main(*sys.argv[1:])
