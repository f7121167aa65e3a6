# SPDX-License-Identifier: Apache-2.0
"""The zone a Mac was set to, from settings in both forms of property lists."""

from __future__ import annotations

import plistlib
from typing import Any

import pytest

from hikeshi.readers import macos_zone, pick
from readers.reading import run

CITY = "com.apple.preferences.timezone.selected_city"


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_the_zone_of_a_mac(form: Any) -> None:
    city = {"Name": "東京", "TimeZoneName": "Asia/Tokyo", "GeonameID": 1850147}
    content = plistlib.dumps({CITY: city, "Other": [1, 2]}, fmt=form)
    assert pick(content, "") is macos_zone
    rows = run(macos_zone, content).rows["machines"]
    assert [("time-zone", "Asia/Tokyo")] == [(row["kind"], row["value"]) for row in rows]


@pytest.mark.parametrize("city", [{}, {"TimeZoneName": 9}, {"TimeZoneName": " "}, "Tokyo", None])
def test_settings_without_a_zone_are_a_loss(city: Any) -> None:
    content = plistlib.dumps({**({} if city is None else {CITY: city}), "note": CITY})
    done = run(macos_zone, content)
    assert not done.rows.get("machines")
    assert 1 == len(done.issues)
