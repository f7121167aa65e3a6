# SPDX-License-Identifier: Apache-2.0
"""What a reassembled stream holds of SmokeLoader: one clue a request, which the pack's join reads together.

Every body stays as it was captured: of a request the first bytes are told, of an answer what kind it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from hikeshi.families.smokeloader import checkin, eras, posts
from hikeshi.families.smokeloader.config import FAMILY
from hikeshi.families.smokeloader.posts import Message
from hikeshi.pack import Grade, Hit, Stream, iso, replace

REQUEST, OLD, POOL = "smokeloader.request", "smokeloader.old-gate", "smokeloader.pool-login"
_GLANCE, _MOST, _HEAD = 256 << 10, 5_000, 128
_FORM = "application/x-www-form-urlencoded"
_TASK = re.compile(rb"\0\0Location: ?(https?://[!-~]{4,300})")
_OLD_TARGET = re.compile(r"[^ ]*\.php\?(?:.*&)?(?:cmd=(get(?:load|grab|proxy|socks))|r=(gate))(?:&.*)?")
_OLD_BODY = re.compile(rb"cmd=grab&data=")
_OLD_ANSWER = re.compile(rb"Smk[0-9]")
_LOGIN = re.compile(rb'"method"\s*:\s*"(login|mining\.(?:subscribe|authorize))"')
_HTML = re.compile(rb"(?i)<(?:!doctype|html|head|body|\?xml)")


Where = Callable[[bool, int], tuple[int | None, int | None, int | None]]


def wanted(stream: Stream) -> bool:
    """Whether a stream may be SmokeLoader's or a mining pool's, so that its bytes are kept until keys are known."""
    first = next(iter(stream.sent()), (0, b""))[1][:2048]
    if _LOGIN.search(first) and first.lstrip()[:1] == b"{":
        return True
    if b"POST " not in first and b"GET " not in first:
        return False
    told = posts.exchanges(stream.sent, stream.received, _GLANCE)
    return any(_suspect(request, answer) or _old(request, answer) for request, answer in told)


def _suspect(request: Message, answer: Message | None) -> bool:
    """A form that is no text, or an answer that names a place to load from."""
    if request.method != "POST":
        return False
    kind = request.header("content-type").lower()
    form = kind.startswith(_FORM) or (request.malformed and not kind)
    return form and (
        posts.enciphered(request.body) or (answer is not None and _TASK.match(answer.body) is not None)
    )


def _old(request: Message, answer: Message | None) -> bool:
    """The clear protocol of 2011 to 2013."""
    clear = request.method == "POST" and _OLD_BODY.match(request.body)
    return bool(
        old_command(request.target)
        or clear
        or (answer is not None and len(answer.body) == 4 and _OLD_ANSWER.fullmatch(answer.body))
    )


def old_command(target: str) -> str | None:
    """What a request of 2011 to 2013 asks for, from its address; None when it is no such request."""
    found = _OLD_TARGET.fullmatch(target[:2048])
    return (found[1] or found[2]) if found else None


def judged(
    stream: Stream, secrets: Sequence[tuple[bytes, str]] = (), where: Where | None = None
) -> Iterator[Hit]:
    """Clues of one stream: nothing where it is not SmokeLoader's.

    `secrets` are keys and passwords of the case with their sources; `where` gives record, offset and time of a
    position in what was sent (True) or received.
    """
    place = where or (lambda sent, position: (None, None, None))
    keys = checkin.orders(secrets)
    told = 0
    for request, answer in posts.exchanges(stream.sent, stream.received):
        made = None
        if _suspect(request, answer):
            made = _request(stream, request, answer, keys)
        elif _old(request, answer):
            made = _old_gate(stream, request, answer)
        if made is not None:
            record, offset, time = place(True, request.position)
            time = stream.time if time is None else time
            yield replace(made, record=record, offset=offset, time=time, time_text=iso(time))
            told += 1
        if told >= _MOST:
            return
    yield from _pool(stream, place)


def _request(
    stream: Stream, request: Message, answer: Message | None, keys: Sequence[tuple[bytes, str]]
) -> Hit:
    body = request.body
    fitting = eras.fitting(request.target, request.headers, len(body), request.malformed)
    if not posts.enciphered(body):
        fitting = []
    task = _TASK.match(answer.body) if answer else None
    fields = {
        **_ends(stream, request, answer),
        "bytes": str(len(body)),
        "head": body[:_HEAD].hex(),
        "enciphered": "yes" if posts.enciphered(body) else None,
        "rows": ", ".join(row.name for row in fitting),
        "lines": ", ".join(dict.fromkeys(row.line for row in fitting)),
        "referer": request.header("referer"),
        "answer": answer_kind(answer),
        "task_url": task[1].decode("ascii") if task else None,
        **_opened(body, keys),
    }
    return _hit(stream, REQUEST, fields)


def _ends(stream: Stream, request: Message, answer: Message | None) -> dict[str, str | None]:
    return {
        "client": stream.client,
        "server": f"{stream.server}:{stream.server_port}",
        "site": request.header("host"),
        "uri": request.target,
        "method": request.method,
        "status": str(answer.status) if answer else None,
        "answer_bytes": str(len(answer.body)) if answer else None,
        "stream": str(stream.number),
    }


def answer_kind(answer: Message | None) -> str | None:
    """What an answer's body is: empty, task (a place to load from), page, text, page and more, or opaque."""
    if answer is None:
        return None
    body = answer.body
    if not body:
        return "empty"
    if _TASK.match(body):
        return "task"
    page = _HTML.search(body[:512]) is not None
    if page:
        end = body.lower().rfind(b"</html>")
        behind = body[end + 7 :] if end >= 0 else b""
        return "page and more" if len(behind) >= 64 and posts.share(behind[:4096]) < posts.SHARE else "page"
    return "opaque" if posts.share(body[:4096]) < posts.SHARE else "text"


