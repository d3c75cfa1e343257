"""A client of an account that only one test uses; run by `lpc-sandbox -- pytest`."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from lpconnector import Client, Consumer, Conversation


class Account:
    """An account of the sandbox, and what its control API tells about it."""

    def __init__(self) -> None:
        made = self._call("POST", "/accounts", {})
        self.id: str = made["id"]
        self.client_id: str = made["client_id"]
        self.client_secret: str = made["client_secret"]

    def options(self) -> dict[str, Any]:
        return {
            "account_id": self.id,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }

    def client(self, **options: Any) -> Client:
        return Client.from_env(**{**self.options(), **options})

    def answer(self, route: str, **answer: Any) -> None:
        self._call("POST", f"/accounts/{self.id}/answers", {"route": route, **answer})

    def requests(self, route: str | None = None) -> list[dict[str, Any]]:
        came: list[dict[str, Any]] = self._call("GET", f"/accounts/{self.id}/requests")
        return [request for request in came if route in (None, request["route"])]

    def texts(self) -> list[str]:
        conversations = self._call("GET", f"/accounts/{self.id}/conversations")
        events = [event["event"] for held in conversations for event in held["events"]]
        return [event["message"] for event in events if "message" in event]

    def app_jwt(self, **wanted: Any) -> str:
        made = self._call("POST", f"/accounts/{self.id}/tokens", wanted)
        return str(made["token"])

    @staticmethod
    def _call(method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        url = os.environ["LPC_SANDBOX_CONTROL"] + path
        request = urllib.request.Request(url, data=data, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.load(answer)


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def client(account: Account) -> Iterator[Client]:
    with account.client() as client:
        yield client


@pytest.fixture
def consumer(client: Client) -> Consumer:
    return client.consumer("John_Doe_facebook12345")


@pytest.fixture
def conversation(consumer: Consumer) -> Conversation:
    return consumer.open()
