# SPDX-License-Identifier: Apache-2.0

"""A PostgreSQL of its own, for tests that SQLite is too simple for.

SQLite has one writer at a time, so most races between Placement's requests
do not happen on it.
"""

from __future__ import annotations

import collections
import glob
import os
import pwd
import re
import shutil
import subprocess
import tempfile

#: where Debian has the programs of the server, which are not in the path
_DEBIAN = "/usr/lib/postgresql/*/bin"
# It refuses to run as root; the package makes the first of these.
_ACCOUNTS = ("postgres", "nobody")
_PORT = 5432
_SETTINGS = {
    # Only the socket in its folder, which nobody else can enter.
    "listen_addresses": "",
    "port": str(_PORT),
    "max_connections": "200",
    # The database does not outlive the test, so no waiting for the disk.
    "fsync": "off",
    "lc_messages": "C",
    "log_min_messages": "error",
    "log_line_prefix": "",
}
_ERROR = re.compile(r"^(?:ERROR|FATAL|PANIC):  (.*)$", re.MULTILINE)


class PostgreSQL:
    """A server with an empty database, in a temporary folder.

    ``start`` returns when it answers; ``stop`` leaves nothing behind.

    :ivar url: the database for SQLAlchemy
    """

    def __init__(self) -> None:
        self.url = ""
        self._folder: str | None = None
        self._programs = ""
        self._running = False

    def start(self) -> None:
        """Start it.

        :raises RuntimeError: it is not installed, or does not start
        """
        self._programs = _programs()
        self._folder = tempfile.mkdtemp(prefix="postgresql-")
        if os.geteuid() == 0:
            account = _account()
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        try:
            self._run(
                "initdb", "--no-sync", "--auth=trust", "--encoding=UTF8",
                "--locale=C", "--username=placement",
            )
            settings = {
                **_SETTINGS, "unix_socket_directories": self._folder
            }
            with open(self._path("data/postgresql.conf"), "a") as file:
                for name, value in settings.items():
                    file.write(f"{name} = '{value}'\n")
            self._run("pg_ctl", "start", "-w", "-l", self._path("log"))
        except BaseException:
            self.stop()
            raise
        self._running = True
        # The database postgres is there from the beginning.
        self.url = (
            f"postgresql+psycopg2://placement@/postgres"
            f"?host={self._folder}&port={_PORT}"
        )

    def stop(self) -> None:
        """Stop it and remove all that it has written."""
        try:
            if self._running:
                self._running = False
                self._run("pg_ctl", "stop", "-w", "-m", "immediate")
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder)
                self._folder = None

    def errors(self) -> collections.Counter[str]:
        """What it has refused so far, by its own words, and how often."""
        return collections.Counter(_ERROR.findall(self._log()))

    def _log(self) -> str:
        try:
            with open(self._path("log"), errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def _path(self, name: str) -> str:
        assert self._folder is not None
        return os.path.join(self._folder, name)

    def _run(self, program: str, *args: str) -> None:
        account = _account() if os.geteuid() == 0 else None
        # A file: the server keeps it open, so a pipe would not end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [
                    os.path.join(self._programs, program),
                    "-D", self._path("data"), *args,
                ],
                cwd=self._folder,
                # Settings for another server's clients are none of ours.
                env={"PATH": os.environ.get("PATH", os.defpath)},
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            if done.returncode:
                output.seek(0)
                text = output.read() + self._log()
                raise RuntimeError(f"{program} failed:\n{text}")


def _programs() -> str:
    """The folder of the newest PostgreSQL.

    :raises RuntimeError: there is none
    """
    found = [
        folder for folder in glob.glob(_DEBIAN)
        if os.path.exists(os.path.join(folder, "initdb"))
    ]
    if found:
        return max(found, key=_version)
    if program := shutil.which("initdb"):
        return os.path.dirname(os.path.realpath(program))
    raise RuntimeError("there is no PostgreSQL: apt-get install postgresql")


def _version(folder: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", folder)))


def _account() -> pwd.struct_passwd:
    """Whom the server runs as if we are root."""
    for name in _ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(f"none of the accounts {', '.join(_ACCOUNTS)} exists")
