# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies
from oslotest import base
import requests

from nova_vfio_compat.placement import answers
from nova_vfio_compat.reporter import backoff
from nova_vfio_compat.reporter import conditions
from nova_vfio_compat.reporter import days
from nova_vfio_compat.reporter import debounce

UTC = datetime.UTC


def longest(_low: float, high: float) -> float:
    return high


def shortest(low: float, _high: float) -> float:
    return low


class BackoffTestCase(base.BaseTestCase):
    def test_delays_double_up_to_a_limit(self) -> None:
        """And start anew after a success."""
        delays = backoff.Backoff(2, 10, longest)

        self.assertEqual(
            [2, 4, 8, 10, 10], [delays.next() for _ in range(5)]
        )
        delays.reset()
        self.assertEqual(2, delays.next())

    def test_jitter(self) -> None:
        """Down to a half, so that hosts do not come back together."""
        delays = backoff.Backoff(2, 10, shortest)

        self.assertEqual([1, 2, 4, 5], [delays.next() for _ in range(4)])

    def test_years_of_failures(self) -> None:
        """The number of failures has no limit."""
        delays = backoff.Backoff(2, 10, longest)
        delays.failures = 10**9

        self.assertEqual(10, delays.next())

    def test_what_a_server_asks_for(self) -> None:
        """Never less, a little more, and not for days."""
        delays = backoff.Backoff(1, 10, shortest)
        self.assertEqual(60, delays.next(60))
        self.assertEqual(1, delays.next(0.5))
        self.assertEqual(75, backoff.Backoff(1, 10, longest).next(60))
        self.assertEqual(3600, delays.next(10**9))

    def test_a_lower_limit(self) -> None:
        """For what is expected to be over soon."""
        delays = backoff.Backoff(8, 100, longest)

        self.assertEqual([6, 6], [delays.next(longest=6) for _ in range(2)])

    def test_retry_after(self) -> None:
        """Seconds or a date, as RFC 9110 10.2.3 has it; else nothing."""
        for text, low, high in (
            ("30", 30, 30), ("", 0, 0), ("soon", 0, 0), ("-5", 0, 0),
            ("1.5", 0, 0), ("Fri, 31 Dec 1999 23:59:59 GMT", 0, 0),
            ("Fri, 31 Dec 2999 23:59:59 GMT", 1e9, 1e12),
            ("Fri, 31 Dec 2999 23:59:59", 0, 0), ("²", 0, 0),
            ("9" * 5000, 1e8, 1e9),
        ):
            response = requests.Response()
            response.headers["Retry-After"] = text
            self.assertTrue(
                low <= answers.retry_after(response) <= high, text
            )


class DebounceTestCase(base.BaseTestCase):
    def test_it_waits_until_it_is_quiet(self) -> None:
        """Each event puts the look off."""
        waiting = debounce.Debounce(quiet=1, longest=10, again=5)
        self.assertIsNone(waiting.due())
        waiting.event(100)
        self.assertEqual(101, waiting.due())
        waiting.event(100.7)
        self.assertEqual(101.7, waiting.due())

    def test_a_storm(self) -> None:
        """Events without an end are looked at every so often."""
        waiting = debounce.Debounce(quiet=1, longest=10, again=5)
        looks = 0
        for number in range(1000):
            now = number / 10
            due = waiting.due()
            if due is not None and now >= due:
                waiting.looked(now)
                looks += 1
            waiting.event(now)
        self.assertEqual(9, looks)

    def test_a_second_look(self) -> None:
        """After events there is one more, and no third."""
        waiting = debounce.Debounce(quiet=1, longest=10, again=5)
        waiting.event(100)
        waiting.looked(101)
        self.assertEqual(106, waiting.due())
        waiting.looked(106)
        self.assertIsNone(waiting.due())

    def test_a_look_without_events(self) -> None:
        """The regular one has no second look."""
        waiting = debounce.Debounce()
        waiting.looked(100)
        self.assertIsNone(waiting.due())


class DaysTestCase(base.BaseTestCase):
    def test_hosts_have_minutes_of_their_own(self) -> None:
        """A thousand hosts do not write in the same minute."""
        minutes = [
            days.minute_of(f"{number * 7919:08x}-1111-4111-8111-{number:012x}")
            for number in range(1000)
        ]
        self.assertGreater(len(set(minutes)), 400)
        self.assertTrue(all(0 <= minute < 1440 for minute in minutes))

    def test_renewal(self) -> None:
        """Yesterday's day stays until the host's minute, no longer."""
        day = datetime.date(2026, 11, 22)
        for published, hour, expected in (
            (None, 0, day),
            (day, 0, day),
            (datetime.date(2026, 11, 21), 11, datetime.date(2026, 11, 21)),
            (datetime.date(2026, 11, 21), 12, day),
            (datetime.date(2026, 11, 20), 0, day),
            # The clock was set back, over midnight and by years.
            (datetime.date(2026, 11, 23), 23, datetime.date(2026, 11, 23)),
            (datetime.date(2030, 1, 1), 0, day),
        ):
            now = datetime.datetime(2026, 11, 22, hour, tzinfo=UTC)
            self.assertEqual(
                expected, days.to_publish(now, 12 * 60, published)
            )

    @given(
        strategies.datetimes(
            datetime.datetime(2020, 1, 1), datetime.datetime(2040, 1, 1)
        ),
        strategies.integers(0, 1439),
        strategies.integers(-4000, 4000),
    )
    def test_it_is_never_stale(
        self, now: datetime.datetime, minute: int, off: int
    ) -> None:
        """Whatever the clock did, the day is within a day of today."""
        today = now.date()
        published = today + datetime.timedelta(days=off)

        found = days.to_publish(now.replace(tzinfo=UTC), minute, published)

        self.assertLessEqual(abs((found - today).days), 1)


class ConditionTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = 100.0
        self.condition = conditions.Condition(lambda: self.now)

    def test_one_line_each(self) -> None:
        """When it begins, becomes another, and ends."""
        with self.assertLogs("nova_vfio_compat.reporter.conditions") as logs:
            for _ in range(50):
                self.condition.bad("A", "it is down.\nreally", 30)
            for _ in range(50):
                self.condition.bad("B", "it is full", 40)
            self.now += 90
            for _ in range(50):
                self.condition.good("It works")
        self.assertEqual(
            [
                "WARNING It is down. really.",
                "ERROR It is full.",
                "INFO It works, after 90 s and 100 failures.",
            ],
            [
                f"{record.levelname} {record.getMessage()}"
                for record in logs.records
            ],
        )

    def test_lines_are_said_once(self) -> None:
        """Until they are no longer true for a while."""
        lines = conditions.Lines()
        self.assertEqual(["a", "b"], lines.new(("a", "b")))
        self.assertEqual([], lines.new(("a", "b")))
        self.assertEqual([], lines.new(("b",)))
        self.assertEqual(["a"], lines.new(("a", "b")))
