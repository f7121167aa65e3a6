# SPDX-License-Identifier: Apache-2.0
"""A page read with the standard library's HTML parser into a tree that can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "input", "br"})
INLINE = frozenset({"a", "b", "code", "span", "strong", "time"})


@dataclass
class Element:
    """One element: attributes as written, children in order, text as strings among them."""

    tag: str
    attrs: dict[str, str | None] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """This element and all below it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    @property
    def text(self) -> str:
        """All text below as a reader sees it: blocks apart, white space folded."""
        return " ".join(self._raw().split())

    def _raw(self) -> str:
        inner = "".join(child if isinstance(child, str) else child._raw() for child in self.children)
        return inner if self.tag in INLINE else f" {inner} "

    def all(self, tag: str = "", class_: str = "") -> list[Element]:
        """Elements below with this tag and class."""
        return [e for e in self.walk() if tag in ("", e.tag) and (not class_ or class_ in e.classes)]

    def one(self, id_: str) -> Element:
        """The only element with this id."""
        (found,) = [element for element in self.walk() if element.attrs.get("id") == id_]
        return found

    @property
    def classes(self) -> list[str]:
        """Class names."""
        return (self.attrs.get("class") or "").split()

    def table(self, caption: str) -> Element:
        """The table whose caption has this id."""
        (found,) = [
            t for t in self.all("table") if any(c.attrs.get("id") == caption for c in t.all("caption"))
        ]
        return found

    def rows(self) -> list[list[str]]:
        """The text of every row's cells."""
        return [[c.text for c in row.children if isinstance(c, Element)] for row in self.all("tr")]


class Reader(HTMLParser):
    """Builds the tree; an end tag that closes nothing, or not the innermost element, is an error."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root")
        self._open = [self.root]
        self.other: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        assert len(element.attrs) == len(attrs), f"<{tag}> has an attribute twice"
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def unknown_decl(self, data: str) -> None:
        self.other.append(data)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)


def read(html: bytes) -> Element:
    """The tree of a page; every element must be closed in order, and there must be no comment."""
    reader = Reader()
    reader.feed(html.decode("utf-8"))
    reader.close()
    assert [element.tag for element in reader._open] == ["root"]
    assert reader.other == []
    return reader.root


def language(page: Element, lang: str) -> Element:
    """The part of the page in one language."""
    (part,) = [e for e in page.all("div", "page") if e.attrs.get("lang") == lang]
    return part
