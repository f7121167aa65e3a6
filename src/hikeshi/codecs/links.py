# SPDX-License-Identifier: Apache-2.0
"""Links of a text or HTML body, as written there; shortening and defanging belong to the outputs.

HTML is read by a linear scan of tags and attributes (WHATWG HTML section 13.2.5), comments included,
because mail readers show what stands in conditional comments.
"""

from __future__ import annotations

import html
import re

MAX_LINKS = 5_000
MAX_LENGTH = 4_096
_LATIN = r"[^\s<>\"`\x00-\x1f\u2018-\u201f\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef\ufffd]"
_IN_TEXT = re.compile(
    rf"(?<![A-Za-z0-9])(?:(?:https?|ftps?|hxxps?)://|www\.(?=[^\s.]))(?:{_LATIN}{{1,{MAX_LENGTH}}}|[^\s<>\"、。「」（）]{{1,{MAX_LENGTH}}})"
    rf"|(?<![A-Za-z0-9])mailto:{_LATIN}{{3,{MAX_LENGTH}}}",
    re.IGNORECASE,
)
_TAG = re.compile(r"<([a-zA-Z][^\s/>]{0,80})")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=][^\s/>=]{0,80})(?:\s*=\s*(?:\"([^\"]*)\"?|'([^']*)'?|([^\s>]*)))?")
_DECLARATION = re.compile(r"<(?:!doctype|\?)[^<>]*>", re.IGNORECASE)
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}:|//|\\\\|www\.)", re.IGNORECASE)
_REFRESH = re.compile(r"\burl\s{0,20}=\s{0,20}['\"]?([^'\"]+)", re.IGNORECASE)
_HUGE = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{9,});?")
_UNSEEN = re.compile(r"[\t\r\n]")
_LINKING = frozenset(
    [
        *("href", "src", "action", "formaction", "background", "data", "poster", "lowsrc", "dynsrc"),
        *("longdesc", "xlink:href", "srcset", "content", "style"),
    ]
)
_INNER = ("cid:", "mid:", "about:blank", "urn:")


def text_links(text: str) -> list[str]:
    """Links of plain text in order, each once."""
    return list(dict.fromkeys(filter(None, (_trim(m[0]) for m in _take(_IN_TEXT, text)))))


def html_links(markup: str) -> list[str]:
    """Links of HTML, each once: those of attributes, then those in text, scripts and styles."""
    found: dict[str, None] = {}
    texts: list[str] = []
    at = 0
    markup = _DECLARATION.sub(" ", markup)
    while len(found) < MAX_LINKS and (tag := _TAG.search(markup, at)):
        texts.append(markup[at : tag.start()])
        at = tag.end()
        while attribute := _ATTRIBUTE.match(markup, at):
            at = attribute.end()
            name = attribute[1].lower()
            value = attribute[2] or attribute[3] or attribute[4]
            if value and name in _LINKING:
                found.update(dict.fromkeys(_attribute(name, _unescape(value))))
    texts.append(markup[at:])
    found.update(dict.fromkeys(text_links(_unescape(" ".join(texts)))))
    return list(found)[:MAX_LINKS]


def _unescape(text: str) -> str:
    """Character references resolved, but for numbers so long that Python's converter would raise."""
    return html.unescape(_HUGE.sub("\ufffd", text))


def _attribute(name: str, value: str) -> list[str]:
    if name == "style":
        return text_links(value) if "//" in value or "www." in value else []
    if name == "srcset":
        values = [part.split()[0] for part in value.split(",")[:100] if part.split()]
    elif name == "content":
        values = _REFRESH.findall(value[: 2 * MAX_LENGTH])
    else:
        values = [value]
    links = [_UNSEEN.sub("", link.strip())[:MAX_LENGTH] for link in values]
    return [_data(link) for link in links if _SCHEME.match(link) and not link.lower().startswith(_INNER)]


def _data(link: str) -> str:
    """A `data:` link is its content: its media type is kept, the content is not a place to go."""
    return link.partition(",")[0] + "," if link[:5].lower() == "data:" else link


def _take(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [match for _, match in zip(range(MAX_LINKS), pattern.finditer(text), strict=False)]


def _trim(link: str) -> str:
    """The link without the punctuation of the sentence around it, cut at a bracket that opens outside it."""
    depth = 0
    for at, character in enumerate(link if ")" in link else ""):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            link = link[:at]
            break
    link = link.rstrip(".,;:!?'*_]}>|&")
    return "" if link.endswith(("://", "www")) else link
