# SPDX-License-Identifier: Apache-2.0

"""What is no plain read of a file: facts, and files that wait for a lock."""

from __future__ import annotations

import threading

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import deadline
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import live
from nova_vfio_compat.host import store
from nova_vfio_compat.host import tree as host_tree
from tests.unit.host import base


class FactTest(base.HostTestCase):
    def test_a_fact_of_a_directory_is_a_file(self) -> None:
        """Outside a running host a fact is a file, read once in a scan."""
        opened: list[str] = []
        tree = host_tree.HostTree(self.root, opened.append).once()
        self.assertIsNone(tree.fact("devlink", "pci/0000:82:00.0"))
        self.write("facts/devlink/pci/0000:81:00.0", '{"fw": "1"}\n')
        for _ in range(2):
            self.assertEqual(
                '{"fw": "1"}', tree.fact("devlink", "pci/0000:81:00.0")
            )
        self.assertEqual(["facts/devlink/pci/0000:81:00.0"], opened)

    def test_a_fact_cannot_leave_the_root(self) -> None:
        """A name that climbs is refused as a path that does is."""
        (self.root.parent / "x").write_text("x")
        tree = host_tree.HostTree(self.root)
        self.assertRaises(
            errors.ReadError, tree.fact, "devlink", "../../../x"
        )

    def test_a_running_host_is_asked(self) -> None:
        """The running host's facts come from the kernel, not from files."""
        asked = []

        def ask(name: str) -> str | None:
            asked.append(name)
            if name == "broken":
                raise OSError("no netlink")
            return "{}" if name == "here" else None

        self.patch(live, "PROVIDERS", {"devlink": ask})
        tree = host_tree.HostTree("/").once()
        self.assertEqual("{}", tree.fact("devlink", "here"))
        self.assertEqual("{}", tree.fact("devlink", "here"))
        self.assertIsNone(tree.fact("devlink", "gone"))
        self.assertIsNone(tree.fact("other", "here"))
        error = self.assertRaises(
            errors.ReadError, tree.fact, "devlink", "broken"
        )
        self.assertEqual("facts/devlink/broken", error.path)
        self.assertIn("no netlink", error.detail)
        self.assertEqual(["here", "gone", "broken"], asked)

    def test_which_files_are_the_running_kernels(self) -> None:
        """A tree is no running host, whatever is in it; sysfs is one."""
        self.assertTrue(live.is_running_kernel("/"))
        self.assertFalse(live.is_running_kernel(str(self.root)))
        (self.root / "sys").rmdir()
        (self.root / "sys").symlink_to("/sys")
        self.assertFalse(live.is_running_kernel(str(self.root)))
        self.assertFalse(live.is_running_kernel(str(self.root / "none")))
        # As a container sees the host's, mounted somewhere.
        self.assertTrue(live.is_running_kernel("/./"))


class DeadlineTest(base.HostTestCase):
    PATH = "sys/devices/x/sriov_numvfs"

    def setUp(self) -> None:
        super().setUp()
        self.write(self.PATH, "4\n")
        self.free = threading.Event()
        self.addCleanup(self.free.set)
        self.asked: list[str] = []

    def tree(self) -> host_tree.HostTree:
        """A tree of whose files none is read until the lock is free."""
        def read(path: str, name: str, limit: int) -> bytes:
            self.asked.append(path)
            self.free.wait()
            return b"4\n"

        slow = deadline.Deadline(read, 0.01)
        root = str(self.root)
        return host_tree.HostTree(
            root, store=store.DirectoryStore(root, slow)
        )

    def assert_no_answer(self, tree: host_tree.HostTree, path: str) -> None:
        error = self.assertRaises(
            errors.ReadError, tree.read_with_deadline, path
        )
        self.assertIs(codes.Code.UNREADABLE, error.code)
        self.assertIn("did not answer within 0.01 s", error.detail)

    def test_an_answer_in_time(self) -> None:
        """A kernel that answers is read as any file, errors as well."""
        tree = host_tree.HostTree(self.root)
        self.assertEqual("4", tree.read_with_deadline(self.PATH))
        self.assertRaises(
            errors.Missing, tree.read_with_deadline, "sys/none"
        )

    def test_a_lock_that_is_held(self) -> None:
        """A read that hangs is given up, and not begun a second time."""
        tree = self.tree()
        for view in (tree.once(), tree.once()):
            self.assert_no_answer(view, self.PATH)
            self.assert_no_answer(view, self.PATH)
        self.assertEqual([self.PATH], self.asked)

    def test_a_lock_that_is_free_again(self) -> None:
        """Once the thread that hung has ended, the file is read again."""
        tree = self.tree()
        self.assert_no_answer(tree, self.PATH)
        (thread,) = [
            one for one in threading.enumerate()
            if one.name.endswith(str(self.root / self.PATH))
        ]
        self.assertTrue(thread.daemon)
        self.free.set()
        thread.join()
        self.assertEqual("4", tree.read_with_deadline(self.PATH))

    def test_many_locks_that_are_held(self) -> None:
        """A host where all hangs costs a few threads and no more."""
        tree = self.tree()
        for number in range(20):
            self.assert_no_answer(tree, f"sys/{number}")
        self.assertEqual(8, len(self.asked))
