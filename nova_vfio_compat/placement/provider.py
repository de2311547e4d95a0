# SPDX-License-Identifier: Apache-2.0

"""Where a report lives: a root provider of its own, outside Nova's tree.

nova-compute wipes traits of others on its PCI providers, and a provider
that vanishes from its tree stops it for minutes. A separate root is
invisible to it, and costs a boot nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import uuid

# Never to be changed: it is how a report is found from its compute node.
_NAMESPACE = uuid.UUID("46e9fab0-d5ab-4b13-a682-a103ef5c6bb8")

#: what the names of report providers start with
NAME_PREFIX = "vfio-compat:"
#: Placement's limit
MAX_NAME = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Provider:
    """A resource provider as Placement gives it."""

    uuid: str
    name: str
    generation: int = 0
    parent: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ProviderTraits:
    """The traits of a provider, and the generation that they were read at."""

    generation: int
    names: frozenset[str]


def report_provider_uuid(compute_node_uuid: str) -> str:
    """Uuid of the provider that has the report of this compute node."""
    return str(uuid.uuid5(_NAMESPACE, str(uuid.UUID(compute_node_uuid))))


def report_provider_name(hypervisor_hostname: str) -> str:
    """Name of the provider that has the report of this compute node."""
    name = NAME_PREFIX + hypervisor_hostname
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(hypervisor_hostname.encode()).hexdigest()[:16]
    return f"{name[:MAX_NAME - len(digest) - 1]}~{digest}"


def hypervisor_hostname(report_provider_name_: str) -> str:
    """The compute node's name in the name of its report provider."""
    return report_provider_name_.removeprefix(NAME_PREFIX)
