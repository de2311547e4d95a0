# SPDX-License-Identifier: Apache-2.0

"""Making a snapshot of a host."""

from __future__ import annotations

from nova_vfio_compat.host import nova_conf
from nova_vfio_compat.host import options
from nova_vfio_compat.host import record
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import snapshot
from nova_vfio_compat.host import tree as host_tree


def capture(
    tree: host_tree.HostTree, known: options.DeviceOptions | None = None
) -> bytes:
    """Return the bytes of a snapshot of a host.

    It has what a scan reads, with and without regard to nova.conf.

    :param known: what nova.conf says of devices
    :raises NotAHostTree: the root of the tree holds no host
    :raises HostError: the host is too large
    """
    recorder = record.Recorder(tree.store)
    view = host_tree.HostTree(tree.root, tree.opened, recorder)
    scan.scan(view)
    if known is not None:
        scan.scan(view, nova_conf.offered(known))
    # What the reporter looks at before it scans.
    view.listdir("sys")
    view.is_dir("sys/bus")
    return snapshot.pack(recorder.record, known)
