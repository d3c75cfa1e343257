"""A channel with a web server of its own, here that of Python's library: it hands in what the service posts, and
the connector does not listen. LPC_CONNECTOR_STORE=memory and all else comes from the environment.
"""

from __future__ import annotations

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lpconnector import Connector, LpcError, SignatureError, Update

# In the sandbox this is where it posts to; for a connector it is unset.
host, _, port = os.environ.get("LPC_RECEIVER_LISTEN", "127.0.0.1:8080").rpartition(":")
sms = Connector.from_env(receiver_listen="")


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        # The bytes as they came: JSON that was read and written again has another signature.
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(taken(body, self.headers.get("x-liveperson-signature", "")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def taken(body: bytes, signature: str) -> int:
    try:
        sms.receive(body, signature)
    except SignatureError:
        return 401
    except LpcError:  # full, or the disk fails: the service brings it again
        return 503
    return 200


web = ThreadingHTTPServer((host, int(port)), Webhook)
threading.Thread(target=web.serve_forever, daemon=True).start()
with sms:
    sms.submit_text("+4915112345678", "Hi", key="sms-4711")
    for update in sms:
        if update.kind == Update.EVENT and update.event.text:
            print(f"SMS to {update.consumer_id}: {update.event.text}", flush=True)
        elif update.kind == Update.FAILED:
            print(f"{update.key} failed: {update.error}", flush=True)
        sms.ack(update)
