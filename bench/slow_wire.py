"""A slow wire to the database: what the shop sends arrives some milliseconds later, so that every window is wider.

`python -m bench.slow_wire --to 127.0.0.1:5432 --delay-ms 3` prints the port that it listens on.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
CHUNK = 65536  # bytes


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float) -> None:
    try:
        while chunk := await source.read(CHUNK):
            if delay:
                await asyncio.sleep(delay)
            target.write(chunk)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()


async def serve(host: str, port: int, delay: float) -> None:
    """Listen on a free port of loopback, print it, and carry every connection to host and port, `delay` seconds late.

    What comes back is not delayed. Runs until it is cancelled.
    """

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_carry(reader, forth, delay), _carry(back, writer, 0))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


@contextlib.contextmanager
def slow_wire(database_url: str, delay_ms: float) -> Iterator[str]:
    """The database's URL through such a wire, in a process of its own that ends with the block."""
    address = urlsplit(database_url)
    target = f"{address.hostname}:{address.port or 5432}"
    command = [sys.executable, "-m", "bench.slow_wire", "--to", target, "--delay-ms", str(delay_ms)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        user, at, _ = address.netloc.rpartition("@")
        yield address._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()
    finally:
        process.terminate()
        process.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", required=True, help="host:port of the database")
    parser.add_argument("--delay-ms", type=float, default=3)
    asked = parser.parse_args()
    host, _, port = asked.to.rpartition(":")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(host, int(port), asked.delay_ms / 1000))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
