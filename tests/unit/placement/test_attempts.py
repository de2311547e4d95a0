# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat.placement import attempts
from nova_vfio_compat.placement import errors


class AttemptsTest(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sleeps: list[float] = []

    def test_pauses_grow_and_end(self) -> None:
        """No pause before the first; all together some seconds."""
        self.assertEqual(
            attempts.ATTEMPTS, len(list(attempts.attempts(self.sleeps.append)))
        )
        self.assertEqual(attempts.ATTEMPTS - 1, len(self.sleeps))
        self.assertLess(self.sleeps[0], self.sleeps[-1])
        self.assertLess(sum(self.sleeps), 10)

    def test_the_last_failure_is_raised(self) -> None:
        """What fails each time ends with what it failed with."""
        def request() -> None:
            raise errors.ServerFailed(500, "GET /")

        error = self.assertRaises(
            errors.ServerFailed,
            attempts.insist, request, self.sleeps.append,
        )
        self.assertIn("HTTP 500", str(error))

    def test_retry_after(self) -> None:
        """A server that asks to be left alone is, within reason."""
        failures = [
            errors.ServerFailed(503, "GET /", 7.0),
            errors.ServerFailed(503, "GET /", 3600.0),
        ]

        def request() -> str:
            if failures:
                raise failures.pop(0)
            return "done"

        self.assertEqual(
            "done", attempts.insist(request, self.sleeps.append)
        )
        self.assertEqual(
            [7.0, 30.0], [delay for delay in self.sleeps if delay > 2]
        )
