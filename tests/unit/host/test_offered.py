# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping
import json
import tempfile

from oslo_config import cfg
from oslotest import base

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import offered
from nova_vfio_compat.placement import report
from tests.unit.host import base as host_base


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
        self.assertEqual({"a"}, found.mdev_types("0000:84:00.0"))

    def test_default_is_for_pci(self) -> None:
        """A parent that is no PCI function must be named, as in Nova."""
        found = offered.Offered(mdev_types={"a": []})
        for name in ("mtty_mtty", "css_0_0_0023", "10000:84:00.0"):
            self.assertEqual(frozenset(), found.mdev_types(name))

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


class SharedPfTest(host_base.HostTestCase):
    def published(self, *entries: Mapping[str, str | None]) -> report.Report:
        """Return what a host publishes that has these device_spec."""
        self.offered = offered.Offered(map(json.dumps, entries))
        return report.report_of(self.scan(self.offered))

    def test_vf_of_the_host_is_not_published(self) -> None:
        """Of VFs that share a PF only those that Nova may hand out count.

        The host's own one has another class here, and a report with that
        would make a host of one class one of two.
        """
        self.host.kernel().mlx5_pf(
            host_base.PF, vfs=3,
            vf_driver=["mlx5_core", "mlx5_vfio_pci", "vfio-pci"],
        )
        ours = "0000:81:00.4"
        free, used = (
            {"address": f"0000:81:00.{number}"} for number in (2, 3)
        )
        both = self.published(free, used)
        item = self.devices(self.offered)[f"pci_{_plain(ours)}"]
        self.assertFalse(item.offered)
        self.assertEqual({"PCI_0000_81_00_0"}, set(both.devices))
        (one,) = both.classes.values()
        self.assertIsNone(one.reason)
        self.assertEqual(both, self.published(free))
        # Offered, it is one of two classes, and each VF has its name.
        every = self.published({"address": host_base.PF})
        self.assertEqual(2, len(every.classes))
        self.assertEqual(4, len(every.devices))
        self.assertEqual(
            {item.classes[0].id},
            set(every.devices[f"PCI_{_plain(ours)}"]),
        )

    def test_what_moves_no_state_is_not_published(self) -> None:
        """Neutron's ports are unplugged; some devices never migrate.

        Nova takes neither for a request that can be live-migrated, so they
        must not make a host of one class one of two.
        """
        self.host.kernel().mlx5_pf(host_base.PF, vfs=3)
        for name, value in (
            ("physical_network", "net"), ("physical_network", None),
            ("live_migratable", "no"),
        ):
            with self.subTest(name):
                found = self.published(
                    {"address": "0000:81:00.2", name: value},
                    {"address": "0000:81:00.3", "live_migratable": "yes"},
                )
                items = self.devices(self.offered)
                self.assertEqual(1, len(found.classes))
                self.assertFalse(items["pci_0000_81_00_2"].offered)
                self.assertTrue(items["pci_0000_81_00_3"].offered)

    def test_nothing_is_offered(self) -> None:
        """A host whose Nova hands out nothing publishes nothing."""
        self.host.kernel().mlx5_pf(host_base.PF, vfs=1)
        found = self.published()
        self.assertEqual({}, dict(found.devices))
        self.assertEqual({}, dict(found.classes))


def _plain(address: str) -> str:
    return address.translate(str.maketrans(":.", "__"))
