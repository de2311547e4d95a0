# SPDX-License-Identifier: Apache-2.0

"""The service in this process, on a host's tree, while Placement is away."""

from __future__ import annotations

import os
import pathlib
import shutil
import socket
import tempfile
import threading

from oslo_config import cfg
from oslotest import base

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import tree
from nova_vfio_compat.placement import wire
from nova_vfio_compat.reporter import daemon
from nova_vfio_compat.reporter import debounce
from nova_vfio_compat.reporter import events
from nova_vfio_compat.reporter import notify
from nova_vfio_compat.reporter import rounds
from tests import trees

# Nothing takes that long; without it a test that fails would never end.
_SECONDS = 30


class _Events(events.HostEvents):
    """Events that this test makes up, and a socket that is readable."""

    def __init__(self) -> None:
        super().__init__()
        self.ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        self.read = threading.Event()

    def open(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.theirs.fileno()

    def drain(self) -> int:
        try:
            count = len(self.theirs.recv(99))
        except BlockingIOError:
            return 0
        self.read.set()
        return count

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


class _Debounce(debounce.Debounce):
    """Without pauses, and counted."""

    looks = 0

    def __init__(self) -> None:
        super().__init__(quiet=0, longest=0, again=1000)

    def looked(self, now: float) -> None:
        self.looks += 1
        super().looked(now)


class DaemonTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.root = self.folder / "host"
        trees.HostBuilder(self.root).kernel().mlx5_pf("0000:81:00.0", vfs=1)
        address = str(self.folder / "notify")
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.systemd.close)
        self.systemd.bind(address)
        self.systemd.settimeout(_SECONDS)
        self.notifier = notify.Notifier({"NOTIFY_SOCKET": address})
        self.events = _Events()
        self.debounce = _Debounce()
        self.loads = 0

    def load(self) -> rounds.Setup:
        """Placement's port is one that nobody listens on."""
        self.loads += 1
        file = self.folder / "nova.conf"
        file.write_text("""
[placement]
auth_type = admin_token
endpoint = http://127.0.0.1:1
token = admin
[vfio_compat]
compute_node = cmp1
scan_interval = 3600
retry_interval = 1000
max_retry_interval = 1000
""")
        conf = cfg.ConfigOpts()
        conf_.load(conf, [], "test", [str(file)])
        return rounds.Setup(
            conf, tree.HostTree(self.root), wire.from_conf(conf), lambda: None
        )

    def start(self) -> daemon.Daemon:
        service = daemon.Daemon(
            self.load, self.notifier, self.events, self.debounce
        )
        thread = threading.Thread(target=service.run)
        thread.start()

        def end() -> None:
            service.stop()
            thread.join(_SECONDS)
            self.assertFalse(thread.is_alive())
            service.close()

        self.addCleanup(end)
        self.told("STATUS=Looking")
        return service

    def told(self, text: str) -> None:
        """Wait until systemd is told this next."""
        self.assertIn(text, self.systemd.recv(9999).decode())

    def test_it_ends(self) -> None:
        """When it is told to, also before it has begun."""
        service = daemon.Daemon(self.load, self.notifier, self.events)
        self.addCleanup(service.close)
        service.stop()
        service.run()

        self.told("STATUS=Looking")
        self.told("STOPPING=1")

    def test_events_do_not_hurry_placement(self) -> None:
        """While it waits for Placement nothing but SIGHUP makes it ask."""
        service = self.start()
        self.told("STATUS=Placement cannot be reached")
        self.events.ours.send(b"x")
        self.assertTrue(self.events.read.wait(_SECONDS))
        # Another status, when it looks.
        shutil.rmtree(self.root / "sys/bus")
        service.reload()
        self.told("STATUS=")

        self.assertEqual(2, self.debounce.looks)
        self.assertEqual(2, self.loads)

    def test_events_are_heard_when_the_host_is_the_matter(self) -> None:
        """A host that could not be looked at is, after the next event."""
        kept = self.folder / "bus"
        (self.root / "sys/bus").rename(kept)
        self.start()
        self.told("has no sys/bus/ directory")

        kept.rename(self.root / "sys/bus")
        self.events.ours.send(b"x")

        self.told("STATUS=Placement cannot be reached")

    def test_nothing_is_left(self) -> None:
        """No thread and no descriptor after it has ended."""
        before = threading.active_count(), len(os.listdir("/proc/self/fd"))
        service = daemon.Daemon(self.load, self.notifier, self.events)
        thread = threading.Thread(target=service.run)
        thread.start()
        self.told("STATUS=Looking")
        self.told("STATUS=Placement cannot be reached")
        service.stop()
        thread.join(_SECONDS)
        service.close()

        # The events' two sockets were open before.
        self.assertEqual(
            (before[0], before[1] - 2),
            (threading.active_count(), len(os.listdir("/proc/self/fd"))),
        )
