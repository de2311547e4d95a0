# SPDX-License-Identifier: Apache-2.0

"""What a source may ask about the host of a device."""

from __future__ import annotations

from collections.abc import Mapping

from nova_vfio_compat.host import driver
from nova_vfio_compat.host import offered as offered_
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree


class Context:
    """One look at one host; every answer is the same throughout.

    :ivar tree: remembers what was read, so that asking twice costs nothing
    :ivar functions: every PCI function by address
    """

    def __init__(
        self,
        tree: host_tree.HostTree,
        functions: Mapping[str, pci.PciFunction],
        offered: offered_.Offered | None = None,
    ) -> None:
        self.tree = tree
        self.functions = functions
        self.offered = offered
        self.drivers = driver.Drivers(tree)
        self._matches: dict[str, offered_.Match | None] = {}

    def match(self, function: pci.PciFunction) -> offered_.Match | None:
        """Return how Nova offers a function, None if it does not.

        Without a nova.conf everything counts as offered, and as managed.
        """
        if self.offered is None:
            return offered_.Match(managed=True)
        address = function.address
        if address not in self._matches:
            self._matches[address] = self.offered.pci(function)
        return self._matches[address]

    def is_offered(self, function: pci.PciFunction) -> bool:
        """Whether a live migration could move a function's state."""
        match = self.match(function)
        return match is not None and match.moves_state

    def mdev_type_offered(self, parent_address: str, type_id: str) -> bool:
        """Whether Nova makes mdevs of this type on this parent."""
        if self.offered is None:
            return True
        return type_id in self.offered.mdev_types(parent_address)

    def pf(self, function: pci.PciFunction) -> pci.PciFunction | None:
        """Return the physical function of a VF, None if it is not seen."""
        return self.functions.get(function.pf or "")

    def effective_driver(self, function: pci.PciFunction) -> driver.Effective:
        """Return the driver under which a guest gets a function."""
        match = self.match(function)
        # What Nova does not offer is described as if it did, with Nova's
        # default.
        managed = True if match is None else match.managed
        return self.drivers.effective(function, managed)
