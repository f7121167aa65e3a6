# SPDX-License-Identifier: Apache-2.0
"""Disk images of kinds that are not opened: named, so that the analyst knows what to convert, and refused.

Magic numbers from each format's public documentation: QEMU docs/interop/qcow2, Microsoft's VHD and VHDX
specifications, VMware's Virtual Disk Format 5.0, VirtualBox, libewf (EWF2), AFFLIB, libmodi, AccessData AD1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hikeshi.schema import Count, Issue, Item, Reason

VERSION = "1"
KIND = "foreign-image"

# (offset, magic, name, what turns it into a raw image)
_MAGIC = (
    (0, b"QFI\xfb", "QCOW2", "qemu-img convert -O raw"),
    (0, b"conectix", "VHD", "qemu-img convert -O raw"),
    (0, b"vhdxfile", "VHDX", "qemu-img convert -O raw"),
    (0, b"KDMV", "VMDK", "qemu-img convert -O raw"),
    (0, b"COWD", "VMDK", "qemu-img convert -O raw"),
    (0, b"# Disk DescriptorFile", "VMDK", "qemu-img convert -O raw"),
    (64, b"\x7f\x10\xda\xbe", "VDI", "qemu-img convert -O raw"),
    (0, b"WithoutFreeSpace", "Parallels", "qemu-img convert -O raw"),
    (0, b"WithouFreSpacExt", "Parallels", "qemu-img convert -O raw"),
    (0, b"EVF2\r\n\x81\0", "Ex01", "ewfexport -f raw"),
    (0, b"LVF\x09\x0d\x0a\xff\0", "L01", "ewfmount"),
    (0, b"AFF10\r\n", "AFF", "affconvert -r"),
    (0, b"ADSEGMENTEDFILE", "AD1", "FTK Imager"),
    (0, b"encrcdsa", "DMG", "hdiutil convert -format UDTO"),
)
_UDIF = b"koly"


def named(head: bytes) -> tuple[str, str] | None:
    """The name of the image format that begins with these bytes, and the tool that converts it."""
    for offset, magic, name, tool in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name, tool
    if b"<Parallels_disk_image" in head[:1024]:
        return "Parallels", "qemu-img convert -O raw"
    return None


def sniff(head: bytes, name: str) -> bool:
    """A magic number of the list."""
    return named(head) is not None


def read(items: Sequence[Item]) -> Iterator[Issue | Count]:
    """One refusal an item, with the name of the format and what opens it."""
    for item in items:
        found = named(item.file.read(1024)) or _udif(item)
        if found:
            fields = {"format": found[0], "convert": found[1]}
            yield Issue(
                item.id,
                Reason.UNSUPPORTED_FORMAT,
                0,
                records=1,
                fields=fields,
                unknown="unknown.image-not-opened",
            )
            yield Count(item.id, KIND, 1)
        else:
            yield Issue(item.id, Reason.UNKNOWN_FORMAT)
            yield Count(item.id, "unknown", 1, whole=True)


def udif(item: Item) -> bool:
    """Whether the item ends as Apple's disk images (UDIF) do: a trailer of 512 bytes that begins with "koly"."""
    return _udif(item) is not None


def _udif(item: Item) -> tuple[str, str] | None:
    item.file.seek(max(0, item.size - 512))
    found = item.file.read(4) == _UDIF
    item.file.seek(0)
    return ("DMG", "hdiutil convert -format UDTO") if found else None
