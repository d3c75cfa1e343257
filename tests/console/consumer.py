"""A consumer who talks to the sandbox by plain requests, and does what the C program does not."""

import base64
import json
import urllib.request
from typing import Any

# One pixel.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def request(method: str, url: str, body: Any = None, headers: "dict[str, str] | None" = None) -> Any:
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Consumer:
    def __init__(self, control: str, account: "dict[str, Any]", name: str) -> None:
        self.account = account["id"]
        self.services = account["variables"]["LPC_DOMAIN_API_URL"]
        token = request("POST", f"{control}/accounts/{self.account}/tokens", {})["token"]
        jws = request("POST", self.at("consumer?v=1.0"), {"ext_consumer_id": name}, {"Authorization": token})["token"]
        self.headers = {"Authorization": token, "X-LP-ON-BEHALF": jws, "Content-Type": "application/json"}
        self.conversation = ""

    def at(self, path: str) -> str:
        return f"{self.services}/api/account/{self.account}/{path}"

    def open(self, text: str, features: "list[str] | None" = None, profile: Any = None, **more: Any) -> None:
        say = {"dialogId": "", "event": {"type": "ContentEvent", "contentType": "text/plain", "message": text}}
        batch = [
            {"kind": "req", "id": "1", "type": "userprofile.SetUserProfile", "body": profile or {}},
            {"kind": "req", "id": "2", "type": "cm.ConsumerRequestConversation", "body": {"brandId": self.account, **more}},
            {"kind": "req", "id": "3", "type": "ms.PublishEvent", "body": say},
        ]
        own = {"Client-Properties": json.dumps({"type": ".ClientProperties", "features": features or []})}
        answers = request("POST", self.at("messaging/consumer/conversation?v=3"), batch, {**self.headers, **own})
        self.conversation = answers[1]["body"]["conversationId"]

    def send(self, kind: str, body: Any) -> Any:
        message = {"kind": "req", "id": "9", "type": kind, "body": {"conversationId": self.conversation, **body}}
        return request("POST", self.at("messaging/consumer/conversation/send?v=3"), message, self.headers)

    def publish(self, event: Any, dialog: str = "") -> Any:
        return self.send("ms.PublishEvent", {"dialogId": dialog or self.conversation, "event": event})

    def say(self, text: str, dialog: str = "") -> None:
        self.publish({"type": "ContentEvent", "contentType": "text/plain", "message": text}, dialog)

    def types(self, state: str = "COMPOSING") -> None:
        self.publish({"type": "ChatStateEvent", "chatState": state})

    def reads(self, *sequences: int) -> None:
        self.publish({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": [*sequences]})

    def update(self, **field: Any) -> None:
        self.send("cm.UpdateConversationField", {"conversationField": field})

    def rate(self, stars: int) -> None:
        self.update(field="CSATRate", csatRate=stars, csatResolutionConfirmation=True, status="FILLED")

    def file(self, picture: bytes, caption: str) -> None:
        asked = self.send("ms.GenerateURLForUploadFile", {"fileSize": str(len(picture)), "fileType": "PNG"})["body"]
        query = asked["queryParams"]
        path = f"{asked['relativePath']}?temp_url_sig={query['temp_url_sig']}&temp_url_expires={query['temp_url_expires']}"
        request("PUT", self.services + path, picture, {"Content-Type": "image/png"})
        message = {"caption": caption, "relativePath": asked["relativePath"], "fileType": "PNG"}
        self.publish({"type": "ContentEvent", "contentType": "hosted/file", "message": message})
