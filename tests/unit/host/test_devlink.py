# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import devlink
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import tree as host_tree
from tests.trees import mlx5
from tests.unit.host import base

ADDRESS = "0000:81:00.0"
FACT = f"facts/devlink/pci/{ADDRESS}"


class InfoTest(base.HostTestCase):
    """What a snapshot has."""

    def info(self) -> devlink.Info | None:
        return devlink.info(host_tree.HostTree(self.root), ADDRESS)

    def test_info(self) -> None:
        """What runs and what is stored are told apart."""
        mlx5.write_devlink(
            self.root, ADDRESS, mlx5.devlink_answer(stored="28.44.1036")
        )
        found = self.info()
        assert found is not None
        self.assertEqual("mlx5_core", found.driver)
        self.assertEqual({"fw.psid": "MT_0000000838"}, found.fixed)
        self.assertEqual("28.43.1000", found.running["fw.version"])
        self.assertEqual("28.44.1036", found.stored["fw.version"])

    def test_none(self) -> None:
        """A host that told nothing is no error."""
        self.assertIsNone(self.info())

    def test_empty(self) -> None:
        """A driver may tell nothing at all."""
        self.write(FACT, "{}")
        self.assertEqual(devlink.Info(None, {}, {}, {}), self.info())

    def test_malformed(self) -> None:
        """What is no answer shows the fact and the place."""
        good = json.dumps(mlx5.devlink_answer())
        for text, place in (
            ("", 0),
            ("{", 1),
            ("[]", 0),
            ("[" * 3000, 0),
            (good[:-1] + ', "serial": "x"}', 0),
            (good.replace("running", "runs"), 0),
            (good.replace('"mlx5_core"', '"a b"'), 11),
            (good.replace("MT_0000000838", "\\u0001"), good.find('"MT_')),
            ('{"versions": []}', 0),
            ('{"versions": {"fixed": 1}}', 0),
            ('{"versions": {"fixed": {"fw": 1}}}', 30),
            ('{"versions": {"fixed": {"": "1"}}}', 24),
        ):
            self.write(FACT, text)
            error = self.assertRaises(errors.ReadError, self.info)
            self.assertIs(codes.Code.MALFORMED, error.code, text)
            self.assertEqual(FACT, error.path)
            if place:
                self.assertIn(f"at character {place + 1})", error.brief)
