# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.host import kernel
from nova_vfio_compat.host import tree as host_tree
from tests.unit.host import base


class UpstreamTest(base.HostTestCase):
    def test_release_of_kernel_org(self) -> None:
        """Only a kernel that says which release it is, is that release."""
        for distribution, release, expected in (
            (None, "6.12.38", (6, 12, 38)),
            ("rhel", "6.18", (6, 18, 0)),
            ("debian", "6.12.38", (6, 12, 38)),
            ("debian", "6.12.38+deb13-amd64", (6, 12, 38)),
            ("debian", "6.12.38+deb13-cloud-amd64", (6, 12, 38)),
            ("debian", "6.12.9+bpo-arm64", (6, 12, 9)),
            ("debian", "6.10.11-arm64-16k", (6, 10, 11)),
            ("debian", "5.10.0-30-amd64", (5, 10, 0)),
            ("debian", "6.1.0-36-amd64", (6, 1, 0)),
            ("debian", "6.1.0-37-rt-amd64", (6, 1, 140)),
            ("debian", "6.1.0-38-arm64", (6, 1, 147)),
            ("debian", "6.1.0-49-arm64", (6, 1, 147)),
            ("fedora", "6.15.4-200.fc42.aarch64", (6, 15, 4)),
            ("arch", "6.15.2-arch1-1", (6, 15, 2)),
            ("debian", "6.12.38-our-own", None),
            ("debian", "6.16-rc1", None),
            ("ubuntu", "6.8.0-49-generic", None),
            ("rhel", "5.14.0-503.el9.x86_64", None),
            ("openeuler", "6.6.0-72.0.0.76.oe2403sp1.aarch64", None),
            (None, "6.12.38+deb13-amd64", None),
            ("debian", "", None),
            ("debian", None, None),
        ):
            with self.subTest(release=release):
                self.assertEqual(
                    expected, kernel.Kernel(release, distribution).upstream)

    def test_changes(self) -> None:
        """A change is in mainline, in stable series, or not known to be."""
        stream = kernel.HISI_ACC_STREAM_2
        for release, expected in (
            ("5.18.0", False), ("6.1.141", False), ("6.1.142", True),
            ("6.2.16", False), ("6.6.93", False), ("6.6.94", True),
            ("6.12.33", False), ("6.12.34", True), ("6.14.11", False),
            ("6.15.2", False), ("6.15.3", None), ("6.16", True),
            ("7.2.13", True), ("6.16-rc1", None),
        ):
            with self.subTest(release=release):
                self.assertIs(
                    expected, stream.is_in(kernel.Kernel(release)))
        for number, expected in ((36, False), (37, False), (38, True)):
            with self.subTest(number=number):
                self.assertIs(expected, stream.is_in(kernel.Kernel(
                    f"6.1.0-{number}-arm64", "debian")))

    def read(self) -> kernel.Kernel:
        return kernel.read(host_tree.HostTree(self.root))

    def test_read(self) -> None:
        """Release and distribution come from the host's own files."""
        self.assertEqual(kernel.Kernel(None), self.read())
        self.host.kernel("6.12.38+deb13-amd64")
        self.assertEqual(kernel.Kernel("6.12.38+deb13-amd64"), self.read())
        place = self.write(
            "usr/lib/os-release",
            'NAME="Æ"\nVERSION_ID=13\nID="debian"\nID_LIKE="arch"\n')
        (self.root / "etc").mkdir()
        (self.root / "etc/os-release").symlink_to("../usr/lib/os-release")
        self.assertEqual("debian", self.read().distribution)
        for text in ("", "ID=two words\n", "ID=\xe9\n", "ID=\n"):
            place.write_bytes(text.encode())
            self.assertIsNone(self.read().distribution)

    def test_unreadable(self) -> None:
        """What cannot be read is not known, and no error."""
        self.host.kernel("6.12.38+deb13-amd64")
        self.host.break_file("etc/os-release")
        self.assertIsNone(self.read().distribution)
        self.host.break_file("proc/sys/kernel/osrelease")
        self.assertEqual(kernel.Kernel(None), self.read())
