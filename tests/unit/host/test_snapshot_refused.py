# SPDX-License-Identifier: Apache-2.0

"""Archives that are no snapshot, or want to do harm."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import random
import tarfile
from typing import Any

from nova_vfio_compat.host import archive
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import snapshot
from nova_vfio_compat.host import tree as host_tree
from tests.unit.host import snapshots

_MANIFEST = snapshot.MANIFEST


class RefusedTest(snapshots.SnapshotTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.populate()
        self.snapshot()
        self.good = self.file.read_bytes()

    def assert_refused(self, *words: str) -> str:
        """The file is refused in one sentence that says what to do."""
        error = self.assertRaises(
            errors.NotAHostTree, host_tree.HostTree, self.file
        )
        text = str(error)
        for word in (str(self.file), *words):
            self.assertIn(word, text)
        self.assertRegex(text, "(make|use|give) .*\\.$")
        self.assertNotIn("\n", text)
        self.assertTrue(text.isprintable())
        return text

    def add(self, item: tarfile.TarInfo, data: bytes = b"") -> None:
        """Write the snapshot with one member more."""
        plain = io.BytesIO(gzip.decompress(self.good))
        with tarfile.open(fileobj=plain, mode="a") as found:
            item.size = len(data)
            found.addfile(item, io.BytesIO(data))
        self.file.write_bytes(gzip.compress(plain.getvalue()))

    def change(self, **differs: Any) -> None:
        """Write the snapshot with another manifest."""
        members = archive.unpack(self.good, 1 << 20, {})
        document = json.loads(members[_MANIFEST])
        document.update(differs)
        members[_MANIFEST] = json.dumps(document).encode()
        self.file.write_bytes(archive.pack(members))

    def test_members_that_are_no_files(self) -> None:
        """Links, device nodes, FIFOs and folders are refused."""
        for kind in (
            tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE,
            tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE,
            tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE,
        ):
            item = tarfile.TarInfo("sys/x")
            item.type = kind
            item.linkname = "../../etc/passwd"
            self.add(item)
            self.assert_refused("no plain file", "sys/x")

    def test_names_that_lead_out(self) -> None:
        """Absolute names and those that climb are refused."""
        for name in ("/etc/x", "../x", "sys/../../x", "sys//x", "./x", ".."):
            self.add(tarfile.TarInfo(name))
            self.assert_refused("leads out", ascii(name))

    def test_a_file_twice(self) -> None:
        """Of two files of one name nobody knows which counts."""
        self.add(tarfile.TarInfo(_MANIFEST), b"{}")
        self.assert_refused("twice", _MANIFEST)

    def test_a_file_more_or_less(self) -> None:
        """Files that the manifest does not count are refused."""
        self.add(tarfile.TarInfo("sys/x"), b"x")
        self.assert_refused("missing or were added")

    def test_too_large(self) -> None:
        """A file, an archive and what it unpacks to have bounds."""
        self.add(tarfile.TarInfo("sys/x"), b"\0" * ((1 << 20) + 1))
        self.assert_refused("more than 1048576 bytes")
        self.file.write_bytes(self.good)
        # Each is looked at after those that follow here.
        for limit, value, words in (
            ("MAX_MEMBERS", 3, "more than 3 files"),
            ("MAX_UNPACKED", 1000, "holds more than"),
            ("MAX_ARCHIVE", 1000, "is larger than"),
        ):
            self.patch(archive, limit, value)
            self.assert_refused(words)

    def test_a_bomb(self) -> None:
        """A small file that unpacks to a large one is not unpacked."""
        self.patch(archive, "MAX_UNPACKED", 1 << 20)
        self.file.write_bytes(gzip.compress(bytes(32 << 20)))
        self.assert_refused("holds more than")

    def test_too_large_to_be_made(self) -> None:
        """What could not be read again is not written."""
        self.patch(archive, "MAX_MEMBERS", 3)
        error = self.assertRaises(errors.HostError, self.snapshot)
        self.assertIn("more than 3 files", str(error))

    def test_garbage(self) -> None:
        """What is no gzip, or one of something else, is refused."""
        for data, word in (
            (b"", "gzip"),
            (b"\x7fELF", "gzip"),
            (b"\x1f\x8b", "cut off"),
            (b"\x1f\x8b" + bytes(100), "damaged"),
            (gzip.compress(b""), "damaged"),
            (gzip.compress(b"x" * 2000), "damaged"),
            (gzip.compress(bytes(2000)), "no nova-vfio-compat.json"),
            (self.good + b"x", "after its end"),
        ):
            self.file.write_bytes(data)
            self.assert_refused(word)

    def test_somebody_elses_archive(self) -> None:
        """An archive of a host's folders is not taken for a snapshot."""
        with tarfile.open(self.file, "w:gz") as found:
            found.add(self.root / "usr", "usr", recursive=False)
        self.assert_refused("no plain file")
        self.file.write_bytes(archive.pack({"sys/x": b""}))
        self.assert_refused("no nova-vfio-compat.json")
        self.change(format="another")
        self.assert_refused("another program's")

    def test_cut_off(self) -> None:
        """A file that was not copied to its end is refused, wherever."""
        for end in range(0, len(self.good), 29):
            self.file.write_bytes(self.good[:end])
            self.assert_refused()
        plain = gzip.decompress(self.good)
        for end in range(512, 8192, 512):
            self.file.write_bytes(gzip.compress(plain[:end]))
            self.assert_refused()

    def test_damaged(self) -> None:
        """Changed bytes are refused or harmless, and never an exception."""
        plain = bytearray(gzip.decompress(self.good))
        chance = random.Random(4)
        for _ in range(100):
            damaged = bytearray(plain)
            for _ in range(chance.choice((1, 4, 50))):
                damaged[chance.randrange(len(damaged))] = chance.choice(
                    b"\0\xff/.0129xL{}[],\"\n\x80"
                )
            self.file.write_bytes(gzip.compress(damaged, 1))
            try:
                tree = host_tree.HostTree(self.file)
                scan.scan(tree)
            except errors.NotAHostTree as error:
                self.assertTrue(str(error).isprintable())

    def test_another_version(self) -> None:
        """A snapshot of a later format says which version to use."""
        for version in (2, "1", None, [1] * 99):
            self.change(version=version)
            self.assert_refused("of format", "reads format 1")

    def test_a_manifest_that_is_damaged(self) -> None:
        """Each part of the manifest is what it must be, or is refused."""
        parts = ("lists", "links", "kinds", "unread", "unlisted", "nova")
        wrong: tuple[Any, ...] = ([], "x", {"sys": 7}, {"sys": [7]})
        for part, value in itertools.product(parts, wrong):
            self.change(**{part: value})
            self.assert_refused(_MANIFEST)
        for value in (
            {"device_spec": "{", "mdev_types": []},
            {"device_spec": [], "mdev_types": [["a"]]},
            {"device_spec": [], "mdev_types": [["a", "b"]]},
        ):
            self.change(nova=value)
            self.assert_refused(_MANIFEST)
        for text in (b"\xff", b"[" * 100_000, b"[]", b'{"a": NaN'):
            self.file.write_bytes(archive.pack({_MANIFEST: text}))
            self.assert_refused(_MANIFEST)

    def test_links_that_leave_the_root(self) -> None:
        """Links in it lead nowhere else, wherever they point."""
        secret = self.root.parent / "secret"
        secret.write_text("x\n")
        self.change(links={
            "sys/up": "../../secret", "sys/away": str(secret),
            "sys/a": "b", "sys/b": "a",
        })
        tree = host_tree.HostTree(self.file)
        for name in ("up", "away", "a"):
            error = self.assertRaises(
                errors.ReadError, tree.read, f"sys/{name}"
            )
            self.assertNotIn("secret", error.path)

    def test_texts_that_a_terminal_would_obey(self) -> None:
        """Recorded words are printed without control characters."""
        self.change(unlisted={"sys/bus/pci/devices": {
            "code": "unreadable", "detail": "\x1b[2Jx\n", "brief": "\x07",
            "missing": False,
        }}, lists={})
        found = scan.scan(host_tree.HostTree(self.file))
        self.assertIn("sys/bus/pci/devices", found.unlisted)
        for problem in found.problems:
            self.assertTrue(problem.line.isprintable())
            self.assertTrue(problem.detail.isprintable())
