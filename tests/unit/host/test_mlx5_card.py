# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from tests import trees
from tests.trees import files
from tests.trees import mlx5
from tests.unit.host import base

PF = base.PF
VF = "pci_0000_81_00_2"
#: the second function of the same card, and its first VF
PF2 = "0000:81:00.1"
VF2 = "pci_0000_81_00_5"
OTHER = "0000:c1:00.0"


class Mlx5CardTest(base.HostTestCase):
    """Where firmware, PSID and link layer come from."""

    def setUp(self) -> None:
        super().setUp()
        self.host.kernel()

    def ib(self, name: str = "mlx5_0") -> str:
        path = self.host.path(PF) / "infiniband" / name
        return str(path.relative_to(self.root.resolve()))

    def test_missing_attribute(self) -> None:
        """Firmware or PSID that is not there is not guessed."""
        mlx5.add_pf(self.host, PF, psid=None)
        self.assert_unknown(VF, codes.Code.MISSING_ATTRIBUTE, "board_id")
        mlx5.add_pf(self.host, OTHER, firmware=None)
        self.assert_unknown(
            "pci_0000_c1_00_2", codes.Code.MISSING_ATTRIBUTE, "fw_ver"
        )

    def test_malformed(self) -> None:
        """A value that is none shows the file and the place."""
        for text, place in (
            ("28.43.x", 6), ("", 0), ("28.43", 5), ("28.43.1000 ", 10),
            ("v28.43.1000", 0),
        ):
            mlx5.add_pf(self.begin(), PF, firmware=text)
            problem = self.assert_unknown(
                VF, codes.Code.MALFORMED, "mlx5_0/fw_ver"
            )
            if text:
                self.assertIn(f"at character {place + 1})", problem.brief)
        mlx5.add_pf(self.begin(), PF, psid="MT {n:any}")
        self.assert_unknown(
            VF, codes.Code.MALFORMED, "mlx5_0/board_id", "{n:any}"
        )

    def test_unreadable(self) -> None:
        """A failing read is told, and costs the VFs of this PF only."""
        mlx5.add_pf(self.host, PF)
        mlx5.add_pf(self.host, OTHER)
        self.host.break_file(f"{self.ib()}/fw_ver")
        self.assert_unknown(VF, codes.Code.UNREADABLE, "fw_ver")
        self.assertIsNone(self.one_class("pci_0000_c1_00_2").reason)

    def test_several_infiniband_devices(self) -> None:
        """Several devices of one PF must agree."""
        mlx5.add_pf(self.host, PF)
        self.write(f"{self.ib('mlx5_9')}/fw_ver", "28.43.1000\n")
        self.write(f"{self.ib('mlx5_9')}/board_id", "MT_0000000838\n")
        self.assertIsNone(self.one_class(VF).reason)
        self.write(f"{self.ib('mlx5_9')}/fw_ver", "28.43.2000\n")
        self.assert_unknown(
            VF, codes.Code.FIRMWARE_UNREADABLE, "mlx5_9: 28.43.2000"
        )

    def test_nothing_tells(self) -> None:
        """Without InfiniBand device and devlink it is said what to load."""
        mlx5.add_pf(self.host, PF, infiniband=False)
        self.assert_unknown(
            VF, codes.Code.FIRMWARE_UNREADABLE, "infiniband", "mlx5_ib",
            "devlink",
        )

    def test_devlink(self) -> None:
        """Where mlx5_ib is not loaded devlink tells the same."""
        mlx5.add_pf(self.host, PF)
        wanted = self.one_class(VF)
        mlx5.add_pf(
            self.begin(), PF, infiniband=False, net="enp129s0np0",
            devlink=mlx5.devlink_answer(),
        )
        self.assertEqual(wanted.id, self.one_class(VF).id)

    def test_devlink_in_part(self) -> None:
        """An answer without PSID or firmware is as good as none."""
        for group in ("fixed", "running"):
            answer = mlx5.devlink_answer()
            versions = answer["versions"]
            assert isinstance(versions, dict)
            del versions[group]
            mlx5.add_pf(self.begin(), PF, infiniband=False, devlink=answer)
            self.assert_unknown(
                VF, codes.Code.FIRMWARE_UNREADABLE, "mlx5_ib"
            )

    def test_malformed_devlink(self) -> None:
        """An answer that is none is told, with the fact's name."""
        mlx5.add_pf(
            self.host, PF, infiniband=False,
            devlink=mlx5.devlink_answer(firmware="28.43"),
        )
        self.assert_unknown(
            VF, codes.Code.MALFORMED, f"facts/devlink/pci/{PF}", "28.43"
        )
        mlx5.write_devlink(self.root, PF, {"error": "none"})
        self.assert_unknown(
            VF, codes.Code.MALFORMED, f"facts/devlink/pci/{PF}"
        )

    def test_devlink_cannot_be_asked(self) -> None:
        """Why devlink does not answer is part of what is said."""
        mlx5.add_pf(self.host, PF, infiniband=False)
        self.host.break_file(f"facts/devlink/pci/{PF}")
        self.assert_unknown(
            VF, codes.Code.FIRMWARE_UNREADABLE, "load mlx5_ib",
            "cannot be read",
        )

    def test_what_runs_decides(self) -> None:
        """Firmware that waits for the next reset is not that of a class."""
        mlx5.add_pf(
            self.host, PF, infiniband=False,
            devlink=mlx5.devlink_answer(stored="28.44.1036"),
        )
        state = self.one_class(VF).state
        assert state is not None
        self.assertEqual("28.43.1000", state["firmware"])

    def test_pending_firmware(self) -> None:
        """Firmware that waits for the next reset is told, once for a PF."""
        mlx5.add_pf(
            self.host, PF, vfs=3,
            devlink=mlx5.devlink_answer(stored="28.44.1036"),
        )
        mlx5.add_pf(self.host, OTHER, devlink=mlx5.devlink_answer())
        found = self.devices()
        (problem,) = {
            problem for item in found.values() for problem in item.problems
        }
        self.assertEqual((problem,), found[VF].problems)
        self.assertIs(codes.Code.PENDING_FIRMWARE, problem.code)
        self.assertEqual(f"facts/devlink/pci/{PF}", problem.path)
        self.assertIn("28.44.1036 is stored", problem.detail)
        self.assertIn("28.43.1000 runs now", problem.detail)

    def test_pending_firmware_unknown(self) -> None:
        """That devlink cannot be asked is no problem where sysfs tells."""
        mlx5.add_pf(self.host, PF)
        self.host.break_file(f"facts/devlink/pci/{PF}")
        item = self.devices()[VF]
        self.assertIsNone(item.classes[0].reason)
        self.assertEqual((), item.problems)

    def test_lag(self) -> None:
        """With RoCE LAG the one InfiniBand device stands for both PFs."""
        self.add_lag()
        one, other = self.one_class(VF), self.one_class(VF2)
        self.assertEqual(one.id, other.id)

    def test_lag_asks_devlink_first(self) -> None:
        """What the function itself tells counts more than its neighbour."""
        self.add_lag()
        mlx5.write_devlink(
            self.root, PF2, mlx5.devlink_answer(firmware="28.44.1036")
        )
        state = self.one_class(VF2).state
        assert state is not None
        self.assertEqual("28.44.1036", state["firmware"])

    def test_neighbour_of_another_kind(self) -> None:
        """A function that is not surely of the same card tells nothing."""
        for attribute, value in (
            ("device", "0x101d"), ("subsystem_device", "0x0027"),
        ):
            self.begin()
            self.add_lag()
            files.write(self.host.path(PF) / attribute, value)
            self.assert_unknown(VF2, codes.Code.FIRMWARE_UNREADABLE)

    def test_neighbour_in_another_slot(self) -> None:
        """Another card tells nothing about this one."""
        mlx5.add_pf(self.host, PF)
        mlx5.add_pf(self.host, OTHER, infiniband=False)
        self.assert_unknown(
            "pci_0000_c1_00_2", codes.Code.FIRMWARE_UNREADABLE
        )

    def test_link_layer_of_the_network_interface(self) -> None:
        """An Ethernet interface of the PF is proof of its link layer."""
        for kind, known in ((1, True), (32, False)):
            mlx5.add_pf(self.begin(), PF, link_layer=None)
            mlx5.write_net(self.host.sys, self.host.path(PF), "n", kind)
            self.assertEqual(
                known, "link_layer" not in self.one_class(VF).unverified
            )

    def test_one_read_of_a_pf(self) -> None:
        """However many VFs a PF has, its files are opened once."""
        mlx5.add_pf(
            self.host, PF, vfs=16, infiniband=False, net="n",
            devlink=mlx5.devlink_answer(),
        )
        mlx5.add_pf(self.host, OTHER, vfs=16)
        opened: list[str] = []
        tree = host_tree.HostTree(self.root, opened.append)
        found = [item for item in scan.scan(tree).devices if item.parent]
        self.assertEqual(32, len(found))
        self.assertEqual(len(set(opened)), len(opened))
        self.assertIn(f"facts/devlink/pci/{PF}", opened)

    def begin(self) -> trees.HostBuilder:
        """Begin another host."""
        self.root = self.root.parent / f"{self.root.name}+"
        self.root.mkdir()
        self.host = trees.HostBuilder(self.root).kernel()
        return self.host

    def add_lag(self) -> None:
        mlx5.add_pf(self.host, PF, net="p0")
        mlx5.add_pf(self.host, PF2, infiniband=False, net="p1", offset=4)
