# SPDX-License-Identifier: Apache-2.0
"""NetWire settings: published values and layouts, in noise and in slot records; nothing where there is nothing."""

from __future__ import annotations

import io
import random
import sys
from pathlib import Path

import pytest

import netwire_settings as inert
from hikeshi.codecs.programs import layouts
from hikeshi.families.netwire import config_file, settings
from hikeshi.families.netwire.config import LAYOUTS, mapped, memory
from hikeshi.families.netwire.program import judged
from hikeshi.families.netwire.settings import meaning
from hikeshi.flow import programs
from hikeshi.pack import Grade, Issue, Layout, Program, Section, rc4

ORDER = [name for name in settings.ORDER if name != "group"]


@pytest.mark.parametrize(
    ("plain", "coded"),
    [
        (b"Password\0", "f7c6281acaa2c9bcc8"),
        (b"203.0.113.7:443;\0", "959768478de38ae9fb84764b37c9386ff0"),
    ],
)
def test_rc4_with_the_published_key(plain: bytes, coded: str) -> None:
    assert bytes.fromhex(coded) == rc4(inert.KEY, plain)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_found_in_noise_by_its_fields_alone(layout: str, seed: int) -> None:
    data, at = inert.placed(layout, seed)
    (found,) = memory(data, 100)
    values = inert.MAC if layout == "macOS" else inert.WINDOWS
    assert (layout, at + 100, []) == (found.layout, found.offset, found.unreadable)
    assert [
        (label.partition("-")[0], values[label], at + 100 + place)
        for label, (place, _) in LAYOUTS[layout].items()
    ] == [(one.name, one.value, one.offset) for one in found.settings]
    assert all(one.valid for one in found.settings)
    assert found.confidence > 0.5


def test_the_values_of_the_macos_build() -> None:
    (found,) = memory(inert.struct("macOS", inert.MAC))
    assert [("89.34.111.113", 443)] == found.hosts
    assert (
        "Password",
        "HostId-%Rand%",
        "Default Group",
        "-",
        "%home%/.defaults/Finder",
        "com.mac.host",
    ) == tuple(
        found.get(name) for name in ("password", "host_id", "group", "mutex", "install_path", "startup_name")
    )
    assert "{0Q44F73L-1XD5-6N1H-53K4-I28DQ30QB8Q1}" == found.get("activex")


def test_flags_are_spelled_out() -> None:
    """96, 1 and 75 as in a public test configuration: mutex and offline key logger, direct, 75 seconds."""
    assert "mutex, offline key logger" == meaning("options", "96")
    assert "direct" == meaning("proxy_mode", "1")
    assert "75 seconds" == meaning("sleep", "75")
    assert "Run autostart, Active Setup autostart" == meaning("options", "24")
    assert "the builder's default" == meaning("password", "Password")
    assert "no legal GUID" == meaning("activex", inert.MAC["activex"])
    assert "" == meaning("activex", "{01234567-89AB-CDEF-0123-456789ABCDEF}")
    assert "SOCKS5, HTTP" == meaning("proxies", "a.example:1:2;b.example:2:3;")


def test_an_operator_who_changed_every_name_is_still_found() -> None:
    values = {
        **inert.WINDOWS,
        "password": "x7!kQ",
        "host_id": "spring",
        "mutex": "-",
        "startup_name": "Updater",
    }
    values |= {"install_path": "%Temp%\\u.exe", "activex": "-", "group": "g1", "keylog_dir": "%Temp%\\l\\"}
    for layout in ("1.7a", "1.7 with group"):
        (found,) = memory(bytes(999) + inert.struct(layout, values))
        assert (layout, "x7!kQ", "spring") == (found.layout, found.get("password"), found.get("host_id"))


@pytest.mark.parametrize("is_mapped", [False, True], ids=["file", "mapped"])
@pytest.mark.parametrize("order", [ORDER, list(settings.ORDER), ORDER[::-1]], ids=["12", "13", "12-reversed"])
def test_fields_are_read_out_of_a_file_and_labelled(order: list[str], is_mapped: bool) -> None:
    for seed in range(5):
        data, sections, base = inert.blob([inert.WINDOWS[name] for name in order], seed, is_mapped)
        (found,) = config_file.from_file(data, sections, base)
        assert {name: inert.WINDOWS[name] for name in order} == {
            one.name: one.value for one in found.settings
        }
        assert (inert.KEY, f"{len(order)} fields") == (found.key, found.layout)
        assert found.confidence > 0.9
        for one in found.settings:
            coded = data[one.offset : one.offset + len(one.value)]
            assert one.value.encode() == rc4(inert.KEY, coded)


def test_why_a_file_gives_no_settings_is_said() -> None:
    fields = [inert.WINDOWS[name] for name in ORDER]
    data, sections, base = inert.blob(fields, 1)
    assert "no-code-anchor" == config_file.why_none(bytes(4000), sections, base)
    assert "address-outside" == config_file.why_none(data, sections[:1], base)
    other, sections, base = inert.blob(["?"] * 12, 1)
    assert [] == list(config_file.from_file(other, sections, base))
    assert "fields-not-readable" == config_file.why_none(other, sections, base)


TEXTS = (
    b"HostId-%Rand%", b"wcnwClass", b"%s.Identifier", b"ping 192.0.2.2", b"[Print Screen]", b"filenames.txt",
)  # fmt: skip


def program(data: bytes, sections: list[Section], base: int) -> Program:
    return Program("0" * 64, data, (Layout("PE", base, tuple(sections)),))


