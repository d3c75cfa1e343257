"""The page's line to the sandbox: it ends, and begins again."""

import os
import socket
import subprocess

from playwright.sync_api import BrowserContext, expect


def sandbox(port: int) -> "subprocess.Popen[str]":
    """One of its own, at this port; ready once it has printed its variables."""
    arguments = [os.environ["SANDBOX"], "--console", "--quiet", "--control-port", str(port)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout and "LPC_ACCOUNT_ID" in process.stdout.readline()
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def test_it_waits_for_a_sandbox_that_is_gone(context: BrowserContext) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = sandbox(port)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    account = page.get_by_label("Account").input_value()
    end(process)
    expect(page.get_by_text("The sandbox is gone", exact=True)).to_be_visible()
    process = sandbox(port)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert page.get_by_label("Account").input_value() != account
    end(process)


def test_a_page_that_too_many_follow_says_so(context: BrowserContext) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = sandbox(port)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    account = page.get_by_label("Account").input_value()
    followers = []
    for _ in range(32):
        follower = socket.create_connection(("127.0.0.1", port))
        follower.sendall(f"GET /accounts/{account}/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert follower.recv(1)
        followers.append(follower)
    expect(page.locator("#live")).to_contain_text("Too many pages are open")
    for follower in followers:
        follower.close()
    end(process)
