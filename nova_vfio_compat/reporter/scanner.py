# SPDX-License-Identifier: Apache-2.0

"""From a host's files to its report."""

from __future__ import annotations

import logging

from oslo_config import cfg

from nova_vfio_compat.host import errors as host_errors
from nova_vfio_compat.host import knowledge
from nova_vfio_compat.host import offered
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as tree_
from nova_vfio_compat.placement import report as report_

LOG = logging.getLogger(__name__)


def report(conf: cfg.ConfigOpts, tree: tree_.HostTree) -> report_.Report:
    """Look at a host and say what it publishes.

    What is wrong with a single device is logged and costs that device.

    :raises HostError: the host cannot be looked at; what it has published
        before must stay
    :raises TooManyClasses: likewise
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
    for line in found.problem_lines():
        LOG.warning("%s", line)
    if found.unlisted:
        raise host_errors.HostError(
            f"{', '.join(found.unlisted)} cannot be listed, so nothing is "
            "published and the last report stays; run the reporter as a user "
            "who can read it"
        )
    # A mistake in the operator's files hides no device.
    hidden = [
        problem for problem in found.problems
        if not problem.path.startswith(knowledge.FOLDER)
    ]
    if hidden and not found.devices:
        raise host_errors.HostError(
            "no device could be looked at, so nothing is published and the "
            "last report stays; the warnings above say why"
        )
    return report_.report_of(found, conf.vfio_compat.max_classes)
