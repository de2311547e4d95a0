# SPDX-License-Identifier: Apache-2.0

"""The Nova scheduler filter: the only part that imports nova.

Switched on in nova.conf::

    [filter_scheduler]
    available_filters = nova_vfio_compat.scheduler.all_filters
    enabled_filters = ComputeFilter,...,VfioCompatFilter
"""

from __future__ import annotations

from typing import Any

import stevedore

NAMESPACE = "nova_vfio_compat.scheduler.filters"


def all_filters() -> list[type[Any]]:
    """Nova's own filters and those registered under NAMESPACE.

    ``available_filters`` replaces Nova's default when it is set, so one
    name has to stand for both. Nova calls it without arguments when the
    scheduler starts.

    :raises Exception: a registered filter cannot be imported; a scheduler
        that silently runs without it would be worse than one that does
        not start
    """
    from nova.scheduler import filters

    manager: stevedore.ExtensionManager[Any] = stevedore.ExtensionManager(
        NAMESPACE, on_load_failure_callback=_refuse
    )
    return [
        *filters.all_filters(),
        *(extension.plugin for extension in manager),
    ]


def _refuse(
    manager: object, entry_point: object, error: BaseException
) -> None:
    raise error
