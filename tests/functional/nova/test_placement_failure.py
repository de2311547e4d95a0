# SPDX-License-Identifier: Apache-2.0
"""Placement, or Nova's database, fails under the filter."""

from __future__ import annotations

from collections.abc import Callable
import typing

import fixtures
from keystoneauth1 import exceptions
from oslo_db import exception as db_exception
import requests

from tests.functional.nova import vf

Answer = Callable[[str], typing.Any]


def _says(status: int, body: bytes,
          kind: str = "application/json") -> Answer:
    def answer(url: str) -> requests.Response:
        response = requests.Response()
        response.status_code = status
        response._content = body
        response.headers["content-type"] = kind
        return response
    return answer


def _raises(error: Exception) -> Answer:
    def answer(url: str) -> typing.Any:
        raise error
    return answer


GARBAGE = (b'{"traits": [7, null], "resource_providers": [[], {}],'
           b' "allocations": {"x": null}}')
FAILURES: tuple[Answer, ...] = (
    _raises(exceptions.ConnectFailure("refused")),
    _raises(exceptions.EndpointNotFound()),
    _raises(exceptions.Unauthorized()),
    _raises(ValueError("a bug")),
    _says(500, b'{"errors": [{"status": 500, "title": "oh"}]}'),
    _says(503, b"<html>proxy</html>", "text/html"),
    _says(401, b""),
    _says(406, b'{"errors": [{"status": 406, "min_version": "1.0"}]}'),
    _says(200, b"<html>log in first</html>", "text/html"),
    _says(200, b"null"),
    _says(200, GARBAGE),
)


class TestPlacementFailure(vf.VfFleet):
    """Only the filter's own requests fail; those of Nova go through.

    The destination's firmware differs: the filter would refuse it if it knew.
    """

    UNKNOWN = None

    def setUp(self) -> None:
        """Start two hosts and a server on the first."""
        super().setUp()
        self.start("src", "28.43.1000")
        self.start("dst", "28.41.1000")
        self.server = self.boot("src")

    def test_last_resort(self) -> None:
        """Nobody is known good, so live migration goes on as without us."""
        # Every second one: a whole migration takes two seconds.
        for number, answer in enumerate(FAILURES[::2]):
            self.filtering.answer = answer
            self.assertEqual(
                "src" if number % 2 else "dst",
                self.live_migrate(self.server), number)

    def test_reject(self) -> None:
        """There is no valid host, and the server stays as it was."""
        self.flags(unknown="reject", group="vfio_compat")
        for answer in FAILURES:
            self.filtering.answer = answer
            self.assert_refused(self.server)
        self.assertNotEqual([], self.logged("placement_failed"))

    def test_any_one_request(self) -> None:
        """Whichever request fails, no exception and no false acceptance."""
        self.flags(unknown="reject", group="vfio_compat")
        self.assert_refused(self.server)
        asked = len(self.filtering.requests)
        self.assertGreater(asked, 0)
        for failing in range(asked):
            for failure in (FAILURES[0], _says(200, GARBAGE)):
                self.filtering.clear()

                def answer(url: str, number: int = failing + 1,
                           failure: Answer = failure) -> typing.Any:
                    if len(self.filtering.requests) == number:
                        return failure(url)
                    return None

                self.filtering.answer = answer
                self.assert_refused(self.server)
        self.assertEqual([], self.logged("a bug in VfioCompatFilter"))

    def test_database(self) -> None:
        """A cell's database that is down is no reason for an exception."""
        self.useFixture(fixtures.MonkeyPatch(
            "nova.objects.MigrationList.get_by_filters",
            _raises(db_exception.DBConnectionError())))
        self.assertEqual("dst", self.live_migrate(self.server))
