"""When made-up calls happen, and writing them down.

People work by day and on weekdays, a job now and then makes a burst: without these a chart is a flat carpet and shows
nothing of what it can.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import cos, pi
from pathlib import Path
from random import Random

from tokenmon.sample.generator import Generator
from tokenmon.sample.generators import GENERATORS
from tokenmon.sample.ledger import Book, SampleLedger
from tokenmon.sample.logs import Logs

HOUR = 3_600_000
WEEKEND = 0.22
"""Calls at the weekend, as a part of a working day's."""
BURST = 0.03
"""Part of the hours in which a job runs wild."""
GAP = 90_000
"""Longest pause within a train of calls, ms."""


def _weight(hour: int, random: Random) -> float:
    """How busy the hour is: `hour` counts from 1970, a Thursday, in UTC."""
    of_day = hour % 24
    day = (hour // 24 + 3) % 7
    working = 0.5 - 0.5 * cos((of_day - 2) * pi / 12)
    lunch = 0.75 if of_day == 12 else 1.0
    weekday = WEEKEND if day >= 5 else 1.0 - 0.06 * abs(day - 2)
    burst = 3.0 if random.random() < BURST else 1.0
    return (0.04 + working * working * lunch * weekday) * burst * (0.7 + 0.6 * random.random())


def _times(generator: Generator, calls: int, first: int, weights: Sequence[float], random: Random) -> list[int]:
    """When `calls` calls of one generator ended: in trains, as an agent at work makes them, busy hours more often."""
    times: list[int] = []
    hours = range(first, first + len(weights) * HOUR, HOUR)
    while len(times) < calls:
        for hour in random.choices(hours, weights, k=calls // generator.train + 1):
            at = hour + int(random.random() * HOUR)
            for _ in range(1 + int(random.random() * (2 * generator.train - 1))):
                times.append(max(first, at))
                at -= 1_000 + int(random.random() * GAP)
    return times[:calls]


def call_times(generators: Sequence[Generator], events: int, days: int, now_ms: int, random: Random) -> list[int]:
    """When `events` calls of the last `days` ended and who wrote them, in order of time.

    A call is one number, `at * len(generators) + place of its generator`, so that a million of them sort fast; `at` is
    UTC milliseconds before `now_ms`. Every generator gets its share, to the nearest call.
    """
    first = now_ms - days * 24 * HOUR
    weights = [_weight(hour // HOUR, random) for hour in range(first, now_ms, HOUR)]
    ends = list(accumulate(generator.share for generator in generators))
    calls: list[int] = []
    for place, (generator, end) in enumerate(zip(generators, ends, strict=True)):
        quota = round(events * end / ends[-1]) - len(calls)
        calls += [at * len(generators) + place for at in _times(generator, quota, first, weights, random)]
    return sorted(calls)


def write_sample(
    directory: Path,
    *,
    events: int,
    days: int,
    bad: int,
    seed: int,
    now_ms: int,
    generators: Sequence[Generator] = GENERATORS,
) -> SampleLedger:
    """Write `events` made-up calls of the last `days` days and `bad` invalid lines into new files below `directory`.

    The same arguments write the same bytes. Without any call there is no file for an invalid line either.
    """
    random = Random(seed)
    logs = Logs(directory)
    books = {generator.dialect: Book() for generator in generators}
    writers = [generator.start(random, books[generator.dialect], logs) for generator in generators]
    calls = call_times(generators, events, days, now_ms, random)
    invalid = sorted(random.choices(range(events), k=bad), reverse=True) if events else []
    for index, call in enumerate(calls):
        at, place = divmod(call, len(writers))
        writers[place].call(at)
        while invalid and invalid[-1] == index:
            writers[place].bad(at)
            invalid.pop()
    directory.mkdir(parents=True, exist_ok=True)
    logs.flush()
    return SampleLedger(
        models={dialect: book.models for dialect, book in books.items()},
        bad=sum(book.bad for book in books.values()),
        size=logs.size,
    )
