"""Receives what the service posts to a webhook, with FastAPI.

    LPC_CLIENT_SECRET=… uvicorn webhook_fastapi:app --port 8080
"""

import os

from fastapi import FastAPI, Request, Response

from lpconnector import EventKind, ProtocolError, SignatureError, verify_webhook

app = FastAPI()
SECRET = os.environ["LPC_CLIENT_SECRET"]


@app.post("/webhook")
async def webhook(request: Request) -> Response:
    # The bytes as they came: JSON that was read and written again has another signature.
    body = await request.body()
    try:
        notification = verify_webhook(request.headers, body, SECRET)
    except SignatureError:
        return Response(status_code=401)
    except ProtocolError:
        # Signed, so taken: a refusal would hold back all that follows.
        print(f"not to be read: {len(body)} bytes")
        return Response(status_code=200)
    for event in notification.events:
        if event.kind is EventKind.TEXT and event.originator_role != "CONSUMER":
            print(f"{event.conversation_id}: {event.text}")
    # Soon: the service waits for 5 s, and counts nothing but 200 and 201 as delivered.
    return Response(status_code=200)
