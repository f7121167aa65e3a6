# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from hikeshi.errors import LedgerError
from hikeshi.ledger.auto import files
from hikeshi.ledger.corpus import Corpus, load_corpus
from hikeshi.ledger.findings import fingerprint
from hikeshi.ledger.policy import PHI, TYPES
from hikeshi.ledger.say_lint import forbidden
from hikeshi.ledger.stubs import Stub, rules, stubs
from hikeshi.ledger.text import parse
from hikeshi.words.commodity import STATUSES, commodities

CORPUS = """schema: hikeshi.corpus/1
date: 2026-01
sizes: {netwire: 200}
values:
  - {family: netwire, field: host_id, value: Tokyo-%Rand%, count: 2, first_public: 2017-06}
  - {family: netwire, field: password, value: example, count: 0}
"""


def finding(number: int = 1, family: str | None = "netwire", **fields: str) -> dict[str, Any]:
    return {
        "id": f"f-{number}",
        "family": family,
        "message": f"{family}.config",
        "grade": "proven",
        "fields": fields,
    }


def by_rule(found: tuple[Stub, ...]) -> dict[str, Stub]:
    return {stub.rule.partition("@")[0]: stub for stub in found}


def corpus() -> Corpus:
    return load_corpus(CORPUS)


def test_default_configuration_is_worth_nothing() -> None:
    found = stubs([finding(password="Password", host_id="HostId-%Rand%")], corpus())
    worth = {stub.value: stub.ratio for stub in found if stub.rule == "R-config-default@1"}
    assert worth == {"Password": (1.0, 1.0), "HostId-%Rand%": (1.0, 1.0)}
    assert "R-config-reuse" not in by_rule(found)


def test_rarity_is_computed_from_the_corpus() -> None:
    stub = by_rule(stubs([finding(host_id="Tokyo-%Rand%")], corpus()))["R-config-reuse"]
    assert (stub.seen, stub.of, stub.phi) == (2, 200, 0.2)
    assert stub.ratio == pytest.approx((3.0, 1 / (0.2 + 0.8 * (2 + 1) / (200 + 2))), abs=1e-4)
    never = by_rule(stubs([finding(password="example")], corpus()))["R-config-reuse"]
    assert never.ratio[1] == pytest.approx(1 / (0.2 + 0.8 / 202), abs=1e-4)
    unknown = by_rule(stubs([finding(password="example")]))["R-config-reuse"]
    assert unknown.ratio == pytest.approx((1.0, 1 / (0.2 + 0.8 / 2)), abs=1e-4)


def test_a_value_public_before_the_incident_is_cheaper_to_copy() -> None:
    before = by_rule(stubs([finding(host_id="Tokyo-%Rand%")], corpus(), "2018-01-26"))["R-config-reuse"]
    after = by_rule(stubs([finding(host_id="Tokyo-%Rand%")], corpus(), "2017-01-01"))["R-config-reuse"]
    assert (before.forging, after.forging) == ("trivial", "easy")
    assert before.ratio[1] <= 2 < after.ratio[1]


def test_no_stub_goes_above_its_forging_ceiling() -> None:
    fields = {name: "c2.example.net:443" for rule in rules() for name in rule.fields}
    found = stubs([finding(**fields), finding(2, "smokeloader"), finding(3, None, **fields)], corpus())
    assert len(found) > 15
    assert all(stub.ratio[0] <= stub.ratio[1] <= 1 / stub.phi for stub in found)


def test_commodity_families_never_carry_identity() -> None:
    found = by_rule(stubs([finding(), finding(2, "smokeloader"), finding(3, "netwire")]))
    one, pair = found["R-commodity-family"], found["R-commodity-pair"]
    assert (one.ratio, one.type, one.cell) == ((0.5, 2.0), "technical-commodity", "N")
    assert pair.ratio == (0.7, 2.0)
    assert [ref.id for ref in pair.findings] == ["f-1", "f-2", "f-3"]
    assert "R-commodity-pair" not in by_rule(stubs([finding(), finding(2)]))
    assert "S0198" in by_rule(stubs([finding()]))["R-commodity-family"].said_by
    assert not stubs([finding(1, "mokes")])


