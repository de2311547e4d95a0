# SPDX-License-Identifier: Apache-2.0

"""Recognising a live migration from what the source cell's database says.

Nova hands no marker to filters: at that moment the instance is
``migrating`` and has an accepted ``live-migration``, and the migration,
not the instance, holds the allocations on the source.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from nova import exception
from nova import objects
import nova.context
from oslo_db import exception as db_exc

from nova_vfio_compat.compat import codes
from nova_vfio_compat.scheduler import errors
from nova_vfio_compat.scheduler import request


@dataclasses.dataclass(frozen=True, slots=True)
class PciFunction:
    """A PCI function of the instance, as Nova's database has it."""

    address: str
    parent: str | None
    request_id: str


@dataclasses.dataclass(frozen=True, slots=True)
class LiveMigration:
    """A live migration that is being scheduled.

    :ivar consumers: consumers that may hold the allocations, first first
    :ivar functions: the PCI functions that move state
    """

    instance: str
    source: str
    consumers: tuple[str, ...]
    functions: tuple[PciFunction, ...]


def find(spec: Any) -> LiveMigration | None:
    """The live migration that the request belongs to, or None.

    At most two reads of the source cell; one more for the devices where
    the flavor has PCI aliases.

    :raises CannotDecide: the database does not answer
    """
    try:
        return _find(spec)
    except exception.InstanceNotFound:
        # Deleted meanwhile: nothing left that could be migrated.
        return None
    except (db_exc.DBError, exception.NovaException) as error:
        raise errors.CannotDecide(
            codes.Code.DATABASE_FAILED,
            f"cannot read instance {spec.instance_uuid} or its migrations "
            f"in the cell database: {error}",
        ) from error


def _find(spec: Any) -> LiveMigration | None:
    uuid = spec.instance_uuid
    context = nova.context.get_admin_context()
    with nova.context.target_cell(context, request.cell(spec)) as cell:
        instance = objects.Instance.get_by_uuid(
            cell, uuid, expected_attrs=[]
        )
        if instance.task_state != "migrating":
            return None
        # Not get_in_progress_by_instance: it leaves out "accepted".
        migrations = objects.MigrationList.get_by_filters(
            cell,
            {
                "instance_uuid": uuid,
                "migration_type": "live-migration",
                "status": ["accepted"],
            },
            sort_keys=["created_at", "id"],
            sort_dirs=["desc", "desc"],
            limit=1,
        )
        if not migrations:
            return None
        wanted = {
            item.request_id for item in request.alias_requests(spec)
        }
        functions: list[PciFunction] = []
        if wanted:
            functions = [
                PciFunction(
                    device.address, device.parent_addr, device.request_id
                )
                for device in objects.PciDeviceList.get_by_instance_uuid(
                    cell, uuid
                )
                if device.request_id in wanted
            ]
    return LiveMigration(
        instance=uuid,
        source=instance.host,
        # The instance still holds them where Nova had nothing to move.
        consumers=(migrations[0].uuid, uuid),
        functions=tuple(functions),
    )
