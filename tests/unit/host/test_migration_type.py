# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat import compat
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import device as device_
from tests.unit.host import base

MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"
TYPE = f"pci_0000_00_02_0/{base.GVT}"
PARENT = f"sys/devices/pci0000:00/{base.GPU}"
HOME = f"{PARENT}/mdev_supported_types/{base.GVT}"


class LastFormTest(base.HostTestCase):
    """The form of 9 September 2020: attributes of the mdev type."""

    def setUp(self) -> None:
        super().setUp()
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})
        self.host.mdev(base.UUID, parent=base.GPU, type=base.GVT)
        self.declare(software_version="1.0.0")

    def declare(self, **attributes: str) -> None:
        for name, text in attributes.items():
            self.write(f"{HOME}/{name}", f"{text}\n")

    def test_class(self) -> None:
        """Fields, version and API of the type are what its mdevs write."""
        self.declare(
            compatible_pci_ids="591b", compatible_type="a, b",
            compatible_chpid_type="0x1a",
        )
        found = self.one_class(MDEV)
        self.assertEqual("migration", found.family)
        self.assertIs(codes.Evidence.DECLARED, found.evidence)
        self.assertEqual(
            {**base.SELF, "pci_ids": "591b", "chpid_type": "0x1a"},
            found.state,
        )
        self.assertEqual(
            ({"pci_ids": "591b", "chpid_type": "0x1a"},), found.accepts
        )
        # Nothing is set on its mdevs, so a new one is the same.
        self.assertEqual(found, self.one_class(TYPE))

    def test_type_that_nobody_uses(self) -> None:
        """A type tells before there is an mdev of it."""
        found = self.one_class(TYPE)
        self.assertEqual(base.SELF, found.state)
        self.assertEqual(({},), found.accepts)

    def test_subsets(self) -> None:
        """The destination's values are a superset of the source's."""
        classes = {}
        for text in ("5931", "591b, 5931", "a,b,c,d", "a,b,c,d,e", "a"):
            self.declare(compatible_pci_ids=text)
            classes[text] = self.one_class(MDEV)
        self.assertEqual(
            "591b,5931", (classes["591b, 5931"].state or {})["pci_ids"]
        )
        for source, destination, fits in (
            ("5931", "591b, 5931", True), ("591b, 5931", "5931", False),
            ("a", "a,b,c,d", True), ("a,b,c,d", "a", False),
            # So many subsets are not worth their bytes.
            ("a", "a,b,c,d,e", False), ("a,b,c,d,e", "a,b,c,d,e", True),
        ):
            outcome = compat.judge(
                classes[source], classes[destination]
            ).outcome
            self.assertEqual(
                fits, outcome is compat.Outcome.COMPATIBLE,
                f"{source} to {destination}",
            )

    def test_two_sets(self) -> None:
        """The sets of two fields are not bound to each other."""
        self.declare(compatible_a="1", compatible_b="2")
        source = self.one_class(MDEV)
        self.declare(compatible_a="1,2", compatible_b="1,2")
        self.assertIs(
            compat.Outcome.COMPATIBLE,
            compat.judge(source, self.one_class(MDEV)).outcome,
        )

    def test_settings(self) -> None:
        """What dynamic_resources names is read, and set elsewhere."""
        self.declare(dynamic_resources="aggregator, fps")
        self.write(f"{PARENT}/{base.UUID}/intel_vgpu/aggregator", "2\n")
        self.write(f"{PARENT}/{base.UUID}/fps", "60\n")
        existing = self.one_class(MDEV)
        self.assertEqual(
            {**base.SELF, "aggregator": "2", "fps": "60"}, existing.state
        )
        self.assertEqual(
            compat.Outcome.COMPATIBLE, compat.judge(existing, existing).outcome
        )
        classes = self.devices()[TYPE].classes
        self.assertIn(existing, classes)
        (fresh,) = set(classes) - {existing}
        self.assertEqual(base.SELF, fresh.state)
        self.assertEqual(("aggregator", "fps"), fresh.settable)
        verdict = compat.judge(existing, fresh)
        self.assertIs(compat.Outcome.CONDITIONAL, verdict.outcome)
        self.assertEqual(
            (("aggregator", "2"), ("fps", "60")), verdict.to_set
        )

    def test_setting_that_is_nowhere(self) -> None:
        """What is set on an mdev must be there to be read."""
        self.declare(dynamic_resources="aggregator")
        self.assert_unknown(
            MDEV, codes.Code.MISSING_ATTRIBUTE, "no aggregator"
        )

    def test_nothing_to_set(self) -> None:
        """An empty list names nothing; what trails it is no name."""
        for text in ("", " "):
            self.declare(dynamic_resources=text)
            self.assertEqual((), self.one_class(MDEV).settable)
        # As the mail has it.
        self.declare(dynamic_resources="aggregator, fps,...")
        self.write(f"{PARENT}/{base.UUID}/aggregator", "2\n")
        self.write(f"{PARENT}/{base.UUID}/fps", "6\n")
        self.assertEqual(
            ("aggregator", "fps"), self.one_class(MDEV).settable
        )

    def test_missing(self) -> None:
        """A type that declares some of it must declare all of it."""
        (self.root / HOME / "software_version").unlink()
        self.declare(compatible_pci_ids="591b")
        self.assert_unknown(
            MDEV, codes.Code.MISSING_ATTRIBUTE, "software_version"
        )
        self.declare(software_version="1.0.0")
        (self.root / HOME / "device_api").unlink()
        self.assert_unknown(
            MDEV, codes.Code.MISSING_ATTRIBUTE, "device_api"
        )

    def test_malformed(self) -> None:
        """What cannot be understood shows where it is."""
        for attributes in (
            {"compatible_pci_ids": "a,,b"}, {"compatible_pci_ids": '"a"'},
            {"compatible_pci_ids": "{a}"}, {"software_version": "{"},
            {"dynamic_resources": "a b"}, {"dynamic_resources": "a,,b"},
        ):
            self.declare(software_version="1.0.0")
            self.declare(**attributes)
            self.assert_unknown(MDEV, codes.Code.MALFORMED, HOME)
            for name in attributes:
                (self.root / HOME / name).unlink()

    def test_twice(self) -> None:
        """What the type says itself cannot be said again."""
        self.declare(compatible_device_api="vfio-ccw")
        self.assert_unknown(
            MDEV, codes.Code.MALFORMED, "compatible_device_api"
        )
        (self.root / HOME / "compatible_device_api").unlink()
        self.declare(dynamic_resources="a, software_version")
        for name in ("a", "software_version"):
            self.write(f"{PARENT}/{base.UUID}/{name}", "2\n")
        self.assert_unknown(
            MDEV, codes.Code.MALFORMED, f"{base.UUID}/software_version"
        )

    def test_the_device_goes_before_its_type(self) -> None:
        """What an mdev itself declares counts for it."""
        self.host.migration(
            base.UUID, base.declared(software_version="2.0.0")
        )
        self.assertEqual(
            "2.0.0", (self.one_class(MDEV).state or {})["software_version"]
        )


