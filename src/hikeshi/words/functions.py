# SPDX-License-Identifier: Apache-2.0
"""The functions of a bot's console: the rows that hikeshi rebuilds, in the order in which they are shown."""

from __future__ import annotations

FUNCTIONS: tuple[str, ...] = (
    "registration",
    "task",
    "download-and-run",
    "persistence",
    "credential-theft",
    "form-theft",
    "mail-theft",
    "password-sniffing",
    "session-theft",
    "wallet-theft",
    "keylogging",
    "clipboard-capture",
    "screen-capture",
    "audio-capture",
    "process-monitor",
    "file-search",
    "file-from-victim",
    "file-to-victim",
    "remote-shell",
    "remote-desktop",
    "proxy",
    "lateral-movement",
    "dns-tampering",
    "mining",
    "flooding",
    "clean-up",
)
