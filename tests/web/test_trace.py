"""W3C Trace Context: the trace goes on, each hop has a parent-id of its own, what cannot be read is replaced."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable
from typing import Any

import pytest

from web import trace

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")


def apart(act: Callable[[], Any]) -> Any:
    """Do `act` in a context of its own, as every request has one."""
    return contextvars.Context().run(act)


def traced(*values: str) -> tuple[str | None, list[str]]:
    """Begin with these headers; return the trace and two headers for calls that are made then."""

    def act() -> tuple[str | None, list[str]]:
        trace.begin([(b"host", b"x"), *((b"traceparent", value.encode("latin-1")) for value in values)])
        return trace.current(), [trace.onward()["traceparent"] for _ in range(2)]

    found: tuple[str | None, list[str]] = apart(act)
    return found


@pytest.mark.parametrize("form", ["00-{}-{}-01", "00-{}-{}-00", "cc-{}-{}-01", "cc-{}-{}-01-more"])
def test_a_trace_goes_on_and_each_hop_has_a_parent_of_its_own_3_2(form: str) -> None:
    current, onward = traced(form.format(TRACE, PARENT))
    assert current == TRACE
    parents = set()
    for header in onward:
        match = FORM.fullmatch(header)
        assert match is not None
        assert match[1] == TRACE
        parents.add(match[2])
    assert len(parents) == 2
    assert PARENT not in parents


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-01 ",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE[:-1]}g-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-zz",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"00-{TRACE}-{PARENT}-01, 00-{TRACE}-{PARENT}-01",
        "\xe4" * 55,
    ],
)
def test_what_cannot_be_read_is_replaced_by_a_new_trace_3_2_2(value: str) -> None:
    current, onward = traced(value)
    assert current is not None
    assert re.fullmatch("[0-9a-f]{32}", current)
    assert current not in {TRACE, "0" * 32}
    assert all(header.startswith(f"00-{current}-") for header in onward)


def test_two_headers_are_two_traces_and_neither_counts_4_2() -> None:
    current, _ = traced(f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01")
    assert current != TRACE


def test_without_one_a_trace_begins_and_no_two_are_alike() -> None:
    assert len({traced()[0] for _ in range(100)}) == 100


def test_it_is_known_whether_a_trace_came_along() -> None:
    def act(*values: bytes) -> bool:
        trace.begin([(b"traceparent", value) for value in values])
        return trace.came_along()

    good = f"00-{TRACE}-{PARENT}-01".encode()
    assert apart(lambda: act(good)) is True
    assert apart(lambda: act(b"malformed")) is False
    assert apart(act) is False
    assert apart(trace.came_along) is False


def test_outside_of_a_request_there_is_none_to_go_on_with() -> None:
    assert apart(trace.current) is None
    assert apart(trace.onward) == {}
