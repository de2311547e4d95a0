# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import codes
from tests.trees import nvidia
from tests.unit.host import base

A2 = "0000:08:00.0"
VF = "pci_0000_08_00_4"
T4 = "0000:05:00.0"
TYPE = "pci_0000_05_00_0/nvidia-222"
MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_08_00_4"


class PfTest(base.HostTestCase):
    """GPUs that are themselves the parents of their mdevs."""

    def setUp(self) -> None:
        super().setUp()
        nvidia.add_pf_with_mdevs(
            self.host, T4, nvidia.T4, ["nvidia-222", "nvidia-223"]
        )
        path = self.host.path(T4).relative_to(self.root.resolve())
        self.type = f"{path}/mdev_supported_types/nvidia-222"

    def test_class(self) -> None:
        """The parent is the board; the type is known by its name."""
        found = self.devices()
        (one,) = found[TYPE].classes
        self.assertEqual("nvidia", one.family)
        self.assertEqual("mdev", one.bus)
        self.assertEqual(
            {
                "device_api": "vfio-pci",
                "type": "GRID T4-1B",
                "manager_version": "550.90.05",
                "pf_device": "1eb8",
                "pf_subsystem_vendor": "10de",
                "pf_subsystem_device": "12a2",
            },
            one.state,
        )
        self.assertEqual({}, one.exposed)
        self.assertNotEqual(
            found[TYPE].classes,
            found[TYPE.replace("222", "223")].classes,
        )

    def test_type_without_name(self) -> None:
        """A type without a name is looked up by its number."""
        before = self.one_class(TYPE)
        for text in (None, "nvidia-222\n", "\n"):
            if text is None:
                (self.root / self.type / "name").unlink()
            else:
                self.write(f"{self.type}/name", text)
            self.assert_unknown(
                TYPE, codes.Code.VGPU_TYPE_UNKNOWN, "nvidia-222/name"
            )
        nvidia.add_config(self.host, {222: "GRID T4-1B"})
        self.assertEqual(before, self.one_class(TYPE))

    def test_malformed(self) -> None:
        """A value with a meaning in templates shows the file."""
        for name in ("name", "device_api"):
            path = f"{self.type}/{name}"
            text = (self.root / path).read_text()
            self.write(path, "GRID {T4}\n")
            self.assert_unknown(
                TYPE, codes.Code.MALFORMED, path, "GRID {T4}"
            )
            self.write(path, text)
        self.write("sys/module/nvidia_vgpu_vfio/version", "{any}\n")
        self.assert_unknown(
            TYPE, codes.Code.MALFORMED, "nvidia_vgpu_vfio/version"
        )

    def test_without_manager(self) -> None:
        """Without any version it is told whose is missing."""
        for module in ("nvidia", "nvidia_vgpu_vfio"):
            (self.root / f"sys/module/{module}/version").unlink()
        self.assert_unknown(
            TYPE, codes.Code.MISSING_ATTRIBUTE, "nvidia_vgpu_vfio/version"
        )

    def test_version_of_the_mdevs(self) -> None:
        """The module that makes the mdevs has the version that counts."""
        self.host.module("nvidia_vgpu_vfio", "550.90.06")
        state = self.one_class(TYPE).state or {}
        self.assertEqual("550.90.06", state["manager_version"])

    def test_parent_that_is_no_function(self) -> None:
        """Without the parent's PCI function the board is not guessed."""
        (self.root / "sys/bus/pci/devices" / T4).unlink()
        self.assert_unknown(TYPE, codes.Code.NO_PF, T4)


class SriovTest(base.HostTestCase):
    """An A2, as a public dump of a real host shows it."""

    def test_vfs_are_parents(self) -> None:
        """Each VF is listed by its types; the board is that of the PF."""
        nvidia.add_a2(self.host)
        found = self.devices()
        parents = {
            item.name for item in found.values() if item.kind == "mdev-type"
        }
        self.assertEqual(16, len(parents))
        self.assertNotIn(VF, found)
        self.assertEqual("pf", found["pci_0000_08_00_0"].kind)
        for parent in parents:
            (one,) = found[f"{parent}/nvidia-746"].classes
            state = one.state or {}
            self.assertEqual("NVIDIA A2-4Q", state["type"])
            self.assertEqual("157e", state["pf_subsystem_device"])
            self.assertEqual(
                found[f"{VF}/nvidia-746"].classes, (one,)
            )

    def test_mdev(self) -> None:
        """Making mdevs changes no class, and they have that of the type."""
        nvidia.add_a2(self.host)
        before = self.devices()[f"{VF}/nvidia-754"]
        nvidia.add_a2(
            self.host, "0000:09:00.0", {0: (base.UUID2, "nvidia-751")}
        )
        self.host.mdev(
            base.UUID, parent="0000:08:00.4", type="nvidia-754"
        )
        for name in nvidia.A2_TYPES:
            file = self.host.path("0000:08:00.4") / "mdev_supported_types"
            (file / name / "available_instances").chmod(0o644)
            (file / name / "available_instances").write_text("0\n")
        found = self.devices()
        self.assertEqual(before, found[f"{VF}/nvidia-754"])
        self.assertEqual(before.classes, found[MDEV].classes)
        self.assertEqual("nvidia-754", found[MDEV].type)

    def test_without_pf(self) -> None:
        """A VF's own subsystem is not taken for the board's."""
        nvidia.add_a2(self.host, vfs=1)
        (self.root / "sys/bus/pci/devices" / A2).unlink()
        self.assert_unknown(
            f"{VF}/nvidia-746", codes.Code.NO_PF, "physfn"
        )

    def test_mdev_without_type(self) -> None:
        """An mdev of the driver whose type cannot be told is unknown."""
        nvidia.add_a2(self.host, mdevs={0: (base.UUID, "nvidia-746")})
        home = self.host.path(base.UUID)
        (home / "mdev_type").unlink()
        types = home.parent / "mdev_supported_types"
        (types / "nvidia-746/devices" / base.UUID).unlink()
        self.assert_unknown(
            MDEV, codes.Code.MISSING_ATTRIBUTE, "mdev_type"
        )
        self.assertEqual("nvidia", self.one_class(MDEV).family)
