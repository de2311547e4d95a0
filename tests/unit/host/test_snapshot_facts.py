# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import threading

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import deadline
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import live
from nova_vfio_compat.host import record
from nova_vfio_compat.host import snapshot
from nova_vfio_compat.host import store as store_
from nova_vfio_compat.host import tree as host_tree
from tests.unit.host import snapshots


class FactsTest(snapshots.SnapshotTestCase):
    def test_facts_that_are_not_files(self) -> None:
        """What the kernel was asked is in it, refusals as well."""
        asked = {"here": "{}", "gone": None}

        def ask(name: str) -> str | None:
            if name == "broken":
                raise errors.ReadError(
                    name, codes.Code.UNREADABLE, "no answer"
                )
            return asked[name]

        self.patch(live, "PROVIDERS", {"devlink": ask})
        self.patch(live, "is_running_kernel", lambda root: True)
        view = self.record("here", "gone", "broken")
        self.assertEqual("{}", view.fact("devlink", "here"))
        self.assertIsNone(view.fact("devlink", "gone"))
        error = self.assertRaises(
            errors.ReadError, view.fact, "devlink", "broken"
        )
        self.assertEqual("no answer", error.detail)
        self.assertEqual("facts/devlink/broken", error.path)
        self.assertEqual(b"{}", self.members()["facts/devlink/here"])

    def record(self, *names: str) -> host_tree.HostTree:
        """A snapshot for which only these facts were asked."""
        recorder = record.Recorder(
            host_tree.HostTree(self.root).store
        )
        view = host_tree.HostTree(self.root, store=recorder)
        for name in names:
            try:
                view.fact("devlink", name)
            except errors.ReadError:
                continue
        self.file.write_bytes(snapshot.pack(recorder.record, None))
        return host_tree.HostTree(self.file)

    def test_a_lock_that_was_held(self) -> None:
        """An attribute that the kernel did not tell in time stays untold."""
        free = threading.Event()
        self.addCleanup(free.set)

        def read(path: str, name: str, limit: int) -> bytes:
            free.wait()
            return b"4\n"

        path = "sys/sriov_numvfs"
        self.write(path, "4\n")
        store = store_.DirectoryStore(
            str(self.root), deadline.Deadline(read, 0.01)
        )
        recorder = record.Recorder(store)
        tree = host_tree.HostTree(self.root, store=recorder)
        self.assertRaises(errors.ReadError, tree.read_with_deadline, path)
        self.file.write_bytes(snapshot.pack(recorder.record, None))
        error = self.assertRaises(
            errors.ReadError,
            host_tree.HostTree(self.file).read_with_deadline, path,
        )
        self.assertIn("did not answer within 0.01 s", error.detail)
