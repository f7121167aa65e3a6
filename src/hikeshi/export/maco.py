# SPDX-License-Identifier: Apache-2.0
"""internal/maco.jsonl: malware configuration as maco-model 1.3 shapes it, one line a finding.

A finding holds configuration when its fields are named as in allowed.py: c2, c2_url and config_…. What the
model has no place for goes to its `other`. A case without such findings gives an empty file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hikeshi.codecs.escape import whole
from hikeshi.export.allowed import split_port
from hikeshi.export.victims import address

if TYPE_CHECKING:
    from hikeshi.case.saved import Saved

_LISTS = {"config_campaign": "campaign_id", "config_mutex": "mutex", "config_password": "password"}


def lines(case: Saved) -> bytes:
    """The configurations as JSON lines."""
    found = {_line(finding) for finding in case.findings() if finding["family"] and _configured(finding)}
    return "".join(sorted(found)).encode()


def _configured(finding: Mapping[str, Any]) -> bool:
    return any(name.startswith(("c2", "config_")) for name in finding["fields"])


def _line(finding: Mapping[str, Any]) -> str:
    return json.dumps(_model(finding), sort_keys=True, ensure_ascii=False) + "\n"


def _model(finding: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: whole(value) for name, value in finding["fields"].items()}
    model: dict[str, Any] = {"family": finding["family"], "attack": list(finding["techniques"])}
    model["other"] = {"finding": finding["id"], "grade": finding["grade"]}
    for name in sorted(fields):
        values = [value for value in fields[name].split("\n") if value]
        if name in _LISTS:
            model[_LISTS[name]] = values
        elif name == "c2":
            model["tcp"] = [_connection(value) for value in values]
        elif name == "c2_url":
            agent = {"user_agent": fields["config_user_agent"]} if "config_user_agent" in fields else {}
            model["http"] = [{"uri": value, "usage": "c2", **agent} for value in values]
        elif name == "config_version":
            model["version"] = fields[name]
        elif name == "config_key":
            model.setdefault("encryption", []).extend(
                {"key": value, "usage": "communication"} for value in values
            )
        elif name.startswith("config_"):
            model["other"][name.removeprefix("config_")] = fields[name]
    return model


def _connection(value: str) -> dict[str, Any]:
    host, port = split_port(value)
    place = {"server_ip": address(host)} if address(host) else {"server_domain": host}
    return {**place, "server_port": port, "usage": "c2"}
