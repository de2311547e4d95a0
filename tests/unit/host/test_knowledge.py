# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import sys
from unittest import mock

from nova_vfio_compat.host import knowledge
from nova_vfio_compat.host import tree as host_tree
from tests.unit.host import base
from tests.unit.host import knowing

SUBJECT = knowing.SUBJECT
VF = knowing.VF
SAMPLES = pathlib.Path(__file__).parents[3] / "etc" / "vfio-compat.d"


class LoadTest(knowing.KnowledgeTestCase):
    def test_no_folder(self) -> None:
        """A host without the folder costs one look for it, and no import."""
        tree = host_tree.HostTree(self.root)
        with mock.patch.object(
            tree.store, "listdir", wraps=tree.store.listdir
        ) as listdir, mock.patch.object(
            tree.store, "kind", wraps=tree.store.kind
        ) as kind:
            opened: list[str] = []
            tree.opened = opened.append
            known = knowledge.Knowledge.load(tree)
        self.assertFalse(known)
        self.assertEqual((), known.problems)
        self.assertEqual(
            [mock.call(knowledge.FOLDER, knowledge.FOLDER)],
            listdir.mock_calls,
        )
        self.assertEqual(([], []), (opened, kind.mock_calls))
        subprocess.run(
            [
                sys.executable, "-c",
                "import sys\n"
                "from nova_vfio_compat.host import knowledge, tree\n"
                f"known = tree.HostTree({str(self.root)!r})\n"
                "knowledge.Knowledge.load(known)\n"
                "assert not {'yaml', 'jsonschema'} & sys.modules.keys()\n",
            ],
            check=True,
        )

    def test_files_by_name(self) -> None:
        """Files apply in the order of their names."""
        for name in ("20.yaml", "10.yaml"):
            self.say("  - {match: {vendor: 15b3}, verified: [p2p]}\n", name)
        self.assertEqual(
            [f"{knowledge.FOLDER}/{n}.yaml:2" for n in (10, 20)],
            [entry.place for entry in self.load().matching(SUBJECT)],
        )

    def test_other_names(self) -> None:
        """Names that YAML files often have are not left out unnoticed."""
        for name in ("a.yml", ".a.yaml.swp", ".b.yaml", "a.yaml~", "README"):
            self.say("nonsense", name)
        known = self.load()
        self.assertFalse(known)
        (problem,) = known.problems
        self.assertIn("a.yml", problem.path)
        self.assertIn(".yaml", problem.detail)

    def test_broken_file(self) -> None:
        """A file that cannot be read or understood costs itself only."""
        folder = self.root / knowledge.FOLDER
        self.say("  - {match: {vendor: 15b3}, verified: [p2p]}\n", "30.yaml")
        self.host.break_file(folder / "10.yaml")
        self.say("  - match: {", "20.yaml")
        os.mkfifo(folder / "40.yaml")
        (folder / "50.yaml").mkdir()
        self.say("#" * 100_000, "60.yaml")
        known = self.load()
        self.assertEqual(1, len(known.matching(SUBJECT)))
        self.assertEqual(
            [
                f"{knowledge.FOLDER}/{name}"
                for name in (
                    "10.yaml", "20.yaml:2", "40.yaml", "50.yaml", "60.yaml"
                )
            ],
            [problem.path for problem in known.problems],
        )

    def test_broken_folder(self) -> None:
        """A folder that cannot be read is a problem."""
        self.host.break_file(self.root / knowledge.FOLDER)
        (problem,) = self.load().problems
        self.assertEqual(knowledge.FOLDER, problem.path)

    def test_too_many_files(self) -> None:
        """Files beyond the bound are named and not read."""
        for number in range(knowledge.MAX_FILES + 2):
            self.say(
                "  - {match: {vendor: 15b3}, verified: [p2p]}\n",
                f"{number:03}.yaml",
            )
        known = self.load()
        self.assertEqual(
            knowledge.MAX_FILES, len(known.matching(SUBJECT))
        )
        (problem,) = known.problems
        self.assertIn("064.yaml", problem.path)

    def test_samples(self) -> None:
        """Each sample is understood, as it is and without its comments."""
        names = sorted(path.name for path in SAMPLES.iterdir())
        self.assertGreater(len(names), 3)
        for name in names:
            text = (SAMPLES / name).read_text()
            self.assertTrue(text.isascii())
            self.write(f"{knowledge.FOLDER}/{name}", text)
        known = self.load()
        self.assertEqual((), known.problems)
        self.assertGreater(len(known.entries), len(names))


class SubjectTest(knowing.KnowledgeTestCase):
    def test_function(self) -> None:
        """A VF is known by its own address, its PF's, and its driver."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        expected = dataclasses.replace(
            SUBJECT, types=("a",), addresses=(VF, base.PF)
        )
        self.assertEqual(expected, self.subject(VF))
        self.host.bind(VF, "mlx5_vfio_pci")
        self.assertEqual(expected, self.subject(VF))

    def test_mediated(self) -> None:
        """An mdev is known by its type and parent, and so is its type."""
        self.host.mdev_parent(
            base.PF, driver="nvidia", types={"nvidia-558": {"name": "A40-4Q"}}
        )
        self.host.mdev(base.UUID, parent=base.PF, type="nvidia-558")
        expected = knowledge.Subject(
            "nvidia", ("a", "nvidia-558", "A40-4Q"), (base.PF,), "8086",
            "591d", "test",
        )
        self.assertEqual(expected, self.subject(base.UUID))
        self.assertEqual(expected, self.subject("nvidia-558"))

    def test_parent_is_a_vf(self) -> None:
        """Where each VF is a parent, the GPU's address fits as well."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        self.host.mdev_parent(VF, types={"nvidia-558": {}})
        self.assertEqual((VF, base.PF), self.subject("nvidia-558").addresses)

    def test_virtual_parent(self) -> None:
        """A parent that is no PCI function is known by its names."""
        self.host.mtty(types=("mtty-1",))
        found = self.subject("mtty-1")
        self.assertEqual(("mtty_mtty", "mtty"), found.addresses)
        self.assertEqual(("mtty", None), (found.driver, found.vendor))
