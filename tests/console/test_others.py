"""Pages of others, which must not drive the sandbox."""

import http.server
import threading

import pytest
from conftest import CONTROL, Account
from consumer import request
from playwright.sync_api import BrowserContext, expect

PORT = CONTROL.rsplit(":", 1)[1]


class Evil(http.server.ThreadingHTTPServer):
    """A site that serves nothing but this page."""

    daemon_threads = True

    def __init__(self, page: str) -> None:
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()


# Each gives back what it got of the sandbox; nothing of it may be more than a failure.
ATTEMPTS = {
    "reading": "fetch(CONTROL + '/accounts').then((it) => it.text())",
    "writing": "fetch(CONTROL + '/accounts', { method: 'POST', mode: 'no-cors', body: '{\"id\":\"Evil1\"}' }).then((it) => it.type)",
    "a script": "new Promise((yes, no) => document.head.append(Object.assign(document.createElement('script'), { src: CONTROL + '/console/main.js', onload: yes, onerror: () => no(new Error('no')) })))",
    "a picture": "new Promise((yes, no) => document.head.append(Object.assign(new Image(), { src: CONTROL + '/console/icon.svg', onload: () => yes('shown'), onerror: () => no(new Error('no')) })))",
    "following": "new Promise((yes, no) => Object.assign(new EventSource(CONTROL + '/accounts/ACCOUNT/events'), { onmessage: yes, onopen: () => yes('open'), onerror: () => no(new Error('no')) }))",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_page_of_another_site_gets_nothing(context: BrowserContext, account: Account, attempt: str) -> None:
    evil = Evil("<h1>Evil</h1>")
    page = context.new_page()
    # A name of its own; and one that differs from the sandbox's by its port alone.
    for site in ("rebound.example", "127.0.0.1"):
        page.goto(f"http://{site}:{evil.server_port}/")
        script = ATTEMPTS[attempt].replace("CONTROL", f"'{CONTROL}'").replace("ACCOUNT", account.id)
        got = page.evaluate(f"() => {script}.catch((error) => 'refused')")
        assert got == "refused", site
    assert "Evil1" not in [it["id"] for it in request("GET", f"{CONTROL}/accounts")]
    evil.shutdown()
    evil.server_close()


def test_a_form_and_a_frame_get_nothing(context: BrowserContext) -> None:
    form = f"<form method=post enctype=text/plain action='{CONTROL}/accounts'><input name='{{\"id\":\"Evil2\",\"x' value='\":1}}'></form>"
    evil = Evil(f"{form}<iframe src='{CONTROL}/'></iframe>")
    page = context.new_page()
    page.goto(f"http://rebound.example:{evil.server_port}/")
    assert page.frames[1].locator("#conversations").count() == 0
    with page.expect_navigation() as sent:
        page.evaluate("document.forms[0].submit()")
    assert sent.value.status == 403
    assert "Evil2" not in [it["id"] for it in request("GET", f"{CONTROL}/accounts")]
    evil.shutdown()
    evil.server_close()


def test_a_rebound_name_gets_nothing(context: BrowserContext) -> None:
    page = context.new_page()
    # As if the name had led to the attacker before, and leads here now.
    shown = page.goto(f"http://rebound.example:{PORT}/")
    assert shown and shown.status == 403
    assert page.evaluate("fetch('/accounts').then((it) => it.status)") == 403
    by_name = page.goto(f"http://localhost:{PORT}/")
    assert by_name and by_name.status == 200
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
