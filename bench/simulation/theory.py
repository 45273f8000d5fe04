"""What is known of queues without simulating them: utilizations and times that the simulation must agree with."""

from __future__ import annotations

import math


def erlang_c(servers: int, offered: float) -> float:
    """Return the share of arrivals that wait (Erlang C); `offered` is their rate times the time that each is served."""
    term, total = 1.0, 1.0
    for number in range(1, servers):
        term *= offered / number
        total += term
    last = term * offered / servers * servers / (servers - offered)
    return last / (total + last)


def mean_wait(servers: int, rate: float, service: float) -> float:
    """Return the mean seconds in the queue of M/M/c."""
    return erlang_c(servers, rate * service) / (servers / service - rate)


def mean_wait_fixed(rate: float, service: float) -> float:
    """Return the mean seconds in the queue of M/D/1 (Pollaczek and Khinchine)."""
    load = rate * service
    return load * service / (2 * (1 - load))


def quantile_of_time(share: float, rate: float, service: float) -> float:
    """Return the quantile of the time in M/M/1, queue and service together."""
    return -math.log(1 - share) / (1 / service - rate)


def lost(servers: int, offered: float) -> float:
    """Return the share that is refused where nobody may wait (Erlang B)."""
    share = 1.0
    for number in range(1, servers + 1):
        share = offered * share / (number + offered * share)
    return share
