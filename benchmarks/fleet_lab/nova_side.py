# SPDX-License-Identifier: Apache-2.0

"""Nova's databases with the fleet in them, and its scheduler."""

from __future__ import annotations

from collections.abc import Iterable
import contextlib
import json
import pathlib
import sqlite3
from typing import Any
import uuid

# It chooses Nova's threading mode, which must be before all else of Nova.
import tests.functional  # noqa: F401

# isort: split

from nova import config
from nova import context
from nova import objects
from nova.db import migration as db_migration
from nova.pci import request as pci_request
from nova.scheduler import manager
from oslo_log import log as logging
from oslo_messaging import rpc

from benchmarks.fleet_lab import placement
from benchmarks.fleet_lab import reports
from benchmarks.fleet_lab import rows

_CONF = """\
[DEFAULT]
host = benchmark
state_path = {folder}
log_file = {folder}/nova.log
transport_url = fake:///
service_down_time = 86400
[api_database]
connection = sqlite:///{folder}/api.sqlite
[database]
connection = sqlite:///{folder}/cell0.sqlite
[oslo_messaging_notifications]
driver = noop
[pci]
alias = {alias}
[scheduler]
max_placement_results = {results}
[filter_scheduler]
pci_in_placement = True
available_filters = nova_vfio_compat.scheduler.all_filters
enabled_filters = ComputeFilter,ComputeCapabilitiesFilter,\
ImagePropertiesFilter,ServerGroupAntiAffinityFilter,\
ServerGroupAffinityFilter,PciPassthroughFilter,VfioCompatFilter
[placement]
auth_type = admin_token
endpoint = {url}
endpoint_override = {url}
token = {token}
"""
_ALIAS = {
    "name": "cx7",
    "device_type": "type-VF",
    "resource_class": placement.RESOURCE_CLASS,
    "live_migratable": "yes",
}
#: what ComputeCapabilitiesFilter has to look at
_CAPABILITY = {"capabilities:hypervisor_type": "s== QEMU"}


class Nova:
    """A cell with compute nodes, and a scheduler without message queue."""

    def __init__(
        self, folder: pathlib.Path, url: str, max_placement_results: int
    ) -> None:
        conf = folder / "nova.conf"
        conf.write_text(_CONF.format(
            folder=folder, url=url, token=placement.TOKEN,
            alias=json.dumps(_ALIAS), results=max_placement_results,
        ))
        objects.register_all()
        config.parse_args(["nova-scheduler", "--config-file", str(conf)])
        # What an operator has: INFO, and no DEBUG.
        logging.setup(config.CONF, "nova")
        self._cell_file = folder / "cell1.sqlite"
        self.context = context.get_admin_context()
        self.context.user_id = self.context.project_id = "benchmark"
        db_migration.db_sync(database="api")
        self.cell = objects.CellMapping(
            self.context, uuid=str(uuid.uuid4()), name="cell1",
            database_connection=f"sqlite:///{self._cell_file}",
            transport_url="fake:///",
        )
        self.cell.create()
        with context.target_cell(self.context, self.cell) as cell:
            db_migration.db_sync(database="main", context=cell)
        self.manager: Any = None

    def add(self, nodes: Iterable[rows.Node]) -> None:
        """Add nodes; the first of each kind by Nova, the others copied."""
        alike: dict[int, list[rows.Node]] = {}
        for node in nodes:
            alike.setdefault(len(node.functions), []).append(node)
        for same in alike.values():
            first = same[0]
            with context.target_cell(self.context, self.cell) as cell:
                service = objects.Service(
                    cell, host=first.name, binary="nova-compute",
                    topic="compute", report_count=1, disabled=False,
                )
                service.create()
                service.report_count += 1
                service.save()
                rows.compute_node(cell, first).create()
            with contextlib.closing(
                sqlite3.connect(self._cell_file, timeout=60)
            ) as found, found:
                for table in ("services", "compute_nodes"):
                    rows.copy(found, table, first, same[1:])

    def start(self, nodes: Iterable[rows.Node]) -> None:
        """Start the scheduler, with what computes tell it of instances."""
        self.manager = manager.SchedulerManager()
        # Each nova-compute sends this; without it Nova reads the database
        # for every host of every decision.
        self.manager.host_manager._instance_info = {
            node.name: {"instances": {}, "updated": True} for node in nodes
        }

    def filters(self) -> dict[str, Any]:
        """The objects of the enabled filters, by name."""
        return dict(self.manager.host_manager.filter_obj_map)

    def begin(
        self, service: placement.Placement, node: rows.Node, number: int
    ) -> Any:
        """Begin to live-migrate an instance; what the conductor asks.

        :param number: of the function that the instance holds
        """
        flavor = objects.Flavor(
            id=1, flavorid="f", name="f", memory_mb=64, vcpus=1, root_gb=1,
            ephemeral_gb=0, swap=0, rxtx_factor=1.0, vcpu_weight=0,
            disabled=False, is_public=True,
            extra_specs={"pci_passthrough:alias": "cx7:1", **_CAPABILITY},
        )
        requests = pci_request.get_pci_requests_from_flavor(flavor)
        with context.target_cell(self.context, self.cell) as cell:
            instance = rows.instance(cell, node, flavor, requests, number)
            record = objects.Migration(
                cell, instance_uuid=instance.uuid, source_compute=node.name,
                migration_type="live-migration", status="accepted",
                old_instance_type_id=1, new_instance_type_id=1,
            )
            record.create()
        service.call("PUT", f"/allocations/{record.uuid}", {
            "allocations": {
                node.uuid: {"resources": {
                    "VCPU": 1, "MEMORY_MB": 64, "DISK_GB": 1,
                }},
                node.functions[reports.PFS[0]]: {"resources": {
                    placement.RESOURCE_CLASS: 1,
                }},
            },
            "project_id": "benchmark", "user_id": "benchmark",
            "consumer_generation": None, "consumer_type": "MIGRATION",
        })
        spec = objects.RequestSpec.from_components(
            self.context, instance.uuid, rows.IMAGE, flavor, None,
            instance.pci_requests, {}, None, None,
        )
        spec.reset_forced_destinations()
        spec.requested_destination = objects.Destination(cell=self.cell)
        spec.ignore_hosts = [node.name]
        spec.is_bfv = False
        return spec

    def select(self, spec: Any) -> str | None:
        """Let the scheduler choose; the host's name, or None."""
        try:
            selections = self.manager.select_destinations(
                self.context, spec_obj=spec,
                instance_uuids=[spec.instance_uuid], return_objects=True,
            )
        except rpc.ExpectedException:
            # How a manager hands NoValidHost to the RPC server.
            return None
        return str(selections[0][0].service_host)
