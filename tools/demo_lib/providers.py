# SPDX-License-Identifier: Apache-2.0
"""What nova-compute would have put into Placement for each host."""

from __future__ import annotations

import uuid

from demo_lib import fleet
from demo_lib import nova_conf
from demo_lib import placement_http

_NAMESPACE = uuid.UUID("0b6c9a0e-3f0c-4b0f-8d0e-52c7a3f5b1c4")
VCPUS = 32
DISK_GB = 1000


def uuid_of(name: str) -> str:
    """The uuid of a provider, the same in every run of the demo."""
    return str(uuid.uuid5(_NAMESPACE, name))


def gpu_provider(host: fleet.Host, gpu: fleet.Gpu) -> str:
    """Nova's name for the provider of an mdev parent."""
    return "%s_%s" % (host.name, gpu.nodedev)


def nic_provider(host: fleet.Host, nic: fleet.Nic) -> str:
    """Nova's name for the provider of the VFs of a physical function."""
    return "%s_%s" % (host.name, nic.address.upper())


def create(server: placement_http.Placement, host: fleet.Host) -> None:
    """Create the compute node's provider and one per device below it."""
    root = uuid_of(host.name)
    _create(server, host.name, None, ["COMPUTE_NODE", "OWNER_NOVA"], {
        "VCPU": VCPUS, "MEMORY_MB": host.ram_gb * 1024, "DISK_GB": DISK_GB,
    })
    for gpu in host.gpus:
        _create(server, gpu_provider(host, gpu), root, ["OWNER_NOVA"],
                {"VGPU": fleet.VGPUS})
    for nic in host.nics:
        traits = ["COMPUTE_MANAGED_PCI_DEVICE", "HW_PCI_LIVE_MIGRATABLE",
                  "OWNER_NOVA"]
        _create(server, nic_provider(host, nic), root, traits,
                {nova_conf.RESOURCE_CLASS: fleet.VFS})


def _create(
    server: placement_http.Placement, name: str, parent: str | None,
    traits: list[str], totals: dict[str, int],
) -> None:
    own = uuid_of(name)
    path = "/resource_providers/%s" % own
    made = server.call("POST", "/resource_providers", {
        "name": name, "uuid": own, "parent_provider_uuid": parent,
    })
    for resource_class in totals:
        if resource_class.startswith("CUSTOM_"):
            server.call("PUT", "/resource_classes/%s" % resource_class)
    made = server.call("PUT", path + "/inventories", {
        "resource_provider_generation": made["generation"],
        "inventories": {
            resource_class: {"total": total, "max_unit": total}
            for resource_class, total in totals.items()
        },
    })
    server.call("PUT", path + "/traits", {
        "resource_provider_generation": made["resource_provider_generation"],
        "traits": traits,
    })
