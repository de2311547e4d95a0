# SPDX-License-Identifier: Apache-2.0

"""What Nova can hand out, from nova.conf."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from oslo_config import cfg

from nova_vfio_compat.host import device_spec as device_spec_
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import names
from nova_vfio_compat.host import pci


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """Nova can hand a function out.

    :ivar managed: whether libvirt binds a VFIO driver for the guest and
        the host's driver afterwards
    :ivar moves_state: whether its state can move in a live migration
    """

    managed: bool
    moves_state: bool = True


class Offered:
    """The devices that nova.conf offers to guests."""

    def __init__(
        self,
        device_spec: Iterable[str] = (),
        mdev_types: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Read Nova's options.

        :param device_spec: the entries of ``[pci] device_spec``
        :param mdev_types: each of ``[devices] enabled_mdev_types``, in
            their order, with the ``device_addresses`` of its group
        :raises ConfigError: an entry has no meaning
        """
        self._specs = device_spec_.parse(device_spec)
        self._by_parent: dict[str, str] = {}
        self._default: str | None = None
        # nova/virt/libvirt/driver.py, _get_supported_vgpu_types: of the
        # types without addresses only the first is used, for all parents
        # that no other type has.
        for name, addresses in (mdev_types or {}).items():
            if not addresses and self._default is None:
                self._default = name
            for address in addresses:
                if address in self._by_parent:
                    raise errors.ConfigError(
                        f"{address} is in device_addresses of both "
                        f"[mdev_{self._by_parent[address]}] and "
                        f"[mdev_{name}]: Nova uses one type per device; "
                        "remove it from one of them in nova.conf."
                    )
                self._by_parent[address] = name

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> Offered:
        """Return what a nova.conf offers.

        :param conf: with Nova's options registered, those of the
            ``[mdev_*]`` groups as well, after its files were read
        :raises ConfigError: an entry has no meaning
        """
        return cls(
            conf.pci.device_spec,
            {
                name: conf[f"mdev_{name}"].device_addresses
                for name in conf.devices.enabled_mdev_types
            },
        )

    def pci(self, function: pci.PciFunction) -> Match | None:
        """Return how Nova offers a function, None if it does not.

        As in Nova, the first entry that matches decides. Where an id
        cannot be read the function counts as offered.
        """
        tree = function.tree

        def is_pf(address: str) -> bool:
            return _is_pf(function, address)

        def find_netdev(name: str) -> str | None:
            try:
                path = tree.realpath(f"sys/class/net/{name}/device")
            except errors.ReadError:
                return None
            found = path.rpartition("/")[2]
            return found if names.PCI_ADDRESS.fullmatch(found) else None

        for spec in self._specs:
            if spec.matches(function, is_pf, find_netdev):
                return Match(spec.managed, spec.moves_state)
        return None

    def mdev_types(self, parent_address: str) -> frozenset[str]:
        """Return the types that Nova makes mdevs of on a parent.

        :param parent_address: a PCI address, or libvirt's name of a
            parent that is none (``mtty_mtty``)
        """
        name = self._by_parent.get(parent_address)
        # nova/virt/libvirt/driver.py, _get_device_address: a parent that
        # is no PCI function is used if it is named, and never by default.
        if name is None and names.NOVA_ADDRESS.fullmatch(parent_address):
            name = self._default
        return frozenset() if name is None else frozenset({name})


def _is_pf(function: pci.PciFunction, address: str) -> bool:
    """Whether an address is that of a physical function."""
    if address == function.pf:
        return True
    path = f"sys/bus/pci/devices/{address}/sriov_totalvfs"
    try:
        return int(function.tree.read(path)) > 0
    except (errors.ReadError, ValueError):
        # As in Nova: then it is none.
        return False
