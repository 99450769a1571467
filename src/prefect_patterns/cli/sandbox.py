"""`patterns sandbox`: the local services in the foreground, published for the runs that start meanwhile."""

import json
from dataclasses import asdict
from datetime import date

from prefect_patterns.cli.output import style
from prefect_patterns.sandbox import Published, serve

__all__ = ["serve_dhis2"]


def serve_dhis2(*, version: str, port: int, today: date | None, as_json: bool) -> int:
    """Serve the DHIS2 sandbox until SIGINT or SIGTERM, and say where it is once it answers."""

    def announce(box: Published) -> None:
        if as_json:
            print(json.dumps({"service": "dhis2"} | asdict(box)), flush=True)
            return
        print(style(f"DHIS2 2.{box.version} sandbox at {box.url}", "bold"))
        print(f"user {box.username}, password {box.password}; the values are made up from a seed")
        print(f"try  curl -u {box.username}:{box.password} {box.url}/api/system/info")
        print("flows use it while it runs; Ctrl-C ends it", flush=True)

    serve("dhis2", version=version, port=port, today=today, on_ready=announce)
    return 0
