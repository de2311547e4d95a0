# SPDX-License-Identifier: Apache-2.0

"""Which of Placement's providers is this host's compute node."""

from __future__ import annotations

import os
import socket
import uuid

from oslo_config import cfg

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import errors as host_errors
from nova_vfio_compat.host import tree as tree_
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import provider

# Nova's name for it, since 27 (nova/virt/node.py).
_COMPUTE_ID = "compute_id"


def find(
    conf: cfg.ConfigOpts,
    tree: tree_.HostTree,
    client: client_.PlacementClient,
) -> provider.Provider:
    """The provider of the compute node that runs on this host.

    :raises NoComputeNode: Placement has none
    :raises ConfigurationError: a ``compute_id`` file without a uuid
    """
    if name := conf.vfio_compat.compute_node:
        return _by_names(client, [name])
    if found := compute_id(conf, tree):
        # Not by name instead if it is missing: a node of the same name is
        # then an earlier one, and nova-compute is about to replace it.
        node = client.provider(found)
        if node is None:
            raise errors.NoComputeNode(f"with the uuid {found}")
        return node
    names = [conf.host, socket.getfqdn(), socket.gethostname()]
    return _by_names(client, list(dict.fromkeys(filter(None, names))))


def _by_names(
    client: client_.PlacementClient, names: list[str]
) -> provider.Provider:
    for name in names:
        found = client.provider_by_name(name)
        if found is not None and found.parent is None:
            return found
    raise errors.NoComputeNode(f"named {' or '.join(names)}")


def compute_id(conf: cfg.ConfigOpts, tree: tree_.HostTree) -> str | None:
    """The uuid that Nova keeps in a file, in the places where Nova looks.

    :raises ConfigurationError: a ``compute_id`` file without a uuid
    """
    trees = [
        (tree_.HostTree(os.path.dirname(os.path.abspath(name))), _COMPUTE_ID)
        for name in conf.config_file or ()
    ]
    # A configuration file is where it is; the state is the host's.
    trees.append((tree, f"{conf.state_path}/{_COMPUTE_ID}"))
    for place, path in trees:
        try:
            text = place.read_optional(path)
        except host_errors.ReadError as error:
            raise conf_.ConfigurationError(
                f"{error}; run the reporter as the user of nova-compute"
            ) from None
        if text is None:
            continue
        try:
            return str(uuid.UUID(text.strip()))
        except ValueError:
            raise conf_.ConfigurationError(
                f"{os.path.join(place.root, path.lstrip('/'))} has no uuid "
                "in it; nova-compute cannot start either until this is put "
                "right"
            ) from None
    return None
