# SPDX-License-Identifier: Apache-2.0

"""A real Placement over HTTP on loopback, for tests.

Placement's configuration and database are global to a process, so it runs in
one of its own: the process is this module, run as a program.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from typing import Any

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint

#: what Placement's noauth2 takes for an administrator
TOKEN = "admin"
_ROOT = os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
)


class PlacementServer:
    """Placement with an empty SQLite database in a temporary folder.

    ``start`` returns when it answers; ``stop`` leaves nothing behind.

    :param database: the URL of another database; its tables are made if
        they are missing, and stay
    :param threads: how many requests it answers at a time
    :ivar url: its endpoint
    """

    def __init__(self, database: str | None = None, threads: int = 4) -> None:
        self.url = ""
        self._database = database
        self._threads = threads
        self._process: subprocess.Popen[str] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._adapter: adapter.Adapter | None = None

    def start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="placement-")
        log = os.path.join(self._folder.name, "log")
        database = (
            self._database or f"sqlite:///{self._folder.name}/placement.sqlite"
        )
        with open(log, "w") as stderr:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", __name__,
                    "--database", database,
                    "--threads", str(self._threads),
                ],
                cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": _ROOT},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self._process.stdout is not None
        # The line comes when the socket listens, or the end of the file
        # when the process has failed.
        port = self._process.stdout.readline().strip()
        if not port:
            with open(log) as file:
                text = file.read()
            self.stop()
            raise RuntimeError(f"Placement did not start:\n{text}")
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            # It ends when its standard input does: also if we are killed.
            self._process.stdin.close()
            self._process.wait(timeout=30)
            self._process.stdout.close()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def adapter(self) -> adapter.Adapter:
        """A keystoneauth adapter with an administrator's token."""
        return adapter.Adapter(
            session.Session(
                auth=token_endpoint.Token(self.url, TOKEN), timeout=30
            ),
            service_type="placement",
            raise_exc=False,
        )

    def get(self, url: str) -> dict[str, Any]:
        """The JSON that Placement answers to a request."""
        response = self.request("GET", url)
        document: dict[str, Any] = response.json()
        return document

    def request(self, method: str, url: str, json: object = None) -> Any:
        """A request that must succeed, of a client other than ours."""
        extra = {} if json is None else {"json": json}
        if self._adapter is None:
            self._adapter = self.adapter()
        response = self._adapter.request(
            url,
            method,
            headers={"OpenStack-API-Version": "placement 1.39"},
            **extra,
        )
        if response.status_code >= 300:
            raise AssertionError(f"{method} {url}: {response.text}")
        return response

    def create_provider(
        self, name: str, uuid: str, parent: str | None = None
    ) -> None:
        """Create a provider, as nova-compute does for its node."""
        self.request(
            "POST",
            "/resource_providers",
            {"name": name, "uuid": uuid, "parent_provider_uuid": parent},
        )

    def provider_named(self, name: str) -> dict[str, Any] | None:
        """A provider, or None if there is none of this name."""
        found = self.get(f"/resource_providers?name={name}")
        return next(iter(found["resource_providers"]), None)

    def traits_of(self, uuid: str) -> set[str]:
        """The traits of a provider."""
        return set(self.get(f"/resource_providers/{uuid}/traits")["traits"])

    def trait_names(self, prefix: str) -> set[str]:
        """The names of traits, in use or not."""
        return set(self.get(f"/traits?name=startswith:{prefix}")["traits"])

    def empty(self) -> None:
        """Delete every provider and every custom trait."""
        while found := self.get("/resource_providers")["resource_providers"]:
            parents = {item["parent_provider_uuid"] for item in found}
            for item in found:
                if item["uuid"] not in parents:
                    self.request(
                        "DELETE", f"/resource_providers/{item['uuid']}"
                    )
        for name in self.trait_names("CUSTOM_"):
            self.request("DELETE", f"/traits/{name}")


def _serve(database: str, threads: int) -> None:
    from oslo_config import cfg
    from placement import conf as placement_conf
    from placement import db_api
    from placement import deploy
    import waitress

    conf = cfg.ConfigOpts()
    placement_conf.register_opts(conf)
    conf.set_override("auth_strategy", "noauth2", group="api")
    conf.set_override("connection", database, group="placement_database")
    # The database does not outlive the test, so no waiting for the disk.
    conf.set_override(
        "sqlite_synchronous", False, group="placement_database"
    )
    conf.set_override("sync_on_startup", True, group="placement_database")
    conf([], project="placement", default_config_files=[])
    db_api.configure(conf)
    # SQLite, as every other database does. Otherwise a name that is deleted
    # while a provider gets it stays with the provider, which nobody can read
    # then.
    db_api.placement_context_manager.configure(sqlite_fk=True)
    server = waitress.create_server(
        deploy.loadapp(conf), host="127.0.0.1", port=0, threads=threads
    )
    threading.Thread(target=_end_with_parent, daemon=True).start()
    print(server.effective_port, flush=True)
    server.run()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("--threads", type=int, default=4)
    options = parser.parse_args()
    _serve(options.database, options.threads)
