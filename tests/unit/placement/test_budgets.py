# SPDX-License-Identifier: Apache-2.0

"""How much a host may put into Placement."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import itertools
import pathlib
import shutil
import tempfile

from oslotest import base

from nova_vfio_compat import conf
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import offered
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base as sources_base
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import report as report_
from tests import trees

HOST_TRAITS = 64
CLASS_TRAITS = 5

_NIC_VFS = '{"vendor_id": "15b3", "product_id": "101e"}'
_GPU = trees.Function(0x10de, 0x26b9, 0xa1, 0x030200)
_GPUS = [f"0000:{bus:02x}:00.0" for bus in range(0x08, 0x80, 0x10)]
#: the VFs of each GPU, every one a parent of mdevs
_PARENTS = [
    [trees.offset_address(gpu, 4 + number) for number in range(32)]
    for gpu in _GPUS
]
_TYPES = {
    f"nvidia-{1145 + number}": {"name": f"NVIDIA L40S-{size}{series}"}
    for number, (size, series) in enumerate(
        itertools.product((1, 2, 3, 4, 6, 8, 12, 16, 24, 48), "ABQ")
    )
}


def _roomy_memory() -> str | None:
    """Where 50,000 small files are made in a second, if there is room."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        return None
    return "/dev/shm" if free > 1 << 30 else None


class LargeHostTestCase(base.BaseTestCase):
    """8 GPUs with 32 VFs of 30 vGPU types each, 512 VFs of NICs."""

    root: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(dir=_roomy_memory())
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        host = trees.HostBuilder(cls.root).kernel("6.12.1")
        host.module("nvidia", "550.90.05")
        for gpu, parents in zip(_GPUS, _PARENTS, strict=True):
            host.sriov(
                gpu, _GPU, _GPU, ["nvidia"] * 32, "nvidia", offset=4
            )
            for parent in parents:
                host.mdev_parent(parent, driver="nvidia", types=_TYPES)
        for bus in (0x91, 0xd1):
            # The second port's VFs end on the next bus.
            for port, offset in ((0, 2), (1, 129)):
                host.mlx5_pf(
                    f"0000:{bus:02x}:00.{port}",
                    vfs=128,
                    vf_driver="mlx5_vfio_pci",
                    offset=offset,
                )

    def report(self, types: Mapping[str, Sequence[str]]) -> report_.Report:
        """Scan the host with these enabled_mdev_types.

        :returns: what schedulers read of it, whatever the classes
        """
        found = scan.scan(
            host_tree.HostTree(self.root), offered.Offered([_NIC_VFS], types)
        )
        report = dataclasses.replace(
            report_.report_of(found),
            # As published: yesterday's stays for a day.
            seen=frozenset({"20261122", "20261121"}),
        )
        names = codec.encode(report)
        self.assertLessEqual(len(names), HOST_TRAITS)
        for value in report.classes.values():
            # All is known: a class without a state would be a short one.
            self.assertIsNone(value.reason)
            pieces = codec.definition_traits(value)
            self.assertLessEqual(1 + len(pieces), CLASS_TRAITS, str(value))
        read = codec.decode(names)
        self.assertEqual(report, read)
        # The VFs of a NIC are its PF; each VF of a GPU is a parent.
        self.assertEqual(4 + 256, len(read.devices))
        return read

    def ids(self, report: report_.Report, address: str) -> frozenset[str]:
        return report.devices[report_.device_name(f"pci_{address}")]

    def test_one_type_for_all(self) -> None:
        """The usual configuration: a class of vGPUs and one of VFs."""
        report = self.report({"nvidia-1150": []})

        self.assertEqual(2, len(report.classes))
        self.assertEqual(
            1, len({self.ids(report, one) for one in sum(_PARENTS, [])})
        )
        # Nothing is said of functions that nobody has looked at.
        for number in (3, 4 + 32):
            name = trees.offset_address(_GPUS[0], number)
            self.assertNotIn(
                report_.device_name(f"pci_{name}"), report.devices
            )

    def test_a_type_for_each_gpu(self) -> None:
        """As many classes of vGPUs as the host can have by its GPUs."""
        report = self.report(dict(zip(_TYPES, _PARENTS, strict=False)))

        self.assertEqual(9, len(report.classes))
        for parents in _PARENTS:
            self.assertEqual(
                1, len({self.ids(report, parent) for parent in parents})
            )

    def test_types_that_alternate(self) -> None:
        """VFs of one GPU that differ: each is of its own type's class."""
        every = sum(_PARENTS, [])
        report = self.report(
            {"nvidia-1150": every[::2], "nvidia-1151": every[1::2]}
        )

        even, odd = (
            {self.ids(report, one) for one in every[first::2]}
            for first in (0, 1)
        )
        self.assertEqual([1, 1], [len(even), len(odd)])
        self.assertNotEqual(even, odd)


class _LeakingSource(sources_base.Source):
    """A source with the mistake that every author makes once."""

    family = "leak"
    evidence = codes.Evidence.RULE

    def claims(
        self, device: sources_base.Candidate, ctx: context.Context
    ) -> bool:
        return isinstance(device, pci.PciFunction) and device.is_vf

    def describe(
        self, device: sources_base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        serial = ctx.tree.read(f"{device.path}/serial")
        state = {"device_api": "vfio-pci", "serial": serial}
        return device_class.DeviceClass(
            family=self.family,
            bus=device.bus,
            evidence=self.evidence,
            state=state,
            accepts=(state,),
        )


class LeakTestCase(base.BaseTestCase):
    def report(self, serials: Iterable[str]) -> report_.Report:
        """The report of a host whose VFs have these serial numbers."""
        with tempfile.TemporaryDirectory() as folder:
            host = trees.HostBuilder(folder)
            serials = list(serials)
            host.mlx5_pf("0000:81:00.0", vfs=len(serials))
            for number, serial in enumerate(serials):
                vf = trees.offset_address("0000:81:00.0", 2 + number)
                (host.path(vf) / "serial").write_text(f"{serial}\n")
            found = scan.scan(
                host_tree.HostTree(folder), sources=[_LeakingSource()]
            )
        (option,) = (
            item for item in conf.REPORTER_OPTS if item.name == "max_classes"
        )
        return report_.report_of(found, option.default)

    def test_a_serial_number_in_a_state(self) -> None:
        """A class for each device is refused, and the error says why."""
        error = self.assertRaises(
            errors.TooManyClasses,
            self.report, [f"MT2042X{number:05d}" for number in range(33)],
        )

        self.assertIn("33 classes", str(error))
        self.assertEqual(1, len(self.report(["MT2042X00001"] * 33).classes))
