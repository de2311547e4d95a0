# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import report
from tests.unit.placement import samples

PF = "pci_0000_81_00_0"
PF_TRAIT = "PCI_0000_81_00_0"


def _vf(number: int, firmware: str = "28.43.1000") -> samples.Device:
    return samples.Device(
        name=f"pci_0000_81_00_{number}",
        kind="vf",
        classes=(samples.nic(firmware),),
        parent=PF,
    )


class ReportOfTestCase(base.BaseTestCase):
    def test_equal_functions_are_reported_as_their_pf(self) -> None:
        """VFs of one class are one line, that of the PF Nova claims from."""
        found = report.report_of(samples.Scan((_vf(1), _vf(2))))

        self.assertEqual(
            {PF_TRAIT: frozenset({samples.nic().id})}, found.devices
        )
        self.assertEqual({samples.nic().id: samples.nic()}, found.classes)

    def test_functions_that_differ_are_named_too(self) -> None:
        """Where VFs of a PF differ, each is named and the PF has all."""
        found = report.report_of(samples.Scan((_vf(1), _vf(2, "28.44.0"))))

        old, new = samples.nic().id, samples.nic("28.44.0").id
        self.assertEqual(
            {
                PF_TRAIT: frozenset({old, new}),
                "PCI_0000_81_00_1": frozenset({old}),
                "PCI_0000_81_00_2": frozenset({new}),
            },
            found.devices,
        )

    def test_looking_up_a_function(self) -> None:
        """A PF speaks for a VF only while its VFs are all alike."""
        alike = report.report_of(samples.Scan((_vf(1), _vf(2))))
        differ = report.report_of(samples.Scan((_vf(1), _vf(2, "28.44.0"))))

        for found, number, expected in (
            (alike, 1, PF_TRAIT),
            (alike, 3, PF_TRAIT),
            (differ, 1, "PCI_0000_81_00_1"),
            (differ, 3, "PCI_0000_81_00_3"),
        ):
            name = f"PCI_0000_81_00_{number}"
            self.assertEqual(expected, found.named(name, PF_TRAIT))
        self.assertNotIn("PCI_0000_81_00_3", differ.devices)
        self.assertEqual("X", alike.named("X", ""))

    def test_mdevs_are_reported_as_their_parent(self) -> None:
        """A parent may give a fresh mdev or a free one: all are possible."""
        fresh, existing = samples.vgpu("2.2.0"), samples.vgpu()
        found = report.report_of(
            samples.Scan((
                samples.Device("mtty_mtty", "mdev-type", (fresh,)),
                samples.Device(
                    "mdev_83b8f4f2_mtty", "mdev", (existing,), "mtty_mtty"
                ),
            ))
        )

        self.assertEqual(
            {"MTTY_MTTY": frozenset({fresh.id, existing.id})}, found.devices
        )

    def test_what_nova_cannot_hand_out_is_left_out(self) -> None:
        """A device that nova.conf does not offer is not published."""
        device = samples.Device(PF, "pf", (samples.plain(),), offered=False)

        found = report.report_of(samples.Scan((device,)))

        self.assertEqual({}, found.devices)
        self.assertEqual({}, found.classes)

    def test_an_offered_device_without_class_is_an_unknown(self) -> None:
        """It must not disappear: its PF would be taken for all alike."""
        bare = samples.Device("pci_0000_81_00_2", "vf", (), PF)

        found = report.report_of(samples.Scan((_vf(1), bare)))

        self.assertEqual(2, len(found.devices[PF_TRAIT]))
        (unknown,) = found.devices["PCI_0000_81_00_2"]
        reason = found.classes[unknown].reason
        self.assertTrue(reason is not None and reason.is_unknown)

    def test_too_many_classes_are_refused(self) -> None:
        """A host with more than max_classes publishes nothing."""
        scan = samples.Scan((_vf(1), _vf(2, "28.44.0")))

        error = self.assertRaises(
            errors.TooManyClasses, report.report_of, scan, max_classes=1
        )

        self.assertIn("max_classes is 1", str(error))

    def test_long_names_still_make_a_trait(self) -> None:
        """However long a device's name is, its trait has a legal length."""
        device = samples.Device("x" * 400, "pci", (samples.plain(),))

        names = codec.encode(report.report_of(samples.Scan((device,))))

        self.assertTrue(all(len(name) <= 255 for name in names))
