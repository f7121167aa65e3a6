# SPDX-License-Identifier: Apache-2.0
"""Keys of a NetWire session from its password, and the reading of them that makes plain sense.

Key schedule and mode: pan-unit42/public_tools, netwire. For passwords that do not have 8 letters the published
code allows two readings, and its "OFB" feeds back the ciphertext, which is CFB; the reading is therefore
chosen by what the messages say and stated beside the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hikeshi.families.netwire import commands
from hikeshi.families.netwire.frames import Frame
from hikeshi.pack import cfb_decrypt, ofb_decrypt

DEFAULT = b"Password"
READINGS = ("from-8", "from-length")
MODES: dict[str, Callable[[bytes, bytes, bytes], bytes]] = {"CFB-128": cfb_decrypt, "OFB": ofb_decrypt}
# Evidence in bits that the sum of all messages must give, and the share of messages that may not fit.
ENOUGH, MOST_MISFITS = 40.0, 0.05
_SAMPLE, _LONGEST = 64, 1024
_OPAQUE = frozenset({0x99, 0x9B, 0xAC, 0xAD, 0xC9})


@dataclass(frozen=True)
class Secret:
    """A password that may open a session, and where it comes from."""

    password: bytes
    source: str


@dataclass(frozen=True)
class Key:
    """The keys of one session: `settled` when the messages were long enough to tell the modes apart.

    `swapped` says that the agent's messages are under the key made with the server's seed.
    """

    secret: Secret
    reading: str
    mode: str
    settled: bool
    swapped: bool
    agent: bytes
    server: bytes
    iv: bytes
    bits: float

    def open(self, data: bytes, from_agent: bool) -> bytes:
        """The plaintext of one message; key and initial value begin anew with each."""
        return MODES[self.mode](self.agent if from_agent else self.server, self.iv, data)


def schedule(password: bytes, seed: bytes, reading: str = "from-length") -> bytes | None:
    """The 32 bytes of key made of a password and a seed of 32 bytes; None where the reading gives none."""
    size = len(password)
    state = [(byte << 4 | byte >> 4) & 0xFF for byte in password]
    first = 8 if reading == "from-8" else size
    state += [((i >> 5 | i * 8) & i) & 0xFF for i in range(first, 32)]
    if len(state) < 32 or len(seed) < 32 or size >> 2 >= len(state):
        return None
    a = state[size >> 2] ^ size
    for i in range(32):
        v = (a ^ state[i] ^ seed[i]) & 0xFF
        a = ~(seed[i] ^ 4 * v) & 0xFFF
        state[i] = ((i ^ (i + size)) | v >> 5 | 8 * v) & 0xFF
    return bytes(state[:32])


def choose(
    agent_seed: bytes,
    iv: bytes,
    server_seed: bytes,
    agent: Sequence[Frame],
    server: Sequence[Frame],
    secrets: Sequence[Secret],
) -> Key | None:
    """The first password under which the messages make sense, with its best reading; None when none does."""
    for secret in secrets:
        found = [
            (score, -order, key)
            for order, key in enumerate(_keys(secret, agent_seed, iv, server_seed))
            if (score := _score(key, agent, server)) >= ENOUGH
        ]
        if found:
            score, _, key = max(found, key=lambda one: one[:2])
            rival = any(s >= score and k.mode != key.mode for s, _, k in found if k.swapped == key.swapped)
            return Key(**{**vars(key), "settled": not rival, "bits": round(score, 1)})
    return None


def _keys(secret: Secret, agent_seed: bytes, iv: bytes, server_seed: bytes) -> Iterator[Key]:
    made = set()
    for reading in READINGS:
        pair = [schedule(secret.password, seed, reading) for seed in (agent_seed, server_seed)]
        if pair[0] is None or pair[1] is None or tuple(pair) in made:
            continue
        made.add(tuple(pair))
        for mode in MODES:
            yield Key(secret, reading, mode, False, False, pair[0], pair[1], iv, 0.0)
            yield Key(secret, reading, mode, False, True, pair[1], pair[0], iv, 0.0)


def _score(key: Key, agent: Sequence[Frame], server: Sequence[Frame]) -> float:
    """How unlikely it is that chance made the messages fit; below zero when too many do not."""
    total, opinions, misfits = 0.0, 0, 0
    for frames, from_agent in ((agent, True), (server, False)):
        for frame in frames[:_SAMPLE]:
            bits = _opinion(key.open(frame.data[:_LONGEST], from_agent), frame, from_agent)
            if bits is None:
                continue
            opinions += 1
            misfits += bits < 0
            if misfits > 3 and misfits > opinions / 2:
                return -1.0
            total += max(bits, -20.0)
    return total if opinions and misfits <= MOST_MISFITS * opinions else -1.0


def _opinion(plain: bytes, frame: Frame, from_agent: bool) -> float | None:
    if not plain:
        return None
    if from_agent:
        if commands.hello(plain):
            return 60.0
        listed = commands.drives(plain) if frame.number == 0xA4 else None
        return 24.0 * listed.count(":") if listed else None
    if frame.number in _OPAQUE or len(frame.data) > _LONGEST or not frame.whole:
        return None
    command = commands.parse(frame.control, plain)
    if not command.complete:
        return -20.0
    return command.bits if abs(command.bits) >= 2 else None
