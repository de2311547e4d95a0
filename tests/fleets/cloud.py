# SPDX-License-Identifier: Apache-2.0
"""Compute nodes in a real Placement, as nova-compute would report them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import datetime
import pathlib
from typing import Any
import uuid

from keystoneauth1 import adapter
from keystoneauth1 import session

from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree
from nova_vfio_compat.placement import client
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import report

Candidate = dict[str, Any]


class Node:
    """A compute node's provider; those of its devices change."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.uuid = str(uuid.uuid4())
        #: uuid of nested provider to libvirt's name of the device
        self.devices: dict[str, str] = {}


class Cloud:
    """The calls to Placement that Nova and its operator would make."""

    def __init__(self, endpoint: str) -> None:
        self._adapter = adapter.Adapter(
            session.Session(auth=None), endpoint_override=endpoint,
            additional_headers={
                "x-auth-token": "admin",
                "OpenStack-API-Version": "placement 1.36"})
        self._client = client.PlacementClient(adapter.Adapter(
            session.Session(auth=None), endpoint_override=endpoint,
            additional_headers={"x-auth-token": "admin"}))

    def add_resource_class(self, name: str) -> None:
        """Make a custom resource class."""
        self._call("PUT", "/resource_classes/" + name)

    def add_node(self, name: str) -> Node:
        """Start a compute node without devices."""
        node = Node(name)
        self._add_provider(node.uuid, name, None, {"VCPU": 64})
        return node

    def set_devices(self, node: Node, resource_class: str,
                    totals: Mapping[str, int]) -> None:
        """Replace the nested providers of a node.

        :param totals: libvirt's name of the device to what it has to offer
        """
        for child in node.devices:
            self._call("DELETE", "/resource_providers/" + child)
        node.devices = {}
        for device, total in totals.items():
            child = str(uuid.uuid4())
            suffix = device
            if resource_class != "VGPU":
                # pci_0000_81_00_0 -> 0000:81:00.0, as Nova names a PF's.
                suffix = "{1}:{2}:{3}.{4}".format(*device.split("_"))
            self._add_provider(child, "%s_%s" % (node.name, suffix),
                               node.uuid, {resource_class: total})
            node.devices[child] = device

    def candidates(self, query: str) -> dict[str, list[Candidate]]:
        """Ask for allocation candidates; return them by compute node."""
        body = self._call("GET", "/allocation_candidates?" + query)
        roots = {
            child: summary["root_provider_uuid"]
            for child, summary in body["provider_summaries"].items()}
        found: dict[str, list[Candidate]] = {}
        for candidate in body["allocation_requests"]:
            root = roots[next(iter(candidate["allocations"]))]
            found.setdefault(root, []).append(candidate)
        return found

    def claim(self, consumer: str, candidate: Candidate) -> None:
        """Let a consumer hold what the candidate says."""
        self._call("PUT", "/allocations/" + consumer, {
            "allocations": candidate["allocations"],
            "consumer_generation": None, "project_id": "fleet",
            "user_id": "fleet"})

    def release(self, consumer: str) -> None:
        """Let a consumer hold nothing."""
        self._call("DELETE", "/allocations/" + consumer)

    def publish(self, node: Node, root: pathlib.Path, days: int = 0) -> None:
        """Report a tree as the reporter does.

        :param days: ago
        """
        if days:
            self.withdraw([node])
        today = datetime.datetime.now(datetime.UTC).date()
        publish.publish(
            self._client, provider.Provider(node.uuid, node.name),
            report.report_of(scan.scan(tree.HostTree(root))),
            today - datetime.timedelta(days=days))

    def keep_dates(self, days: Iterable[int]) -> None:
        """Let a host outside the fleet have these days' SEEN traits.

        In a living fleet a past day's name exists as long as anybody has
        it; nobody makes one afterwards, as these tests do.
        """
        today = datetime.datetime.now(datetime.UTC).date()
        traits = [
            (today - datetime.timedelta(days=age)).strftime(
                "CUSTOM_VFIO1_SEEN_%Y%m%d") for age in days]
        for trait in traits:
            self._call("PUT", "/traits/" + trait)
        node = self.add_node("vfio-compat:outside")
        self._call("PUT", "/resource_providers/%s/traits" % node.uuid, {
            "resource_provider_generation": 1, "traits": traits})

    def withdraw(self, nodes: Iterable[Node]) -> None:
        """Let nodes be as if they had never reported."""
        # Emptied, not deleted: the generation of a provider that is made
        # again starts anew, which is no history that a filter could tell.
        for node in nodes:
            report_uuid = provider.report_provider_uuid(node.uuid)
            found = self._client.provider_traits(report_uuid)
            if found is not None and found.names:
                self._client.put_provider_traits(
                    report_uuid, found.generation, ())

    def _add_provider(self, uuid_: str, name: str, parent: str | None,
                      totals: Mapping[str, int]) -> None:
        body = {"uuid": uuid_, "name": name}
        if parent is not None:
            body["parent_provider_uuid"] = parent
        self._call("POST", "/resource_providers", body)
        self._call("PUT", "/resource_providers/%s/inventories" % uuid_, {
            "resource_provider_generation": 0,
            "inventories": {
                name: {"total": total} for name, total in totals.items()}})

    def _call(self, method: str, url: str, body: object = None) -> Any:
        response = self._adapter.request(
            url, method, raise_exc=True,
            **({} if body is None else {"json": body}))
        return response.json() if response.content else None
