# SPDX-License-Identifier: Apache-2.0
"""Which files of a disk are taken out and read one by one: logs, hives, journals, mail, what starts by itself.

Places as Microsoft, Apple, freedesktop.org and the ForensicArtifacts project (github.com/ForensicArtifacts) name them.
"""

from __future__ import annotations

import re

# Volumes whose files are no more than this together are taken out whole.
WHOLE = 256 << 20

_PATTERNS = (
    # Windows
    r"\.evtx?$",
    r"(^|/)windows/system32/config/(regback/)?(sam|security|software|system|default|components)(\.log[12]?)?$",
    r"(^|/)(ntuser\.dat|usrclass\.dat|amcache\.hve)(\.log[12]?)?$",
    r"^(p\d+/)?\$(mft|logfile|boot)$",
    r"^(p\d+/)?\$extend/\$usnjrnl:\$j$",
    r"\.(pf|lnk|job|automaticdestinations-ms|customdestinations-ms)$",
    r"(^|/)windows/(system32/)?tasks/",
    r"/start menu/programs/startup/",
    r"(^|/)windows/appcompat/programs/",
    r"(^|/)wbem/repository/(objects\.data|index\.btr|mapping\d\.map)$",
    r"(^|/)windows/system32/drivers/etc/hosts$",
    r"/microsoft/windows/powershell/psreadline/",
    # Mail and browsers
    r"\.(eml|emlx|msg|mbox|pst|ost|dbx)$",
    r"/(mail|imapmail)/[^/]+/([^/]+\.sbd/)*[^/.]+$",
    r"/(places\.sqlite|cookies\.sqlite|history|history\.db|login data|web data)$",
    # macOS and Unix
    r"(^|/)library/(launchagents|launchdaemons|startupitems)/",
    r"(^|/)library/preferences/systemconfiguration/preferences\.plist$",
    r"(^|/)etc/(crontab|rc\.local|hosts|passwd|profile|ld\.so\.preload)$",
    r"(^|/)etc/(cron[^/]*|systemd|init\.d|profile\.d|xdg/autostart|udev/rules\.d)/",
    r"/\.config/(autostart|systemd)/",
    r"/\.(bashrc|bash_profile|bash_history|profile|zshrc|zsh_history|xprofile)$",
    r"(^|/)var/(log|spool/cron)/",
)
_KNOWN = re.compile("|".join(_PATTERNS), re.IGNORECASE)


def known(path: str) -> bool:
    """Whether the file at a path of a disk is one that is always taken out."""
    return _KNOWN.search(path) is not None
