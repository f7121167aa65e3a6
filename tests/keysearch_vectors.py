# SPDX-License-Identifier: Apache-2.0
"""Vectors for the key searches: published ones, and the inert check-in head of an invented plaintext order (T7)."""

from __future__ import annotations

# RC4 under four bytes: Wikipedia's test vector; two self-keyed strings published by OALABS (2022-08-25).
WIKI = (b"Wiki", b"pedia", "1021bf0420")
LINK = (
    bytes.fromhex("008bbd0d"),
    b"http://mini55tunul.com/",
    "161ec11409c1cca01d2778f6253717e296e6324b153620",
)
LOOKUP = (
    bytes.fromhex("432d3ce6"),
    b"https://dns.google/resolve?name=microsoft.com",
    "8bf98b00db96cfde364292ce91c9058bad2360a60d67e613d64f4fc44ce8809ee356a4ca957ea0a796a9025939",
)
# What smokeloader-analysis (2026-03-30) publishes of one machine: name, volume serial, constant, id, file names.
NAME, SERIAL, CONSTANT = "WIN-PF2LPO0V4UO", "1CE38C10", "C7E12AF6"
BOT_ID = "25948A1110D2E646A6133895C5DDF6371CE38C10"
# Its key in the byte order that is ours: dword 8FC255EC, little-endian.
KEY = bytes.fromhex("EC55C28F")
BODY = bytes.fromhex(
    "9e3f06c9878dfe6a5b5b6d1356a7c697b6202ca819f232d9aad65db15635acf52169dcb3c180bd1d713069503a548063236219228f41e7"
    "3198a26e"
)
WORDS = [year.to_bytes(2, "little") for year in range(2009, 2029)]
LAYOUT = "X" * 40 + "N"
