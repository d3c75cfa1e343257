"""What a careful program does with httpx: a Client for each thread, which keeps its connection."""
import itertools
import json
import os
import ssl

import httpx

import harness


def new_sender(thread, conversations):
    url, numbers = harness.variable("PEER_SEND_URL"), itertools.count(1)
    tokens = {"authorization": harness.variable("PEER_APP_JWT"),
              "x-lp-on-behalf": harness.variable("PEER_CONSUMER_JWS")}
    ca = os.environ.get("LPC_TLS_CA_FILE")
    client = httpx.Client(headers={**harness.HEADERS, **tokens}, timeout=15, trust_env=False,
                          verify=ssl.create_default_context(cafile=ca) if ca else True)

    def send(conversation, text):
        request_id = f"{thread:016x}-{next(numbers)}"
        body = harness.request(request_id, conversation, text)
        answer = client.post(url, content=body)
        harness.check(answer.status_code, json.loads(answer.content), request_id)

    return send


harness.main(new_sender)
