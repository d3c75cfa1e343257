"""Receives what the service posts to a webhook, with FastAPI.

    LPC_CLIENT_SECRET=… uvicorn webhook_fastapi:app --port 8080
"""

import os

from fastapi import FastAPI, Request, Response

from lpconnector import EventKind, LpcError, SignatureError, verify_webhook

app = FastAPI()
SECRET = os.environ["LPC_CLIENT_SECRET"]


@app.post("/webhook")
async def webhook(request: Request) -> Response:
    try:
        # The bytes as they came: JSON that was read and written again has another signature.
        notification = verify_webhook(request.headers, await request.body(), SECRET)
    except SignatureError:
        return Response(status_code=401)
    except LpcError:
        return Response(status_code=400)
    for event in notification.events:
        if event.kind is EventKind.TEXT and event.originator_role != "CONSUMER":
            print(f"{event.conversation_id}: {event.text}")
    # Soon: the service waits for 5 s, and counts nothing but 200 and 201 as delivered.
    return Response(status_code=200)
