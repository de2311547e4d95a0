# SPDX-License-Identifier: Apache-2.0

"""A real Placement under uwsgi, with its default buffer of 4 KiB."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import itertools
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from typing import Any

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint

from nova_vfio_compat.placement import provider

#: what noauth2 takes for an administrator, as long as a Fernet token
TOKEN = "admin:" + "x" * 240
RESOURCE_CLASS = "CUSTOM_CX7_VF"
#: what a host has for instances, and a function for them
TOTALS = {"VCPU": 64, "MEMORY_MB": 262144, "DISK_GB": 2000}
VFS = 64

_CONF = """\
[DEFAULT]
log_file = {folder}/placement.log
[api]
auth_strategy = noauth2
[placement_database]
connection = sqlite:///{folder}/placement.sqlite
sync_on_startup = True
"""
_DEVICE_TRAITS = (
    "COMPUTE_MANAGED_PCI_DEVICE", "HW_PCI_LIVE_MIGRATABLE", "OWNER_NOVA"
)


class Placement:
    """The service in a folder of its own; ``stop`` ends it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        (folder / "placement.conf").write_text(_CONF.format(folder=folder))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        here = pathlib.Path(sys.executable).with_name("uwsgi")
        uwsgi = here if here.exists() else shutil.which("uwsgi")
        if uwsgi is None:
            sys.exit("This needs uwsgi: pip install uwsgi")
        with open(folder / "uwsgi.log", "wb") as log:
            self._process = subprocess.Popen(
                [
                    uwsgi, "--http", f"127.0.0.1:{port}", "--http-keepalive",
                    "--module", "placement.wsgi.api", "--home", sys.prefix,
                    "--master", "--processes", "1", "--enable-threads",
                    "--die-on-term", "--need-app", "--no-orphans",
                    "--disable-logging",
                ],
                env={**os.environ, "OS_PLACEMENT_CONFIG_DIR": str(folder)},
                stdout=log,
                stderr=log,
            )
        self._adapter = adapter.Adapter(
            session.Session(auth=token_endpoint.Token(self.url, TOKEN)),
            service_type="placement",
        )
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError((folder / "uwsgi.log").read_text())
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            self.call("GET", "/")
        except Exception:
            return False
        return True

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send a request; the response."""
        return self._adapter.request(
            path, method, json=body, microversion="1.39"
        )

    def cpu(self) -> float:
        """Seconds of CPU that its processes have used."""
        ticks = 0
        children = f"/proc/{self._process.pid}/task/{self._process.pid}"
        pids = pathlib.Path(children, "children").read_text().split()
        for pid in [str(self._process.pid), *pids]:
            stat = pathlib.Path("/proc", pid, "stat").read_text()
            ticks += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        found = sqlite3.connect(self._folder / "placement.sqlite", timeout=60)
        with contextlib.closing(found), found:
            yield found

    def add_hosts(
        self, hosts: Iterable[tuple[str, str, dict[str, str]]]
    ) -> None:
        """Add compute nodes as nova-compute reports them.

        :param hosts: of each its name, its uuid, and the uuids of the
            providers of its functions by address
        """
        self.call("PUT", f"/resource_classes/{RESOURCE_CLASS}")
        with self._database() as rows:
            classes = _ids(rows, "resource_classes")
            traits = _ids(rows, "traits")
            ids = itertools.count(1)
            for name, uuid, functions in hosts:
                root = next(ids)
                _provider(rows, root, root, None, uuid, name)
                _inventory(rows, root, classes, TOTALS)
                _has(rows, root, [
                    traits[trait] for trait in ("COMPUTE_NODE", "OWNER_NOVA")
                ])
                for address, child_uuid in functions.items():
                    child = next(ids)
                    _provider(
                        rows, child, root, root, child_uuid,
                        f"{name}_{address.upper()}",
                    )
                    _inventory(rows, child, classes, {RESOURCE_CLASS: VFS})
                    _has(rows, child, [
                        traits[trait] for trait in _DEVICE_TRAITS
                    ])

    def add_reports(
        self, found: Iterable[tuple[str, str, frozenset[str]]]
    ) -> None:
        """Add reports as our reporter writes them.

        :param found: of each the compute node's name and uuid, and the
            names of the traits
        """
        with self._database() as rows:
            known = _ids(rows, "traits")
            (first,) = rows.execute("SELECT max(id) FROM resource_providers")
            for own, (name, uuid, traits) in enumerate(found, first[0] + 1):
                _provider(
                    rows, own, own, None,
                    provider.report_provider_uuid(uuid),
                    provider.report_provider_name(name),
                )
                for trait in sorted(traits - known.keys()):
                    known[trait] = _trait(rows, trait)
                _has(rows, own, [known[trait] for trait in traits])

    def add_names(self, names: Iterable[str]) -> None:
        """Add names of traits that nobody has."""
        with self._database() as rows:
            for name in names:
                _trait(rows, name)

    def renew(self, uuids: Iterable[str]) -> None:
        """Let reports be as if they had changed."""
        with self._database() as rows:
            rows.executemany(
                "UPDATE resource_providers SET generation = generation + 1 "
                "WHERE uuid = ?",
                [(provider.report_provider_uuid(uuid),) for uuid in uuids],
            )


def _ids(rows: sqlite3.Connection, table: str) -> dict[str, int]:
    # The table's name is one of two literals above.
    return dict(rows.execute(f"SELECT name, id FROM {table}"))  # noqa: S608


def _trait(rows: sqlite3.Connection, name: str) -> int:
    row = rows.execute("INSERT INTO traits (name) VALUES (?)", (name,))
    return int(row.lastrowid or 0)


def _provider(
    rows: sqlite3.Connection, own: int, root: int, parent: int | None,
    uuid: str, name: str,
) -> None:
    rows.execute(
        "INSERT INTO resource_providers (id, uuid, name, generation, "
        "root_provider_id, parent_provider_id) VALUES (?, ?, ?, 1, ?, ?)",
        (own, uuid, name, root, parent),
    )


def _inventory(
    rows: sqlite3.Connection, own: int, classes: dict[str, int],
    totals: dict[str, int],
) -> None:
    rows.executemany(
        "INSERT INTO inventories (resource_provider_id, resource_class_id, "
        "total, reserved, min_unit, max_unit, step_size, allocation_ratio) "
        "VALUES (?, ?, ?, 0, 1, ?, 1, 1.0)",
        [
            (own, classes[name], total, total)
            for name, total in totals.items()
        ],
    )


def _has(rows: sqlite3.Connection, own: int, traits: Iterable[int]) -> None:
    rows.executemany(
        "INSERT INTO resource_provider_traits (trait_id, "
        "resource_provider_id) VALUES (?, ?)",
        [(trait, own) for trait in traits],
    )
