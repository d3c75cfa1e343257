"""What the clients in Python share; they take the arguments of harness.c and print the same line."""
import json
import os
import sys
import threading
import time


def variable(name):
    return os.environ[name]


def dialog(conversation):
    return f"8602832d-dce1-446b-8445-{conversation:012x}"


def request(request_id, conversation, text):
    """The JSON of a message, and what to check of an answer: for clients without the library."""
    event = {"type": "ContentEvent", "contentType": "text/plain", "message": text}
    body = {"dialogId": dialog(conversation), "event": event}
    message = {"kind": "req", "id": request_id, "type": "ms.PublishEvent", "body": body}
    return json.dumps(message, separators=(",", ":")).encode()


HEADERS = {"content-type": "application/json", "user-agent": "peer/0.1.0"}


def check(status, answer, request_id):
    if (status, answer["code"], answer["reqId"], answer["body"]["sequence"]) != (200, "OK", request_id, 0):
        sys.exit("another answer than the service's")


def peak_kb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def main(new_sender):
    """new_sender(thread, conversations) gives send(conversation, text), on the thread that sends."""
    numbers = [int(word) for word in sys.argv[1:]]
    sends, threads, length = numbers[:3] + [1, 1, 20][len(numbers):]
    conversations = numbers[3] if len(numbers) > 3 else threads
    text, warming, begun = "x" * length, sends // 10, {}
    warm = threading.Barrier(threads)
    times = [[] for _ in range(threads)]

    def run(thread):
        send, mine = new_sender(thread, conversations), times[thread]
        for i in range(sends):
            if i == warming:
                warm.wait()
                if thread == 0:
                    begun.update(wall=time.perf_counter(), cpu=time.process_time())
            before = time.perf_counter_ns()
            send((i * threads + thread) % conversations, text)
            if i >= warming:
                mine.append(time.perf_counter_ns() - before)

    others = [threading.Thread(target=run, args=(thread,)) for thread in range(1, threads)]
    for other in others:
        other.start()
    run(0)
    for other in others:
        other.join()
    wall, cpu = time.perf_counter() - begun["wall"], time.process_time() - begun["cpu"]
    timed = sorted(sum(times, []))
    print(json.dumps({
        "sends": len(timed), "p50_us": timed[len(timed) // 2] / 1e3,
        "p99_us": timed[len(timed) * 99 // 100] / 1e3, "wall_us": wall * 1e6, "cpu_us": cpu * 1e6,
        "peak_kb": peak_kb()}))
