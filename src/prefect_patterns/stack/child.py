"""The Prefect server's process: `python -m prefect_patterns.stack.child HOME` prints its port, then serves."""

import fcntl
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from prefect_patterns.clock import SYSTEM

__all__ = ["main"]

_GRACE = 5.0
"""Seconds that an orderly end may take: a server that is just starting ends only when it has started."""


def main(home: Path) -> None:
    """Serve Prefect's API on a free port of the loopback until nobody holds *home* any more."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_end_with_users, args=(home,), daemon=True).start()

    import uvicorn

    config = uvicorn.Config(
        "prefect.server.api.server:create_app",
        factory=True,
        lifespan="on",
        log_level="error",
        timeout_keep_alive=5,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _end_with_users(home: Path) -> None:
    lock = os.open(home / "users.lock", os.O_CREAT | os.O_RDWR, 0o666)
    fcntl.flock(lock, fcntl.LOCK_EX)  # returns when the last user has let go or was killed
    # Never closed: who comes now waits until this process is gone, for two servers would break one database.
    os.kill(os.getpid(), signal.SIGTERM)
    SYSTEM.sleep(_GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