def _opened(body: bytes, keys: Sequence[tuple[bytes, str]]) -> dict[str, str | None]:
    found = checkin.opened(body, keys)
    return told(found) if found else {}


def told(found: checkin.CheckIn) -> dict[str, str | None]:
    """A deciphered request as fields."""
    begin, rest = found.unread
    return {
        "config_key": found.key.hex(),
        "key_source": found.source,
        "version_word": f"{found.word} ({found.word:#06x})",
        "bot_id": found.bot_id,
        "computer": found.computer,
        "volume_serial": found.serial,
        "build_constant": f"{found.constant:08X}" if found.constant is not None else None,
        "commands": ", ".join(f"{number} at {at}" for at, number in found.commands),
        "unread": f"{begin}: {rest.hex()}" if rest else None,
    }


def _old_gate(stream: Stream, request: Message, answer: Message | None) -> Hit:
    """Requests of 2011 to 2013 say in clear what they are; stolen forms in them are counted, never shown."""
    stolen = _OLD_BODY.match(request.body) is not None
    fields = {
        **_ends(stream, request, answer),
        "uri": request.target.partition("?")[0],
        "command": "grab" if stolen else old_command(request.target),
        "bytes": str(len(request.body)),
        "answer": answer.body.decode("ascii") if answer and _OLD_ANSWER.fullmatch(answer.body) else None,
        "line": "2011-2013",
    }
    made = _hit(stream, OLD, fields)
    function, technique = ("form-theft", "T1056.004") if stolen else ("registration", "T1071.001")
    return replace(made, grade=Grade.INDICATED, function=function, techniques=(technique,))


def _pool(stream: Stream, place: Where) -> Iterator[Hit]:
    """A login to a mining pool in clear JSON."""
    data = next(iter(stream.sent()), (0, b""))[1][:2048]
    found = _LOGIN.search(data)
    if found is None or data.lstrip()[:1] != b"{":
        return
    agent = None
    try:
        parameters = json.loads(data.split(b"\n")[0]).get("params")
        agent = parameters.get("agent") if isinstance(parameters, dict) else None
    except (ValueError, AttributeError, RecursionError):
        pass
    record, offset, time = place(True, 0)
    fields = {
        "client": stream.client, "server": f"{stream.server}:{stream.server_port}", "method": found[1].decode(),
        "agent": agent[:100] if isinstance(agent, str) else None, "stream": str(stream.number),
    }  # fmt: skip
    time = stream.time if time is None else time
    yield replace(_hit(stream, POOL, fields), record=record, offset=offset, time=time, time_text=iso(time))


def _hit(stream: Stream, message: str, fields: Mapping[str, str | None]) -> Hit:
    return Hit(
        stream.item, Grade.WEAK, message, record=None, time=stream.time, time_text=iso(stream.time), family=FAMILY,
        fields={name: value for name, value in fields.items() if value},
    )  # fmt: skip
