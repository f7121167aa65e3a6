# SPDX-License-Identifier: Apache-2.0
"""Text and ground keep the contrast of 4.5 that WCAG 2.2 (success criterion 1.4.3) asks for."""

import re

import pytest

from hikeshi.report.build import TEMPLATES

STYLE = (TEMPLATES / "style.css.j2").read_text(encoding="utf-8")
VARIABLES = dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})", STYLE))
GROUNDS = ("#ffffff", VARIABLES["wash"], "#fdf6ea", "#eef3f8")


def luminance(colour):
    """Relative luminance as WCAG 2.2 defines it."""
    digits = colour.lstrip("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_21():
    assert contrast("#000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", ["ink", "soft", "indigo", "red", "amber"])
def test_text_colours_on_every_ground(name):
    assert [ground for ground in GROUNDS if contrast(VARIABLES[name], ground) < 4.5] == []


def test_grades():
    rules = re.findall(r"\.(g-[a-z-]+)\{([^}]*)\}", STYLE)
    assert len(rules) == 7
    for name, rule in rules:
        colours = dict(re.findall(r"(?:^|;)(color|background):(#[0-9a-f]{3,6})", rule))
        if "color" in colours:
            assert contrast(colours["color"], colours.get("background", "#ffffff")) >= 4.5, name


def test_labels_of_the_traffic_light_protocol():
    for colour in re.findall(r'"TLP:[A-Z+]+": "(#\w+)"', STYLE):
        assert contrast(colour, "#000") >= 4.5


def test_no_italics():
    assert "italic" not in STYLE
