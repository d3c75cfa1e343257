"""Receives what the service posts to a webhook, with Flask.

    LPC_CLIENT_SECRET=… flask --app webhook_flask run --port 8080
"""

import os

from flask import Flask, request

from lpconnector import EventKind, ProtocolError, SignatureError, verify_webhook

app = Flask(__name__)
SECRET = os.environ["LPC_CLIENT_SECRET"]


@app.post("/webhook")
def webhook() -> tuple[str, int]:
    try:
        # The bytes as they came: JSON that was read and written again has another signature.
        notification = verify_webhook(request.headers, request.get_data(), SECRET)
    except SignatureError:
        return "", 401
    except ProtocolError:
        # Signed, so taken: a refusal would hold back all that follows.
        print(f"not to be read: {len(request.get_data())} bytes")
        return "", 200
    for event in notification.events:
        if event.kind is EventKind.TEXT and event.originator_role != "CONSUMER":
            print(f"{event.conversation_id}: {event.text}")
    # Soon: the service waits for 5 s, and counts nothing but 200 and 201 as delivered.
    return "", 200
