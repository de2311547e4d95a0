# SPDX-License-Identifier: Apache-2.0
"""Leave the demo's cloud up, and say how to look at it."""

from __future__ import annotations

import pathlib
import sys

from demo_lib import commands
from demo_lib import output
from demo_lib import placement_http
from demo_lib import world as worlds


def keep(world: worlds.World) -> None:
    """Let Placement run on and print commands to look around and to stop."""
    server = world.server
    server.keep()
    hosts = "$D/hosts"
    output.section("5. Look around")
    output.line("D=%s" % world.folder)
    output.line("PATH=%s:$PATH" % pathlib.Path(sys.executable).parent)
    for text, line in (
        ("what the fleet has published",
         "%s host list --config-file $D/nova.conf" % commands.COMMAND),
        ("one host of it",
         "%s host show --config-file $D/nova.conf gpu-mixed-1"
         % commands.COMMAND),
        ("what a host could take of another one, without Placement",
         "%s compare %s/gpu-old-1/root %s/gpu-new-1/root"
         % (commands.COMMAND, hosts, hosts)),
        ("a host's devices",
         "%s device list --root %s/nic-mixed-1/root"
         % (commands.COMMAND, hosts)),
        ("what the reporter of gpu-mute-1 would publish",
         "%s --dry-run --config-file %s/gpu-mute-1/etc/nova.conf"
         " --root %s/gpu-mute-1/root" % (commands.REPORTER, hosts, hosts)),
        ("Placement itself",
         "curl -s -H 'X-Auth-Token: %s'"
         " -H 'OpenStack-API-Version: placement %s'"
         " %s/resource_providers"
         % (placement_http.TOKEN, placement_http.MICROVERSION, server.url)),
        ("what the filter logged, with a line for each host at DEBUG",
         "grep %s $D/%s" % ("nova_vfio_compat", world.nova_log.name)),
    ):
        output.line()
        output.line("# %s" % text)
        output.line(line)
    output.line()
    output.line("# stop Placement and remove everything")
    output.line("kill %d; rm -rf %s" % (server.pid, world.folder))
