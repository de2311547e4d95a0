# SPDX-License-Identifier: Apache-2.0
"""The configuration files: the scheduler's and each compute host's."""

from __future__ import annotations

import json
import pathlib

from demo_lib import fleet
from demo_lib import placement_http

RESOURCE_CLASS = "CUSTOM_CX7_VF"
ALIAS = "cx7"

PLACEMENT = """\
[placement]
auth_type = admin_token
endpoint = %(url)s
endpoint_override = %(url)s
token = %(token)s
"""

#: What an operator adds to the scheduler's nova.conf for this package.
FILTER = """\
[filter_scheduler]
available_filters = nova_vfio_compat.scheduler.all_filters
enabled_filters = ComputeFilter,ComputeCapabilitiesFilter,\
ImagePropertiesFilter,ServerGroupAntiAffinityFilter,\
ServerGroupAffinityFilter,PciPassthroughFilter,VfioCompatFilter
"""

SCHEDULER = """\
[DEFAULT]
host = demo-scheduler
state_path = %(folder)s
transport_url = fake:///
# Nobody heartbeats for the compute services of the demo.
service_down_time = 86400

[api_database]
connection = sqlite:///%(folder)s/nova_api.sqlite

[database]
connection = sqlite:///%(folder)s/nova_cell0.sqlite

[pci]
alias = %(alias)s

%(filter)spci_in_placement = True

"""

COMPUTE = """\
[DEFAULT]
host = %(host)s
state_path = %(state)s

"""


def _placement(url: str) -> str:
    return PLACEMENT % {"url": url, "token": placement_http.TOKEN}


def write_scheduler(folder: pathlib.Path, url: str) -> pathlib.Path:
    """Write the nova.conf of the scheduler; return its path."""
    path = folder / "nova.conf"
    alias = {
        "name": ALIAS, "device_type": "type-VF",
        "resource_class": RESOURCE_CLASS, "live_migratable": "yes",
    }
    text = SCHEDULER % {
        "folder": folder, "filter": FILTER, "alias": json.dumps(alias)
    }
    path.write_text(text + _placement(url))
    return path


def device_spec() -> str:
    """What the network hosts have as [pci] device_spec."""
    return json.dumps({
        "vendor_id": "15b3", "product_id": "101e",
        "resource_class": RESOURCE_CLASS, "live_migratable": "yes",
    })


def write_compute(
    host: fleet.Host, uuid: str, folder: pathlib.Path, url: str
) -> pathlib.Path:
    """Write the nova.conf of a compute host and what nova-compute keeps.

    :param uuid: of the host's compute node, in the file that nova-compute
        keeps in its state_path
    :param folder: a folder for this host alone
    :return: the path of nova.conf
    """
    folder.mkdir(parents=True)
    (folder / "compute_id").write_text(uuid + "\n")
    text = COMPUTE % {"host": host.name, "state": folder}
    if host.nics:
        text += "[pci]\nreport_in_placement = True\n"
        text += "device_spec = %s\n\n" % device_spec()
    if host.gpus:
        types = sorted({gpu.mdev_type for gpu in host.gpus})
        text += "[devices]\nenabled_mdev_types = %s\n\n" % ",".join(types)
    path = folder / "nova.conf"
    path.write_text(text + _placement(url))
    return path
