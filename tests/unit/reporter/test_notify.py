# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import socket
import tempfile

from oslotest import base

from nova_vfio_compat.reporter import notify


class NotifyTestCase(base.BaseTestCase):
    def listen(self, address: str) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(address)
        sock.setblocking(False)
        return sock

    def test_the_protocol(self) -> None:
        """A line of sd_notify(3) in a datagram for each thing to say."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "notify")
        name = f"nova-vfio-compat-test-{os.getpid()}"
        for address, variable in ((path, path), (f"\0{name}", f"@{name}")):
            sock = self.listen(address)
            notifier = notify.Notifier({"NOTIFY_SOCKET": variable})
            notifier.status("all\nis well")
            notifier.status("all is well")
            notifier.ready()
            notifier.alive()
            notifier.stopping()
            notifier.reloading()
            self.assertEqual(
                [
                    "STATUS=all is well", "READY=1", "WATCHDOG=1",
                    "STOPPING=1",
                ],
                [sock.recv(999).decode() for _ in range(4)],
            )
            self.assertRegex(
                sock.recv(999).decode(),
                r"\ARELOADING=1\nMONOTONIC_USEC=[0-9]+\Z",
            )

    def test_nobody_listens(self) -> None:
        """Without systemd, and with one that is gone, nothing happens."""
        for environment in (
            {}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nonexistent"},
            {"NOTIFY_SOCKET": "x" * 200},
        ):
            notify.Notifier(environment).ready()

    def test_a_status_without_end(self) -> None:
        """It fits into a datagram."""
        sock = self.listen(f"\0nova-vfio-compat-long-{os.getpid()}")
        notifier = notify.Notifier({
            "NOTIFY_SOCKET": f"@nova-vfio-compat-long-{os.getpid()}"
        })
        notifier.status("x" * 10**6)
        self.assertLess(len(sock.recv(10**6)), 600)

    def test_the_watchdog(self) -> None:
        """Its time counts if it is meant for this process."""
        own, other = str(os.getpid()), str(os.getpid() + 1)
        for environment, expected in (
            ({"WATCHDOG_USEC": "3000000"}, 3.0),
            ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": own}, 3.0),
            ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": other}, None),
            ({"WATCHDOG_USEC": "0"}, None),
            ({"WATCHDOG_USEC": "soon"}, None),
            ({}, None),
        ):
            self.assertEqual(expected, notify.Notifier(environment).watchdog)