def test_server_names_are_told_from_dynamic_names_and_addresses() -> None:
    hosts = "c2.example.net:443;198.51.100.7:443;lab.duckdns.org:1972;[2001:db8::1]:443;not a host;"
    found = stubs([finding(c2=hosts)])
    worth = {(stub.rule, stub.value): stub.ratio for stub in found if "commodity" not in stub.rule}
    assert worth == {
        ("R-c2-domain@1", "c2.example.net"): (5.0, 20.0),
        ("R-c2-address@1", "198.51.100.7"): (0.8, 2.0),
        ("R-dynamic-name@1", "lab.duckdns.org"): (0.5, 2.0),
    } | {key: value for key, value in worth.items() if "2001:db8" in key[1]}


def test_one_value_on_many_hosts_is_one_stub_with_every_hash() -> None:
    found = [finding(number, password="example") for number in range(1, 6)]
    stub = by_rule(stubs(found))["R-config-reuse"]
    assert [(ref.id, ref.sha256) for ref in stub.findings] == [
        (f"f-{n}", fingerprint(found[n - 1])) for n in range(1, 6)
    ]
    assert stubs(found) == stubs(reversed(found))


def test_compile_time_of_a_stub_and_of_a_custom_tool() -> None:
    assert by_rule(stubs([finding(compile_time="2017-01-01")]))["R-compile-time-stub"].ratio == (1.0, 1.0)
    assert by_rule(stubs([finding(1, None, compile_time="2017-01-01")]))["R-compile-time"].ratio == (0.7, 2.0)


def test_files_carry_rule_version_and_hashes_and_are_strict_yaml() -> None:
    made = files(stubs([finding(password='a"b: {#', c2="c2.example.net:443"), finding(2, "smokeloader")]))
    assert "R-config-reuse.yaml" in made
    for text in made.values():
        root = parse(text)
        assert isinstance(root.value, dict)
        assert str(root.value["rule"].value).endswith("@1")
        assert "sha256" in text


def test_rules_are_worded_and_of_known_types() -> None:
    for rule in rules():
        assert rule.type in TYPES
        assert rule.words.ja
        assert rule.words.en
        assert forbidden(rule.words.ja, rule.words.en) == []
        assert rule.forging in PHI or rule.forging == "commodity"
    assert all(about.url and about.title for about in commodities().values())
    assert {about.status for about in commodities().values()} <= set(STATUSES)
    assert not any(forbidden(about.ja, about.en) for about in commodities().values())


def test_settings_as_packs_write_them_are_the_rules_settings() -> None:
    settings = {
        "config_password": "Password\nrare one",
        "config_host_id": "HostId-%Rand%",
        "config_layout": "x",
    }
    found = stubs([finding(**settings, c2="c2.example.net:443\nlab.duckdns.org:1972")])
    assert {(stub.rule.partition("@")[0], stub.value) for stub in found if stub.value} == {
        ("R-config-default", "Password"),
        ("R-config-default", "HostId-%Rand%"),
        ("R-config-reuse", "rare one"),
        ("R-c2-domain", "c2.example.net"),
        ("R-dynamic-name", "lab.duckdns.org"),
    }
    assert "R-c2-domain" in by_rule(stubs([finding(c2_url="http://c2.example.net/gate")]))


def test_keys_of_a_build_speak_of_the_customers_slot_and_of_one_family_only() -> None:
    stub = by_rule(stubs([finding(1, "smokeloader", config_entry_keys="aa bb")]))["R-build-keys"]
    assert stub.ratio[1] <= 5
    assert "R-build-keys" not in by_rule(stubs([finding(1, "netwire", config_key="00" * 16)]))


def test_machines_of_the_victim_are_no_servers() -> None:
    assert not [one for one in stubs([finding(hosts="ws-11.example.com, ws-12.example.com")]) if one.value]


def test_a_family_of_unknown_status_is_no_commodity() -> None:
    assert commodities()["mokes_qt"].status == "unknown"
    assert not stubs([finding(1, "mokes_qt")])


def test_every_pack_that_is_a_family_says_whether_it_is_a_commodity() -> None:
    from hikeshi import families

    named = [pack.name for pack in families.packs() if pack.family]
    assert named
    assert set(named) <= set(commodities())


def test_odd_findings_are_harmless() -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"fields": None},
        {"family": None, "fields": {"c2": ""}},
        {"fields": {"c2": ";;:::"}},
    ]
    assert stubs(odd) == ()
    assert stubs([finding(c2="[" * 5000 + ":" * 5000)])


def test_a_wrong_corpus_names_its_place() -> None:
    with pytest.raises(LedgerError, match=r"^corpus\.yaml:3:18"):
        load_corpus(CORPUS.replace("200", "many"))
