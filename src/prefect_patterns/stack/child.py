"""The Prefect server's process: `python -m prefect_patterns.stack.child HOME` prints its port, then serves."""

import fcntl
import os
import signal
import socket
import sys
import threading
from pathlib import Path

__all__ = ["main"]


def main(home: Path) -> None:
    """Serve Prefect's API on a free port of the loopback until nobody holds *home* any more."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_end_with_users, args=(home,), daemon=True).start()

    import uvicorn

    config = uvicorn.Config(
        "prefect.server.api.server:create_app", factory=True, lifespan="on", log_level="error", timeout_keep_alive=5
    )
    uvicorn.Server(config).run(sockets=[listener])


def _end_with_users(home: Path) -> None:
    with (home / "users.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # returns when the last user has let go or was killed
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
