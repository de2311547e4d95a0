# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import pathlib

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import tree as host_tree
from tests.unit.host import base


class TreeTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tree = host_tree.HostTree(self.root)

    def link(self, path: str, target: str) -> None:
        found = self.root / path
        found.parent.mkdir(parents=True, exist_ok=True)
        found.symlink_to(target)

    def assert_refused(self, path: str, code: codes.Code, word: str) -> None:
        error = self.assertRaises(errors.ReadError, self.tree.read, path)
        self.assertIs(code, error.code)
        self.assertIn(word, str(error))
        self.assertIn(path, str(error))

    def test_newline_at_the_end_is_no_part_of_the_value(self) -> None:
        """The newline that sysfs adds is stripped, others are kept."""
        self.write("sys/a", "one\ntwo \n")
        self.assertEqual("one\ntwo ", self.tree.read("sys/a"))

    def test_relative_link(self) -> None:
        """A relative link is followed, through directories as well."""
        self.write("sys/devices/x/vendor", "0x15b3\n")
        self.link("sys/bus/x", "../devices/x")
        self.assertEqual("0x15b3", self.tree.read("sys/bus/x/vendor"))
        self.assertEqual("sys/devices/x", self.tree.realpath("sys/bus/x"))
        self.assertEqual("x", self.tree.link_name("sys/bus/x"))

    def test_absolute_link_starts_at_the_root(self) -> None:
        """An absolute link means the tree's root and not this machine's."""
        self.write("sys/devices/x/vendor", "0x15b3\n")
        self.link("sys/bus/x", "/sys/devices/x")
        self.assertEqual("0x15b3", self.tree.read("sys/bus/x/vendor"))

    def test_absolute_link_that_names_the_root(self) -> None:
        """A link that a script made with the whole path is followed."""
        self.write("sys/devices/x/vendor", "0x15b3\n")
        self.link("sys/bus/x", str(self.root / "sys/devices/x"))
        self.assertEqual("0x15b3", self.tree.read("sys/bus/x/vendor"))

    def test_nothing_outside_is_read(self) -> None:
        """No link leads out of the tree, relative or absolute."""
        secret = self.root.parent / "secret"
        secret.write_text("x\n")
        self.link("sys/up", "../../../secret")
        self.link("sys/away", str(secret))
        self.assert_refused(
            "sys/up", codes.Code.MALFORMED, "leads out of the tree"
        )
        self.assertRaises(errors.Missing, self.tree.read, "sys/away")
        self.assertRaises(
            errors.ReadError, self.tree.read, "../secret"
        )

    def test_links_in_a_circle(self) -> None:
        """A circle of links is a problem and not a hang."""
        self.link("sys/a", "b")
        self.link("sys/b", "a")
        self.assert_refused("sys/a", codes.Code.UNREADABLE, "too many links")

    def test_fifo_is_refused_at_once(self) -> None:
        """What is no regular file is not opened, so nothing waits for it."""
        os.mkfifo(self.root / "sys/fifo")
        (self.root / "sys/folder").mkdir()
        for path in ("sys/fifo", "sys/folder"):
            self.assert_refused(
                path, codes.Code.MALFORMED, "not a regular file"
            )

    def test_length_is_bounded(self) -> None:
        """A file of one byte more than allowed is refused."""
        self.write("sys/a", b"x" * 4096)
        self.write("sys/b", b"x" * 4097)
        self.assertEqual(4096, len(self.tree.read("sys/a")))
        self.assert_refused("sys/b", codes.Code.MALFORMED, "4096")

    def test_garbage_is_shown_with_its_place(self) -> None:
        """Bytes that are no ASCII text are refused, with their place."""
        for data in (b"ab\xff\n", "ab\u00e9\n".encode(), b"ab\x00", b"ab\r\n"):
            self.write("sys/a", data)
            error = self.assertRaises(
                errors.ReadError, self.tree.read, "sys/a"
            )
            self.assertIs(codes.Code.MALFORMED, error.code)
            *_, shown, caret = str(error).split("\n")
            self.assertEqual(shown.index("ab") + 2, caret.index("^"))
            self.assertIn("character 3", error.brief)
            self.assertTrue(str(error).isascii())

    def test_missing(self) -> None:
        """A file that does not exist is told apart from an unreadable one."""
        self.write("sys/file")
        for path in ("sys/none", "sys/none/x", "sys/file/x", "sys/a\0b"):
            self.assertRaises(errors.Missing, self.tree.read, path)
            self.assertIsNone(self.tree.read_optional(path))
        self.assertEqual([], self.tree.listdir("sys/none"))

    def test_unreadable(self) -> None:
        """An error of the system is UNREADABLE with the system's words."""
        if os.geteuid() == 0:
            # The one file that root cannot read at offset 0: EIO.
            self.tree = host_tree.HostTree("/")
            path = f"proc/{os.getpid()}/mem"
        else:
            path = "sys/a"
            self.write(path).chmod(0)
        self.assert_refused(path, codes.Code.UNREADABLE, "cannot be read")

    def test_a_view_for_one_scan_remembers(self) -> None:
        """One scan opens no file twice; the next sees the host anew."""
        opened: list[str] = []
        tree = host_tree.HostTree(self.root, opened.append)
        self.write("sys/a", "1\n")
        view = tree.once()
        self.assertEqual("1", view.read("sys/a"))
        self.write("sys/a", "2\n")
        self.assertEqual("1", view.read("sys/a"))
        self.assertEqual(["sys/a"], opened)
        self.assertEqual("2", tree.once().read("sys/a"))
        self.assertEqual("2", tree.read("sys/a"))

    def test_lines_with_a_prefix(self) -> None:
        """Of a long file only the wanted lines are kept."""
        self.write("lib/x", b"alias a b\n# \xff\nalias c d\nother\n")
        self.assertEqual(
            ["alias a b", "alias c d"],
            self.tree.lines("lib/x", 100, b"alias "),
        )
        self.assertRaises(
            errors.ReadError, self.tree.lines, "lib/x", 10
        )

    def test_root_without_a_host(self) -> None:
        """A root that holds no host is refused with what to do."""
        self.tree.check()
        empty = pathlib.Path(self.root / "sys")
        for root, word in (
            (self.root / "none", "is not a directory"),
            (empty, "has no sys/"),
        ):
            error = self.assertRaises(
                errors.NotAHostTree, host_tree.HostTree(root).check
            )
            self.assertIn(word, str(error))
            self.assertIn(str(root), str(error))
