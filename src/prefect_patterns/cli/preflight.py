"""`patterns dhis2 preflight`: the read-side contract on a server, and which calls of a project an upgrade changes."""

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap
from typing import Any

from prefect_patterns.cli.catalogue import find_folder
from prefect_patterns.cli.credentials import Given, speaking_of_arguments
from prefect_patterns.cli.interrupt import interrupt_waiting
from prefect_patterns.cli.output import show_rows, style
from prefect_patterns.dhis2.preflight import (
    CHECKS,
    CODE,
    Change,
    Contract,
    Found,
    Verdict,
    find_calls,
    has_code,
    judge_calls,
    run_contract,
    target_release,
)
from prefect_patterns.errors import QualityError
from prefect_patterns.http import without_secrets
from prefect_patterns.report.text import counted

__all__ = ["run_preflight"]

_INDENT = 10
_PLACES = 3


def run_preflight(credentials: Callable[[], Given], *, to: str, paths: list[Path], as_json: bool) -> int:
    """Print what the contract finds on a server and which calls change; 3 when something differs, else 0.

    Args:
        credentials: Gives the server and a user of it; called when the other arguments are known to be good.
        to: The release of the upgrade.
        paths: Files and folders of pipelines; otherwise those of the current folder, otherwise the catalogue's.

    Raises:
        UsageError: There is no such path or release, or the release is older than the server's.
    """
    target_release(to)
    named = [Path(os.path.expanduser(path)) for path in paths]
    found = find_calls(named) if named else find_calls(_default(), suffixes=CODE)
    given = credentials()
    interrupt_waiting()
    address = without_secrets(given.url)
    with _progress(address, len(CHECKS), quiet=as_json) as step, speaking_of_arguments(given):
        contract = run_contract(
            given.url, given.username, given.password, token=given.token, on_done=lambda _finding: step()
        )
    target = target_release(to, contract.numbers)
    verdict = judge_calls(found.calls, contract.numbers, target)
    if as_json:
        only_ascii = (sys.stdout.encoding or "").lower() != "utf-8"
        print(json.dumps(_document(contract, target, found, verdict), indent=2, ensure_ascii=only_ascii))
    else:
        _print_contract(contract)
        _print_calls(contract, target, found, verdict)
    return 0 if contract.is_kept else QualityError.exit_code


def _default() -> list[Path]:
    here, catalogue = Path.cwd(), find_folder()
    if has_code(here) and catalogue.parent != here:
        return [here]
    return [path for path in (catalogue, catalogue.parent / "deployments") if path.is_dir()]


@contextmanager
def _progress(url: str, steps: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    if quiet:
        yield lambda: None
        return
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        print(f"trying {steps} things on {url}; nothing is changed there", flush=True)
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), transient=True) as progress:
        task = progress.add_task("trying the contract", total=steps)
        yield lambda: progress.advance(task)


def _print_contract(contract: Contract) -> None:
    count = Counter(finding.state for finding in contract.findings)
    print(style(f"DHIS2 {contract.version} at {contract.address}", "bold"))
    if contract.numbers[1] != contract.release:
        print(
            style(f"it is not among the releases that are known; what 2.{contract.release} does was expected", "amber")
        )
    _table([{"result": each.state, "check": each.check, "seen": each.seen} for each in contract.findings])
    words = f"{count['holds']} of {len(contract.findings)} checks hold, {count['differs']} differ, "
    print(style(f"{words}{count['skipped']} were skipped", "green" if contract.is_kept else "red"))
    for finding in contract.findings:
        if finding.state == "differs":
            _entry("differs", finding.check)
            _entry("", f"concerns: {finding.why}")
    if not contract.is_kept:
        _entry(
            "", "the reason may be this release, a proxy before the server, or a setting: show it to whoever runs it"
        )


def _print_calls(contract: Contract, target: int, found: Found, verdict: Verdict) -> None:
    print()
    own = contract.numbers[1]
    print(
        style(f"calls that change from 2.{own} to 2.{target}" if own < target else f"it is 2.{target} already", "bold")
    )
    changes: dict[Change, dict[str, list[str]]] = {}
    for each in verdict.affected:
        changes.setdefault(each.change, {}).setdefault(each.call.label, []).append(each.call.where)
    for change in sorted(changes, key=lambda change: change.release):
        print(style(f"2.{change.release} {change.name}", "bold"))
        _entry("change", change.what)
        _entry("to do", change.do)
        for label, places in changes[change].items():
            _entry("call", label)
            _entry("", _some(places))
    changed = len({id(each.call) for each in verdict.affected})
    print(
        f"{counted(len(found.calls), 'call')} in {counted(found.files, 'file')}: {changed:,} change, "
        f"{len(verdict.unchanged):,} do not, {len(verdict.unknown):,} have a path that is only known when they run"
    )
    if verdict.unknown:
        _entry("look at", _some([call.where for call in verdict.unknown], 10))
    for skipped in found.skipped[:10]:
        print(style(f"not read: {skipped.path}: {skipped.why}", "amber"))
    if len(found.skipped) > 10:
        print(style(f"not read: {len(found.skipped) - 10:,} more", "amber"))


def _some(places: list[str], most: int = _PLACES) -> str:
    return ", ".join(places[:most]) + (f" and {len(places) - most:,} more" if len(places) > most else "")


def _entry(name: str, text: str) -> None:
    """Print one line with its name, on a terminal wrapped to its width."""
    width = max(shutil.get_terminal_size().columns, 30) if sys.stdout.isatty() else 0
    lines = wrap(text, width - _INDENT - 1) if width else [text]
    for at, line in enumerate(lines):
        print(f"  {'' if at else name:{_INDENT - 2}}{line}")


def _changed(verdict: Verdict) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str, int], dict[str, Any]] = {}
    for each in verdict.affected:
        change, call = each.change, each.call
        key = (call.label, change.name, change.release)
        row = rows.setdefault(
            key,
            {
                "call": call.label,
                "where": [],
                "release": change.release,
                "name": change.name,
                "side": change.side,
                "what": change.what,
                "do": change.do,
                "source": change.source,
            },
        )
        row["where"].append(call.where)
    return list(rows.values())


def _document(contract: Contract, target: int, found: Found, verdict: Verdict) -> dict[str, Any]:
    return {
        "server": {"address": contract.address, "version": contract.version},
        "to": target,
        "kept": contract.is_kept,
        "contract": [asdict(finding) for finding in contract.findings],
        "calls": {
            "files": found.files,
            "found": len(found.calls),
            "changed": _changed(verdict),
            "unchanged": len(verdict.unchanged),
            "unknown": [call.where for call in verdict.unknown],
            "not_read": [asdict(each) for each in found.skipped],
        },
    }


def _table(rows: list[dict[str, str]]) -> None:
    """Print *rows*: on a terminal wrapped to its width, elsewhere one line each."""
    if not rows or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        show_rows(rows, as_json=False)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    colours = {"differs": "red", "skipped": "yellow"}
    for row in rows:
        table.add_row(*(Text(value, style=colours.get(value, "")) for value in row.values()))
    Console().print(table)
