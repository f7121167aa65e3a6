# SPDX-License-Identifier: Apache-2.0
"""Hostile XML: nothing is fetched, expanded or followed without end."""

from __future__ import annotations

import pytest

from hikeshi.codecs.xml_tree import MOST_DEPTH, MOST_ELEMENTS, parse

LAUGHS = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'


@pytest.mark.parametrize("text", [LAUGHS, OUTSIDE, LAUGHS.encode("utf-16"), OUTSIDE.encode()])
def test_a_document_with_entities_of_its_own_is_not_read(text: str | bytes) -> None:
    tree = parse(text)
    assert "it declares entities" == tree.damage
    assert tree.root is None


def test_the_document_type_alone_is_no_harm() -> None:
    tree = parse('<!DOCTYPE plist PUBLIC "-//Example//DTD" "http://example.com/a.dtd"><plist><true/></plist>')
    assert (None, "plist") == (tree.damage, tree.root and tree.root.name)


def test_depth_and_number_are_bounded() -> None:
    deep, many = parse("<a>" * 100_000), parse("<a>" + "<b/>" * 100_000)
    assert ["elements nested too deep", "too many elements"] == [deep.damage, many.damage]
    assert many.root
    assert len(many.root.children) == MOST_ELEMENTS - 1
    depth, at = 0, deep.root
    while at:
        depth, at = depth + 1, at.child("a")
    assert MOST_DEPTH == depth


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_with_and_without_a_mark(codec: str) -> None:
    tree = parse('<?xml version="1.0" encoding="UTF-16"?>\r\n<a:b xmlns:a="x">火消し</a:b>'.encode(codec))
    assert ("b", "火消し", None) == (tree.root and tree.root.name, tree.root and tree.root.text, tree.damage)


def test_what_is_cut_keeps_what_was_read() -> None:
    tree = parse("<a><b>one</b><c>two<d/>th")
    assert tree.root
    assert ["one", "two"] == [child.text for child in tree.root.children]
    assert tree.damage
    assert "no element found" in tree.damage


def test_what_follows_the_root_is_left_out() -> None:
    tree = parse("<a>one</a>\0\0<b/>")
    assert ("one", None) == (tree.root and tree.root.text, tree.damage)
