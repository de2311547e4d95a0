# SPDX-License-Identifier: Apache-2.0
"""Run the reporter for hosts, each as a process against Placement."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent import futures
from dataclasses import dataclass
import os
import pathlib

from demo_lib import commands
from demo_lib import errors
from demo_lib import fleet


@dataclass(frozen=True, slots=True)
class Site:
    """Where a host of the fleet keeps its files.

    :ivar root: what would be / on a real host
    :ivar conf: its nova.conf
    """

    host: fleet.Host
    folder: pathlib.Path

    @property
    def root(self) -> pathlib.Path:
        return self.folder / "root"

    @property
    def conf(self) -> pathlib.Path:
        return self.folder / "etc" / "nova.conf"

    @property
    def log(self) -> pathlib.Path:
        return self.folder / "reporter.log"


def messages(text: str) -> list[str]:
    """What the reporter's log lines say, without when and where."""
    return [
        line.rpartition("] ")[2] for line in text.splitlines() if line
    ]


def report(sites: Iterable[Site]) -> dict[str, str]:
    """Run the reporter once for every site; what each wrote, by host.

    :raises DemoError: where one failed
    """
    # A reporter is short, and most of its time is Python's start.
    pool = futures.ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        running = {
            site.host.name: pool.submit(_report, site) for site in sites
        }
        return {name: done.result() for name, done in running.items()}
    finally:
        # After a failure or Ctrl-C there is no need for the others.
        pool.shutdown(cancel_futures=True)


def _report(site: Site) -> str:
    done = commands.run(
        commands.REPORTER, "--once", "--config-file", str(site.conf),
        "--root", str(site.root),
    )
    site.log.write_text(done.stdout + done.stderr)
    if done.returncode:
        raise errors.DemoError(
            "The reporter of %s failed with status %d."
            % (site.host.name, done.returncode), site.log,
        )
    return done.stdout + done.stderr
