# SPDX-License-Identifier: Apache-2.0
"""Files that came by mail and programs of the same name, or the same bytes, that started on a machine later.

What stands recorded are two things: a mail brought a file of this name, and then a program of this name was at work.
Only equal SHA-256 (Sysmon's Hashes) says that they are one file. A program that had been started on the machine
before the mail came is no such pair, nor is a program of the system's own folders by its name alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest

from hikeshi.reconstruct import Query, Row
from hikeshi.schema import Grade

LONG_NAME = 6
DEPTH = 12
MOST = 1_000

_ANY = "SELECT 1 FROM messages WHERE len(attachment_ids) > 0 LIMIT 1"
_STEM = r"lower(nfc_normalize(regexp_replace(regexp_extract({}, '[^\\/]+$'), '\.[^.]*$', '')))"
_RUN = rf"""
WITH started AS (
  SELECT host, "user", time, item, record, false AS parent,
    CASE event_id WHEN 1 THEN fields['Image'] ELSE fields['NewProcessName'] END AS program,
    lower(regexp_extract(fields['Hashes'], 'SHA256=([0-9A-Fa-f]{{64}})', 1)) AS sha256
  FROM events WHERE event_id IN (1, 4688)
    AND channel = CASE event_id WHEN 1 THEN 'Microsoft-Windows-Sysmon/Operational' ELSE 'Security' END
  UNION ALL
  SELECT host, "user", time, item, record, true,
    CASE event_id WHEN 1 THEN fields['ParentImage'] ELSE fields['ParentProcessName'] END, NULL
  FROM events WHERE event_id IN (1, 4688)
    AND channel = CASE event_id WHEN 1 THEN 'Microsoft-Windows-Sysmon/Operational' ELSE 'Security' END
), run AS (
  SELECT *, max(sha256) OVER one AS known, {_STEM.format("program")} AS stem,
    regexp_matches(program, '^[a-z]:\\(windows|program files|program files \(x86\))\\', 'i') AS system
  FROM started WHERE time IS NOT NULL AND program <> ''
  WINDOW one AS (PARTITION BY host, lower(program))
  QUALIFY row_number() OVER (PARTITION BY host, lower(program) ORDER BY time, parent, item, record) = 1
)"""
_RUNS = _RUN + " SELECT * FROM run WHERE NOT system OR known <> '' ORDER BY host, time, program, item, record"
_MAILS = """
SELECT item, record, coalesce(delivered, time) AS arrived, sender, recipients, unnest(attachments) AS name,
  unnest(attachment_ids) AS id
FROM messages WHERE coalesce(delivered, time) IS NOT NULL ORDER BY arrived, item, record, name
"""
_HOLDERS = """
SELECT path, item FROM places WHERE item IN (SELECT unnest(attachment_ids) FROM messages) ORDER BY path
"""
_MEMBERS = (
    _RUN
    + f"""
SELECT path, item, {_STEM.format("path")} AS stem FROM places
WHERE {_STEM.format("path")} IN (SELECT stem FROM run WHERE NOT system) OR item IN (SELECT known FROM run)
ORDER BY path
"""
)


@dataclass(frozen=True)
class Offer:
    """A file that some mail brought: the attachment, the file's place inside it (none: itself), its SHA-256."""

    attachment: str
    member: str | None
    sha256: str


def entries(query: Query, machine: Mapping[str, str]) -> list[Row]:
    """Rows of `entries`, one for each machine and program, in the order of the programs' starts."""
    if not query(_ANY):
        return []
    mails: defaultdict[str, list[Row]] = defaultdict(list)
    for mail in query(_MAILS):
        mails[mail["id"] or ""].append(mail)
    by_stem, by_hash = _offers(query, mails)
    same, named = _pairs(by_hash, mails), _pairs(by_stem, mails)
    rows = []
    for run in query(_RUNS):
        of_name = [] if run["system"] else named.get(run["stem"], [])
        for ground, pairs in (("hash", same.get(run["known"] or "", [])), ("name", of_name)):
            row = _entry(run, ground, [pair for pair in pairs if pair[0]["arrived"] <= run["time"]])
            if row:
                rows.append(row | {"host": machine.get(run["host"] or "", run["host"])})
                break
    return sorted(rows, key=lambda row: (row["time"], row["host"] or "", row["program"]))


def _offers(
    query: Query, mails: Mapping[str, Iterable[Row]]
) -> tuple[dict[str, list[Offer]], dict[str, list[Offer]]]:
    """Attached files by the stem of their name and by their SHA-256."""
    stems: defaultdict[str, set[Offer]] = defaultdict(set)
    hashes: defaultdict[str, set[Offer]] = defaultdict(set)
    holders = {row["path"]: row["item"] for row in query(_HOLDERS)}
    for row in query(_MEMBERS):
        for holder, member in _holders(row["path"], holders):
            offer = Offer(holders[holder], member, row["item"])
            stems[row["stem"]].add(offer)
            hashes[row["item"]].add(offer)
    return (
        {key: sorted(offers, key=_place) for key, offers in stems.items()},
        {key: sorted(offers, key=_place) for key, offers in hashes.items()},
    )


def _holders(path: str, holders: Mapping[str, str]) -> Iterable[tuple[str, str | None]]:
    """Attachments in which a place lies, itself among them, each with the place inside it."""
    if path in holders:
        yield path, None
    head = path
    for _ in range(DEPTH):
        head, slash, _ = head.rpartition("/")
        if not slash:
            return
        if head in holders:
            yield head, path[len(head) + 1 :]


def _place(offer: Offer) -> tuple[str, str, str]:
    return (offer.attachment, offer.member or "", offer.sha256)


def _pairs(
    offers: Mapping[str, list[Offer]], mails: Mapping[str, list[Row]]
) -> dict[str, list[tuple[Row, Offer]]]:
    """For each name or hash the first MOST mails that brought such a file, with the file."""
    return {
        key: nsmallest(
            MOST,
            ((mail, offer) for offer in each[:MOST] for mail in mails.get(offer.attachment, [])[:MOST]),
            key=lambda pair: (*_age(pair[0]), _place(pair[1])),
        )
        for key, each in offers.items()
    }


def _entry(run: Row, ground: str, pairs: list[tuple[Row, Offer]]) -> Row | None:
    """The pair that says most: a mail to the user who started the program, else the first that came."""
    if not pairs:
        return None
    mail, offer = min(
        pairs, key=lambda pair: (not _to(pair[0], run["user"]), *_age(pair[0]), _place(pair[1]))
    )
    sure = Grade.PROVEN if ground == "hash" else Grade.STRONG
    return {
        "program": run["program"],
        "user": run["user"],
        "time": run["time"],
        "item": run["item"],
        "record": run["record"],
        "attachment": mail["name"],
        "member": offer.member,
        "arrived": mail["arrived"],
        "sender": mail["sender"],
        "recipients": mail["recipients"],
        "mail": mail["item"],
        "mail_record": mail["record"],
        "mails": len({(other["item"], other["record"]) for other, _ in pairs}),
        "ground": ground,
        "sha256": offer.sha256 if ground == "hash" else None,
        "grade": (sure if ground == "hash" or len(run["stem"]) >= LONG_NAME else Grade.INDICATED).value,
    }


def _age(mail: Row) -> tuple[datetime, str, int]:
    return (mail["arrived"], mail["item"], mail["record"])


def _to(mail: Row, user: str | None) -> bool:
    """Whether a mail went to an address whose name is the account's."""
    account = (user or "").rpartition("\\")[2].lower()
    return bool(account) and any(
        (address or "").lower().partition("@")[0] == account for address in mail["recipients"] or ()
    )
