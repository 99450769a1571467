"""`patterns sandbox`: the local services in the foreground, published for the runs that start meanwhile."""

import json
from dataclasses import asdict

from prefect_patterns.cli.output import style
from prefect_patterns.sandbox import Published, serve

__all__ = ["serve_sandbox"]


def serve_sandbox(service: str, *, as_json: bool, **options: object) -> int:
    """Serve the sandbox of *service* until SIGINT or SIGTERM, and say where it is once it answers.

    Args:
        service: `dhis2` or `httpbox`.
        as_json: Say it as one line of JSON.
        options: What the sandbox is to be; None is as not given.

    Raises:
        UsageError: There is no such sandbox, or it has no such option or value.
        LocalError: The port is taken, or the server ended by itself.
    """

    def announce(box: Published) -> None:
        if as_json:
            print(json.dumps({"service": service} | asdict(box)), flush=True)
        elif service == "dhis2":
            print(style(f"DHIS2 2.{box.version} sandbox at {box.url}", "bold"))
            print(f"user {box.username}, password {box.password}; the values are made up from a seed")
            print(f"API token {box.token}")
            print(f"try  curl -u {box.username}:{box.password} {box.url}/api/system/info")
            print("flows use it while it runs; Ctrl-C ends it", flush=True)
        else:
            print(style(f"{service} sandbox at {box.url}", "bold"))
            print(f"try  curl {box.url}/")
            print("flows use it while it runs; Ctrl-C ends it", flush=True)

    serve(service, on_ready=announce, **options)
    return 0
