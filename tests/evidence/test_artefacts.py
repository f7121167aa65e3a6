# SPDX-License-Identifier: Apache-2.0
"""What readers and the naming of machines need is taken out of every image, however large."""

from __future__ import annotations

import pytest

from hikeshi.evidence.artefacts import known


@pytest.mark.parametrize(
    "path",
    [
        "p2/Windows/System32/config/SYSTEM",
        "p2/Windows/System32/config/SYSTEM.LOG1",
        "p2/Users/taro/NTUSER.DAT",
        "p2/Users/taro/AppData/Local/Microsoft/Windows/UsrClass.dat.LOG2",
        "p2/Windows/System32/Tasks/Example/Update",
        "p2/$Boot",
        "p2/Users/taro/Desktop/a.lnk",
        "Library/LaunchDaemons/com.example.a.plist",
        "Users/taro/Library/LaunchAgents/com.example.a.plist",
        "Library/Preferences/SystemConfiguration/preferences.plist",
        "etc/hosts",
        "home/taro/.config/autostart/a.desktop",
    ],
)
def test_known(path: str) -> None:
    assert known(path)


@pytest.mark.parametrize(
    "path", ["Users/taro/Library/Preferences/com.example.plist", "p2/Users/taro/a.exe", "home/hosts"]
)
def test_not_known(path: str) -> None:
    assert not known(path)
