# SPDX-License-Identifier: Apache-2.0
"""A live migration in Nova's database, and its request to the scheduler."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
import copy
import dataclasses
from typing import Any
import uuid

# It chooses Nova's threading mode, which must be before all else of Nova.
import tests.functional  # noqa: F401

# isort: split

from nova import objects
import nova.context
from nova.scheduler import host_manager

from tests.fleets import cloud

VF_CLASS = "CUSTOM_VF"


@dataclasses.dataclass(frozen=True)
class Request:
    """What the flavor asks for.

    :ivar resource_class: VGPU or that of the VFs
    :ivar counts: devices of each alias request
    """

    resource_class: str
    counts: tuple[int, ...]
    ids: tuple[str, ...]

    @classmethod
    def of(cls, resource_class: str, counts: Sequence[int]) -> Request:
        """Return a request with new ids."""
        return cls(resource_class, tuple(counts), tuple(
            str(uuid.uuid4()) for _ in counts))

    @property
    def query(self) -> str:
        """The query for allocation candidates, as Nova builds it."""
        if self.resource_class == "VGPU":
            return "resources=VCPU:1,VGPU:1"
        groups = [
            "resources%s-%d=%s:1" % (id_, index, self.resource_class)
            for id_, count in zip(self.ids, self.counts, strict=True)
            for index in range(count)]
        return "&".join([
            "resources=VCPU:1", *groups, "group_policy=none", "limit=200"])

    def devices(self, candidate: cloud.Candidate,
                node: cloud.Node) -> dict[str, list[str]]:
        """Per alias request ("" for mdevs) the devices that are taken."""
        if self.resource_class == "VGPU":
            return {"": [
                node.devices[child] for child, held
                in candidate["allocations"].items()
                if "VGPU" in held["resources"]]}
        return {
            id_: [node.devices[child] for index in range(count)
                  for child in candidate["mappings"]["%s-%d" % (id_, index)]]
            for id_, count in zip(self.ids, self.counts, strict=True)}


class Move:
    """An instance that is about to be live-migrated."""

    _compute_id = 0

    def __init__(self, cell: Any, source: cloud.Node,
                 request: Request) -> None:
        self.source = source
        self.request = request
        self._cell = cell
        # A node of a new id each time: its VFs are as if never used.
        Move._compute_id += 1
        context = nova.context.get_admin_context()
        with nova.context.target_cell(context, cell) as cell_context:
            instance = objects.Instance(
                cell_context, uuid=str(uuid.uuid4()), project_id="fleet",
                user_id="fleet", host=source.name, node=source.name,
                compute_id=self._compute_id, vm_state="active",
                task_state="migrating")
            instance.create()
            migration = objects.Migration(
                cell_context, uuid=str(uuid.uuid4()),
                instance_uuid=instance.uuid, source_compute=source.name,
                status="accepted", migration_type="live-migration")
            migration.create()
        self.instance: str = instance.uuid
        self.migration: str = migration.uuid

    def hold(self, functions: Iterable[tuple[str, str, str]]) -> None:
        """Give PCI functions to the instance.

        :param functions: address, address of the PF, id of the request
        """
        context = nova.context.get_admin_context()
        with nova.context.target_cell(context, self._cell) as cell_context:
            for address, parent, request_id in functions:
                device = objects.PciDevice.create(cell_context, {
                    "compute_node_id": Move._compute_id,
                    "address": address, "parent_addr": parent,
                    "vendor_id": "15b3", "product_id": "101e",
                    "dev_type": "type-VF", "status": "available",
                    "dev_id": "pci_" + address, "label": "", "numa_node": 0})
                device.status = "allocated"
                device.instance_uuid = self.instance
                device.request_id = request_id
                device.save()

    def spec(self) -> Any:
        """Return the request as the conductor hands it to the scheduler."""
        extra_specs = {}
        if self.request.resource_class == "VGPU":
            extra_specs["resources:VGPU"] = "1"
        else:
            extra_specs["pci_passthrough:alias"] = "vf:1"
        return objects.RequestSpec(
            nova.context.get_admin_context(), instance_uuid=self.instance,
            flavor=objects.Flavor(
                name="f", vcpus=1, memory_mb=1, root_gb=0,
                extra_specs=extra_specs),
            ignore_hosts=[self.source.name], scheduler_hints={},
            requested_destination=objects.Destination(cell=self._cell),
            pci_requests=objects.InstancePCIRequests(requests=[
                objects.InstancePCIRequest(
                    count=count, alias_name="vf", request_id=id_,
                    spec=[{"resource_class": VF_CLASS,
                           "live_migratable": "true"}])
                for id_, count in zip(
                    self.request.ids, self.request.counts, strict=True)
                if self.request.resource_class == VF_CLASS]))


def host_state(node: cloud.Node, cell: Any,
               candidates: Iterable[cloud.Candidate]) -> Any:
    """Return what the scheduler hands to filters for a host."""
    state = host_manager.HostState(node.name, node.name, cell.uuid)
    state.uuid = node.uuid
    state.allocation_candidates = copy.deepcopy(list(candidates))
    return state
