# SPDX-License-Identifier: Apache-2.0
"""What a reassembled stream holds of NetWire, as findings: the session, its commands, its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from hikeshi.families.netwire import commands, keys, traffic
from hikeshi.families.netwire.raw import FAMILY
from hikeshi.pack import Grade, Hit, Stream, iso, replace

# Messages that say nothing alone: data of files and pictures, keys and mouse, keep-alives, ends of lists.
_QUIET = frozenset({0x97, 0x98, 0x99, 0x9B, 0xAC, 0xAD, 0xC5, 0xC6, 0xC7, 0xC8, 0xCA, 0xD1, 0xD2})
_MOST_BLOCKS = 50


Where = Callable[[bool, int], tuple[int | None, int | None, int | None]]


def wanted(stream: Stream) -> bool:
    """Whether a stream has the form of NetWire's, so that its bytes are kept until passwords are known."""
    return traffic.looks(stream.sent, stream.received)


def judged(
    stream: Stream, secrets: Sequence[tuple[bytes, str]] = (), where: Where | None = None
) -> Iterator[Hit]:
    """Findings of one stream: nothing where it is not NetWire's.

    `secrets` are passwords of the case with their sources; `where` gives record, offset and time of a position in
    what was sent (True) or received.
    """
    place = where or (lambda sent, position: (None, None, None))
    tried = [keys.Secret(password, source) for password, source in secrets]
    found = traffic.session(
        stream.sent, stream.received, tried, lambda sent, position: place(sent, position)[2]
    )
    if found is None:
        return
    record, offset, _ = place(True, 0)
    yield replace(_session(stream, found), record=record, offset=offset)
    for event in found.events:
        if not event.from_agent and event.control not in _QUIET:
            record, offset, _ = place(event.from_agent != found.reversed, event.position)
            yield replace(_told(stream, found, event), record=record, offset=offset)
    record, offset, _ = place(True, 0)
    for other in (*_files(stream, found), *_blocks(stream, found)):
        yield replace(other, record=record, offset=offset)


def _files(stream: Stream, found: traffic.Session) -> Iterator[Hit]:
    for file in found.files:
        fields = {
            "file": file.path, "direction": file.direction, "bytes": str(file.size), "sha256": file.sha256,
            "type": file.kind, "whole": "yes" if file.whole else "no", "gaps": str(file.gaps) if file.gaps else None,
        }  # fmt: skip
        technique = "T1105" if file.direction == "to-victim" else "T1041"
        yield _hit(
            stream,
            found,
            "netwire.file",
            Grade.PROVEN,
            stream.time,
            f"file-{file.direction}",
            (technique,),
            fields,
        )


def _blocks(stream: Stream, found: traffic.Session) -> Iterator[Hit]:
    for block in found.first_blocks[:_MOST_BLOCKS]:
        name = commands.COMMANDS.get(block.control, ("unknown",))[0]
        fields = {"command": name, "text": block.text, "position": str(block.position)}
        yield _hit(stream, found, "netwire.first-block", Grade.WEAK, stream.time, None, (), fields)


def _session(stream: Stream, found: traffic.Session) -> Hit:
    agent, server = ("server", "client") if found.reversed else ("client", "server")
    port = stream.client_port if found.reversed else stream.server_port
    key, hello = found.key, found.hello
    fields = {
        "c2": f"{getattr(stream, server)}:{port}", "agent": getattr(stream, agent), "grounds": ", ".join(found.grounds),
        "messages": str(found.sent.frames + found.received.frames), "numbers": "older" if found.older else "1.7",
        "keep_alive": f"{found.keep_alive:g}" if found.keep_alive is not None else None,
        "begins_midway": "yes" if found.sent.middle or found.received.middle else None,
        "refused_passwords": str(found.refused) if found.refused else None,
        "stream": str(stream.number),
    }  # fmt: skip
    if key is not None:
        reading = f"{key.reading}, {key.mode}{'' if key.settled else ' or the other mode'}, {key.bits:g} bits"
        fields |= {
            "config_password": key.secret.password.decode("latin-1"),
            "password_source": key.secret.source,
        }
        fields |= {"key_reading": reading + (", seeds swapped" if key.swapped else "")}
    if hello is not None:
        fields |= {
            "config_version": hello.version,
            "system": hello.system,
            "install_date": hello.install_date,
        }
        fields |= {"platform": hello.platform}
    message = "netwire.session" if key is not None else "netwire.traffic"
    return _hit(
        stream, found, message, found.grade, stream.time, "registration", ("T1095", "T1573.001"), fields
    )  # fmt: skip


def _told(stream: Stream, found: traffic.Session, event: traffic.Event) -> Hit:
    """A command: what it says where it was decrypted, else its number and size."""
    meaning = event.command or commands.parse(event.control, b"")
    fields = {"command": event.name, "bytes": str(event.size), "position": str(event.position)}
    if event.command is not None and event.command.complete:
        fields |= {
            f"command_{name}": value for name, value in event.command.fields.items() if name != "bytes"
        }
    fields["decrypted"] = "yes" if event.command is not None and event.command.complete else "no"
    return _hit(
        stream, found, "netwire.command", found.grade, event.time, meaning.function, meaning.techniques, fields
    )  # fmt: skip


def _hit(
    stream: Stream, found: traffic.Session, message: str, grade: Grade, time: int | None, function: str | None,
    techniques: tuple[str, ...], fields: Mapping[str, str | None],
) -> Hit:  # fmt: skip
    hello = found.hello
    return Hit(
        stream.item, grade, message, record=None, time=time, time_text=iso(time),
        host=hello.host if hello else None, user=hello.user if hello else None, family=FAMILY, function=function,
        techniques=techniques, fields={name: value for name, value in fields.items() if value},
    )  # fmt: skip
