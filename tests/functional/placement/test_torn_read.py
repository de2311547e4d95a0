# SPDX-License-Identifier: Apache-2.0

"""Reading traits while somebody deletes one of their names.

On PostgreSQL Placement then answers 404 for a provider that is there. The
same answer comes from SQLite if a name is missing that a provider has.
"""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
import tempfile

from oslotest import base as oslotest_base

from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import errors
from tests.functional import placement_server
from tests.functional.placement import base

NODE = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"
NAME = "CUSTOM_VFIO1_REPORT"
GET = "^GET /resource_providers/.*/traits"


class TornReadTestCase(oslotest_base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self._file = pathlib.Path(folder.name, "placement.sqlite")
        server = placement_server.PlacementServer(f"sqlite:///{self._file}")
        server.start()
        self.addCleanup(server.stop)
        server.create_provider("cmp1", NODE)
        server.request("PUT", f"/traits/{NAME}")
        server.request(
            "PUT",
            f"/resource_providers/{NODE}/traits",
            {"resource_provider_generation": 0, "traits": [NAME]},
        )
        self.wire = base.Wire(server)
        self.client = client_.PlacementClient(self.wire)

    def move_name(self, by: int) -> None:
        """Change the name's id, which the provider keeps as it was."""
        # SQLite minds foreign keys only where a connection asks for it.
        with (
            contextlib.closing(sqlite3.connect(self._file)) as connection,
            connection,
        ):
            connection.execute(
                "UPDATE traits SET id = id + ? WHERE name = ?", (by, NAME)
            )

    def test_a_name_that_goes_meanwhile_is_read_past(self) -> None:
        """The provider has traits: it is not taken for one that is gone."""
        self.move_name(1000)
        self.wire.accident(GET)
        self.wire.accident(GET, before=lambda: self.move_name(-1000))

        found = self.client.provider_traits(NODE)

        self.assertEqual({NAME}, set(found.names if found else ()))
        self.assertEqual(2, len(self.wire.log))

    def test_a_name_that_stays_away_is_a_failure(self) -> None:
        """Nobody may conclude that there is no report to withdraw."""
        self.move_name(1000)

        self.assertRaisesRegex(
            errors.Transient, "404", self.client.provider_traits, NODE
        )

    def test_a_provider_that_is_not_there_is_asked_for_once(self) -> None:
        """Its 404 is another one."""
        self.assertIsNone(self.client.provider_traits(OTHER))
        self.assertEqual(1, len(self.wire.log))
