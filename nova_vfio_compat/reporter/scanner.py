# SPDX-License-Identifier: Apache-2.0

"""From a host's files to its report."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import logging

from oslo_config import cfg

from nova_vfio_compat.host import device
from nova_vfio_compat.host import errors as host_errors
from nova_vfio_compat.host import knowledge
from nova_vfio_compat.host import offered
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as tree_
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import report as report_

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """One look at a host.

    :ivar found: its devices
    :ivar lines: what was wrong, a line for each thing to mend
    """

    found: device.HostScan
    lines: tuple[str, ...]

    def report(self, conf: cfg.ConfigOpts) -> report_.Report:
        """What the host publishes.

        :raises HostError: too much cannot be seen; what was published
            before must stay
        :raises TooManyClasses: likewise
        """
        if self.found.unlisted:
            raise host_errors.HostError(
                f"{', '.join(self.found.unlisted)} cannot be listed, so "
                "nothing is published and the last report stays; run the "
                "reporter as a user who can read it"
            )
        # A mistake in the operator's files hides no device.
        hidden = [
            problem for problem in self.found.problems
            if not problem.path.startswith(knowledge.FOLDER)
        ]
        if hidden and not self.found.devices:
            raise host_errors.HostError(
                "no device could be looked at, so nothing is published and "
                "the last report stays; the warnings above say why"
            )
        return report_.report_of(self.found, conf.vfio_compat.max_classes)


def look(conf: cfg.ConfigOpts, tree: tree_.HostTree) -> Look:
    """Look at a host.

    :raises HostError: it cannot be looked at
    """
    tree.check()
    if not tree.listdir("sys"):
        # As good as no host at all, and far from one without devices.
        raise host_errors.NotAHostTree(
            f"{tree.root} has an empty sys/ directory: mount sysfs there"
        )
    if not tree.is_dir("sys/bus"):
        raise host_errors.NotAHostTree(
            f"{tree.root} has no sys/bus/ directory: mount all of sysfs there"
        )
    found = scan.scan(tree, offered.Offered.from_conf(conf))
    return Look(found, tuple(found.problem_lines()))


def report(conf: cfg.ConfigOpts, tree: tree_.HostTree) -> report_.Report:
    """Look at a host and say what it publishes.

    What is wrong with a single device is logged and costs that device.

    :raises HostError: the host cannot be looked at; what it has published
        before must stay
    :raises TooManyClasses: likewise
    """
    looked = look(conf, tree)
    warn(looked.lines)
    return looked.report(conf)


def warn(lines: Iterable[str]) -> None:
    """Log what was wrong."""
    for line in lines:
        LOG.warning("%s", line)


def summary(
    node: str, report: report_.Report, change: publish.Change
) -> str:
    """What publishing has come to, as a sentence."""
    return (
        f"The report of compute node {node} "
        f"{'was published' if change.any else 'is unchanged'} (classes: "
        f"{len(report.classes)}, devices: {len(report.devices)}, traits "
        f"added: {len(change.added)}, removed: {len(change.removed)})."
    )
