"""Child processes that do not outlive the program that started them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def start(
    command: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    last_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, its output appended to `log`.

    On Linux it is sent `last_signal` when this program dies, however that happens. A session of its own keeps a
    Ctrl-C on the terminal from reaching it before this program has decided what stops first.
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: PLW1509 (the function below only makes two system calls)
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            user=user,
            group=user and _main_group(user),
            extra_groups=[] if user else None,
            start_new_session=True,
            preexec_fn=_dying_with_parent(os.getpid(), last_signal),
        )


def stop(process: subprocess.Popen[bytes], patience: float) -> bool:
    """Ask a process to end, kill what is left of its session after `patience` seconds; whether it ended by itself."""
    if process.poll() is None:
        process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    obeyed = process.poll() is not None
    kill(process)
    return obeyed


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and everything it started in its session, such as a worker's current job."""
    for pid in _session_of(process.pid):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for a message about what went wrong."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def _dying_with_parent(parent: int, last_signal: signal.Signals) -> Callable[[], None]:
    def ask_kernel() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, int(last_signal))
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return ask_kernel


def _session_of(leader: int) -> Iterator[int]:
    """The processes of a session; without /proc (macOS) only the leader's group can be found."""
    entries = list(Path("/proc").glob("[0-9]*"))
    if not entries:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
    for entry in entries:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(int(entry.name)) == leader:
                yield int(entry.name)


def _main_group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid
