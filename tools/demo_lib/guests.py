# SPDX-License-Identifier: Apache-2.0
"""Instances that hold a device, and their live migrations.

Everything is as Nova's conductor leaves it when it asks the scheduler for a
destination (nova/conductor/tasks/live_migrate.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nova import objects
from nova.conductor.tasks import migrate
from nova.pci import request

from demo_lib import fleet
from demo_lib import nova_cloud
from demo_lib import nova_conf
from demo_lib import placement_http
from demo_lib import providers

MEMORY_MB = 2048
VCPUS = 2
ROOT_GB = 10
IMAGE = {"id": "6ddbb6f5-4e29-4a3c-95d2-2d1f2e6a1a5b", "properties": {}}


@dataclass(frozen=True, slots=True)
class LiveMigration:
    """What the conductor gives the scheduler."""

    instance_uuid: str
    request_spec: Any


def start_live_migration(
    cloud: nova_cloud.Cloud, server: placement_http.Placement,
    host: fleet.Host, name: str,
) -> LiveMigration:
    """Boot an instance with the host's first device and begin to move it."""
    with cloud.in_cell() as context:
        instance = _boot(context, cloud.nodes[host.name], host, name)
        _allocate(server, instance, host)
    _map(cloud, instance)
    spec = _request_spec(cloud, instance)
    with cloud.in_cell() as context:
        _begin(context, instance)
    return LiveMigration(instance.uuid, spec)


def _flavor(host: fleet.Host) -> Any:
    if host.gpus:
        wanted = {"resources:VGPU": "1"}
    else:
        wanted = {"pci_passthrough:alias": nova_conf.ALIAS + ":1"}
    return objects.Flavor(
        id=1, flavorid="demo", name="demo", memory_mb=MEMORY_MB,
        vcpus=VCPUS, root_gb=ROOT_GB, ephemeral_gb=0, swap=0,
        rxtx_factor=1.0, vcpu_weight=0, disabled=False, is_public=True,
        extra_specs=wanted,
    )


def _boot(context: Any, node: Any, host: fleet.Host, name: str) -> Any:
    """Create an active instance on a host, with a VF if it has one."""
    flavor = _flavor(host)
    instance = objects.Instance(
        context, uuid=providers.uuid_of("instance " + name),
        user_id="demo", project_id="demo", display_name=name,
        image_ref=IMAGE["id"], host=host.name, node=host.name,
        compute_id=node.id, vm_state="active", task_state=None,
        flavor=flavor, memory_mb=MEMORY_MB, vcpus=VCPUS, root_gb=ROOT_GB,
        ephemeral_gb=0, numa_topology=None, system_metadata={},
        pci_requests=request.get_pci_requests_from_flavor(flavor),
    )
    instance.pci_requests.instance_uuid = instance.uuid
    instance.create()
    if host.nics:
        rows = objects.PciDeviceList.get_by_compute_node(context, node.id)
        device = next(
            row for row in rows if row.address == host.nics[0].vf(0)
        )
        device.status = "allocated"
        device.instance_uuid = instance.uuid
        device.request_id = instance.pci_requests.requests[0].request_id
        device.save()
    return instance


def _allocate(
    server: placement_http.Placement, instance: Any, host: fleet.Host
) -> None:
    if host.gpus:
        device = providers.gpu_provider(host, host.gpus[0])
        resources = {"VGPU": 1}
    else:
        device = providers.nic_provider(host, host.nics[0])
        resources = {nova_conf.RESOURCE_CLASS: 1}
    server.call("PUT", "/allocations/%s" % instance.uuid, {
        "allocations": {
            providers.uuid_of(host.name): {"resources": {
                "VCPU": VCPUS, "MEMORY_MB": MEMORY_MB, "DISK_GB": ROOT_GB,
            }},
            providers.uuid_of(device): {"resources": resources},
        },
        "project_id": "demo", "user_id": "demo",
        "consumer_generation": None, "consumer_type": "INSTANCE",
    })


def _map(cloud: nova_cloud.Cloud, instance: Any) -> None:
    objects.InstanceMapping(
        cloud.context, instance_uuid=instance.uuid, project_id="demo",
        user_id="demo", cell_mapping=cloud.cell, queued_for_delete=False,
    ).create()


def _request_spec(cloud: nova_cloud.Cloud, instance: Any) -> Any:
    """Build what LiveMigrationTask sends to the scheduler."""
    spec = objects.RequestSpec.from_components(
        cloud.context, instance.uuid, IMAGE, instance.flavor, None,
        instance.pci_requests, {}, None, None,
    )
    spec.reset_forced_destinations()
    spec.requested_destination = objects.Destination(cell=cloud.cell)
    spec.ignore_hosts = [instance.host]
    spec.is_bfv = False
    return spec


def _begin(context: Any, instance: Any) -> None:
    """Do what API and conductor do before they look for a destination."""
    instance = objects.Instance.get_by_uuid(context, instance.uuid)
    instance.task_state = "migrating"
    instance.save()
    migration = objects.Migration(
        context, instance_uuid=instance.uuid, source_compute=instance.host,
        migration_type="live-migration", status="accepted",
        old_instance_type_id=1, new_instance_type_id=1,
    )
    migration.create()
    migrate.replace_allocation_with_migration(context, instance, migration)
