# SPDX-License-Identifier: Apache-2.0
"""Nova's own tests pass with the filter switched on.

Each class with live migrations is there twice: nobody reports, and everybody
reports devices that are compatible.  Those tests run here that get as far as a
decision of the filter; ``NOVA_OWN_TESTS=all`` in the environment runs every
test of live migration that these classes have, and whole classes of what the
filter must leave alone.
"""

from __future__ import annotations

import os
import re

from nova.tests.functional import test_cold_migrate
from nova.tests.functional import test_servers
from nova.tests.functional.compute import test_live_migration as compute
from nova.tests.functional.libvirt import test_live_migration
from nova.tests.functional.libvirt import test_pci_sriov_servers
from nova.tests.functional.libvirt import test_vgpu

from tests.functional.nova import upstream

ALL = os.environ.get("NOVA_OWN_TESTS") == "all"
LIVE = "test_live_"
#: What runs usually where nobody reports: one per kind of device.
SILENT = ("test_live_migrate_(server$|VF_success$"
          "|VF_success_with_pci_in_placement|VF_mixed_mode_and_pip)")
#: A class, its tests of live migration, and those that run usually where
#: everybody reports.
CLASSES: tuple[tuple[type, str, str], ...] = (
    (test_vgpu.VGPULiveMigrationTests, LIVE, LIVE),
    (test_vgpu.VGPULiveMigrationTestsLMFailed, LIVE,
     "test_live_migrate_server"),
    (test_pci_sriov_servers.SRIOVServersTest, LIVE,
     "test_live_migrate_(VF_success|VF_mixed_mode.*success|server_with_neut)"),
    (test_live_migration.LiveMigrationWithCpuSharedSet, "test_",
     "test_live_migration_to_different"),
    (compute.LiveMigrationNeutronInteractionsTest, "test_", "test_"),
)
#: PCI, vGPU, cold migration, evacuation, unshelve and rebuild.
OTHERS: tuple[type, ...] = (
    test_pci_sriov_servers.PCIServersTest,
    test_pci_sriov_servers.SRIOVServersTest,
    test_vgpu.VGPUTests,
    test_vgpu.VGPUMultipleTypesTests,
    test_vgpu.VGPULimitMultipleTypesTests,
    test_vgpu.DifferentMdevClassesTests,
    test_cold_migrate.ColdMigrationDisallowSameHost,
    test_cold_migrate.ColdMigrationAllowSameHost,
    test_servers.ServerMovingTests,
    test_servers.ServerMovingTestsWithNestedResourceRequests,
    test_servers.ServerRebuildTestCase,
    test_servers.ServerUnshelveSpawnFailTests,
)


def _declare(cls: type, pattern: str, mixin: type) -> None:
    name = cls.__name__ + mixin.__name__
    # The loader passes over what cannot be called.
    others = {test: None for test in dir(cls)
              if test.startswith("test") and not re.match(pattern, test)}
    globals()[name] = type(name, (mixin, cls), {
        "__module__": __name__, "__doc__": cls.__doc__, **others})


def _declare_all() -> None:
    for cls, every, usual in CLASSES:
        _declare(cls, every if ALL else usual, upstream.Reporting)
        _declare(cls, every if ALL else SILENT, upstream.Silent)
    if ALL:
        for cls in OTHERS:
            _declare(cls, "test_(?!live_)", upstream.Switched)


_declare_all()
