"""The DHIS2 calls in Python code, read from its syntax tree: nothing is imported or run."""

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from prefect_patterns.dhis2.preflight.calls import UNKNOWN, Call, Params, read_calls

__all__ = ["CLIENT_METHODS", "python_calls"]

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_OTHER_SENDERS = frozenset({"request", "stream", "send", "fetch", "urlopen", "Request", "build_request"})
_CLIENT_CLASSES = frozenset({"AsyncClient", "Client", "ClientSession", "OAuth2Session", "Session"})
_SENDER_NAME = re.compile(r"api|client|dhis|session|http|request|server|conn|hook|remote", re.IGNORECASE)

# Of each method of `Dhis2Client` that reads: what it asks for ("" is its first argument), and the places of its
# positional arguments.
CLIENT_METHODS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "analytics": ("analytics", ()),
    "analytics_freshness": ("system/info", ()),
    "analytics_grid": ("analytics", ()),
    "changes": ("", ("endpoint", "since", "fields")),
    "download_data_values": ("dataValueSets", ("folder", "periods")),
    "fetch_metadata": ("", ("endpoint", "fields")),
    "frame": ("", ("endpoint", "fields")),
    "get_object": ("", ("endpoint", "uid", "fields")),
    "get_server_info": ("system/info", ()),
    "iter_analytics": ("analytics", ()),
    "iter_data_values": ("dataValueSets", ()),
    "iter_features": ("organisationUnits.geojson", ("level",)),
    "iter_metadata": ("", ("endpoint", "fields")),
    "iter_models": ("", ("model",)),
    "me": ("me", ()),
    "names": ("", ("endpoint", "ids")),
    "value_changes": ("dataValueSets", ("since",)),
    "write_data_values": ("dataValueSets", ("path",)),
}
_LONGEST = 4_000
_COMMON_NAMES = frozenset({"analytics", "changes", "frame", "me", "names"})  # other things have such methods too
_PARAMETERS = {"filters": "filter", "data_sets": "dataSet", "periods": "period", "org_units": "orgUnit"}


def python_calls(code: str) -> Iterator[Call]:
    """Yield the calls of a Python file in the order of its lines, each with its line as `where`.

    Known are the methods of our client, requests of HTTP clients with a path, and every other text that holds an
    address of the API; docstrings are not calls. Names that are given a value once stand for it.

    Raises:
        SyntaxError: It is not Python.
        RecursionError: It is nested too deeply to be read.

    >>> [call.label for call in python_calls('requests.get(f"{base}/api/me", params={"fields": "id"})')]
    ['GET me?fields=id']
    """
    with warnings.catch_warnings(action="ignore"):  # about escapes in somebody else's texts
        tree = ast.parse(code)
    reader = _Reader(tree)
    calls = [call for source, call in list(reader.calls(tree)) if source not in reader.asked]
    yield from (replace(call, keys=reader.keys) for call in sorted(calls, key=lambda call: int(call.where)))


