"""Programs that end while threads of the library are at work."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# Broken requests are enough to keep the receiver's thread logging.
RECEIVER = """
import logging, socket, sys, threading
from lpconnector import Receiver

class Lines(logging.Handler):
    def emit(self, record):
        self.format(record)
        lines.release()

lines = threading.Semaphore(0)
logging.getLogger("lpconnector").addHandler(Lines())
logging.getLogger("lpconnector").setLevel(1)
receiver = Receiver(receiver_secret="x")
host, port = receiver.url.split("/")[2].split(":")

def fire():
    while True:
        with socket.create_connection((host, int(port))) as peer:
            peer.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n" * 20)

def safely():
    try:
        fire()
    except OSError:
        # The receiver ended.
        pass

for _ in range(2):
    threading.Thread(target=safely, daemon=True).start()
for _ in range(int(sys.argv[1])):
    lines.acquire()
"""

# A connector whose threads send, wait for another attempt, and log all of it; with a store or without one.
CONNECTOR = """
import logging, os, sys, tempfile, threading
from lpconnector import Connector, LpcError

class Lines(logging.Handler):
    def emit(self, record):
        self.format(record)
        lines.release()

lines = threading.Semaphore(0)
logging.getLogger("lpconnector").addHandler(Lines())
logging.getLogger("lpconnector").setLevel(1)
count = int(sys.argv[1])
directory = tempfile.TemporaryDirectory()
store = "sqlite:" + os.path.join(directory.name, "q.db") if count % 2 else "memory"
sms = Connector(account_id="1", client_id="i", client_secret="s", connector_store=store,
                receiver_listen="127.0.0.1:0", connector_pause_ms=1, connector_pause_max_ms=1,
                domain_api_url="http://127.0.0.1:1", allow_plaintext=True)

def poll():
    try:
        for update in sms:
            sms.ack(update)
    except LpcError:
        pass

for _ in range(2):
    threading.Thread(target=poll, daemon=True).start()
for n in range(8):
    sms.submit_text(f"consumer {n}", "x")
for _ in range(count):
    lines.acquire()
"""

# Daemon threads that come back from a call, and call again, all the time.
CALLS = """
import sys, threading
from lpconnector import Receiver

receiver = Receiver(receiver_secret="x")
passed = threading.Semaphore(0)

def poll():
    while True:
        try:
            receiver.poll(0)
        except Exception:
            return
        passed.release()

for _ in range(4):
    threading.Thread(target=poll, daemon=True).start()
for _ in range(int(sys.argv[1])):
    passed.acquire()
"""

# Daemon threads in which the library runs Python's code.
READS = """
import sys, threading
from lpconnector import Client, LpcError, Receiver, parse_notification, verify_webhook

sys.setswitchinterval(1e-5)
receiver = Receiver(receiver_secret="x")
client = Client(account_id="1", client_id="i", client_secret="s")
event = b'{"type": "ChatStateEvent", "chatState": "ACTIVE"}'
body = b'{"body": {"changes": [{"event": ' + event + b'}]}}'

class Headers:
    def items(self):
        for n in range(50):
            yield f"name-{n}", "value"

def stats():
    receiver.stats(), client.stats()

def verify():
    try:
        verify_webhook(Headers(), body, "s")
    except LpcError:
        pass

def read():
    event = parse_notification(body).events[0]
    event.kind, event.content

def again(call):
    while True:
        call()
        passed.release()

passed = threading.Semaphore(0)
for call in (stats, verify, read) * 2:
    threading.Thread(target=again, args=[call], daemon=True).start()
for _ in range(int(sys.argv[1])):
    passed.acquire()
"""

# The handles are used once more when all is over.
LATE = """
import atexit
from lpconnector import Closed, Receiver

@atexit.register
def late():
    receiver.shutdown()
    try:
        receiver.poll(0)
    except Closed:
        print("closed", flush=True)

receiver = Receiver(receiver_secret="x")
"""

# A connector ended before an exit handler that was registered before the package's own.
ENDED = """
import atexit

@atexit.register
def late():
    try:
        sms.poll()
    except Closed:
        print("closed", flush=True)

from lpconnector import Closed, Connector
sms = Connector(account_id="1", client_id="i", client_secret="s", connector_store="memory",
                domain_api_url="http://127.0.0.1:1", allow_plaintext=True)
sms.submit_text("a", "x")
"""

# An exit handler that was registered before the package's own waits for a daemon thread in a call.
JOINS = """
import atexit, socket, threading

@atexit.register
def stop():
    client.shutdown()
    calling.join()
    print("joined", flush=True)

from lpconnector import Client, Closed

listener = socket.create_server(("127.0.0.1", 0))
client = Client(account_id="1", app_jwt="x", allow_plaintext=True,
                domain_idp="http://127.0.0.1:%d" % listener.getsockname()[1])

def call():
    try:
        client.consumer("x").jws()
    except Closed:
        print("closed", flush=True)

calling = threading.Thread(target=call, daemon=True)
calling.start()
listener.accept()
"""


def run(program: str, lines: int) -> tuple[int, str]:
    made = [sys.executable, "-c", program, str(lines)]
    ended = subprocess.run(made, capture_output=True, text=True, timeout=120)
    return ended.returncode, ended.stdout + ended.stderr


def test_a_receiver_that_logs_until_the_end() -> None:
    with ThreadPoolExecutor(4) as children:
        ends = list(children.map(lambda n: run(RECEIVER, 1 + n % 50), range(300)))
    assert [end for end in ends if end != (0, "")] == []


def test_a_connector_that_logs_until_the_end() -> None:
    with ThreadPoolExecutor(4) as children:
        ends = list(children.map(lambda n: run(CONNECTOR, 1 + n % 50), range(100)))
    assert [end for end in ends if end != (0, "")] == []


def test_threads_in_calls_until_the_end() -> None:
    with ThreadPoolExecutor(4) as children:
        ends = list(children.map(lambda n: run(CALLS, 1 + n % 50), range(100)))
    assert [end for end in ends if end != (0, "")] == []


def test_threads_that_read_until_the_end() -> None:
    with ThreadPoolExecutor(4) as children:
        ends = list(children.map(lambda n: run(READS, 1 + n % 50), range(100)))
    assert [end for end in ends if end != (0, "")] == []


def test_calls_of_exit_handlers() -> None:
    assert run(LATE, 0) == (0, "closed\n")
    # One that was registered before the package's own runs after it.
    line = "from lpconnector import Closed, Receiver\n"
    before = LATE.replace(line, "").replace("receiver = ", line + "receiver = ")
    assert run(before, 0) == (0, "closed\n")


def test_a_connector_ends_before_the_interpreter() -> None:
    assert run(ENDED, 0) == (0, "closed\n")


def test_an_exit_handler_that_joins_a_thread_in_a_call() -> None:
    assert run(JOINS, 0) == (0, "closed\njoined\n")
