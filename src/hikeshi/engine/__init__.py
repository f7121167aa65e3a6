# SPDX-License-Identifier: Apache-2.0
"""Runs functions over evidence in limited worker processes; knows nothing about forensics.

An engine has two functions: ``submit(task)`` and ``replies()``. The local engine is ``local.Pool``.
"""

from hikeshi.engine.task import Limits, Lost, Message, Opener, Reply, Task, Unit

__all__ = ["Limits", "Lost", "Message", "Opener", "Reply", "Task", "Unit"]
