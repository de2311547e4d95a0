# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import tempfile

from oslo_config import cfg
from oslotest import base

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import offered


class MdevTypesTest(base.BaseTestCase):
    def test_nothing_is_offered_by_default(self) -> None:
        """Without options Nova makes no mdevs."""
        self.assertEqual(frozenset(), offered.Offered().mdev_types("x"))

    def test_type_of_the_address(self) -> None:
        """An address has its type; the others have the one without any."""
        found = offered.Offered(mdev_types={
            "nvidia-35": [], "nvidia-36": ["0000:84:00.0"]
        })
        self.assertEqual({"nvidia-36"}, found.mdev_types("0000:84:00.0"))
        self.assertEqual({"nvidia-35"}, found.mdev_types("0000:85:00.0"))

    def test_only_the_first_type_without_addresses(self) -> None:
        """Further types without addresses are not used."""
        found = offered.Offered(mdev_types={"a": [], "b": []})
        self.assertEqual({"a"}, found.mdev_types("mtty_mtty"))

    def test_no_default(self) -> None:
        """With addresses for every type other parents make no mdevs."""
        found = offered.Offered(mdev_types={"a": ["mtty_mtty"]})
        self.assertEqual({"a"}, found.mdev_types("mtty_mtty"))
        self.assertEqual(frozenset(), found.mdev_types("0000:84:00.0"))

    def test_one_address_has_one_type(self) -> None:
        """The same address for two types is an error that names all."""
        error = self.assertRaises(
            errors.ConfigError,
            offered.Offered,
            mdev_types={"a": ["0000:84:00.0"], "b": ["0000:84:00.0"]},
        )
        for word in ("0000:84:00.0", "[mdev_a]", "[mdev_b]"):
            self.assertIn(word, str(error))


class FromConfTest(base.BaseTestCase):
    def test_nova_conf(self) -> None:
        """The options are read from a real nova.conf."""
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(
                "[pci]\n"
                'device_spec = {"address": "0000:81:00.0"}\n'
                'device_spec = {"vendor_id": "8086"}\n'
                "[devices]\nenabled_mdev_types = nvidia-35, nvidia-36\n"
                "[mdev_nvidia-35]\n"
                "[mdev_nvidia-36]\n"
                "device_addresses = 0000:84:00.0,0000:85:00.0\n"
            )
            file.flush()
            conf = cfg.ConfigOpts()
            conf_.load(conf, [], "test", [file.name])
        found = offered.Offered.from_conf(conf)
        self.assertEqual({"nvidia-36"}, found.mdev_types("0000:85:00.0"))
        self.assertEqual({"nvidia-35"}, found.mdev_types("0000:86:00.0"))
        self.assertEqual(
            ["*", "8086"], [item.vendor_id for item in found._specs]
        )
