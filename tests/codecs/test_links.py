# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikeshi.codecs.links import MAX_LINKS, html_links, text_links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://example.com/a?b=1&c=2.", ["http://example.com/a?b=1&c=2"]),
        ("(http://example.com/a_(b))", ["http://example.com/a_(b)"]),
        ("[here](https://example.com/x), and", ["https://example.com/x"]),
        ("<https://example.com/x>", ["https://example.com/x"]),
        ("詳細はhttps://example.com/abcをご覧ください。", ["https://example.com/abc"]),
        ("「https://例え.example/パス」", ["https://例え.example/パス"]),
        ("https://www.exаmple.com/ with a Cyrillic letter", ["https://www.exаmple.com/"]),
        ("www.example.com is one, wwwx is none", ["www.example.com"]),
        ("hxxp://example.com/bad[.]zip", ["hxxp://example.com/bad[.]zip"]),
        ("ftp://example.com/f HTTP://EXAMPLE.COM/", ["ftp://example.com/f", "HTTP://EXAMPLE.COM/"]),
        ("http://example.com/ and http://example.com/", ["http://example.com/"]),
        ("mailto:a@example.com;", ["mailto:a@example.com"]),
        ("http:// nothing, https://.", []),
        ("background:url(http://example.com/i.png);color:red", ["http://example.com/i.png"]),
    ],
)
def test_links_of_text(text: str, expected: list[str]) -> None:
    assert expected == text_links(text)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<a href="http://example.com/?a=1&amp;b=2">x</a>', ["http://example.com/?a=1&b=2"]),
        ("<A HREF='http://example.com/'>", ["http://example.com/"]),
        ("<a href=http://example.com/x>", ["http://example.com/x"]),
        ("<a\nclass='b'\n href = \"http://example.com/\" >", ["http://example.com/"]),
        ('<a href=" ht\ntp://exam\tple.com/ ">', ["http://example.com/"]),
        ('<a href="&#104;ttp://example.com/">', ["http://example.com/"]),
        ('<form action="https://example.com/login" method=post>', ["https://example.com/login"]),
        ('<button formaction="//example.com/l">', ["//example.com/l"]),
        ('<img src="cid:part1"><img src="http://example.com/pixel.gif">', ["http://example.com/pixel.gif"]),
        (
            '<img srcset="http://example.com/1 1x, http://example.com/2 2x">',
            ["http://example.com/1", "http://example.com/2"],
        ),
        ('<td background="http://example.com/b.png">', ["http://example.com/b.png"]),
        ("<div style='background:url(http://example.com/s.png)'>", ["http://example.com/s.png"]),
        ("<style>.a{background:url('http://example.com/t.png')}</style>", ["http://example.com/t.png"]),
        ('<meta http-equiv=refresh content="0; URL=http://example.com/r">', ["http://example.com/r"]),
        ('<base href="https://example.com/"><a href="login.html">', ["https://example.com/"]),
        ('<a href="javascript:alert(1)">', ["javascript:alert(1)"]),
        ('<a href="data:text/html;base64,PGI+">', ["data:text/html;base64,"]),
        ('<a href="\\\\example.com\\share\\x">', ["\\\\example.com\\share\\x"]),
        ('<!--[if mso]><v:rect href="http://example.com/mso"><![endif]-->', ["http://example.com/mso"]),
        ('<a href="http://example.com/never closed', ["http://example.com/never closed"]),
        ("<p>http://example.com/text</p>", ["http://example.com/text"]),
        (
            '<!DOCTYPE html PUBLIC "x" "http://www.w3.org/x.dtd"><html xmlns="http://www.w3.org/1999/xhtml">',
            [],
        ),
        ('<a href="#top"><a href="page.html"><a href="">', []),
        (
            '<a href="http://example.com/1">http://example.com/2</a>',
            ["http://example.com/1", "http://example.com/2"],
        ),
        ("&#" + "9" * 5000 + ";<a href=http://example.com/>", ["http://example.com/"]),
    ],
)
def test_links_of_html(markup: str, expected: list[str]) -> None:
    assert expected == html_links(markup)


def test_links_are_limited_in_number() -> None:
    assert (
        len(text_links(" ".join(f"http://example.com/{number}" for number in range(MAX_LINKS + 10))))
        == MAX_LINKS
    )
    assert (
        len(html_links("".join(f"<a href=http://example.com/{n}>" for n in range(MAX_LINKS + 10))))
        == MAX_LINKS
    )


@given(
    st.lists(
        st.sampled_from(
            [
                "<a ",
                "<",
                ">",
                "href",
                "=",
                '"',
                "'",
                "http://e",
                "&#x",
                ";",
                "<!--",
                " ",
                "style",
                "url(",
                ")",
                "\x00",
                "content",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_no_markup_is_an_error(markup: str) -> None:
    assert sorted(set(html_links(markup))) == sorted(html_links(markup))
