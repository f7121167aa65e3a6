# SPDX-License-Identifier: Apache-2.0
"""A case in which everything evidence can name was written to break the page."""

import re
from collections import Counter

import pytest

from hikeshi.report.build import TEMPLATES, build
from report import cases, pages

JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    return build(cases.poison(tmp_path_factory.mktemp("poison") / "case"), ("ja", "en"), "Asia/Tokyo")[
        "index.html"
    ]


@pytest.fixture(scope="module")
def page(printed):
    return pages.read(printed)


def allowed():
    """Elements and attributes the templates have."""
    known = {}
    for path in TEMPLATES.glob("*.html.j2"):
        reader = pages.HTMLParser()
        reader.handle_starttag = lambda tag, attrs: known.setdefault(tag, set()).update(
            name for name, _ in attrs
        )
        reader.feed(JINJA.sub("X", path.read_text(encoding="utf-8").replace('{{ " checked" }}', "checked")))
    known["code"] = set()
    return known


def test_no_element_and_no_attribute_but_the_templates_own(page):
    known = allowed()
    for element in page.walk():
        if element.tag != "root":
            assert element.tag in known
            names = {name.removeprefix("x") if name.startswith("xx") else name for name in known[element.tag]}
            assert set(element.attrs) <= names | {"class", "checked", "lang", "id"}


def test_attributes_hold_nothing_of_the_evidence(page):
    for element in page.walk():
        for name, value in element.attrs.items():
            assert not name.startswith("on")
            assert "alert" not in (value or "")
            assert name != "href" or value.startswith("#")
    classes = {name for element in page.walk() for name in element.classes}
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in classes)


def test_the_same_elements_as_with_harmless_names(page, tmp_path):
    texts = [f"harmless{n:02}" for n in range(len(cases.POISON))]
    plain = pages.read(
        build(cases.poison(tmp_path / "case", texts), ("ja", "en"), "Asia/Tokyo")["index.html"]
    )
    assert Counter(e.tag for e in plain.walk()) == Counter(e.tag for e in page.walk())


def test_hostile_text_is_shown_as_text(page):
    for lang in ("ja", "en"):
        text = pages.language(page, lang).text
        for shown in (
            "<script>alert(1)</script>",
            "{{7*7}}{% for x in y %}",
            "invoice⟨U+202E⟩gnp.exe",
            "a⟨U+0000⟩b⟨U+200B⟩c",
            "⟨U+001B⟩[31mred",
            "=cmd|' /C calc'!A0",
            "[x](javascript:alert(1))",
        ):
            assert shown in text
        assert "49" not in re.findall(r"\b49\b.{0,3}\{%", text)


def test_no_control_or_override_character_reaches_the_page(printed):
    text = printed.decode("utf-8")
    assert [c for c in sorted(set(text)) if not c.isprintable() and c not in "\n\t\u3000\u00a0"] == []


def test_long_strings_do_not_make_a_long_page(printed):
    assert len(printed) < 2_000_000
    assert "x" * 2_001 not in printed.decode()
    assert "99,700 more characters" in printed.decode()


def test_no_javascript_address_and_no_link_out(page):
    assert [e for e in page.walk() if {"src", "action", "formaction", "xlink:href"} & set(e.attrs)] == []
