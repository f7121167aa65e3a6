# SPDX-License-Identifier: Apache-2.0
"""Scheduled tasks: what Microsoft's schema says of each element, and tasks that real logs carry."""

from __future__ import annotations

from collections import Counter

import pytest

from hikeshi.codecs.task_xml import Action, parse
from hikeshi.readers import scheduled_task
from hikeshi.synth import autostarts
from readers.evidence import event_data
from readers.reading import run

WRITTEN = autostarts.task(
    r"\Example\Update & check",
    r"C:\Users\taro\AppData\Roaming\example",
    "/quiet <now>",
    author=r"EXAMPLE\taro",
    date="2018-01-26T09:02:13+09:00",
    triggers=autostarts.time_trigger("1999-11-30T00:00:00", "PT10M")
    + "<LogonTrigger><Enabled>false</Enabled></LogonTrigger>",
    user="S-1-5-21-1-2-3-1001",
    settings={"Hidden": "true", "StartWhenAvailable": "true"},
)


def test_every_element_comes_out_under_its_name() -> None:
    outcome = run(scheduled_task, WRITTEN)
    (row,) = outcome.rows["autostarts"]
    assert ("task", "Update & check", r"\Example\Update & check") == (row["kind"], row["name"], row["path"])
    assert (r"C:\Users\taro\AppData\Roaming\example", "/quiet <now>") == (row["command"], row["arguments"])
    assert ("S-1-5-21-1-2-3-1001", "2018-01-26T00:02:13+00:00") == (row["user"], row["time"].isoformat())
    fields = dict(row["fields"])
    assert "TimeTrigger 1999-11-30T00:00:00 repeat PT10M\nLogonTrigger disabled" == fields["triggers"]
    assert ("1999-11-30T00:00:00", "PT10M", "true", "true", r"EXAMPLE\taro", "Exec") == tuple(
        fields[name]
        for name in ("start_boundary", "interval", "hidden", "start_when_available", "author", "action")
    )
    assert [] == outcome.issues


def test_a_date_without_a_zone_is_not_taken_for_utc() -> None:
    task = autostarts.task(r"\A", "a.exe", date="2018-01-26T09:02:13.1234567")
    (row,) = run(scheduled_task, task).rows["autostarts"]
    assert (None, "2018-01-26T09:02:13.1234567") == (row["time"], row["time_text"])


def test_several_actions_are_several_rows() -> None:
    more = (
        "<Exec><Command>b.exe</Command><WorkingDirectory>C:\\W</WorkingDirectory></Exec>"
        "<ComHandler><ClassId>{00000000-0000-0000-0000-000000000001}</ClassId><Data>d</Data></ComHandler></Actions>"
    )
    text = autostarts.task(r"\A", "a.exe").decode("utf-16").replace("</Actions>", more)
    found = parse(text)
    assert found
    assert found.actions == (
        Action("Exec", "a.exe"),
        Action("Exec", "b.exe", "", "C:\\W"),
        Action("ComHandler", "{00000000-0000-0000-0000-000000000001}", "d"),
    )
    assert 3 == len(run(scheduled_task, text.encode("utf-16")).rows["autostarts"])


def test_a_cut_task_gives_what_came_before_the_cut() -> None:
    outcome = run(scheduled_task, WRITTEN[: WRITTEN.index("<Settings>".encode("utf-16-le"))])
    (row,) = outcome.rows["autostarts"]
    assert (r"\Example\Update & check", None) == (row["path"], row["command"])
    assert ["damaged"] == [issue.reason for issue in outcome.issues]


@pytest.mark.parametrize(
    "text", ["", "<a/>", "<Task", "<x:Tasks/>", "\0" * 50, "<!DOCTYPE Task [<!ENTITY a 'b'>]><Task/>"]
)
def test_what_is_no_task_is_none(text: str) -> None:
    assert parse(text) is None


def test_tasks_of_real_logs() -> None:
    """15 events carry a task; the manifest's source repositories name the attacks, the events name the task again."""
    kinds: Counter[int] = Counter()
    for event, data in event_data(("TaskContent", "TaskContentNew"), b"TaskContent"):
        task = parse(data["TaskContent"] if "TaskContent" in data else data["TaskContentNew"])
        assert task
        assert task.damage is None
        assert task.actions
        if task.uri:
            assert task.uri.lstrip("\\") == data["TaskName"].lstrip("\\")
        kinds[event] += 1
    assert {4698: 6, 4699: 3, 4701: 1, 4702: 5} == dict(kinds)
