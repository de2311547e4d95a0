# SPDX-License-Identifier: Apache-2.0
"""Nova's scheduler: asks it, and notes what it and its filters say."""

from __future__ import annotations

import logging
import re
from typing import Any

from nova import exception
from nova.scheduler import manager
from oslo_messaging import rpc
from oslo_serialization import jsonutils

from demo_lib import decisions
from demo_lib import guests
from demo_lib import nova_cloud

FILTER_LOG = "nova_vfio_compat.scheduler"
# The filter logs a line for each host at DEBUG.
_HOST_LINE = re.compile(r"host (\S+) (?:kept|rejected): (.*)")
# Class ids mean something to a computer only.
_CLASSES = re.compile(r" \(class [^)]*\)")


class _Listener(logging.Handler):
    def __init__(self, decision: decisions.Decision) -> None:
        super().__init__(logging.DEBUG)
        self._decision = decision

    def emit(self, record: logging.LogRecord) -> None:
        found = _HOST_LINE.search(record.getMessage())
        if found:
            text = _CLASSES.sub("", found[2])
            self._decision.reasons[found[1]] = text


class Scheduler:
    """A nova-scheduler without the message queue."""

    def __init__(self, cloud: nova_cloud.Cloud) -> None:
        self._cloud = cloud
        self._manager = manager.SchedulerManager()

    def decide(self, migration: guests.LiveMigration) -> decisions.Decision:
        """Let the scheduler find a destination, as the conductor does."""
        decision = decisions.Decision()
        listener = _Listener(decision)
        logger = logging.getLogger(FILTER_LOG)
        logger.addHandler(listener)
        self._note_sorted_hosts(decision)
        try:
            selections = self._manager.select_destinations(
                self._cloud.context, spec_obj=migration.request_spec,
                instance_uuids=[migration.instance_uuid],
                return_objects=True, return_alternates=False,
            )
        except rpc.ExpectedException as error:
            # How a manager hands NoValidHost to the RPC server.
            if not isinstance(error.exc_info[1], exception.NoValidHost):
                raise
        else:
            self._note_claim(decision, selections[0][0])
        finally:
            logger.removeHandler(listener)
        return decision

    def _note_sorted_hosts(self, decision: decisions.Decision) -> None:
        """See the hosts that passed the filters, in the weighers' order."""
        real = type(self._manager)._get_sorted_hosts

        def sorted_hosts(*args: Any) -> Any:
            hosts = real(self._manager, *args)
            decision.kept.extend(state.host for state in hosts)
            return hosts

        self._manager._get_sorted_hosts = sorted_hosts

    @staticmethod
    def _note_claim(decision: decisions.Decision, selection: Any) -> None:
        decision.chosen = selection.service_host
        claim = jsonutils.loads(selection.allocation_request)
        decision.providers.extend(sorted(claim["allocations"]))
