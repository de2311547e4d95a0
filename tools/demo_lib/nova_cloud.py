# SPDX-License-Identifier: Apache-2.0
"""Nova's databases with the fleet in them, made by Nova's own code."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import pathlib
from typing import Any

from nova import config
from nova import context
from nova import objects
from nova.db import migration
from nova.pci import stats
from nova.pci import whitelist

from demo_lib import fleet
from demo_lib import nova_conf
from demo_lib import providers

_HYPERVISOR = 8002002


def prepare(conf: pathlib.Path) -> None:
    """Read the configuration as nova-scheduler does."""
    objects.register_all()
    config.parse_args(["nova-scheduler", "--config-file", str(conf)])


class Cloud:
    """The API database, and one cell with the fleet's compute nodes."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.context = context.get_admin_context()
        self.context.user_id = "demo"
        self.context.project_id = "demo"
        self._connection = "sqlite:///%s/nova_cell1.sqlite" % folder
        self.cell: Any = None
        self.nodes: dict[str, Any] = {}

    def create_databases(self) -> None:
        """Make the schemas with Nova's migrations, and map the cell."""
        migration.db_sync(database="api")
        self.cell = objects.CellMapping(
            self.context, uuid=providers.uuid_of("cell1"), name="cell1",
            database_connection=self._connection, transport_url="fake:///",
        )
        self.cell.create()
        with context.target_cell(self.context, self.cell) as cell_context:
            migration.db_sync(database="main", context=cell_context)

    @contextlib.contextmanager
    def in_cell(self) -> Iterator[Any]:
        """Give a context whose database is the cell's."""
        with context.target_cell(self.context, self.cell) as cell_context:
            yield cell_context

    def add(self, host: fleet.Host) -> None:
        """Record a host as nova-compute and discover_hosts would."""
        with self.in_cell() as cell_context:
            service = objects.Service(
                cell_context, host=host.name, binary="nova-compute",
                topic="compute", report_count=1, disabled=False,
            )
            service.create()
            # The first heartbeat.
            service.report_count += 1
            service.save()
            node = self._node(cell_context, host)
            node.create()
            self._add_vfs(cell_context, node, host)
            self.nodes[host.name] = node
        objects.HostMapping(
            self.context, host=host.name, cell_mapping=self.cell
        ).create()

    def _node(self, cell_context: Any, host: fleet.Host) -> Any:
        ram_mb = host.ram_gb * 1024
        return objects.ComputeNode(
            cell_context, uuid=providers.uuid_of(host.name), host=host.name,
            hypervisor_hostname=host.name, hypervisor_type="QEMU",
            hypervisor_version=_HYPERVISOR, cpu_info="{}",
            vcpus=providers.VCPUS, vcpus_used=0, memory_mb=ram_mb,
            memory_mb_used=0, free_ram_mb=ram_mb,
            local_gb=providers.DISK_GB, local_gb_used=0,
            free_disk_gb=providers.DISK_GB,
            disk_available_least=providers.DISK_GB, current_workload=0,
            running_vms=0, cpu_allocation_ratio=1.0,
            ram_allocation_ratio=1.0, disk_allocation_ratio=1.0,
            host_ip="127.0.0.1", metrics="[]", stats={},
            supported_hv_specs=[
                objects.HVSpec.from_list(["x86_64", "kvm", "hvm"])
            ],
        )

    def _add_vfs(
        self, cell_context: Any, node: Any, host: fleet.Host
    ) -> None:
        """Track the VFs: a row for each, pools of the free ones."""
        if not host.nics:
            return
        pools = stats.PciDeviceStats(
            None, dev_filter=whitelist.Whitelist([nova_conf.device_spec()])
        )
        for nic in host.nics:
            provider = providers.uuid_of(providers.nic_provider(host, nic))
            for number in range(fleet.VFS):
                device = objects.PciDevice.create(cell_context, {
                    "compute_node_id": node.id, "address": nic.vf(number),
                    "parent_addr": nic.address, "vendor_id": "15b3",
                    "product_id": "101e", "dev_type": "type-VF",
                    "numa_node": 0, "dev_id": "pci_vf", "label": "",
                })
                device.extra_info = {
                    "rp_uuid": provider, "live_migratable": "true",
                }
                device.save()
                pools.add_device(device)
        pools.populate_pools_metadata_from_assigned_devices()
        node.pci_device_pools = pools.to_device_pools_obj()
        node.save()
