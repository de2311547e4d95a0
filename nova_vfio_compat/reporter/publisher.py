# SPDX-License-Identifier: Apache-2.0

"""What is published of this host, and whether that has to change."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import datetime
import logging

from oslo_config import cfg

from nova_vfio_compat.host import tree as tree_
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import report as report_
from nova_vfio_compat.reporter import compute_node
from nova_vfio_compat.reporter import days

LOG = logging.getLogger(__name__)

#: attempts in a row; whoever calls waits longer between those that follow
TRIES = 3


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of publishing a report.

    :ivar node: the compute node
    :ivar change: what was written or found; None: nothing was asked
    :ivar checked: whether Placement was asked anything
    """

    node: provider.Provider
    change: publish.Change | None
    checked: bool


class Publisher:
    """Publishes the reports of one host, and remembers what it did.

    :param sleep: waits between attempts
    :param clock: the time in UTC
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        tree: tree_.HostTree,
        client: client_.PlacementClient,
        sleep: Callable[[float], None],
        clock: Callable[[], datetime.datetime] = _now,
    ) -> None:
        self._conf = conf
        self._tree = tree
        self._client = client
        self._sleep = sleep
        self._clock = clock
        self._node: provider.Provider | None = None
        self._compute_id: str | None = None
        self._report: report_.Report | None = None
        self._day: datetime.date | None = None
        self._node_next = False

    def publish(self, report: report_.Report, verify: bool) -> Outcome:
        """Make this the host's report, unless it is.

        :param verify: ask Placement even if nothing has changed here: one
            request, in turn for the report and for the compute node
        :raises PlacementError: it cannot be done
        :raises ConfigurationError: a ``compute_id`` file without a uuid
        """
        try:
            return self._publish(report, verify)
        except errors.UnexpectedAnswer:
            # What a Placement does that is too old; this says so then.
            self._client.check_version()
            raise

    def _publish(self, report: report_.Report, verify: bool) -> Outcome:
        node_turn = verify and self._node_next
        node = self._find_node(node_turn)
        now = self._clock()
        day = days.to_publish(now, days.minute_of(node.uuid), self._day)
        unchanged = (report, day) == (self._report, self._day)
        if unchanged and (node_turn or not verify):
            self._node_next = False
            return Outcome(node, None, checked=node_turn)
        # Not known any more until it is done.
        self._report = None
        change = publish.publish(
            self._client, node, report, day, self._sleep, TRIES
        )
        if unchanged and change.any:
            LOG.warning(
                "Somebody else has %s the report of compute node %s; it is "
                "put right. If this comes back, look for a second reporter "
                "for this host.",
                "deleted" if change.before is None else "changed",
                node.name,
            )
        self._report, self._day = report, day
        self._node_next = True
        return Outcome(node, change, checked=True)

    def _find_node(self, verify: bool) -> provider.Provider:
        """The compute node; asks Placement only if it has to."""
        id_ = None
        if not self._conf.vfio_compat.compute_node:
            # A file: nova-compute may write it or replace it at any time.
            id_ = compute_node.compute_id(self._conf, self._tree)
        known = self._node
        if known is not None and id_ == self._compute_id:
            if not verify:
                return known
            current = self._client.provider(known.uuid)
            if current is not None and current.name == known.name:
                return known
        self._node = None
        found = compute_node.find(self._conf, self._tree, self._client)
        if known is None or (known.uuid, known.name) != (
            found.uuid, found.name
        ):
            LOG.info(
                "The compute node of this host is %s (%s).",
                found.name, found.uuid,
            )
            self._report = self._day = None
        self._node, self._compute_id = found, id_
        return found
