#!/usr/bin/env python3
"""Restarts gateway nodes behind a real Envoy under load, and counts the calls that were refused for it.

    restart_drill.py TOLLGATE ENVOY [--kill] [--rounds N] [--timeout SECONDS]

Uses tollgate-several-nodes.yaml with its addresses replaced, and two Tollgates with everything in one process as the nodes.
A call without a secret is answered 401 by a door, and 503 by Envoy when no door judged it. Fails when there was one, unless
the nodes were killed. --timeout replaces the door's 250 ms: on a machine with more work than cores calls run into it.
"""

import argparse
import asyncio
import collections
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

CONFIGURATION = Path(__file__).with_name("tollgate-several-nodes.yaml")
INGRESS, ADMIN, DOORS, HTTP = 21000, 21900, {1: 21091, 2: 21092}, {1: 21181, 2: 21182}
CALLERS, PAUSE = 12, 0.03
TOKEN = {"TOLLGATE_BOOTSTRAP_TOKEN": "only-for-this-drill-and-no-other"}


def configuration(timeout):
    text = CONFIGURATION.read_text(encoding="utf-8")
    for there, here in [("0.0.0.0, port_value: 10000", INGRESS), ("127.0.0.1, port_value: 19000", ADMIN),
                        ("gateway-1, port_value: 9090", DOORS[1]), ("gateway-2, port_value: 9090", DOORS[2]),
                        ("upstream, port_value: 8080", 21080)]:
        assert there in text, f"{CONFIGURATION.name} has no {there}"
        text = text.replace(there, f"127.0.0.1, port_value: {here}")
    return text.replace("0.25s", f"{timeout}s")


def node(tollgate, directory, number):
    command = [tollgate, "serve", "--data-dir", f"{directory}/{number}", "--http", f"127.0.0.1:{HTTP[number]}",
               "--gateway", f"127.0.0.1:{DOORS[number]}"]
    return subprocess.Popen(command, env=os.environ | TOKEN, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def call(reader, writer, path=b"/orders/1"):
    writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: drill\r\n\r\n")
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    if length:
        await reader.readexactly(int(length[1]))
    return int(head[9:12])


async def answers(port, wanted, path=b"/orders/1"):
    for _ in range(600):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            status = await call(reader, writer, path)
            writer.close()
            if status == wanted:
                return
        except (OSError, asyncio.IncompleteReadError):
            pass
        await asyncio.sleep(0.1)
    sys.exit(f"nothing on port {port} answers {wanted} within a minute")


async def caller(seen, stop):
    reader, writer = await asyncio.open_connection("127.0.0.1", INGRESS)
    while not stop.is_set():
        seen[await call(reader, writer)] += 1
        await asyncio.sleep(PAUSE)
    writer.close()


async def drill(given, directory, nodes):
    for number in nodes:
        await answers(DOORS[number], 200, b"/healthz")
    await answers(INGRESS, 401)
    # Envoy asks after each node's health once a second.
    await asyncio.sleep(2.5)
    seen, stop = collections.Counter(), asyncio.Event()
    callers = [asyncio.create_task(caller(seen, stop)) for _ in range(CALLERS)]
    for number in [1, 2] * given.rounds:
        await asyncio.sleep(1)
        nodes[number].send_signal(signal.SIGKILL if given.kill else signal.SIGTERM)
        await asyncio.to_thread(nodes[number].wait)
        await asyncio.sleep(1)
        nodes[number] = node(given.tollgate, directory, number)
        await answers(DOORS[number], 200, b"/healthz")
        await asyncio.sleep(2.5)
    stop.set()
    await asyncio.gather(*callers)
    return seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tollgate")
    parser.add_argument("envoy")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=0.25)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollgate-drill-") as directory:
        file = Path(directory, "envoy.yaml")
        file.write_text(configuration(given.timeout), encoding="utf-8")
        nodes = {number: node(given.tollgate, directory, number) for number in DOORS}
        command = [given.envoy, "-c", str(file), "--use-dynamic-base-id", "-l", "error", "--concurrency", "2"]
        envoy = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            seen = asyncio.run(drill(given, directory, nodes))
        finally:
            for process in [envoy, *nodes.values()]:
                process.terminate()
                process.wait()
    refused = sum(seen.values()) - seen[401]
    print(f"{sum(seen.values())} calls over {2 * given.rounds} restarts, {refused} not judged: {dict(seen)}")
    return 1 if refused and not given.kill else 0


if __name__ == "__main__":
    sys.exit(main())
