# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile

from oslotest import base

REPO = pathlib.Path(__file__).parents[2]
COMMAND = REPO / "tools/check-kernel-rules"
MAKEFILE = "# SPDX\nVERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL = 13\n"
CHECK = """\
#include <linux/pci.h>

static int check(struct thing *thing, u32 size);

/* check() is what { decides. */
#define MAGIC 0xfeed \\
\t+ 1
static int helper(void)
{
\tstruct id ids[] = { { 7 } };

\treturn check(NULL, '{');
}

static int __must_check
check(struct thing *thing, u32 size) __must_hold(&thing->lock)
{
\tif (size > MAX) { // too "much
\t\tpr_err("no } way\\n");
\t\treturn -EINVAL;
\t}
\treturn 0;
}

static const struct id ids[] = {
\t{ ID(0x1000) },
\t{}
};

enum version { V1 = 0x20, V2 = 0x21 };
"""


class KernelRulesTest(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.tree = self.top / "linux"
        self.cited = self.top / "cited.json"
        self.write("Makefile", MAKEFILE)
        self.write("drivers/vfio/some/main.c", CHECK)
        self.write("drivers/vfio/plain.c", "/* no mig_ops */ int plain;\n")
        self.list([
            ("drivers/vfio/some/main.c", name)
            for name in ("check", "ids", "MAGIC", "enum version")])
        self.record()

    def write(self, path: str, text: str) -> None:
        """Write a file of the kernel."""
        place = self.tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def list(self, definitions: list[tuple[str, str]]) -> None:
        """Write what is cited."""
        self.cited.write_text(json.dumps({
            "release": "0",
            "definitions": [
                {"path": path, "name": name, "rules": ["some"], "digest": ""}
                for path, name in definitions],
            "absent": [{
                "path": "drivers/vfio/plain.c", "name": "mig_ops",
                "rules": ["plain"]}],
        }))

    def run_it(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command, as people do."""
        return subprocess.run(
            [sys.executable, "-P", str(COMMAND), "--cited", str(self.cited),
             *arguments],
            capture_output=True, text=True, check=False)

    def record(self) -> None:
        """Take the kernel as it is for what is expected."""
        done = self.run_it(str(self.tree), "--record")
        self.assertEqual((0, ""), (done.returncode, done.stdout), done.stderr)

    def assert_told(self, *lines: str) -> None:
        """The command finds these changes and no others."""
        done = self.run_it(str(self.tree))
        self.assertEqual("".join(f"{line}\n" for line in lines), done.stdout)
        self.assertEqual(1 if lines else 0, done.returncode, done.stderr)
        self.assertIn("Linux 7.2.13", done.stderr)

    def change(self, old: str, new: str) -> None:
        """Change the driver."""
        self.assertIn(old, CHECK)
        self.write("drivers/vfio/some/main.c", CHECK.replace(old, new))

    def test_nothing_changed(self) -> None:
        """The kernel that was recorded is as it was."""
        self.assert_told()
        done = self.run_it(str(self.tree), "--verbose")
        self.assertEqual(5, done.stdout.count("same: "))

    def test_white_space_and_comments(self) -> None:
        """Another layout and other comments are no change."""
        self.change("u32 size) __must", "u32   size)\n\t\t__must")
        self.assert_told()
        self.change('// too "much', "/* as { it\n were */")
        self.assert_told()
        self.change("static int helper", "/* } */ static int helper")
        self.assert_told()
        self.change("struct id ids", "struct id  ids")
        self.assert_told()

    def test_changed(self) -> None:
        """Another condition, message, entry or value is a change."""
        for old, new, name in (
            ("size > MAX", "size >= MAX", "check"),
            ("no } way", "no } more", "check"),
            ("static int __must_check", "int __must_check", "check"),
            ("0x1000", "0x1001", "ids"),
            ("+ 1", "+ 2", "MAGIC"),
            ("V2 = 0x21", "V2 = 0x21, V3 = 0x30", "enum version"),
        ):
            with self.subTest(new=new):
                self.change(old, new)
                self.assert_told(
                    f"changed: drivers/vfio/some/main.c {name} "
                    "(cited by some)")

    def test_its_neighbours(self) -> None:
        """What is before or behind a definition is no part of it."""
        self.change("return check(NULL, '{')", "return 1")
        self.assert_told()
        self.change("{ 7 }", "{ 8 }")
        self.assert_told()
        self.change("#include <linux/pci.h>", "#include <linux/pci.h>\n#if 1")
        self.assert_told()
        self.change("static const struct id", "#define X 1\nstatic const "
                    "struct id")
        self.assert_told()

    def test_moved(self) -> None:
        """A definition in another file is found, the same or not."""
        self.write("drivers/vfio/some/main.c", "int check(void);\n")
        self.write("drivers/vfio/some/check.c", CHECK)
        where = "moved to drivers/vfio/some/check.c"
        self.assert_told(*(
            f"{where}: drivers/vfio/some/main.c {name} (cited by some)"
            for name in ("MAGIC", "check", "enum version", "ids")))
        self.write(
            "drivers/vfio/some/check.c", CHECK.replace("0x1000", "0x1001"))
        self.assertIn(
            "moved and changed to drivers/vfio/some/check.c: "
            "drivers/vfio/some/main.c ids (cited by some)",
            self.run_it(str(self.tree)).stdout.splitlines())

    def test_moved_directory(self) -> None:
        """A driver whose directory was moved is found."""
        (self.tree / "drivers/vfio/some").rename(
            self.tree / "drivers/vfio/other")
        self.assertIn(
            "moved to drivers/vfio/other/main.c: drivers/vfio/some/main.c "
            "check (cited by some)",
            self.run_it(str(self.tree)).stdout.splitlines())

    def test_vanished(self) -> None:
        """A definition that is nowhere has vanished; a call is none."""
        self.write(
            "drivers/vfio/some/main.c",
            CHECK.replace("\ncheck(", "\nexamine("))
        self.assert_told(
            "vanished: drivers/vfio/some/main.c check (cited by some)")

    def test_namesakes(self) -> None:
        """What only has the same name is not what was cited."""
        self.write(
            "drivers/vfio/some/main.c",
            CHECK.replace("\ncheck(", "\nexamine("))
        self.write("drivers/vfio/far/check.c", "int check(void) { }\n")
        told = "vanished: drivers/vfio/some/main.c check (cited by some)"
        self.assert_told(told)
        self.write("drivers/vfio/some/other.c", CHECK.replace("MAX", "MIN"))
        self.list([
            ("drivers/vfio/some/main.c", "examine"),
            ("drivers/vfio/some/other.c", "check")])
        self.record()
        document = json.loads(self.cited.read_text())
        document["definitions"][0]["name"] = "check"
        self.cited.write_text(json.dumps(document))
        self.assert_told(told)

    def test_appeared(self) -> None:
        """A driver that has learnt to migrate is told of."""
        self.write("drivers/vfio/plain.c", "int f(void) { v->mig_ops = o; }")
        self.assert_told(
            "appeared in drivers/vfio/plain.c: drivers/vfio/plain.c mig_ops "
            "(cited by plain)")
        self.write("drivers/vfio/plain.c", 'char *s = "mig_ops";')
        self.assert_told()
        (self.tree / "drivers/vfio/plain.c").unlink()
        self.assert_told(
            "vanished: drivers/vfio/plain.c mig_ops (cited by plain)")

    def test_wrong_use(self) -> None:
        """What is no kernel and what is no list ends with status 2."""
        (self.top / "empty").mkdir()
        for arguments in ((), (str(self.top / "empty"),),
                          (str(self.tree), "--no-such-option")):
            done = self.run_it(*arguments)
            self.assertEqual((2, ""), (done.returncode, done.stdout))
            self.assertIn("usage:", done.stderr)
        for text in ("{", "{}", '{"release": "1", "absent": [], '
                     '"definitions": [{"path": "../x", "name": "x", '
                     '"rules": ["x"], "digest": ""}]}'):
            self.cited.write_text(text)
            done = self.run_it(str(self.tree))
            self.assertEqual(2, done.returncode)
            self.assertNotIn("Traceback", done.stderr)

    def test_record_what_is_not_there(self) -> None:
        """A definition that is not found is not recorded."""
        before = self.cited.read_text()
        self.write("drivers/vfio/some/main.c", "int x;\n")
        done = self.run_it(str(self.tree), "--record")
        self.assertEqual(2, done.returncode)
        self.assertIn("does not define", done.stderr)
        self.assertEqual(before, self.cited.read_text())
