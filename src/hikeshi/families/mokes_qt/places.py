# SPDX-License-Identifier: Apache-2.0
"""Where the family installs itself and what it names its spool files, each with how the fact is known.

`published` facts were read in a named public source; the others are recalled from Kaspersky's articles of 2016 without
the text at hand, and a finding on them alone is a hint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAC_2016 = ("App Store/storeuserd", "com.apple.spotlight/SpotlightHelper", "Dock/com.apple.dock.cache",
            "Skype/SkypeHelper", "Dropbox/DropboxCache", "Google/Chrome/nacld",
            "Firefox/Profiles/profiled")  # fmt: skip
MAC_2019 = ("Dropbox/quicklookd", "App Store/storeaccountd")
LINUX = (".dropbox/DropboxCache", ".mozilla/firefox/profiled")
WINDOWS = ("Skype/SkypeHelper.exe", "Dropbox/bin/DropboxHelper.exe", "Google/Chrome/nacl32.exe",
           "Google/Chrome/nacl64.exe", "Mozilla/Firefox/mozillacache.exe", "Hewlett-Packard/hpqcore.exe",
           "Hewlett-Packard/hpprint.exe", "Hewlett-Packard/hpscan.exe", "Adobe/Acrobat/AcroBroker.exe")  # fmt: skip
# Names of the LaunchAgents of 2019; macOS keeps its own agents of such names below /System, never in a home folder.
AGENTS = ("quicklookd", "storeaccountd")
SPOOLS = {"ss": ("sst", "screen-capture"), "aa": ("aat", "audio-capture"), "kk": ("kkt", "keylogging"),
          "dd": ("ddt", "file-search")}  # fmt: skip
SPOOL_NAME = (
    "(?:" + "|".join(rf"{kind}\d-\d{{6}}-\d{{6}}-\d{{3}}\.{end}" for kind, (end, _) in SPOOLS.items()) + ")"
)
_TEMPORARY = re.compile(
    r"(?:^|/)(?:tmp|var/tmp|var/folders/[^/]+/[^/]+/T|AppData/Local/Temp|Windows/Temp)/[^/]*$", re.I
)


@dataclass(frozen=True)
class Place:
    """One known place: the system, the folder that holds it, the path below, and whether the fact is published."""

    system: str
    above: str
    below: str
    published: bool


PLACES = (
    *(Place("macOS", "/Library/", below, True) for below in MAC_2019),
    *(Place("macOS", "/Library/", below, False) for below in MAC_2016),
    *(Place("Linux", "/", below, False) for below in LINUX),
    *(Place("Windows", "/AppData/Roaming/", below, False) for below in WINDOWS),
)
_HOME = re.compile(r"(?:.*/users/[^/]+|.*/home/.+|.*/root|.*/documents and settings/[^/]+|~)")
_AGENT = re.compile(r"(.+)/library/launchagents/([a-z]+)\.plist")
# For one pass over many paths (RE2): everything below could match, and little else does.
LIKELY = "(?i)(?:" + "|".join([
    *(re.escape(place.above + place.below).replace("/", r"[/\\]") + "$" for place in PLACES),
    *(rf"[/\\]Library[/\\]LaunchAgents[/\\]{agent}\.plist$" for agent in AGENTS),
    r"[/\\]\.config[/\\]autostart[/\\]profiled\.desktop$",
    r"(?:^|[/\\])" + SPOOL_NAME + "$",
]) + ")"  # fmt: skip


def unified(path: str) -> str:
    """The path with one kind of separator and a leading one, environment names in their usual place."""
    path = re.sub(r"%appdata%", "/AppData/Roaming", path.strip().strip('"').replace("\\", "/"), flags=re.I)
    return path if path.startswith(("/", "~")) else "/" + path


def place_of(path: str) -> Place | None:
    """The known place a path is, in somebody's home folder; None for any other path."""
    folded = unified(path).casefold()
    for place in PLACES:
        end = (place.above + place.below).casefold()
        if folded.endswith(end) and (place.system == "Windows" or _HOME.fullmatch(folded[: -len(end)])):
            return place
    return None


def agent_of(path: str) -> str | None:
    """The name of a LaunchAgent of 2019 that a path in a home folder names."""
    match = _AGENT.fullmatch(unified(path).casefold())
    return match[2] if match and match[2] in AGENTS and _HOME.fullmatch(match[1]) else None


def is_desktop_entry(path: str) -> bool:
    """Whether a path is the autostart entry recalled for Linux."""
    return unified(path).casefold().endswith("/.config/autostart/profiled.desktop")


def is_temporary(path: str) -> bool:
    """Whether a file lies directly in a folder for temporary files."""
    return bool(_TEMPORARY.search(unified(path)))
