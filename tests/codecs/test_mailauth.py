# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hikeshi.codecs.mailauth import hop_address, statements


def test_an_example_of_rfc_8601_appendix_b_5() -> None:
    value = (
        'example.com; dkim=pass reason="good signature" header.i=@mail-router.example.net; '
        'dkim=fail reason="bad signature" header.i=@newyork.example.com'
    )
    expected = ["pass mail-router.example.net by example.com", "fail newyork.example.com by example.com"]
    assert expected == statements([("authentication-results", value)])["dkim"]


def test_the_newest_header_speaks_first_and_nothing_is_said_twice() -> None:
    said = "example.com; spf=pass smtp.mailfrom=example.net"
    other = "mx.example.org; spf=fail smtp.mailfrom=example.net"
    expected = ["pass example.net by example.com", "fail example.net by mx.example.org"]
    assert expected == statements([("authentication-results", text) for text in (said, other, said)])["spf"]


@pytest.mark.parametrize(
    ("name", "value", "method", "expected"),
    [
        (
            "authentication-results",
            "mx.example.com; spf=pass smtp.mailfrom=a@example.net",
            "spf",
            "pass example.net by mx.example.com",
        ),
        (
            "authentication-results",
            "mx.example.com 1; dmarc=fail (p=REJECT) header.from=example.net",
            "dmarc",
            "fail example.net by mx.example.com",
        ),
        ("authentication-results", "mx.example.com; none", "spf", None),
        (
            "authentication-results",
            "spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=example.net; dkim=none",
            "spf",
            "fail example.net by -",
        ),
        (
            "authentication-results",
            "spf=none; dkim=none (message not signed) header.d=none",
            "dkim",
            "none - by -",
        ),
        (
            "arc-authentication-results",
            "i=1; mx.example.com; dkim=pass header.d=example.net",
            "dkim",
            "pass example.net by mx.example.com via arc",
        ),
        (
            "received-spf",
            "Pass (mx.example.com: domain of a@example.net designates 192.0.2.1) client-ip=192.0.2.1",
            "spf",
            "pass example.net by mx.example.com",
        ),
        (
            "received-spf",
            'softfail receiver=mx.example.com; envelope-from="<a@example.net>"',
            "spf",
            "softfail example.net by mx.example.com",
        ),
        ("x-other", "spf=pass", "spf", None),
    ],
)
def test_statements_name_result_domain_and_who(
    name: str, value: str, method: str, expected: str | None
) -> None:
    assert ([expected] if expected else []) == statements([(name, value)])[method]


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("from mail.example.com (mail.example.com [192.0.2.7]) by mx.example.net (Postfix)", "192.0.2.7"),
        ("from [10.0.0.5] (unknown [203.0.113.9]) by mx.example.net", "203.0.113.9"),
        ("from [198.51.100.3] (helo=pc) by mx.example.net with esmtpa (Exim 4.92)", "198.51.100.3"),
        ("from example.com ([192.0.2.8] helo=[10.1.1.1]) by mx.example.net", "192.0.2.8"),
        ("from unknown (HELO 10.9.9.9) (192.0.2.9) by mx.example.net with SMTP", "192.0.2.9"),
        (
            "from EX1.example.com (2001:db8::1) by EX2.example.com (2001:db8::2) with mapi id 15",
            "2001:db8::1",
        ),
        ("from a.example (a.example [IPv6:2001:db8::5]) by b.example", "2001:db8::5"),
        ("from localhost by mx.example.net (192.0.2.1)", ""),
        ("by mx.example.net (192.0.2.1); Fri, 26 Jan 2018", ""),
        ("from a (999.1.1.1) by b", ""),
        ("", ""),
    ],
)
def test_the_address_a_hop_saw(received: str, expected: str) -> None:
    assert expected == hop_address(received)
