# SPDX-License-Identifier: Apache-2.0

"""What belongs to the project as a package: entry points, files, versions."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from importlib import metadata
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
from typing import Any

from oslo_config import generator
from oslotest import base
from packaging import requirements

from nova_vfio_compat.compat import codes

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "nova_vfio_compat"


def _project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def _declared() -> list[str]:
    """The distributions that the package itself needs."""
    return [
        _key(requirements.Requirement(text).name)
        for text in _project()["project"]["dependencies"]
    ]


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins() -> dict[str, str]:
    """Distribution to version, as in constraints.txt."""
    found = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version = line.split("==")
            found[_key(name)] = version
    return found


def _imports(path: pathlib.Path) -> set[str]:
    """Full names of what a module imports, wherever it does so."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(
                f"{node.module}.{alias.name}" for alias in node.names
            )
    return found


def _modules() -> dict[str, set[str]]:
    """File of the package, relative to it, to what it imports."""
    top = ROOT / PACKAGE
    return {
        str(path.relative_to(top)): _imports(path)
        for path in sorted(top.rglob("*.py"))
    }


def _tracked() -> list[pathlib.Path]:
    """The files of the project, committed or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [path for name in listed if (path := ROOT / name).is_file()]


class EntryPointsTest(base.BaseTestCase):
    """Names that others use to reach into the package."""

    def test_every_entry_point_can_be_loaded(self) -> None:
        """Every entry point that pyproject.toml declares resolves."""
        project = _project()["project"]
        declared = {"console_scripts": project["scripts"]}
        declared.update(project["entry-points"])
        for group, names in declared.items():
            for name, value in names.items():
                point = metadata.EntryPoint(name, value, group)
                found = point.load()
            # Nova's validators are modules.
            found = getattr(found, "register", found)
            self.assertTrue(callable(found), f"{group}: {name}")

    def test_installed_entry_points_are_the_declared_ones(self) -> None:
        """What is installed here has the entry points of this tree."""
        installed = {
            (point.group, point.name, point.value)
            for point in metadata.distribution("nova-vfio-compat").entry_points
        }
        project = _project()["project"]
        declared = {
            ("console_scripts", name, value)
            for name, value in project["scripts"].items()
        }
        for group, names in project["entry-points"].items():
            declared.update((group, *item) for item in names.items())
        self.assertEqual(declared, installed)


class SampleTest(base.BaseTestCase):
    """The sample configuration in etc/."""

    def test_sample_is_what_the_generator_makes(self) -> None:
        """The committed sample file has every option as it is now."""
        pins = _pins()
        for name in ("oslo.config", "keystoneauth1"):
            # Their help texts are a part of the file.
            if metadata.version(name) != pins[_key(name)]:
                self.skipTest(f"{name} is not the pinned version")
        sample = ROOT / "etc" / "nova-vfio-compat.conf.sample"
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder) / "sample"
            generator.main([
                "--config-file",
                str(ROOT / "etc" / "nova-vfio-compat-config-generator.conf"),
                "--output-file",
                str(made),
            ])
            self.assertEqual(
                sample.read_text(),
                made.read_text(),
                "tox -e genconfig makes it anew",
            )


class DependenciesTest(base.BaseTestCase):
    """What has to be installed beside the package."""

    def test_imported_distributions_are_declared(self) -> None:
        """Whatever the package imports is a declared dependency."""
        owners = metadata.packages_distributions()
        # Where the filter runs Nova is there, with what Nova needs.
        nova = {"nova", "oslo-db"}
        for path, imported in _modules().items():
            allowed = {*_declared(), PACKAGE.replace("_", "-")}
            if path.startswith("scheduler/"):
                allowed |= nova
            for name in imported:
                top = name.partition(".")[0]
                if top in sys.stdlib_module_names:
                    continue
                found = {_key(owner) for owner in owners.get(top, [top])}
                self.assertTrue(found & allowed, f"{path} imports {name}")

    def test_every_dependency_is_pinned(self) -> None:
        """constraints.txt pins whatever pyproject.toml asks for."""
        pins = _pins()
        project = _project()
        texts = list(project["project"]["dependencies"])
        for group in project["dependency-groups"].values():
            texts.extend(item for item in group if isinstance(item, str))
        for text in texts:
            wanted = requirements.Requirement(text)
            if str(wanted.specifier).startswith("=="):
                # Pinned where it is: the tests run on several of it.
                continue
            version = pins[_key(wanted.name)]
            self.assertIn(version, wanted.specifier, wanted.name)


class RoomsTest(base.BaseTestCase):
    """Which part of the package may import which other."""

    #: a part, and the parts that it may import beside itself
    ALLOWED: Mapping[str, set[str]] = {
        "compat": set(),
        "conf": set(),
        "host": {"compat", "conf"},
        "placement": {"compat", "conf"},
        "reporter": {"compat", "conf", "host", "placement"},
        "scheduler": {"compat", "conf", "placement"},
        "cli": {"compat", "conf", "host", "placement", "reporter"},
        # For the tests of packages that add a family of devices.
        "testing": {"compat", "host"},
    }

    def test_arrows_point_downward(self) -> None:
        """No part imports one that stands above or beside it."""
        for path, imported in _modules().items():
            part = path.partition("/")[0].removesuffix(".py")
            if part == "__init__":
                continue
            used = {
                name.split(".")[1]
                for name in imported
                if name.startswith(f"{PACKAGE}.")
            } - {part}
            self.assertLessEqual(used, self.ALLOWED[part], path)

    def test_only_the_scheduler_imports_nova(self) -> None:
        """A compute host needs no Nova in the reporter's environment."""
        for path, imported in _modules().items():
            if path.startswith("scheduler/"):
                continue
            tops = {name.partition(".")[0] for name in imported}
            self.assertFalse({"nova", "placement"} & tops, path)

    def test_compat_is_pure(self) -> None:
        """The rules need nothing but Python and packaging."""
        for path, imported in _modules().items():
            if not path.startswith("compat/"):
                continue
            tops = {name.partition(".")[0] for name in imported}
            others = tops - set(sys.stdlib_module_names)
            self.assertLessEqual(others, {PACKAGE, "packaging"}, path)
            self.assertFalse(
                {"os", "pathlib", "socket", "subprocess"} & tops, path
            )

    def test_nothing_imports_what_goes_away(self) -> None:
        """Nothing that Nova bans from its processes is imported."""
        banned = {"asyncio", "eventlet", "oslo_rootwrap", "pkg_resources"}
        for path, imported in _modules().items():
            tops = {name.partition(".")[0] for name in imported}
            self.assertFalse(banned & tops, path)


