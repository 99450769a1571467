"""The command `patterns`: the catalogue, the local services, and later the stack and the state."""

import sys

from prefect_patterns.cli.interrupt import raise_on_interrupt
from prefect_patterns.cli.output import guarded, leave, usable_streams

__all__ = ["main"]


def main() -> None:
    """Run `patterns` on the command line's arguments and end the process with its exit code."""
    raise_on_interrupt()
    usable_streams()
    arguments = sys.argv[1:]
    debug = "--debug" in arguments

    def command() -> int:
        from prefect_patterns.cli.app import dispatch

        return dispatch([argument for argument in arguments if argument != "--debug"])

    leave(guarded(command, debug=debug))
