# SPDX-License-Identifier: Apache-2.0

"""What Nova's databases have of a compute node and of an instance."""

from __future__ import annotations

import itertools
import json
import sqlite3
from typing import Any
import uuid

from nova import objects
from nova.objects import fields
from nova.pci import stats
from nova.pci import whitelist

from benchmarks.fleet_lab import placement
from benchmarks.fleet_lab import reports

_SPEC = {
    "vendor_id": "15b3",
    "product_id": "101e",
    "resource_class": placement.RESOURCE_CLASS,
    "live_migratable": "yes",
}
IMAGE = {"id": "6ddbb6f5-4e29-4a3c-95d2-2d1f2e6a1a5b", "properties": {}}


class Node:
    """A compute node: names and uuids that Placement has as well."""

    def __init__(self, number: int, functions: int) -> None:
        self.name = f"compute{number:05}.example.org"
        self.uuid = str(uuid.uuid4())
        #: address of each function to the uuid of its provider
        self.functions = {
            address: str(uuid.uuid4())
            for address in reports.PFS[:functions]
        }


def compute_node(cell: Any, node: Node) -> Any:
    """A compute node as nova-compute would record it; not saved yet."""
    pools = stats.PciDeviceStats(
        None, dev_filter=whitelist.Whitelist([json.dumps(_SPEC)])
    )
    for (address, child), number in itertools.product(
        node.functions.items(), range(placement.VFS)
    ):
        pools.add_device(objects.PciDevice(
            address=_vf(address, number), parent_addr=address,
            vendor_id="15b3", product_id="101e", dev_type="type-VF",
            numa_node=0, compute_node_id=0, status="available",
            extra_info={"rp_uuid": child, "live_migratable": "true"},
        ))
    pools.populate_pools_metadata_from_assigned_devices()
    return objects.ComputeNode(
        cell, uuid=node.uuid, host=node.name, hypervisor_hostname=node.name,
        hypervisor_type="QEMU", hypervisor_version=8002002, cpu_info="{}",
        vcpus=64, vcpus_used=0, memory_mb=262144, memory_mb_used=0,
        free_ram_mb=262144, local_gb=2000, local_gb_used=0,
        free_disk_gb=2000, disk_available_least=2000, current_workload=0,
        running_vms=0, cpu_allocation_ratio=1.0, ram_allocation_ratio=1.0,
        disk_allocation_ratio=1.0, host_ip="127.0.0.1", metrics="[]",
        stats={}, pci_device_pools=pools.to_device_pools_obj(),
        supported_hv_specs=[
            objects.HVSpec.from_list(["x86_64", "kvm", "hvm"])
        ],
    )


def _vf(pf: str, number: int) -> str:
    slot, function = divmod(number + 1, 8)
    return f"{pf[:8]}{slot:02x}.{function}"


def instance(
    cell: Any, node: Node, flavor: Any, requests: Any, number: int
) -> Any:
    """An instance that migrates, with the VF of that number."""
    record = objects.ComputeNode.get_by_host_and_nodename(
        cell, node.name, node.name
    )
    instance = objects.Instance(
        cell, uuid=str(uuid.uuid4()), user_id="benchmark",
        project_id="benchmark", image_ref=IMAGE["id"], host=node.name,
        node=node.name, compute_id=record.id, vm_state="active",
        task_state="migrating", flavor=flavor, memory_mb=64, vcpus=1,
        root_gb=1, ephemeral_gb=0, numa_topology=None, system_metadata={},
        pci_requests=requests,
    )
    requests.instance_uuid = instance.uuid
    instance.create()
    address = _vf(reports.PFS[0], number)
    device = objects.PciDevice.create(cell, {
        "compute_node_id": record.id, "address": address,
        "parent_addr": reports.PFS[0], "vendor_id": "15b3",
        "product_id": "101e", "dev_type": fields.PciDeviceType.SRIOV_VF,
        "numa_node": 0, "dev_id": f"pci_{address}", "label": "",
    })
    device.status = fields.PciDeviceStatus.ALLOCATED
    device.instance_uuid = instance.uuid
    device.request_id = requests.requests[0].request_id
    device.save()
    return instance


def copy(
    rows: sqlite3.Connection, table: str, first: Node, others: list[Node]
) -> None:
    """Copy the row of a node for others like it."""
    # The table's name is a literal above.
    found = rows.execute(
        f"SELECT * FROM {table} WHERE host = ?", (first.name,)  # noqa: S608
    )
    names = [column[0] for column in found.description]
    row = dict(zip(names, found.fetchone(), strict=True))
    del row["id"]
    marks = ", ".join("?" * len(row))
    insert = (
        f"INSERT INTO {table} ({', '.join(row)}) "  # noqa: S608
        f"VALUES ({marks})"
    )
    for node in others:
        new = {"host": node.name, "hypervisor_hostname": node.name}
        if table == "services":
            new = {"host": node.name, "uuid": str(uuid.uuid4())}
        else:
            new["uuid"] = node.uuid
            pools = str(row["pci_stats"])
            for address, child in first.functions.items():
                pools = pools.replace(child, node.functions[address])
            new["pci_stats"] = pools
        rows.execute(insert, list({**row, **new}.values()))
