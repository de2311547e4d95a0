# SPDX-License-Identifier: Apache-2.0

"""A scratch tree in which DevStack's functions run the plugin."""

from __future__ import annotations

import getpass
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
from typing import ClassVar
import unittest

from oslo_config import cfg
from oslotest import base
from testtools import content

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.cli import status_settings

ROOT = pathlib.Path(__file__).resolve().parents[2]
URL = "https://opendev.org/openstack/devstack"

# The world outside DevStack's functions: each of these writes down how it is
# called. Of what root does, only writing units is done.
_STUBS = {
    "bin/sudo": """
echo "sudo $*" >> "$SCRATCH/calls"
while [ "${1#-}" != "$1" ]; do shift; done
case $1 in
    grep | sed | tee | systemctl) exec "$@" ;;
esac
""",
    "bin/systemctl": """
echo "systemctl $*" >> "$SCRATCH/calls"
unit=$SCRATCH/enabled/${2:-none}
case $1 in
    enable) touch "$unit" ;;
    disable) rm "$unit" ;;
    is-enabled) test -e "$unit" ;;
esac
""",
    "bin/uuidgen": "echo 11111111-1111-4111-8111-111111111111\n",
    "venv/bin/pip": 'echo "pip $*" >> "$SCRATCH/calls"\n',
    "dest/requirements/.venv/bin/edit-constraints": "",
}


class PluginTestCase(base.BaseTestCase):
    devstack: ClassVar[pathlib.Path]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if named := os.environ.get("DEVSTACK_DIR"):
            cls.devstack = pathlib.Path(named)
            if not (cls.devstack / "stackrc").exists():
                raise AssertionError(f"DEVSTACK_DIR={named} has no stackrc")
            return
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.devstack = pathlib.Path(folder.name) / "devstack"
        cloned = subprocess.run(
            ["git", "clone", "-q", "--depth", "1", URL, str(cls.devstack)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if cloned.returncode:
            raise unittest.SkipTest(
                f"{URL} cannot be cloned: {cloned.stderr.strip()}"
            )

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="stack-")
        self.addCleanup(folder.cleanup)
        self.scratch = pathlib.Path(folder.name)
        shutil.copytree(
            self.devstack,
            self.scratch / "devstack",
            ignore=shutil.ignore_patterns(".git", "doc", "localrc"),
        )
        for name in ("etc", "units", "enabled", "dest/logs"):
            (self.scratch / name).mkdir(parents=True)
        for name, text in _STUBS.items():
            path = self.scratch / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"#!/bin/sh\n{text}")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        (self.scratch / "dest/nova-vfio-compat").symlink_to(ROOT)
        self.nova_conf = self.scratch / "etc/nova.conf"
        self.cpu_conf = self.scratch / "etc/nova-cpu.conf"
        self.reporter_conf = (
            self.scratch / "etc/nova-vfio-compat-reporter.conf"
        )

    def run_script(
        self, script: str, *lines: str, services: str = "n-sch n-cpu"
    ) -> subprocess.CompletedProcess[str]:
        """Run stack, unstack or clean with a localrc; output in output."""
        (self.scratch / "devstack/localrc").write_text("\n".join([
            f"DEST={self.scratch}/dest",
            f"DATA_DIR={self.scratch}/data",
            f"STACK_USER={getpass.getuser()}",
            "HOST_IP=127.0.0.1",
            *(
                f"{name}_PASSWORD=secret"
                for name in ("ADMIN", "DATABASE", "RABBIT", "SERVICE")
            ),
            "GLOBAL_VENV=True",
            f"DEVSTACK_VENV={self.scratch}/venv",
            "LIBVIRT_TYPE=qemu",
            "disable_all_services",
            f"enable_service {services} placement-client",
            "enable_plugin nova-vfio-compat https://example.org/any",
            *lines,
        ]))
        result = subprocess.run(
            ["bash", str(ROOT / "tests/devstack/drive.sh"), script],
            env={
                "HOME": str(self.scratch),
                "PATH": f"{self.scratch}/bin:{os.environ['PATH']}",
                "SCRATCH": str(self.scratch),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        self.output = result.stdout + result.stderr
        self.addDetail(script, content.text_content(self.output))
        return result

    def stack(self, *lines: str, services: str = "n-sch n-cpu") -> None:
        result = self.run_script("stack", *lines, services=services)
        self.assertEqual(0, result.returncode, self.output)

    def calls(self) -> str:
        """How pip and systemctl were called."""
        path = self.scratch / "calls"
        return path.read_text() if path.exists() else ""

    def load(self, *paths: pathlib.Path) -> cfg.ConfigOpts:
        """Files as our programs read them."""
        conf = cfg.ConfigOpts()
        status_settings.register_opts(conf)
        args = [part for path in paths for part in ("--config-file", path)]
        conf_.load(conf, list(map(str, args)), "nova-vfio-compat-reporter")
        return conf