class _Reader:
    def __init__(self, tree: ast.AST) -> None:
        self.values: dict[str, ast.expr | None] = {}
        self.added: dict[str, list[tuple[ast.expr, ast.expr]]] = {}
        self.docstrings: set[int] = set()
        self.keys: frozenset[str] = frozenset()
        self.uses_client = False
        self.texts: dict[int, str | None] = {}
        self.asked: set[int] = set()
        keys: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                self.docstrings.add(id(node.value))
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                self._assigned(node)
            elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
                self._named(node.optional_vars.id, node.context_expr)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prefect_patterns"):
                self.uses_client = True
            elif isinstance(node, ast.Import):
                self.uses_client |= any(name.name.startswith("prefect_patterns") for name in node.names)
            keys.update(_key(node))
        self.keys = frozenset(keys)

    def _assigned(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Subscript) and node.value is not None:
                self.added.setdefault(_plain_name(target.value), []).append((target.slice, node.value))
            elif name := _plain_name(target):
                self._named(name, None if isinstance(node, ast.AugAssign) else node.value)

    def _named(self, name: str, value: ast.expr | None) -> None:
        self.values[name] = None if name in self.values else value

    def calls(self, node: ast.AST) -> Iterator[tuple[int, Call]]:
        """Yield the calls in *node* and below it, each with the text that it is in, or 0 for a request.

        A text that was read as part of a whole is not read again; one that has a name and is sent under it is in
        `asked` in the end.
        """
        if isinstance(node, ast.Call):
            read = list(self._sent(node))
            if read:
                yield from ((0, replace(call, where=str(node.lineno))) for call in read)
                self.asked.update(id(self._value(part)) for part in self._arguments(node) if _plain_name(part))
                rest = [node.func, *(part for part in self._arguments(node) if self.text(part) is None)]
                for part in rest:
                    yield from self.calls(part)
                return
        if isinstance(node, ast.expr) and not _plain_name(node) and id(node) not in self.docstrings:
            text = self.text(node)
            if text is not None:
                yield from (
                    (id(node), replace(call, where=str(node.lineno))) for call in dict.fromkeys(read_calls(text))
                )
                return
        for child in ast.iter_child_nodes(node):
            yield from self.calls(child)

    def _arguments(self, node: ast.Call) -> list[ast.expr]:
        return [*node.args, *(keyword.value for keyword in node.keywords)]

    def _sent(self, node: ast.Call) -> Iterator[Call]:
        name = _name(node.func)
        is_method = self.uses_client and isinstance(node.func, ast.Attribute) and name in CLIENT_METHODS
        if is_method and (name not in _COMMON_NAMES or self._is_sender(node.func)):
            yield from self._by_client(name, node)
            return
        named = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        texts = [text for part in node.args[:2] if (text := self.text(part)) is not None]
        if "url" in named and (url := self.text(named["url"])) is not None:
            texts.append(url)
        if name in _VERBS:
            method = name
        elif name in _OTHER_SENDERS:
            given = texts.pop(0) if texts and texts[0].lower() in _VERBS else self.text(named.get("method")) or "get"
            method = given if given.lower() in _VERBS else "get"
        else:
            return
        if texts:
            query = named.get("params", named.get("query"))
            if query is None and name == "get" and len(node.args) > 1 and self.text(node.args[1]) is None:
                query = node.args[1]
            bare = name in _OTHER_SENDERS or "url" in named or query is not None or self._is_sender(node.func)
            bare |= "/" in texts[0] or "?" in texts[0]
            yield from read_calls(texts[0], method=method, params=self._params(query), bare=bare)

    def _by_client(self, name: str, node: ast.Call) -> Iterator[Call]:
        path, places = CLIENT_METHODS[name]
        given: dict[str, ast.expr] = dict(zip(places, node.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        endpoint = given.pop("endpoint", None)
        model = given.pop("model", None)
        if model is not None:
            path = f"{_name(model)[:1].lower()}{_name(model)[1:]}s"
        elif not path:
            path = (self.text(endpoint) or UNKNOWN).strip("/")
        if "uid" in given:
            path = f"{path}/{self.text(given.pop('uid')) or UNKNOWN}"
        params = [(_PARAMETERS.get(key, key), value) for key, part in given.items() for value in self._values(part)]
        params += [(UNKNOWN, UNKNOWN)] * any(keyword.arg is None for keyword in node.keywords)
        yield Call(path, tuple(params), client=name, params_known=(UNKNOWN, UNKNOWN) not in params)

    def _is_sender(self, node: ast.expr) -> bool:
        """Return whether what `.get` is called on is a client, or named like one: a dictionary has a `get` too."""
        while isinstance(node, ast.Attribute | ast.Call):
            node = node.value if isinstance(node, ast.Attribute) else node.func
            made = self._value(node)
            if isinstance(made, ast.Call) and _name(made.func) in _CLIENT_CLASSES:
                return True
            if isinstance(node, ast.Attribute | ast.Name) and _SENDER_NAME.search(_name(node)):
                return True
        return False

    def _params(self, node: ast.expr | None) -> Params:
        later = self.added.get(_plain_name(node), []) if node is not None else []
        added = tuple((self.text(key) or UNKNOWN, value) for key, part in later for value in self._values(part))
        return self._given_params(self._value(node)) + added

    def _given_params(self, node: ast.expr | None) -> Params:
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return ()
        found: list[tuple[str, str]] = []
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if name is None and isinstance(self._value(value), ast.Dict):  # **others
                    found += self._params(value)
                    continue
                found += [(self.text(name) or UNKNOWN, each) for each in self._values(value)]
        elif isinstance(node, ast.Call) and _name(node.func) == "dict":
            found += [(each.arg or UNKNOWN, value) for each in node.keywords for value in self._values(each.value)]
        elif isinstance(node, ast.List | ast.Tuple):
            for pair in node.elts:
                parts = pair.elts if isinstance(pair, ast.List | ast.Tuple) else []
                key, of_key = parts if len(parts) == 2 else (None, None)
                found += [(self.text(key) or UNKNOWN, each) for each in self._values(of_key)]
        else:
            found.append((UNKNOWN, UNKNOWN))
        return tuple(found)

    def _values(self, node: ast.expr | None) -> list[str]:
        node = self._value(node)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return [self.text(each) or UNKNOWN for each in node.elts]
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            return [str(node.value).lower() if isinstance(node.value, bool) else str(node.value)]
        return [self.text(node) or UNKNOWN]

    def _value(self, node: ast.expr | None) -> ast.expr | None:
        for _ in range(5):  # a name for a name for a value
            if node is None or not (value := self.values.get(_plain_name(node))):
                break
            node = value
        return node

    def text(self, node: ast.expr | None) -> str | None:
        """Return the text that *node* is, with `UNKNOWN` for its holes; None when it is none."""
        node = self._value(node)
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if node is None:
            return None
        if id(node) not in self.texts:  # each only once: names of names of names would take for ever
            self.texts[id(node)] = None  # while it is read: a name whose value is made of itself
            text = self._composed(node)
            self.texts[id(node)] = text if text is None else text[:_LONGEST]
        return self.texts[id(node)]

    def _composed(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.JoinedStr):
            return "".join(self.text(part) or UNKNOWN for part in node.values)
        if isinstance(node, ast.FormattedValue):
            return self.text(node.value)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self.text(node.left), self.text(node.right)
            return None if left is None and right is None else f"{left or UNKNOWN}{right or UNKNOWN}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            left = self.text(node.left)
            return None if left is None else re.sub(r"%(\(\w+\))?[sdrif]", UNKNOWN, left)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            left = self.text(node.func.value)
            if left is not None and node.func.attr == "format":
                return re.sub(r"\{[^{}]*\}", UNKNOWN, left)
            parts = node.args[0] if node.args else None
            if left is not None and node.func.attr == "join" and isinstance(parts, ast.List | ast.Tuple):
                return left.join(self.text(each) or UNKNOWN for each in parts.elts)
        if isinstance(node, ast.Call) and _name(node.func) == "urlencode" and node.args:
            return urlencode(self._params(node.args[0]), safe=f"{UNKNOWN}[],:!")
        return None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _plain_name(node: ast.expr) -> str:
    """Return the name that *node* is, also as an attribute of an object or its class; empty when it is none."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _key(node: ast.AST) -> Iterator[str]:
    part: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        part = node.slice
    elif isinstance(node, ast.Call) and _name(node.func) in {"get", "pop"} and node.args:
        part = node.args[0]
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        yield part.value
