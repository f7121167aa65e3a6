# SPDX-License-Identifier: Apache-2.0
"""XML of strangers as a small tree: no entities but XML's own five, no external parts, bounded in size and depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MOST_BYTES, MOST_ELEMENTS, MOST_DEPTH = 4 << 20, 50_000, 64


@dataclass
class Element:
    """One element: its name without prefix, its attributes, the text directly in it and its children in order."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, name: str) -> Element | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def value(self, *path: str) -> str:
        """The text at the end of a path of names, without blanks around it; "" when there is none."""
        at: Element | None = self
        for name in path:
            at = at.child(name) if at else None
        return at.text.strip() if at else ""

    def all(self, *names: str) -> Iterator[Element]:
        """Children of one of the names, in order."""
        return (child for child in self.children if child.name in names)


@dataclass(frozen=True)
class Tree:
    """What could be read: the root as far as it goes, and why it ends early (null when it does not)."""

    root: Element | None
    damage: str | None


class _Stop(Exception):
    """Why reading ends here."""


def text_of(data: bytes) -> str:
    """The bytes as text, by byte order mark or by where the zero bytes of the first characters lie."""
    for mark, codec in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-8", "replace")


def parse(content: bytes | str) -> Tree:
    """The tree of a document. An entity that the document declares ends it; what follows the root is left out."""
    text = text_of(content[:MOST_BYTES]) if isinstance(content, bytes) else content[:MOST_BYTES]
    top = Element("")
    stack = [top]
    pieces: list[list[str]] = [[]]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS or len(stack) > MOST_DEPTH:
            raise _Stop("too many elements" if count > MOST_ELEMENTS else "elements nested too deep")
        element = Element(name.rpartition(":")[2], attributes)
        stack[-1].children.append(element)
        stack.append(element)
        pieces.append([])

    def end(name: str) -> None:
        stack.pop().text = "".join(pieces.pop())

    def data(piece: str) -> None:
        pieces[-1].append(piece)

    def declared(*about: object) -> None:
        raise _Stop("it declares entities")

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = data, declared
    damage = None
    try:
        parser.Parse(text.lstrip("\ufeff \t\r\n").encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        ended = len(stack) == 1 and top.children
        damage = None if ended else str(error)
    except _Stop as reason:
        damage = str(reason)
    while len(stack) > 1:
        stack.pop().text = "".join(pieces.pop())
    return Tree(top.children[0] if top.children else None, damage)
