# SPDX-License-Identifier: Apache-2.0

"""What Nova's API and Placement say of one server, and of room for it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import re
from typing import Any
from urllib import parse
import uuid as uuid_

from keystoneauth1 import adapter as ksa_adapter
from keystoneauth1 import exceptions as ksa_exceptions
from oslo_config import cfg

from nova_vfio_compat.placement import answers
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import wire

#: with the flavor in the server, and its extra specs
_COMPUTE = "compute 2.53"
_PLACEMENT = "placement 1.39"
_ALIAS = re.compile(r"([^:,]+):([0-9]+)")


class CloudError(Exception):
    """One sentence on what Nova's API did not say, and what to do."""

    exit_code = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Server:
    """A server as Nova's API has it.

    :ivar node: hypervisor hostname of the compute node that it is on
    :ivar aliases: PCI alias of the flavor to how many of it
    """

    uuid: str
    name: str
    node: str
    aliases: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """Where Placement would take what a server has.

    :ivar resources: provider to resource class to amount
    :ivar groups: the providers of each numbered group
    :ivar root: of the compute node's tree
    """

    resources: Mapping[str, Mapping[str, int]]
    groups: Mapping[str, tuple[str, ...]]
    root: str


def compute_wire(conf: cfg.ConfigOpts) -> ksa_adapter.Adapter:
    """The way to Nova's API, with the credentials in ``[placement]``.

    :raises ConfigurationError: they are missing or incomplete
    """
    placement = wire.from_conf(conf)
    return ksa_adapter.Adapter(
        placement.session,
        auth=placement.auth,
        service_type="compute",
        interface=placement.interface,
        region_name=placement.region_name,
        client_name="nova-vfio-compat",
    )


class Cloud:
    """Questions to Nova's API and to Placement.

    Every method may raise CloudError, and PlacementError.
    """

    def __init__(self, compute: wire.Wire, placement: wire.Wire) -> None:
        self._compute = compute
        self._placement = placement

    def server(self, wanted: str) -> Server:
        """The server with this uuid or name."""
        if _is_uuid(wanted):
            found = self._get(f"/servers/{wanted}").get("server")
        else:
            query = parse.urlencode({
                "name": f"^{re.escape(wanted)}$", "all_tenants": "1",
            })
            listed = self._get(f"/servers/detail?{query}").get("servers", [])
            if len(listed) > 1:
                raise CloudError(
                    f"{len(listed)} servers are called {wanted}; give the "
                    "uuid of one"
                )
            found = next(iter(listed), None)
        if not isinstance(found, dict):
            raise CloudError(
                f"Nova has no server {wanted}; give its uuid or its name"
            )
        node = found.get("OS-EXT-SRV-ATTR:hypervisor_hostname")
        if not node:
            raise CloudError(
                f"Nova does not say on which host server {wanted} is; it "
                "must have been scheduled, and the user in [placement] needs "
                "the role admin in Nova"
            )
        extra = (found.get("flavor") or {}).get("extra_specs") or {}
        aliases = _ALIAS.findall(
            str(extra.get("pci_passthrough:alias", "")).replace(" ", "")
        )
        return Server(
            str(found["id"]), str(found.get("name", "")), str(node),
            {name: int(count) for name, count in aliases},
        )

    def allocations(self, consumer: str) -> dict[str, dict[str, int]]:
        """What a server holds: provider to resource class to amount."""
        found = self._ask(f"/allocations/{consumer}").get("allocations") or {}
        return {
            uuid: dict(entry["resources"]) for uuid, entry in found.items()
        }

    def candidates(self, query: Iterable[tuple[str, str]]) -> list[Candidate]:
        """Where Placement has room for something."""
        body = self._ask(
            f"/allocation_candidates?{parse.urlencode(list(query))}"
        )
        summaries = body.get("provider_summaries") or {}
        found = []
        for item in body.get("allocation_requests") or ():
            resources = {
                uuid: dict(entry["resources"])
                for uuid, entry in item["allocations"].items()
            }
            groups = {
                name: tuple(uuids)
                for name, uuids in item.get("mappings", {}).items()
            }
            # Shared storage is a tree of its own; memory never is.
            node = next(
                (
                    uuid for uuid, held in resources.items()
                    if {"MEMORY_MB", "VCPU", "PCPU"} & held.keys()
                ),
                next(iter(resources)),
            )
            found.append(Candidate(
                resources, groups, summaries[node]["root_provider_uuid"]
            ))
        return found

    def names(self) -> dict[str, str]:
        """The name of every provider."""
        found = self._ask("/resource_providers").get("resource_providers")
        return {item["uuid"]: item["name"] for item in found or ()}

    def _get(self, url: str) -> dict[str, Any]:
        try:
            response = self._compute.request(
                url, "GET", raise_exc=False, headers={
                    "Accept": "application/json",
                    "OpenStack-API-Version": _COMPUTE,
                },
            )
        except ksa_exceptions.ClientException as error:
            raise CloudError(
                "Nova's API cannot be reached with the credentials in "
                f"[placement]: {answers.one_line(str(error))}"
            ) from error
        if response.status_code == 404:
            return {}
        if response.status_code >= 300:
            raise CloudError(
                f"Nova's API answered HTTP {response.status_code}; the user "
                "in [placement] needs the role admin in Nova: "
                f"{answers.one_line(response.text)}"
            )
        return answers.document(response)

    def _ask(self, url: str) -> dict[str, Any]:
        try:
            response = self._placement.request(
                url, "GET", raise_exc=False, headers={
                    "Accept": "application/json",
                    "OpenStack-API-Version": _PLACEMENT,
                },
            )
        except ksa_exceptions.ClientException as error:
            raise answers.lost(error) from error
        if response.status_code >= 300:
            path = answers.shortened(url.partition("?")[0], 100)
            raise errors.UnexpectedAnswer(
                response.status_code, f"GET {path}",
                answers.one_line(response.text),
            )
        return answers.document(response)


def _is_uuid(text: str) -> bool:
    try:
        uuid_.UUID(text)
    except ValueError:
        return False
    return True
