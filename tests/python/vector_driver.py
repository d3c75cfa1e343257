"""The driver of tests/vectors for Python: performs calls through the package.

It reads one call per line, ``{"call": "send_text", "args": {"text": "Hi"}}``, and answers each with
a line: ``{"result": {...}}`` or ``{"error": {...}}``. The names of the arguments are those of the C
ABI; what is a JSON text there is passed as the object that it is, options as keywords. A call ``client`` makes a client
with these options.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Callable, Optional

from lpconnector import Client, Consumer, Conversation, LpcError, Response, Status

# The arguments whose names differ, because C passes them as JSON texts or paths.
NAMES = {
    "content_json": "content",
    "event_json": "event",
    "metadata_json": "metadata",
    "previewPath": "preview",
    "profile_json": "profile",
}
# The exception of each status; those that are not here are plain LpcErrors.
EXCEPTIONS = {
    Status.INVALID_ARGUMENT: "InvalidArgument",
    Status.CONFIG: "ConfigError",
    Status.CONNECT: "ConnectError",
    Status.TLS: "TlsError",
    Status.TIMEOUT: "Timeout",
    Status.UNAUTHORIZED: "Unauthorized",
    Status.REJECTED: "Rejected",
    Status.RATE_LIMITED: "RateLimited",
    Status.SERVER: "ServerError",
    Status.PROTOCOL: "ProtocolError",
    Status.CLOSED: "Closed",
    Status.SIGNATURE: "SignatureError",
    Status.ALREADY_OPEN: "AlreadyOpen",
    Status.FULL: "Full",
}


class Driver:
    client: Client
    consumer: Consumer
    conversation: Optional[Conversation] = None

    def perform(self, call: str, args: dict[str, Any]) -> dict[str, Any]:
        """Performs one call; gives its result."""
        if call == "client":
            options = {key.replace(".", "_"): value for key, value in args.items()}
            self.client = Client(**options)
            self.consumer = self.client.consumer("John_Doe_facebook12345")
            self.conversation = None
            return {}
        if call == "lp_id":
            return {"lp_id": self.consumer.lp_id()}
        if call in ("open", "attach"):
            made = self.made(call, args)
            self.conversation = made
            return {"conversation_id": made.id, "dialog_id": made.dialog_id}
        on = self.consumer if call in ("send_json", "batch_json") else self.conversation
        return answered(self.send(getattr(on, call), args))

    def made(self, call: str, args: dict[str, Any]) -> Conversation:
        if call == "attach":
            return self.consumer.attach(**keywords(args))
        return self.consumer.open(**keywords(args))

    def send(self, method: Callable[..., Response], args: dict[str, Any]) -> Response:
        if "json" in args:
            return method(args["json"])
        return method(**keywords(args))


def keywords(args: dict[str, Any]) -> dict[str, Any]:
    """The arguments as Python takes them: the members of options are keywords."""
    options: dict[str, Any] = args.get("options_json", {})
    plain = {name: value for name, value in args.items() if name != "options_json"}
    given = {in_python(name): value for name, value in {**plain, **options}.items()}
    if given.get("seconds") == -1:
        del given["seconds"]
    return given


def in_python(name: str) -> str:
    """``event_json`` as ``event``, ``firstMessage`` as ``first_message``."""
    return NAMES.get(name, "".join(f"_{c.lower()}" if c.isupper() else c for c in name))


def answered(response: Response) -> dict[str, Any]:
    return {
        "request_id": response.request_id,
        "http_status": response.http_status,
        "code": response.code,
        "sequence": response.sequence,
        "body": response.body,
        "raw": response.raw.decode(errors="replace"),
        "attempts": response.attempts,
    }


def described(error: Exception) -> dict[str, Any]:
    kind = type(error).__name__
    if not isinstance(error, LpcError):
        return {"status": kind, "message": str(error)}
    right = kind == EXCEPTIONS.get(error.status, "LpcError") and str(error) == error.message
    return {
        "status": error.status.name if right else f"{error.status.name} as {error!r}",
        "message": error.message,
        "http_status": error.http_status,
        "service_code": error.service_code,
        "title": error.title,
        "details": error.details,
        "request_id": error.request_id,
        "attempts": error.attempts,
        "is_retryable": error.is_retryable,
        "maybe_delivered": error.maybe_delivered,
        "retry_after_ms": error.retry_after_ms,
        "body": error.body.decode(errors="replace"),
    }


def value_of(members: dict[str, Any]) -> Any:
    """``{"$hex": "ff"}`` is bytes, ``{"$json": "..."}`` is what only Python reads from JSON."""
    if "$hex" in members:
        return bytes.fromhex(members["$hex"])
    if "$json" in members:
        return json.loads(members["$json"])
    return members


def main() -> None:
    driver = Driver()
    for line in sys.stdin.buffer:
        asked = json.loads(line, object_hook=value_of)
        outcome: dict[str, Any]
        try:
            outcome = {"result": driver.perform(asked["call"], asked["args"])}
        except Exception as error:  # Any: an unexpected one is for the comparison to find.
            outcome = {"error": described(error)}
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
