# SPDX-License-Identifier: Apache-2.0
"""One random fleet: its trees, its providers, and what the oracle says."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import pathlib
import random

from tests.fleets import cloud
from tests.fleets import hosts
from tests.fleets import moves
from tests.oracle import fleet as oracle
from tests.oracle import host as oracle_host
from tests.oracle import rules

VGPU = "VGPU"
_UNKNOWN = {
    VGPU: rules.Device("mdev", "none", None, silent=rules.Answer.UNKNOWN),
    moves.VF_CLASS: rules.Device(
        "pci", "none", None, silent=rules.Answer.UNKNOWN),
}


@dataclasses.dataclass
class Host:
    """A host of the fleet.

    :ivar days: how old its report is; None: it has none
    :ivar totals: libvirt's name of a provider's device to its inventory
    """

    name: str
    root: pathlib.Path
    rows: Mapping[str, oracle_host.Row]
    days: int | None
    totals: dict[str, int]

    @property
    def fresh(self) -> bool:
        """Whether the report counts."""
        return self.days is not None and self.days < 3

    def ways(self, resource_class: str,
             device: str) -> Sequence[rules.Device]:
        """What a device from the provider of ``device`` may turn out to be.

        The name of a VF instead of its PF's stands for just that VF.
        """
        if self.fresh:
            found = [row for row in self.rows.values()
                     if row.name == device and row.kind == "vf"]
            ways = [way for row in found for way in row.ways]
            ways = ways or oracle.provider_ways(self.rows, device)
            if ways:
                return ways
        return [_UNKNOWN[resource_class]]


class Fleet:
    """Random hosts that all have, or seem to have, what a flavor wants."""

    def __init__(self, rng: random.Random, root: pathlib.Path,
                 names: Sequence[str]) -> None:
        self.resource_class = rng.choice((VGPU, moves.VF_CLASS))
        models = hosts.VGPU if self.resource_class == VGPU else hosts.VF
        # Mostly hosts of one model: else hardly anything ever fits.
        theme = rng.choice(models)
        self.hosts = {}
        for name in names:
            chosen = [theme if rng.random() < 0.8 else rng.choice(models)]
            if rng.random() < 0.2:
                chosen.append(rng.choice(hosts.VGPU + hosts.VF))
            hosts.build(rng, root / name, tuple(chosen), most_types=1)
            rows = oracle_host.read(root / name)
            totals = self._totals(rows)
            days = rng.choice((0,) * 16 + (1, 2, 3, 9, None))
            self.hosts[name] = Host(name, root / name, rows, days, totals)

    def _totals(self, rows: Mapping[str, oracle_host.Row]) -> dict[str, int]:
        """What Nova reports: mdevs of the parent, VFs of the PF."""
        totals: dict[str, int] = {}
        for row in rows.values():
            if self.resource_class == VGPU and row.kind == "mdev-type":
                totals[row.provider] = 4
            elif self.resource_class == moves.VF_CLASS and row.kind == "vf":
                totals[row.provider] = totals.get(row.provider, 0) + 1
        return totals

    def functions(self, rng: random.Random, source: str,
                  taken: Mapping[str, list[str]],
                  ) -> list[tuple[str, str, str]]:
        """Pick the VFs of the instance from the PFs that it was given.

        :param taken: per alias request, the names of the PFs
        :returns: address, address of the PF and request of each
        """
        free: dict[str, list[str]] = {}
        for row in self.hosts[source].rows.values():
            if row.kind == "vf":
                free.setdefault(row.provider, []).append(row.name)
        found = []
        for request_id, pfs in taken.items():
            for pf in pfs:
                names = free.get(pf, [])
                name = names.pop(rng.randrange(len(names))) if names else (
                    pf[:-1] + "7")
                found.append((_address(name), _address(pf), request_id))
        return found

    def answer(self, source: str, held: Mapping[str, Sequence[str]],
               destination: str, picked: Mapping[str, Sequence[str]],
               ) -> rules.Answer:
        """What the oracle says of one allocation candidate.

        :param held: per request, the instance's devices: VFs one by one
        :param picked: per request, the devices whose providers it takes
        """
        per_request = []
        for request_id, devices in held.items():
            ours = [way for device in devices
                    for way in self.hosts[source].ways(
                        self.resource_class, device)]
            theirs = [self.hosts[destination].ways(
                          self.resource_class, device)
                      for device in picked[request_id]]
            per_request.append((ours, theirs))
        return oracle.candidate([ours for ours, _ in per_request],
                                [theirs for _, theirs in per_request])


def _address(name: str) -> str:
    return "{1}:{2}:{3}.{4}".format(*name.split("_"))


def device_names(functions: Sequence[tuple[str, str, str]],
                 ) -> dict[str, list[str]]:
    """Per alias request, libvirt's names of the instance's VFs."""
    found: dict[str, list[str]] = {}
    for address, _, request_id in functions:
        found.setdefault(request_id, []).append(
            "pci_" + address.replace(":", "_").replace(".", "_"))
    return found


def publish(fleet: Fleet, to: cloud.Cloud,
            nodes: Mapping[str, cloud.Node]) -> None:
    """Report each host that reports; the others have no report."""
    for name, host in fleet.hosts.items():
        to.set_devices(nodes[name], fleet.resource_class, host.totals)
        if host.days is None:
            to.withdraw([nodes[name]])
        else:
            to.publish(nodes[name], host.root, host.days)
