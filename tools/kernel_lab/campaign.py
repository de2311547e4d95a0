# SPDX-License-Identifier: Apache-2.0
"""The boots: every host saves, then every host loads what all saved."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import concurrent.futures
import dataclasses
import os
import pathlib
from typing import TypeVar

from kernel_lab import build
from kernel_lab import hosts
from kernel_lab import machine
from kernel_lab import places
from kernel_lab import streams
from kernel_lab import verdicts

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclasses.dataclass(frozen=True, slots=True)
class Campaign:
    """Where it all happens."""

    cache: places.Cache
    built: build.Build
    folder: pathlib.Path
    say: Callable[[str], None]

    def boot(
        self, host: hosts.Host, mode: str,
        files: Mapping[str, bytes] | None = None,
        more: pathlib.Path | None = None,
    ) -> pathlib.Path:
        """Boot a host; return the folder of what it wrote."""
        folder = self.out(host, mode).parent
        seconds = machine.boot(
            self.cache, self.built, host.hardware,
            {**host.files(self.built.release, mode), **(files or {})},
            folder, more)
        self.say(f"  {host.name} ({mode}): {seconds:.0f} s")
        return folder / "out"

    def out(self, host: hosts.Host, mode: str) -> pathlib.Path:
        """The folder of what a boot writes."""
        return self.folder / f"{host.name}-{mode}" / "out"

    def save(self, host: hosts.Host) -> verdicts.Saved:
        """Let a host save the state of all its devices."""
        return verdicts.read_saved(host.name, self.boot(host, "save"))

    def load(
        self, host: hosts.Host, saved: Iterable[verdicts.Saved],
        damaged: Sequence[streams.Damaged] = (),
    ) -> verdicts.Loaded:
        """Let a host load all of these states."""
        files: dict[str, bytes] = {}
        lines = []
        for boot in saved:
            for name, data in boot.streams.items():
                stream = f"{boot.host}.{name}"
                files[f"lab/streams/{stream}"] = data
                lines += [f"{stream} {target}" for target in host.targets]
        for item in damaged:
            files[f"lab/streams/{item.name}"] = item.data
            lines.append(f"{item.name} {item.target} {item.chunk}")
        files["lab/loads"] = "".join(f"{line}\n" for line in lines).encode()
        return verdicts.read_loaded(
            host.name, self.boot(host, "load", files))


def parallel(
    function: Callable[[_Item], _Result], items: Sequence[_Item]
) -> list[_Result]:
    """Call the function for every item, several at a time.

    A VM waits for its resets half of the time: two for each processor.
    """
    workers = 2 * (os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))
