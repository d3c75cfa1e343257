"""What a careful program does with requests: a Session for each thread, which keeps its connection."""
import itertools
import json
import os

import requests

import harness


def new_sender(thread, conversations):
    session, url, numbers = requests.Session(), harness.variable("PEER_SEND_URL"), itertools.count(1)
    session.headers.update(harness.HEADERS)
    session.headers["authorization"] = harness.variable("PEER_APP_JWT")
    session.headers["x-lp-on-behalf"] = harness.variable("PEER_CONSUMER_JWS")
    # Otherwise it looks for proxies and .netrc at each request.
    session.trust_env = False
    session.verify = os.environ.get("LPC_TLS_CA_FILE", True)

    def send(conversation, text):
        request_id = f"{thread:016x}-{next(numbers)}"
        body = harness.request(request_id, conversation, text)
        answer = session.post(url, data=body, timeout=15)
        harness.check(answer.status_code, json.loads(answer.content), request_id)

    return send


harness.main(new_sender)
