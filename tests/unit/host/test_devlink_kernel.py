# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
import errno
import json
import socket
import struct
import sys
import threading
from unittest import mock

from pyroute2 import netlink

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import deadline
from nova_vfio_compat.host import devlink
from nova_vfio_compat.host import devlink_kernel
from nova_vfio_compat.host import errors
from tests.unit.host import base

NAME = "pci/0000:81:00.0"
ADDRESS = "0000:81:00.0"
FACT = f"facts/devlink/{NAME}"

# Numbers of include/uapi/linux/{netlink,genetlink,devlink}.h, so that what
# pyroute2 makes of them is checked as well.
FAMILY = 21
GET_FAMILY, FAMILY_ID, FAMILY_NAME = 3, 1, 2
INFO_GET, BUS, DEVICE = 51, 1, 2
DRIVER, SERIAL, FIXED, RUNNING, STORED, NAME_, VALUE = range(98, 105)
BOARD_SERIAL = 146


def attribute(kind: int, data: bytes) -> bytes:
    """One netlink attribute, padded."""
    head = struct.pack("=HH", 4 + len(data), kind)
    return head + data + bytes(-len(data) % 4)


def string(kind: int, text: str) -> bytes:
    """An attribute with a text."""
    return attribute(kind, text.encode() + b"\0")


def version(group: int, name: str, value: str) -> bytes:
    """A version, as net/devlink/dev.c nests it."""
    return attribute(group, string(NAME_, name) + string(VALUE, value))


def message(kind: int, payload: bytes) -> bytes:
    """A netlink message."""
    return struct.pack("=IHHII", 16 + len(payload), kind, 0, 1, 99) + payload


def generic(kind: int, command: int, *attributes: bytes) -> bytes:
    """A generic netlink message."""
    return message(kind, struct.pack("=BBH", command, 1, 0)
                   + b"".join(attributes))


def failure(number: int) -> bytes:
    """The kernel's answer to what it does not do."""
    return message(2, struct.pack("=i", -number) + bytes(16))


HAS_DEVLINK = generic(
    16, 1, string(FAMILY_NAME, "devlink"),
    attribute(FAMILY_ID, struct.pack("=H", FAMILY)),
)
MLX5 = generic(
    FAMILY, INFO_GET,
    string(BUS, "pci"), string(DEVICE, ADDRESS),
    string(DRIVER, "mlx5_core"),
    string(SERIAL, "MT2231X00001"),
    string(BOARD_SERIAL, "MT2231X00002"),
    version(FIXED, "fw.psid", "MT_0000000838"),
    version(FIXED, "board.serial", "MT2231X00003"),
    version(RUNNING, "fw.version", "28.43.1000"),
    version(RUNNING, "fw", "28.43.1000"),
    version(STORED, "fw.version", "28.44.1036"),
    version(STORED, "fw", "28.44.1036"),
    # Newer than pyroute2's list.
    attribute(4000, b"news"),
)