class DocumentationTest(base.BaseTestCase):
    """What the documentation must keep up with."""

    def test_every_code_is_explained(self) -> None:
        """The page on rejections has every code that an operator can see."""
        page = ROOT / "doc" / "source" / "operator" / "rejections.rst"
        text = page.read_text()
        for code in codes.Code:
            self.assertIn(f"``{code.value}``", text)


class FilesTest(base.BaseTestCase):
    """Every file of the project."""

    def setUp(self) -> None:
        super().setUp()
        if not (ROOT / ".git").exists():
            self.skipTest("not a git work tree")

    def test_python_files_name_their_licence(self) -> None:
        """Every Python file says under which licence it is."""
        for path in _tracked():
            if path.suffix == ".py":
                head = path.read_text().splitlines()[:2]
                self.assertIn(
                    "# SPDX-License-Identifier: Apache-2.0", head, str(path)
                )

    def test_nothing_points_outside(self) -> None:
        """No file names a folder of one machine or a package index.

        Both work where they were written and nowhere else.
        """
        folders = "|".join(("home", "root", "work", "Users"))
        outside = re.compile(
            rf"(?<![\w.}}~-])/(?:{folders})/\w"
            r"|(?i:\bpypi\b|pythonhosted|index-url|npmjs)"
        )
        own = pathlib.Path(__file__).resolve()
        for path in _tracked():
            try:
                text = path.read_text()
            except UnicodeDecodeError:
                continue
            if path.resolve() == own:
                continue
            for number, line in enumerate(text.splitlines(), 1):
                self.assertNotRegex(
                    line, outside, f"{path.relative_to(ROOT)}:{number}"
                )
