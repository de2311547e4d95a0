# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import functools
from typing import Any

from nova_vfio_compat import compat
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host.sources import mlx5 as source
from tests import trees
from tests.trees import mlx5
from tests.unit.host import family

PF = family.PF
VF = "0000:81:00.2"


def card(**differs: Any) -> family.Build:
    """A host with one card."""
    return functools.partial(
        mlx5.add_pf, address=PF, **{"vfs": 2, **differs}
    )


class Mlx5Test(family.FamilyTestCase):
    source = source.Mlx5Source
    driver = "mlx5_vfio_pci"

    def one(self, **differs: Any) -> compat.DeviceClass:
        return self.of(card(**differs), VF)

    def assert_reason(
        self, code: codes.Code, build: family.Build, *words: str,
        **kernel: str,
    ) -> None:
        error = self.error(build, VF, **kernel)
        self.assertIs(code, error.code)
        for word in words:
            self.assertIn(word, str(error))

    def test_class(self) -> None:
        """Firmware, PSID and kind of the PF make the class of its VFs."""
        found = self.one()
        state = {
            "device_api": "vfio-pci",
            "firmware": "28.43.1000",
            "pf_device": "1021",
            "psid": "MT_0000000838",
        }
        self.assertEqual("mlx5", found.family)
        self.assertIs(codes.Evidence.RULE, found.evidence)
        self.assertEqual(state, found.state)
        self.assertEqual((state,), found.accepts)
        self.assertEqual((), found.limits)
        self.assertEqual(
            {
                "bars": "0:mem64pref:0x100000", "class": "020000",
                "device": "101e", "msix": "128", "revision": "00",
                "vendor": "15b3",
            },
            found.exposed,
        )
        self.assert_unverified(
            found, "sriov_vf_msix_count", "vf_migration_mode"
        )

    def test_tables(self) -> None:
        """The tables of attributes name what a class has."""
        found = self.one()
        assert found.state is not None
        self.assertEqual(set(found.state), set(self.source.mandatory))
        for name in self.source.optional:
            self.assertIn(name.removeprefix("exposed:"), found.exposed)

    def test_equal_cards(self) -> None:
        """Equal cards with equal firmware are one class."""
        found = self.one()
        other = self.of(
            functools.partial(mlx5.add_pf, address="0000:c1:00.0", vfs=2),
            "0000:c1:00.2",
        )
        self.assertEqual(found.id, other.id)
        self.assert_moves(found, other)

    def test_what_must_be_equal(self) -> None:
        """Whatever the vendor or QEMU asks for stops a migration."""
        found = self.one()
        for differs, name in (
            ({"firmware": "28.43.2000"}, "firmware"),
            ({"psid": "MT_0000000892"}, "psid"),
            ({"device": mlx5.CX8}, "pf_device"),
            ({"total_msix": 512}, "exposed:msix"),
        ):
            other = self.one(**differs)
            self.assert_stays(found, other, name)
            self.assert_stays(other, found, name)

    def test_newer_firmware_does_not_load_older_state(self) -> None:
        """The rule is equality in both directions."""
        old, new = (
            self.one(firmware=f"28.{minor}.1000") for minor in (43, 44)
        )
        self.assert_stays(old, new, "firmware")
        self.assert_stays(new, old, "firmware")

    def test_number_of_vfs(self) -> None:
        """The same card with more VFs has smaller MSI-X tables for each."""
        many, few = self.one(vfs=8), self.one(vfs=4)
        self.assert_stays(many, few, "exposed:msix")
        self.assert_moves(
            many, few, relax=frozenset({"mlx5:exposed:msix"})
        )
        # The same share of another total is the same table.
        self.assert_moves(many, self.one(vfs=4, total_msix=128))

    def test_no_shared_vectors(self) -> None:
        """A PF that does not say how many vectors leaves that open."""
        for total in (None, 0):
            found = self.one(total_msix=total)
            self.assertNotIn("msix", found.exposed)
            self.assert_unverified(
                found, "exposed:msix", "vf_migration_mode"
            )
            self.assert_moves(found, found)

    def test_vectors_on_one_side(self) -> None:
        """What only one side tells makes the pair unknown."""
        verdict = compat.judge(self.one(), self.one(total_msix=None))
        self.assertIs(compat.Outcome.UNKNOWN, verdict.outcome)

    def test_malformed_vectors(self) -> None:
        """A number of vectors that is none shows the file."""
        def build(host: trees.HostBuilder) -> None:
            mlx5.add_pf(host, PF)
            path = host.path(PF) / "sriov_vf_total_msix"
            path.unlink()
            path.write_text("many\n")

        self.assert_reason(
            codes.Code.MALFORMED, build, "sriov_vf_total_msix", "many"
        )

    def test_generations(self) -> None:
        """What the vendor names is sure, what it does not is open."""
        bf3 = self.one(device=mlx5.BF3, firmware="32.43.1000")
        self.assertNotIn("hardware_support", bf3.unverified)
        cx8 = self.one(device=mlx5.CX8, firmware="40.43.1000")
        self.assertIn("hardware_support", cx8.unverified)

    def test_older_vfs(self) -> None:
        """The driver is for no VF before ConnectX-6 Dx's."""
        for driver in ("mlx5_core", None):
            def build(
                host: trees.HostBuilder, driver: str | None = driver
            ) -> None:
                host.sriov(
                    PF, mlx5.pf(mlx5.CX5, 0),
                    trees.Function(0x15b3, mlx5.CX5_VF, 0, 0x020000),
                    ["mlx5_core"], driver,
                )

            self.assert_reason(
                codes.Code.HARDWARE_TOO_OLD, build, "ConnectX-6 Dx"
            )

    def test_first_firmware(self) -> None:
        """Before the firmware that the vendor names nothing migrates."""
        for device, firmware in (
            (mlx5.CX7, "28.40.9999"), (mlx5.BF3, "32.40.1000"),
        ):
            self.assert_reason(
                codes.Code.FIRMWARE_TOO_OLD,
                card(device=device, firmware=firmware),
                firmware, "41.1000",
            )
        self.one(firmware="28.41.1000")
        self.one(firmware="28.100.0")

    def test_link_layer(self) -> None:
        """InfiniBand does not migrate; what cannot be told stays open."""
        self.assert_reason(
            codes.Code.LINK_LAYER_UNSUPPORTED, card(link_layer="InfiniBand")
        )
        for layer in (None, "Unknown"):
            found = self.one(link_layer=layer)
            self.assertIn("link_layer", found.unverified)
            self.assert_moves(found, self.one())
        self.assert_reason(
            codes.Code.MALFORMED, card(link_layer="Token Ring"),
            "mlx5_0/ports/1/link_layer", "Token Ring",
        )

    def test_kernel(self) -> None:
        """A kernel that writes what newer ones do not load is too old."""
        self.assert_reason(
            codes.Code.KERNEL_TOO_OLD, card(), "6.1.90", release="6.1.90"
        )
        for release in ("6.8.0", "5.14.0-503.11.1.el9_5.x86_64"):
            found = self.of(card(), VF, release=release)
            self.assertIn("stream_format", found.unverified)
            self.assert_moves(found, self.one())

    def test_vendors_own_drivers(self) -> None:
        """With the vendor's drivers the kernel's release says nothing."""
        def build(host: trees.HostBuilder) -> None:
            mlx5.add_pf(host, PF)
            host.module("mlx5_core", "24.10-1.1.4")

        found = self.of(build, VF, release="6.1.90")
        self.assertIn("stream_format", found.unverified)

    def test_without_pf_driver(self) -> None:
        """A PF without mlx5_core tells nothing, and is named once."""
        for driver in (None, "vfio-pci"):
            def build(
                host: trees.HostBuilder, driver: str | None = driver
            ) -> None:
                mlx5.add_pf(host, PF, vf_driver="mlx5_vfio_pci")
                host.bind(PF, driver)

            self.assert_reason(
                codes.Code.PF_DRIVER_MISSING, build, PF,
                driver or "no driver", "mlx5_core",
            )
