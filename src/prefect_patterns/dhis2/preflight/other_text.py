"""The DHIS2 calls in what is not Python: scripts, configuration, notebooks, access logs, recordings of a browser."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from prefect_patterns.dhis2.preflight.calls import AN_ID, RESOURCES, UNKNOWN, Call, Params, read_calls
from prefect_patterns.dhis2.preflight.python_code import python_calls

__all__ = ["notebook_calls", "recorded_calls", "text_calls"]

_LONGEST_LINE = 50_000
_VERB = r"GET|HEAD|POST|PUT|PATCH|DELETE"
_METHOD = re.compile(
    rf"(?:\"|(?<!\S)-X ?|--request[ =]|\bmethod[\"']?\s*[:=]\s*[\"']?|\bhttp )({_VERB})\b"  # curl, httpie, settings
    rf"|\b({_VERB})\((?=.*api)",  # R's POST(url), axios.post(url)
    re.IGNORECASE,
)
_LOGGED = re.compile(rf"\"({_VERB}) (\S+) HTTP/[\d.]+\"")  # the rest of the line has the page that it came from
_COMMENT = re.compile(r"\s*(#|//)")
_UPLOAD = re.compile(r"\s(?:-T|--upload-file|--body-file)\b")
_FORM = re.compile(r"\s(?:-F|--form|--json|--post-file|--post-data)\b")
_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|.*\?\s*$|\w+\s*=\s*[%!].*)", re.MULTILINE)
_HOLE = re.compile(r"\$\{\{.*?\}\}|\{\{.*?\}\}|\$\{[^{}]*\}|\$\([^()]*\)|(?<=[/=:,?&\[])\$\w+|<[\w-]+>|%\w+%")
_BARE = re.compile(
    r"[\"']?(?:endpoint|resource|path|url|uri)[\"']?\s*[:=]\s*[\"']?(?!https?:)(/?[A-Za-z][^\s\"'#]*)", re.IGNORECASE
)
_CURL_DATA = re.compile(r"(?:--data(?:-\w+)?|-d)[ =]+(\"[^\"]*\"|'[^']*'|\S+)")
_UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")


def text_calls(text: str) -> Iterator[Call]:
    """Yield the different calls in the lines of *text*, each with its first line as `where` and how often it is there.

    Comments are left out. Ids in paths are `{id}`: an access log names thousands. Holes such as `${BASE}` and
    `{{ item }}` are `{…}`; lines that a backslash continues are one.

    >>> log = '"GET /api/29/dataElements/fbfJHSPpUQD"\\n"GET /api/29/dataElements/cYeuwXTCPkU"'
    >>> [(call.label, call.where, call.times) for call in text_calls(log)]
    [('GET 29/dataElements/{id}', '1', 2)]
    """
    words: set[str] = set()

    def found() -> Iterator[Call]:
        for number, line in _lines(text):
            if _COMMENT.match(line):
                continue
            words.update(re.findall(r"[A-Za-z]\w{5,}", line[:_LONGEST_LINE]))
            for call in _of_line(line):
                yield replace(call, where=str(number))

    calls = list(_distinct(found()))
    keys = frozenset(words)
    return (replace(call, keys=keys) for call in calls)


def recorded_calls(text: str) -> Iterator[Call]:
    """Yield the different calls in a HAR file, each with the number of its first entry as `where`.

    Raises:
        ValueError: It is no such file.
    """
    try:
        requests = [entry["request"] for entry in json.loads(text)["log"]["entries"]]
        asked = [(str(request["url"]), str(request["method"])) for request in requests]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("it is not a HAR file") from error
    return _distinct(
        replace(call, where=str(number))
        for number, (url, method) in enumerate(asked, start=1)
        for call in read_calls(url, method=method)
    )


def notebook_calls(text: str) -> Iterator[Call]:
    """Yield the calls in the code cells of a notebook, each with the cell's number and the line in it as `where`.

    A cell that is not Python, as those that `%%bash` begins, is read as other text.

    Raises:
        ValueError: It is no notebook.
    """
    try:
        cells = [
            (number, "".join(cell["source"]))
            for number, cell in enumerate(json.loads(text)["cells"], start=1)
            if cell["cell_type"] == "code"
        ]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("it is not a notebook") from error
    for number, source in cells:
        for call in _of_cell(source):
            yield replace(call, where=f"cell {number}, line {call.where}")


def _of_cell(source: str) -> list[Call]:
    first = source.lstrip().partition("\n")[0]
    try:
        if first.startswith("%%") and not first.startswith(("%%time", "%%capture", "%%python")):
            raise SyntaxError("another language")
        found = list(python_calls(_MAGIC.sub(r"\1pass", source)))
        magics = "\n".join(line if _MAGIC.match(line) else "" for line in source.splitlines())
        return found + list(text_calls(magics))
    except SyntaxError:
        return list(text_calls(source))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if pending else number
        if line.endswith("\\") and len(pending) < _LONGEST_LINE:
            pending += f"{line[:-1]} "
            continue
        yield start, pending + line
        pending = ""
    if pending:
        yield start, pending


def _of_line(line: str) -> Iterator[Call]:
    line = line[:_LONGEST_LINE]
    if logged := _LOGGED.search(line):
        yield from read_calls(logged[2], method=logged[1])
        return
    holed = _HOLE.sub(UNKNOWN, line)
    named = _METHOD.search(holed)
    params: Params = ()
    method = (named[1] or named[2]) if named else "GET"
    if not named and re.search(r"\b(curl|wget)\b", holed):
        method = "PUT" if _UPLOAD.search(holed) else "POST" if _FORM.search(holed) else "GET"
    if re.search(r"\bcurl\b", holed):
        data = [text.strip("\"'") for text in _CURL_DATA.findall(holed)]
        if re.search(r"\s(-\w*G\w*|--get)\b", holed):
            params = tuple((name, value) for name, _, value in (text.partition("=") for text in data))
        elif data and not named:
            method = "POST"
    calls = list(read_calls(holed, method=method, params=params))
    if not calls and (bare := _BARE.search(holed)):
        calls = [replace(call, params_known=False) for call in read_calls(bare[1].rstrip(",;"), bare=True)]
    yield from calls


def _distinct(calls: Iterator[Call]) -> Iterator[Call]:
    seen: dict[tuple[object, ...], Call] = {}
    for call in calls:
        head, *rest = call.path.split("/")
        path = "/".join([head, *(AN_ID if _is_id(part) else part for part in rest)])
        key = (call.method, call.prefix, path, call.params)
        first = seen.get(key)
        seen[key] = replace(call, path=path) if first is None else replace(first, times=first.times + 1)
    return iter(seen.values())


def _is_id(part: str) -> bool:
    return part not in RESOURCES and part != "trackedEntities" and bool(_UID.fullmatch(part))
