# SPDX-License-Identifier: Apache-2.0
"""Every ordered pair of devices: the kernel's verdict and the package's."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses

from kernel_lab import hosts
from kernel_lab import predict
from kernel_lab import verdicts
from nova_vfio_compat.compat import device_class

YES = predict.Outcome.COMPATIBLE.value
NO = predict.Outcome.INCOMPATIBLE.value


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """One row; the names are ``host/device``."""

    source: str
    destination: str
    kernel: verdicts.Verdict
    package: predict.Prediction

    @property
    def false_yes(self) -> bool:
        """The package would send a guest where it cannot be loaded."""
        return self.package.word == YES and not self.kernel.yes

    @property
    def false_no(self) -> bool:
        """The package keeps a guest from where it could be loaded."""
        return self.package.word != YES and self.kernel.yes


class Sources:
    """The devices of all hosts, as what they are to be moved from."""

    def __init__(self, boots: Iterable[verdicts.Saved]) -> None:
        self._found = [
            (boot, predict.Package(boot.tree)) for boot in boots]

    def pairs(
        self, host: hosts.Host, boot: verdicts.Loaded
    ) -> list[Pair]:
        """Each of them to each device of ``host``."""
        package = predict.Package(boot.tree)
        return [
            self._pair(saved, sources, name, host, boot, package, target)
            for saved, sources in self._found
            for name in saved.devices
            for target in boot.devices]

    def _pair(
        self, saved: verdicts.Saved, sources: predict.Package, name: str,
        host: hosts.Host, boot: verdicts.Loaded, package: predict.Package,
        target: str,
    ) -> Pair:
        verdict = saved.verdicts[name]
        if verdict.yes:
            verdict = boot.able[target]
        if verdict.yes:
            verdict = boot.verdicts[f"{saved.host}.{name}", target]
        return Pair(
            f"{saved.host}/{name}", f"{host.name}/{target}", verdict,
            predict.predict(
                sources.classes(saved.devices[name]),
                _classes(host, boot, package, target)))


def _classes(
    host: hosts.Host, boot: verdicts.Loaded, package: predict.Package,
    target: str,
) -> tuple[device_class.DeviceClass, ...]:
    fresh = host.fresh(target)
    if fresh is None:
        return package.classes(boot.devices[target])
    return package.type_classes(fresh.parent, f"{fresh.parent}-{fresh.type}")
