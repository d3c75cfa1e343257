"""Three gateways, one broker and a small load balancer: watch what happens when a node is killed.

    lpc-sandbox --quiet --receiver --agent echo -- python3 examples/fleet/watch.py GATEWAY

GATEWAY is the command of an SMS gateway of these examples, such as target/c/sms_gateway. `make fleet` does all of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import sys
import tempfile
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process

NODES = (1, 2, 3)
NUMBERS = [f"+4915112345{n:02}" for n in range(6)]
TEXTS = 30


class Fleet:
    def __init__(self, gateway: list[str]) -> None:
        self.gateway = gateway
        self.broker = free_port()
        self.ports = {node: free_port() for node in NODES}
        self.alive: dict[int, Process] = {}
        self.turns = itertools.cycle(NODES)
        self.untaken: dict[str, str] = {}
        self.unanswered: set[str] = set()
        self.hears: dict[int, asyncio.Task[None]] = {}

    async def start(self, node: int) -> None:
        settings = {
            "LPC_CONNECTOR_STORE": f"nats://127.0.0.1:{self.broker}/sms",
            "LPC_CONNECTOR_TAKEOVER_MS": "2000",
            "LPC_RECEIVER_LISTEN": f"127.0.0.1:{self.ports[node]}",
        }
        process = await asyncio.create_subprocess_exec(
            *self.gateway, stdin=PIPE, stdout=PIPE, env={**os.environ, **settings}
        )
        self.alive[node] = process
        self.hears[node] = asyncio.create_task(self.hear(node, process))

    async def hear(self, node: int, process: Process) -> None:
        """Shows what a node prints."""
        assert process.stdout
        async for raw in process.stdout:
            line = raw.decode().rstrip("\n")
            kind, _, rest = line.partition(" ")
            if kind == "took":
                self.untaken.pop(rest, None)
            else:
                print(f"node {node}: {line}")
                self.unanswered.discard(rest.rpartition(" ")[2])

    async def kill(self, node: int) -> None:
        process = self.alive.pop(node)
        process.kill()
        await process.wait()
        print(f"-- node {node} is killed --")

    async def feed(self, line: str) -> None:
        """Gives a line to the next node that lives."""
        while (node := next(self.turns)) not in self.alive:
            pass
        stdin = self.alive[node].stdin
        assert stdin
        with contextlib.suppress(ConnectionError):
            stdin.write(line.encode())
            await stdin.drain()

    async def balance(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Hands a connection of the service to the next node that takes it."""
        for _ in NODES:
            with contextlib.suppress(OSError):
                there = await asyncio.open_connection("127.0.0.1", self.ports[next(self.turns)])
                await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))
                return
        writer.close()


async def pipe(reader: StreamReader, writer: StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def main() -> None:
    fleet = Fleet(sys.argv[1:])
    with tempfile.TemporaryDirectory() as directory:
        broker = await asyncio.create_subprocess_exec(
            *["nats-server", "-js", "-a", "127.0.0.1", "-p", str(fleet.broker), "-sd", directory],
            *["-l", f"{directory}/log"],
        )
        try:
            await asyncio.wait_for(watch(fleet), 120)
        finally:
            for process in [*fleet.alive.values(), broker]:
                process.terminate()
                await process.wait()


async def watch(fleet: Fleet) -> None:
    host, _, port = os.environ["LPC_RECEIVER_LISTEN"].rpartition(":")
    await asyncio.sleep(0.5)  # until the broker listens
    for node in NODES:
        await fleet.start(node)
    async with await asyncio.start_server(fleet.balance, host, int(port)):
        for n in range(TEXTS):
            line = f"{n}\t{NUMBERS[n % len(NUMBERS)]}\ttext-{n}\n"
            fleet.untaken[str(n)] = line
            fleet.unanswered.add(f"text-{n}")
            await fleet.feed(line)
            if n == TEXTS // 3:
                await fleet.kill(2)
            if n == 2 * TEXTS // 3:
                await fleet.start(2)
                print("-- node 2 is back --")
            await asyncio.sleep(0.2)
        while fleet.untaken or fleet.unanswered:
            # What a node died with is submitted again, with the same key: it is not sent twice.
            for line in list(fleet.untaken.values()):
                await fleet.feed(line)
            await asyncio.sleep(1)
    print(f"{TEXTS} texts, {TEXTS} answers: nothing lost")


if __name__ == "__main__":
    asyncio.run(main())
