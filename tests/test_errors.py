import pickle
import traceback

import pytest

from prefect_patterns import errors
from prefect_patterns.errors import PatternsError, QueryRefused, RemoteError, StorageError, WaitTimeout

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("PatternsError", 1),
        ("UsageError", 2),
        ("ConfigError", 2),
        ("QualityError", 3),
        ("RemoteRefused", 4),
        ("AuthenticationFailed", 4),
        ("UnexpectedAnswer", 4),
        ("RemoteUnavailable", 5),
        ("WaitTimeout", 5),
        ("LocalError", 6),
        ("StorageError", 6),
    ],
)
def test_the_class_says_which_exit_code(name, code):
    assert getattr(errors, name).exit_code == code


def test_the_tree_drawn_at_the_top_names_every_class():
    assert [name for name in errors.__all__ if name not in (errors.__doc__ or "")] == []


def make(cls):
    if cls is WaitTimeout:
        return cls("orders", waited=5, checks=4)
    if cls is StorageError:
        return cls("/data/x", "No space left on device")
    if issubclass(cls, RemoteError):
        return cls("it said no", hint="ask", method="GET", url="http://h/x", status=409, envelope={"errorCode": "E1"})
    return cls("it broke", hint="mend it", docs="docs/x.md")


@pytest.mark.parametrize("cls", CLASSES)
def test_an_error_survives_pickling_with_all_its_fields(cls):
    error = make(cls)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert str(copy) == str(error)
    assert (copy.args, vars(copy)) == (error.args, vars(error))


@pytest.mark.parametrize("cls", CLASSES)
def test_a_message_ends_with_what_to_do(cls):
    error = make(cls)
    assert error.hint
    assert str(error) == f"{error.what}. Try: {error.hint}"
    assert error.what in traceback.format_exception_only(error)[0]


def test_only_the_wait_timeout_is_a_timeout_error():
    assert [cls for cls in CLASSES if issubclass(cls, OSError)] == [WaitTimeout]
    assert issubclass(WaitTimeout, TimeoutError)


@pytest.mark.parametrize(("envelope", "code"), [({"errorCode": "E7124"}, "E7124"), ({}, None), (None, None)])
def test_a_refused_query_knows_the_servers_code(envelope, code):
    assert QueryRefused("no", envelope=envelope).code == code


def test_an_error_without_a_hint_is_just_what_happened():
    assert str(PatternsError("it broke")) == "it broke"
