"""A client of an account that only one test uses; run by `lpc-sandbox -- pytest`."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from lpconnector import Client, Consumer, Conversation


class Account:
    """An account of the sandbox, and what its control API tells about it."""

    def __init__(self, **wanted: Any) -> None:
        made = self._call("POST", "/accounts", wanted)
        self.id: str = made["id"]
        self.client_id: str = made["client_id"]
        self.client_secret: str = made["client_secret"]
        self._variables: dict[str, str] = made["variables"]

    def options(self) -> dict[str, Any]:
        """Nothing is tried twice, so that a failure is seen at once."""
        return {
            "account_id": self.id,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "retry_max_attempts": 1,
        }

    def client(self, **options: Any) -> Client:
        return Client.from_env(**{**self.options(), **options})

    def receiver_options(self) -> dict[str, Any]:
        """Where notifications go, if the account was made with a receiver."""
        names = (name for name in self._variables if name.startswith("LPC_RECEIVER_"))
        receiver = {name[4:].lower(): self._variables[name] for name in names}
        return {"client_secret": self.client_secret, **receiver}

    def webhook(self, **wanted: Any) -> None:
        self._call("PUT", f"/accounts/{self.id}/webhook", wanted)

    def agent(self, agent: str) -> None:
        self._call("PUT", f"/accounts/{self.id}/agent", {"agent": agent})

    def script(self, steps: list[dict[str, Any]]) -> None:
        self._call("PUT", f"/accounts/{self.id}/agent", {"script": steps})

    def notify(self, body: bytes) -> None:
        self._bytes("POST", f"/accounts/{self.id}/notify", body)

    def sign(self, body: bytes, **wanted: str) -> str:
        """What the header of a notification with this body holds."""
        path, text = f"/accounts/{self.id}/sign", body.decode()
        return str(self._call("POST", path, {"body": text, **wanted})["signature"])

    def deliveries(self) -> list[dict[str, Any]]:
        ended: list[dict[str, Any]] = self._call("GET", f"/accounts/{self.id}/deliveries")
        return ended

    def answer(self, route: str, **answer: Any) -> None:
        self._call("POST", f"/accounts/{self.id}/answers", {"route": route, **answer})

    def requests(self, route: str | None = None) -> list[dict[str, Any]]:
        came: list[dict[str, Any]] = self._call("GET", f"/accounts/{self.id}/requests")
        return [request for request in came if route in (None, request["route"])]

    def sent(self) -> list[Any]:
        """The requests that came to SEND, without kind and id."""
        bodies = [json.loads(request["body"]) for request in self.requests("send")]
        names = ("type", "body", "metadata")
        return [{name: body[name] for name in names if name in body} for body in bodies]

    def conversations(self) -> list[dict[str, Any]]:
        held: list[dict[str, Any]] = self._call("GET", f"/accounts/{self.id}/conversations")
        return held

    def survey(self, conversation_id: str) -> str:
        path = f"/accounts/{self.id}/conversations/{conversation_id}/survey"
        return str(self._call("POST", path, {})["dialogId"])

    def file(self, relative_path: str) -> bytes:
        return self._bytes("GET", f"/accounts/{self.id}/files?path={quote(relative_path)}")

    def put_file(self, data: bytes, file_type: str) -> str:
        """Puts a file into the storage as an agent does."""
        path = f"/accounts/{self.id}/files?type={file_type}"
        return str(json.loads(self._bytes("POST", path, data))["relativePath"])

    def revoke_tokens(self) -> None:
        self._call("POST", f"/accounts/{self.id}/revoke-tokens", {})

    def texts(self) -> list[str]:
        events = [event["event"] for held in self.conversations() for event in held["events"]]
        return [event["message"] for event in events if "message" in event]

    def app_jwt(self, **wanted: Any) -> str:
        made = self._call("POST", f"/accounts/{self.id}/tokens", wanted)
        return str(made["token"])

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        return json.loads(self._bytes(method, path, data))

    @staticmethod
    def _bytes(method: str, path: str, data: bytes | None = None) -> bytes:
        url = os.environ["LPC_SANDBOX_CONTROL"] + path
        request = urllib.request.Request(url, data=data, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            read: bytes = answer.read()
            return read


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def listening() -> Account:
    """An account whose notifications go to a receiver, once there is one; none is sent twice."""
    account = Account(receiver=True)
    account.webhook(max_retries=0)
    return account


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
