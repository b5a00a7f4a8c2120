"""The shipped dashboard and alert rules name only metrics and label values that the exporter gives."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from colotui.metrics.collector import FAMILIES, PairCollector, text
from colotui.metrics.sheet import Kind
from tests.unit.metrics.samples import full

_SUFFIXES = {
    Kind.COUNTER: ("_total",),
    Kind.INFO: ("_info",),
    Kind.HISTOGRAM: ("_bucket", "_sum", "_count"),
}
GIVEN = {family.name + suffix for family in FAMILIES for suffix in _SUFFIXES.get(family.kind, ("",))}
_NAME = re.compile(r"(?<![\w{,])colotui_\w+")
_MATCHER = re.compile(r"(colotui_\w+)\{([^}]*)\}")
_EQUAL = re.compile(r'(\w+)(=|!=|=~|!~)"([^"$]*)"')


def shipped(name: str) -> str:
    return resources.files("colotui").joinpath("data", name).read_text(encoding="utf-8")


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(shipped("alerts.yaml"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def queries() -> list[str]:
    dashboard = json.loads(shipped("dashboard.json"))
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    found += [each["definition"] for each in dashboard["templating"]["list"] if "definition" in each]
    found += [each["expr"] for each in dashboard["annotations"]["list"]]
    return [*found, *(rule["expr"] for rule in rules())]


def label_values() -> dict[str, set[str]]:
    registry = CollectorRegistry()
    collector = PairCollector("lab", "1")
    collector.take(full())
    registry.register(collector)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text(registry, "application/openmetrics-text")[0].decode()):
        for sample in family.samples:
            for label, value in sample.labels.items():
                found.setdefault(label, set()).add(value)
    return found


def test_every_name_is_one_that_is_given() -> None:
    asked = [name for query in queries() for name in _NAME.findall(query)]
    assert len(asked) > 50
    assert set(asked) <= GIVEN, set(asked) - GIVEN


def test_every_label_and_its_value_is_one_that_is_given() -> None:
    there = label_values()
    seen = 0
    for query in queries():
        for _name, inside in _MATCHER.findall(query):
            for label, _how, values in _EQUAL.findall(inside):
                seen += 1
                assert set(filter(None, values.split("|"))) <= there[label], (label, values, query)
    assert seen > 10


def test_rules_have_all_that_a_rule_needs() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) > 10
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["alert"].startswith("Colotui")
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"].endswith(".")
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1s"))
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_dashboard_is_one_grafana_would_take() -> None:
    dashboard = json.loads(shipped("dashboard.json"))
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids) > 20
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
    assert [each["name"] for each in dashboard["templating"]["list"]] == ["datasource", "pair", "guest"]
