"""The text for Prometheus: read by Prometheus' own library, compared with the same numbers as JSON,
and with the page that tells what they mean."""

from __future__ import annotations

import json
import math
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from conftest import Account
from lpconnector import Client, Connector, Receiver, ServerError, Update

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
# A row: the metric, its members in JSON, what it means.
ROWS = re.findall(r"^\| `(lpconnector_\w+)` \| (`.*?`) \|", PAGE, re.M)
LABEL = r'\w+="[^"\\]*"'
LINE = (
    r"# HELP NAME \S.*|# TYPE NAME (counter|gauge|histogram)|"
    rf"NAME(_bucket|_sum|_count)?(\{{{LABEL}(,{LABEL})*\}})? [0-9.]+"
)
PARTS = {"conversationId": "c-1", "dialogId": "c-1", "sequence": 1}
SAID = {**PARTS, "event": {"type": "ContentEvent", "message": "Hello"}}
BODY = json.dumps({"body": {"changes": [SAID]}}).encode()


def read(text: str) -> dict[str, Metric]:
    """The metrics by name. Each has one HELP and one TYPE, in front of its samples."""
    names: list[str] = []
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            names.append(line.split()[2])
        # All that follows is of the one that HELP named last.
        assert names and re.fullmatch(LINE.replace("NAME", names[-1]), line), line
    lines = Counter(tuple(line.split()[1:3]) for line in text.splitlines() if line[0] == "#")
    assert set(lines.values()) == {1} and len(lines) == 2 * len(names)
    families = list(text_string_to_metric_families(text))
    samples = [(it.name, str(it.labels)) for family in families for it in family.samples]
    assert len(set(samples)) == len(samples)
    read = {}
    for family in families:
        # The library takes the end away.
        read[family.name + "_total" if family.type == "counter" else family.name] = family
    assert list(read) == names
    for name, family in read.items():
        assert family.documentation.endswith(".")
        assert (family.type == "counter") == name.endswith("_total")
        # Of the units that Prometheus wants, and in no other.
        assert not re.search("_(ms|millis|milliseconds|kb|count|sum|bucket)(_|$)", name)
        assert family.type != "histogram" or name.endswith("_seconds")
    return read


def compare(metric: Metric, member: str, told: Any) -> None:
    """A metric, and the member of the JSON that says the same."""
    of = {"refused": ["status"], "operations": ["operation", "status"]}.get(member)
    values = {tuple(it.labels.values()): it.value for it in metric.samples}
    if of is not None:
        assert {tuple(str(one[name]) for name in of): one["requests"] for one in told} == values
        assert values != {}
    elif member == "latency_ms":
        buckets = {it.labels["le"]: it.value for it in metric.samples if it.labels}
        bounds = [(it["up_to"] or math.inf) / 1000 for it in told["buckets"]]
        assert list(map(float, buckets)) == bounds
        assert list(buckets.values()) == [it["count"] for it in told["buckets"]]
        assert told["count"] > 0
        sums = {it.name: it.value for it in metric.samples if not it.labels}
        assert list(sums.values()) == [told["sum"] / 1000, told["count"]]
    elif member == "oldest_ms":
        # It grows.
        assert 0 < values[()] <= told / 1000
    else:
        assert values == {(): told}


CLIENT = r"lpconnector_(?!receiver_|connector_)\w+"


def check(prefix: str, of: Client | Receiver | Connector) -> None:
    """The text says what the JSON says, and the page names all of both, and nothing else."""
    text, stats = at_rest(of)
    metrics = read(text)
    if isinstance(of, Connector):
        of_client = {name: metrics.pop(name) for name in list(metrics) if re.fullmatch(CLIENT, name)}
        stats = dict(stats)
        check_metrics(CLIENT, of_client, stats.pop("client"))
    check_metrics(prefix, metrics, stats)


def check_metrics(prefix: str, metrics: Mapping[str, Metric], stats: Mapping[str, Any]) -> None:
    rows = {name: re.findall(r"`(\w+)`", members) for name, members in ROWS}
    mine = {name for name in rows if re.fullmatch(prefix, name)}
    assert mine == set(metrics)
    assert sorted(member for name in mine for member in rows[name]) == sorted(stats)
    for name in mine:
        for member in rows[name]:
            if member != "requests":  # the sum of its operations
                compare(metrics[name], member, stats[member])


def at_rest(of: Client | Receiver | Connector) -> tuple[str, Mapping[str, Any]]:
    """Text and JSON of the same moment: connections end when they want."""
    while True:
        before, text, after = of.stats(), of.prometheus(), of.stats()
        if {**before, "oldest_ms": 0} == {**after, "oldest_ms": 0}:
            return text, after


def test_a_client(account: Account, client: Client) -> None:
    conversation = client.consumer("x").open()
    account.answer("send", status=503)
    with pytest.raises(ServerError):
        conversation.send_text("x")
    check(CLIENT, client)


def refused(url: str) -> None:
    """Posts what nobody signed."""
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(url, b"{}")
    told.value.close()


def test_a_receiver(account: Account) -> None:
    with Receiver.from_env(**account.options(), receiver_listen="127.0.0.1:0") as receiver:
        account.webhook(url=receiver.url, max_retries=0)
        refused(receiver.url)
        account.notify(BODY)
        notification = receiver.poll(60)
        assert notification is not None
        receiver.nack(notification, 3600)
        account.notify(b"{}")
        assert receiver.poll(60) is not None
        check(r"lpconnector_receiver_\w+", receiver)


def test_a_connector(account: Account) -> None:
    options: dict[str, Any] = {"connector_store": "memory", "receiver_listen": "127.0.0.1:0"}
    # What has to wait, waits until the test is over.
    pauses: dict[str, Any] = {"connector_pause_ms": 3_600_000, "connector_pause_max_ms": 3_600_000}
    with Connector.from_env(**account.options(), **options, **pauses) as sms:
        refused(sms.url)
        sms.submit_text("+4915112345678", "Hi", "k-1")
        for expected in (Update.OPENED, Update.SENT):
            update = sms.poll(60)
            assert update is not None and update.kind == expected
            sms.ack(update)
        account.answer("send", status=503)
        sms.submit_text("+4915112345678", "Hi", "k-2")
        while sms.stats()["put_off"] == 0:
            sms.poll(0.01)
        sms.receive(BODY, account.sign(BODY))
        check(r"lpconnector_connector_\w+", sms)


def test_the_page_names_no_other() -> None:
    listed = [name for name, _ in ROWS]
    assert len(listed) == len(set(listed)) > 30
    for name in re.findall(r"lpconnector_[a-z_]+", PAGE):
        assert name in listed or re.sub("_(bucket|sum|count)$", "", name) in listed, name