class OpaqueTest(base.HostTestCase):
    """``migration_version``, the form of 2019."""

    def setUp(self) -> None:
        super().setUp()
        self.host.mdev_parent(
            base.GPU, driver="acme", types={"acme-1": {}, "acme-2": {}}
        )
        self.host.mdev(base.UUID, parent=base.GPU, type="acme-1")

    def version(self, kind: str, text: str) -> compat.DeviceClass:
        self.write(
            f"{PARENT}/mdev_supported_types/{kind}/migration_version",
            text + "\n",
        )
        return self.one_class(f"pci_0000_00_02_0/{kind}")

    def test_verdicts(self) -> None:
        """Equal is compatible, another type is not, the rest unknown."""
        one = self.version("acme-1", "8086-193b-i915-GVTg_V5_4")
        self.assertEqual("migration_version", one.family)
        self.assertIs(codes.Evidence.INFERRED, one.evidence)
        other = self.version("acme-1", "8086-191b-i915-GVTg_V5_4")
        another = self.version("acme-2", "8086-193b-i915-GVTg_V5_4")
        for pair, outcome in (
            ((one, one), compat.Outcome.COMPATIBLE),
            ((one, other), compat.Outcome.UNKNOWN),
            ((one, another), compat.Outcome.INCOMPATIBLE),
        ):
            self.assertIs(outcome, compat.judge(*pair).outcome)
        self.assertIs(
            codes.Code.OPAQUE_DIFFERS, compat.judge(one, other).code
        )

    def test_the_device_goes_before_its_type(self) -> None:
        """An mdev may have a string of its own."""
        self.version("acme-1", "a")
        self.assertEqual(
            "a", (self.one_class(MDEV).state or {})["migration_version"]
        )
        self.write(f"{PARENT}/{base.UUID}/migration_version", "b")
        self.assertEqual(
            "b", (self.one_class(MDEV).state or {})["migration_version"]
        )

    def test_malformed(self) -> None:
        """A string that could be taken for more is refused."""
        for text in ("", "a b", "{a}", "x" * 513):
            self.write(f"{PARENT}/{base.UUID}/migration_version", text)
            self.assert_unknown(
                MDEV, codes.Code.MALFORMED, "migration_version"
            )

    def test_others(self) -> None:
        """Without the string the generic source describes the device."""
        self.assertEqual("mdev", self.one_class(MDEV).family)
        self.assertEqual(
            {device_.MDEV, device_.MDEV_TYPE},
            {item.kind for item in self.devices().values()},
        )