class KernelTest(base.HostTestCase):
    """Asking a kernel whose answers are known to the byte."""

    def connect(self, *answers: bytes) -> Callable[[], socket.socket]:
        """Return what connects to a kernel that gives these answers."""
        self.asked: list[bytes] = []
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def play() -> None:
            with its:
                for answer in answers:
                    self.asked.append(its.recv(4096))
                    its.send(answer)

        thread = threading.Thread(target=play, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(ours.close)
        return lambda: ours

    def ask(self, *answers: bytes) -> object:
        kernel = devlink_kernel.Kernel(self.connect(*answers))
        return json.loads(kernel.read(FACT, NAME, 0))

    def test_answer(self) -> None:
        """Driver, PSID and firmware are told, serial numbers are not."""
        firmware = {"fw": "28.43.1000", "fw.version": "28.43.1000"}
        pending = {"fw": "28.44.1036", "fw.version": "28.44.1036"}
        self.assertEqual(
            {
                "driver": "mlx5_core",
                "versions": {
                    "fixed": {"fw.psid": "MT_0000000838"},
                    "running": firmware,
                    "stored": pending,
                },
            },
            self.ask(HAS_DEVLINK, MLX5),
        )

    def test_questions(self) -> None:
        """The kernel is asked for devlink, then for this device."""
        self.ask(HAS_DEVLINK, MLX5)
        family, info = self.asked
        self.assertEqual(16, struct.unpack_from("=H", family, 4)[0])
        self.assertEqual(GET_FAMILY, family[16])
        self.assertIn(string(FAMILY_NAME, "devlink"), family)
        # A plain request: no dump of all devices, and nothing is changed.
        self.assertEqual((FAMILY, 1), struct.unpack_from("=HH", info, 4))
        self.assertEqual(INFO_GET, info[16])
        self.assertEqual(
            string(BUS, "pci") + string(DEVICE, ADDRESS), info[20:]
        )

    def test_nothing_to_tell(self) -> None:
        """No devlink, no such device and no information are no errors."""
        for answers in (
            (failure(errno.ENOENT),),
            (HAS_DEVLINK, failure(errno.ENODEV)),
            (HAS_DEVLINK, failure(errno.EOPNOTSUPP)),
        ):
            self.assertRaises(errors.Missing, self.ask, *answers)

    def test_failure(self) -> None:
        """Any other answer of the kernel is told."""
        error = self.assertRaises(
            errors.ReadError, self.ask, HAS_DEVLINK, failure(errno.EIO)
        )
        self.assertIs(codes.Code.UNREADABLE, error.code)
        self.assertEqual(FACT, error.path)
        self.assertIn("Input/output error", error.detail)

    def test_short_answer(self) -> None:
        """An answer that is none is told."""
        error = self.assertRaises(
            errors.ReadError, self.ask, HAS_DEVLINK, b"\0" * 8
        )
        self.assertIn("Bad message", error.detail)

    def test_forbidden(self) -> None:
        """Where netlink is forbidden it is said what to allow."""
        def connect() -> socket.socket:
            raise OSError(errno.EAFNOSUPPORT, "no")

        kernel = devlink_kernel.Kernel(connect)
        error = self.assertRaises(
            errors.ReadError, kernel.read, FACT, NAME, 0
        )
        self.assertIs(codes.Code.UNREADABLE, error.code)
        self.assertIn("AF_NETLINK", error.detail)

    def test_without_pyroute2(self) -> None:
        """Where the package is missing it is said what to install."""
        with mock.patch.dict(sys.modules, {"pyroute2": None}):
            error = self.assertRaises(
                errors.ReadError, devlink_kernel.Kernel().read, FACT, NAME, 0
            )
        self.assertIn("install pyroute2", error.detail)

    def test_a_kernel_that_waits_is_not_waited_for(self) -> None:
        """A question that the kernel does not answer ends in time."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        kernel = deadline.Deadline(
            devlink_kernel.Kernel(lambda: ours).read, seconds=0.01
        )
        error = self.assertRaises(
            errors.ReadError, kernel.read, FACT, NAME, 0
        )
        self.assertIn("did not answer", error.detail)
        its.close()

    def test_running_kernels_protocols(self) -> None:
        """The real kernel's answers are understood."""
        try:
            link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        except OSError as error:
            self.skipTest(f"no netlink: {error}")
        with link:
            # include/uapi/linux/genetlink.h, GENL_ID_CTRL
            self.assertEqual(
                16, devlink_kernel.family(link, netlink, "nlctrl")
            )
            unknown = self.assertRaises(
                OSError, devlink_kernel.family, link, netlink, "no such"
            )
            self.assertEqual(errno.ENOENT, unknown.errno)

    def test_running_kernel(self) -> None:
        """The real kernel says that there is no such device, or why not."""
        try:
            self.assertIsNone(devlink.ask("pci/ffff:ff:1f.7"))
        except errors.ReadError as error:
            self.assertIs(codes.Code.UNREADABLE, error.code)
