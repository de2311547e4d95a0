# SPDX-License-Identifier: Apache-2.0
"""Host trees on disk, in the exact formats that real kernels write.

A test describes a host; the builder writes the part of /sys, /proc and /lib
that belongs to it under a folder, with real directories below
``sys/devices`` and relative links everywhere else, as the kernel makes them::

    from tests import trees

    host = trees.HostBuilder("/some/folder").kernel("6.12.1")
    host.mlx5_pf("0000:81:00.0", firmware="28.43.1000", vfs=2,
                 vf_driver=["mlx5_vfio_pci", "mlx5_core"])
    host.mdev_parent("0000:00:02.0", driver="i915", types={
        "i915-GVTg_V5_4": {"available_instances": "2"}})
    host.mdev("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
              parent="0000:00:02.0", type="i915-GVTg_V5_4",
              migration=trees.Migration(
                  self={"device_api": "vfio-pci", "type": "i915-GVTg_V5_4",
                        "software_version": "1.0.0"},
                  compatible=[{"type": "i915-GVTg_V5_{n:int:2,4}"}]))
    host.mtty(types=("mtty-1",))

Everything that writes returns the builder, so calls chain, and
``host.path("0000:81:00.2")`` is the real directory of a device.  Values are
text without the trailing newline; ``bytes`` are written as they are, for
files that no healthy driver would write.  ``host.break_file(path)`` makes a
file that exists and that nobody, not even root, can read.
"""

from __future__ import annotations

from tests.trees.builder import HostBuilder
from tests.trees.functions import Bar
from tests.trees.functions import Function
from tests.trees.functions import offset_address
from tests.trees.migration import Migration

__all__ = ["Bar", "Function", "HostBuilder", "Migration", "offset_address"]