def test_a_program_gives_its_settings_as_stored_and_as_taken_from_memory() -> None:
    fields = [inert.WINDOWS[name] for name in ORDER]
    for is_mapped in (False, True):
        data, sections, base = inert.blob(fields, 3, is_mapped)
        stated = [Section(0x1000, 0x1000, 0x400), Section(0x3000, 0x2000, 0x1400)] if is_mapped else sections
        (hit,) = judged(program(data, stated, base))
        assert ("netwire.config", Grade.PROVEN, "Password") == (
            hit.message, hit.grade, hit.fields["config_password"],
        )  # fmt: skip
        assert inert.KEY.hex() == hit.fields["config_key"]


def test_texts_of_the_family_without_settings_say_why() -> None:
    texts = b"\0".join(TEXTS)
    data, sections, base = inert.blob(["?"] * 12, 1)
    cases = [
        (program(bytes(64) + texts, [Section(0, 64, 0)], 0), "no-code-anchor"),
        (program(data + texts, sections, base), "fields-not-readable"),
        (
            program(inert.blob([inert.WINDOWS[n] for n in ORDER], 1)[0] + texts, sections[:1], 0),
            "address-outside",
        ),
        (Program("0" * 64, texts, ()), "no-section-table"),
    ]
    for given, why in cases:
        (hit,) = judged(given)
        assert ("netwire.program", Grade.STRONG, why) == (hit.message, hit.grade, hit.fields["why"])
        assert given.bytes.find(TEXTS[0]) == hit.offset


def test_a_few_texts_or_texts_of_others_say_nothing() -> None:
    for texts in (TEXTS[:1], TEXTS[2:], (b"SOFTWARE\\NetWire", b"[Print Screen]")):
        assert [] == list(judged(program(b"\0".join(texts), [], 0)))


def test_a_worker_hands_a_program_to_the_packs_that_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Path(sys.executable).read_bytes()
    seen: list[Program] = []
    monkeypatch.setattr(programs, "packs", lambda: ["one"])
    monkeypatch.setattr(
        programs, "entry", lambda pack, name: {"program": lambda p: seen.append(p) or []}[name]
    )
    assert [] == list(programs.judged("0" * 64, io.BytesIO(data), len(data)))
    assert [data] == [one.bytes for one in seen]
    assert ["ELF"] == [layout.format for layout in seen[0].layouts]
    monkeypatch.setattr(programs, "LARGEST", len(data) - 1)
    (issue,) = programs.judged("0" * 64, io.BytesIO(data), len(data))
    assert isinstance(issue, Issue)
    assert ("search-limit", str(len(data) - 1)) == (issue.reason, issue.fields["limit"])


def test_code_that_points_to_the_struct_is_followed() -> None:
    block, base = inert.struct("1.7a", inert.WINDOWS), 0x400000
    slot = b"\xe8\0\0\0\0\xc7\x44\x24\x08\xff\0\0\0\xc7\x44\x24\x04" + (base + 0x800).to_bytes(4, "little")
    image = (bytes(64) + slot).ljust(0x800, b"\0") + block
    (found,) = mapped(image, base)
    assert ("1.7a", 0x800) == (found.layout, found.offset)
    assert [] == list(mapped(image, base + 4))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_damage_never_raises_and_never_changes_what_is_said(layout: str) -> None:
    values = inert.MAC if layout == "macOS" else inert.WINDOWS
    block = inert.struct(layout, values)
    allowed = set(values.values())
    for at in range(0, len(block), 3):
        for found in memory(block[:at]):
            assert {one.value for one in found.settings} <= allowed | {""}
    chance = random.Random(3)
    for _ in range(200):
        bent = bytearray(block)
        for _ in range(4):
            bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        assert len(list(memory(bytes(bent)))) <= 1


def test_damaged_files_never_raise() -> None:
    data, sections, base = inert.blob([inert.WINDOWS[name] for name in ORDER], 2)
    chance = random.Random(4)
    for at in range(0, len(data), 37):
        for found in config_file.from_file(data[:at], sections, base):
            assert {one.value for one in found.settings} <= set(inert.WINDOWS.values())
    for _ in range(200):
        bent = bytearray(data)
        bent[chance.randrange(0x400, len(bent))] ^= 1 << chance.randrange(8)
        list(config_file.from_file(bytes(bent), sections, base))
        config_file.why_none(bytes(bent), sections, base)


def test_other_data_hold_no_settings() -> None:
    text = "server.example:443;other.example:80;\0" * 200 + "key=value;host.example:22;\n" * 200
    assert [] == list(memory(text.encode()))
    assert [] == list(memory(random.Random(1).randbytes(2_000_000)))
    library = Path(random.__file__).read_bytes() + Path(sys.executable).read_bytes()
    assert [] == list(memory(library))
    assert [] == list(mapped(library, 0x400000))
    assert [] == list(config_file.from_file(library, [Section(0, len(library), 0)], 0x400000))


@pytest.mark.campaign
def test_a_hundred_megabytes_of_noise_and_of_system_files_hold_no_settings() -> None:
    chance = random.Random(8)
    for _ in range(25):
        assert [] == list(memory(chance.randbytes(4 << 20)))
    read = 0
    for path in sorted(Path(sys.prefix).rglob("*.so")):
        data = path.read_bytes()
        read += len(data)
        assert [] == list(memory(data))
        assert [] == list(judged(Program("0" * 64, data, tuple(layouts(data)))))
        if read > 100_000_000:
            break
