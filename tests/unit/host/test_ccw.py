# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import offered
from tests import golden
from tests.trees import ccw
from tests.unit.host import base
from tests.unit.host import listing

NAME = f"css_0_0_0313/{ccw.TYPE}"
MDEV = f"mdev_{base.UUID.replace('-', '_')}_0_0_0313"


class CcwTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        for chpid in ("40", "41"):
            ccw.add_path(self.host, chpid, chid=f"01{chpid}")

    def test_class(self) -> None:
        """It cannot migrate, without a problem, and shows what it is."""
        ccw.add_subchannel(self.host)
        item = self.devices()[NAME]
        (found,) = item.classes
        self.assertEqual("mdev-type", item.kind)
        self.assertEqual("vfio_ccw", item.driver)
        self.assertEqual((), item.problems)
        self.assertEqual("ccw", found.family)
        self.assertIs(codes.Evidence.RULE, found.evidence)
        self.assertIs(codes.Code.DRIVER_CANNOT_MIGRATE, found.reason)
        self.assertEqual(
            {
                "device_api": "vfio-ccw",
                "type": "vfio_ccw-io",
                "subchannel_type": "0",
                "chpid_type": "0x1b",
            },
            found.state,
        )
        self.assertEqual((), found.accepts)
        self.assertEqual(("ccw_device",), found.unverified)

    def test_mdev_has_the_class_of_its_type(self) -> None:
        """In use or not, a subchannel is of one class."""
        ccw.add_subchannel(self.host)
        self.host.mdev(base.UUID, parent="0.0.0313", type=ccw.TYPE)
        found = self.devices()
        self.assertEqual(found[NAME].classes, found[MDEV].classes)
        self.assertEqual("vfio_ccw_mdev", found[MDEV].bound)

    def test_equal_ones_do_not_migrate(self) -> None:
        """What is equal in all that can be seen is a no all the same."""
        ccw.add_subchannel(self.host)
        found = self.one_class(NAME)
        verdict = acceptance.judge(found, found)
        self.assertIs(codes.Outcome.INCOMPATIBLE, verdict.outcome)
        self.assertIs(codes.Code.DRIVER_CANNOT_MIGRATE, verdict.code)

    def test_what_is_no_part_of_a_class(self) -> None:
        """Number, device, and which of equal paths there are, are not."""
        ccw.add_subchannel(self.host)
        ccw.add_subchannel(
            self.host, "0.0.0314", chpids=("41",), device=None
        )
        ccw.add_subchannel(
            self.host, "0.0.0315", differs={"dev_busid": None}
        )
        found = self.devices()
        for number in ("0314", "0315"):
            self.assertEqual(
                found[NAME].classes,
                found[f"css_0_0_{number}/{ccw.TYPE}"].classes,
            )

    def test_types_of_the_paths(self) -> None:
        """Each type is told once; paths that are not installed are not."""
        ccw.add_path(self.host, "00", kind="b")
        for chpids, expected in (
            (("40",), "0x1b"),
            (("40", "41", "00"), "0x0b,0x1b"),
            (("00",), "0x0b"),
            ((), None),
        ):
            ccw.add_subchannel(self.host, chpids=chpids)
            state = self.one_class(NAME).state or {}
            self.assertEqual(expected, state.get("chpid_type"))
            self.assertEqual("0", state["subchannel_type"])

    def test_without_path_files(self) -> None:
        """A subchannel that has no such files has no type of paths."""
        ccw.add_subchannel(
            self.host, differs={"chpids": None, "pimpampom": None}
        )
        self.assertNotIn("chpid_type", self.one_class(NAME).state or {})

    def test_what_cannot_be_read_leaves_the_no(self) -> None:
        """A missing or malformed file hides the state, and is no problem."""
        for name, value in (
            ("type", None), ("type", "io"), ("chpids", "40 41"),
            ("chpids", "none"), ("pimpampom", b""),
            ("pimpampom", "c0 c0 ff 00"), ("chpids", b"\xff"),
        ):
            ccw.add_subchannel(self.host, differs={name: value})
            item = self.devices()[NAME]
            self.assertIsNone(item.classes[0].state, f"{name} {value!r}")
            self.assertIs(
                codes.Code.DRIVER_CANNOT_MIGRATE, item.classes[0].reason
            )
            self.assertEqual((), item.problems)
            (self.host.path("0.0.0313") / name).unlink(missing_ok=True)

    def test_path_that_is_not_there(self) -> None:
        """A type of paths that is known in part is not told."""
        ccw.add_subchannel(self.host, chpids=("40", "42"))
        self.assertIsNone(self.one_class(NAME).state)
        ccw.add_path(self.host, "42", kind="1b 1b")
        self.assertIsNone(self.one_class(NAME).state)
        ccw.add_path(self.host, "42")
        self.assertIsNotNone(self.one_class(NAME).state)

    def test_subchannel_of_the_host(self) -> None:
        """A subchannel that the host uses itself is none of a guest's."""
        ccw.add_subchannel(self.host, driver="io_subchannel")
        self.assertEqual({}, self.devices())

    def test_nova_does_not_offer_it(self) -> None:
        """Nova makes mdevs of PCI functions, and of virtual ones it names."""
        ccw.add_subchannel(self.host)
        found = self.devices(offered.Offered(mdev_types={ccw.TYPE: []}))
        self.assertFalse(found[NAME].offered)

    def test_golden(self) -> None:
        """Ids, and what an operator sees, do not change by accident."""
        ccw.add_path(self.host, "50", kind="1a")
        ccw.add_subchannel(self.host)
        ccw.add_subchannel(self.host, "0.0.0400", chpids=("50",))
        ccw.add_subchannel(self.host, "0.1.0500", chpids=())
        golden.check_classes(
            self,
            "ccw.json",
            golden.classes("subchannels", self.scan().devices),
        )
        listing.check(self, self.root, "ccw")
