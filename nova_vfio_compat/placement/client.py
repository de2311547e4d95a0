# SPDX-License-Identifier: Apache-2.0

"""The requests to Placement, one method each, and what their answers mean."""

from __future__ import annotations

from collections.abc import Iterable
import enum
from urllib import parse

from keystoneauth1 import exceptions as ksa_exceptions
from oslo_config import cfg
import requests

from nova_vfio_compat.placement import answers
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import provider as provider_
from nova_vfio_compat.placement import wire

#: any-traits queries (``required=in:``), of Placement 7.0.0 (Yoga)
MICROVERSION = (1, 39)
_HEADERS = {
    "Accept": "application/json",
    "OpenStack-API-Version": "placement %d.%d" % MICROVERSION,
}
# How often traits are read that change while they are.
_READS = 3


class Written(enum.Enum):
    """How Placement answered a write whose answer it gave."""

    DONE = "done"
    #: somebody else was faster, or it is not there: read again
    CONFLICT = "conflict"
    #: a trait's name has to be created first
    UNKNOWN_TRAIT = "unknown trait"


class PlacementClient:
    """Talks to Placement through a keystoneauth adapter.

    Every method may raise ``Transient`` (``Unreachable``, ``ServerFailed``),
    ``Refused``, ``NotPlacement`` and ``UnexpectedAnswer``.
    """

    def __init__(self, adapter: wire.Wire) -> None:
        self._adapter = adapter

    def check_version(self) -> None:
        """Ask Placement which versions of its API it has.

        :raises Unsupported: not the one that is needed
        """
        document = answers.document(self._request("GET", "/"))
        newest = answers.newest_version(document)
        if newest < MICROVERSION:
            raise errors.Unsupported(
                ".".join(map(str, newest)), "%d.%d" % MICROVERSION
            )

    def provider(self, uuid: str) -> provider_.Provider | None:
        """The provider with this uuid."""
        response = self._request("GET", _path(uuid), allowed=(404,))
        if response.status_code == 404:
            return None
        return answers.provider_of(answers.document(response))

    def provider_by_name(self, name: str) -> provider_.Provider | None:
        """The provider with this name."""
        found = self._providers({"name": name})
        return found[0] if found else None

    def providers(self) -> list[provider_.Provider]:
        """All providers that there are."""
        return self._providers({})

    def providers_with(self, trait: str) -> list[provider_.Provider]:
        """The providers that have this trait, by name."""
        return sorted(
            self._providers({"required": trait}), key=lambda item: item.name
        )

    def provider_traits(self, uuid: str) -> provider_.ProviderTraits | None:
        """The traits of a provider; None if there is no such provider."""
        path = _path(uuid, "/traits")
        for _ in range(_READS):
            response = self._request("GET", path, allowed=(404,))
            if response.status_code != 404:
                return answers.provider_traits(answers.document(response))
            if not answers.misses_trait(response):
                return None
        raise errors.ServerFailed(404, f"GET {path}")

    def has_inventory(self, uuid: str) -> bool:
        """Whether a provider provides anything."""
        response = self._request(
            "GET", _path(uuid, "/inventories"), allowed=(404,)
        )
        if response.status_code == 404:
            return False
        return bool(answers.document(response).get("inventories"))

    def trait_names(
        self, prefix: str, unused: bool = False
    ) -> frozenset[str]:
        """The names that start with ``prefix``; or those that nobody has."""
        query = {"name": f"startswith:{prefix}"}
        if unused:
            query["associated"] = "false"
        url = f"/traits?{parse.urlencode(query)}"
        found = answers.names(answers.document(self._request("GET", url)))
        # To Placement's database an underscore is any character.
        return frozenset(name for name in found if name.startswith(prefix))

    def create_provider(self, wanted: provider_.Provider) -> Written:
        """Create a root provider. CONFLICT: its uuid or name is in use."""
        response = self._request(
            "POST",
            "/resource_providers",
            json={"name": wanted.name, "uuid": wanted.uuid},
            allowed=(409,),
        )
        return _written(response)

    def delete_provider(self, uuid: str) -> Written:
        """Delete a provider. CONFLICT: it is in use."""
        response = self._request("DELETE", _path(uuid), allowed=(404, 409))
        return _written(response, gone_is_done=True)

    def put_provider_traits(
        self, uuid: str, generation: int, names: Iterable[str]
    ) -> Written:
        """Replace the traits of a provider, all at once."""
        response = self._request(
            "PUT",
            _path(uuid, "/traits"),
            json={
                "resource_provider_generation": generation,
                "traits": sorted(names),
            },
            allowed=(400, 404, 409),
        )
        if response.status_code == 400:
            # Or another mistake; then the caller finds no name to create.
            return Written.UNKNOWN_TRAIT
        return _written(response)

    def create_trait(self, name: str) -> None:
        """Make sure that a trait's name exists."""
        self._request("PUT", f"/traits/{name}")

    def delete_trait(self, name: str) -> Written:
        """Delete a trait's name. CONFLICT: a provider has it."""
        response = self._request(
            "DELETE", f"/traits/{name}", allowed=(404, 409)
        )
        return _written(response, gone_is_done=True)

    def _providers(self, query: dict[str, str]) -> list[provider_.Provider]:
        response = self._request(
            "GET",
            f"/resource_providers?{parse.urlencode(query)}",
            allowed=(400,),
        )
        if response.status_code == 400:
            # The trait's name does not exist, so nobody has the trait.
            return []
        return answers.providers(answers.document(response))

    def _request(
        self,
        method: str,
        url: str,
        json: object = None,
        allowed: tuple[int, ...] = (),
    ) -> requests.Response:
        extra = {} if json is None else {"json": json}
        try:
            response = self._adapter.request(
                url, method, headers=dict(_HEADERS), raise_exc=False, **extra
            )
        except ksa_exceptions.ClientException as error:
            raise answers.lost(error) from error
        status = response.status_code
        if status < 300 or status in allowed:
            return response
        request = f"{method} {answers.shortened(url, 100)}"
        if status in (401, 403):
            raise errors.Refused(f"HTTP {status} to {request}")
        if status >= 500 or status == 429:
            raise errors.ServerFailed(
                status, request, answers.retry_after(response)
            )
        if status == 404 and method != "PUT":
            raise errors.NotPlacement(f"HTTP 404 to {request}")
        raise errors.UnexpectedAnswer(
            status, request, answers.one_line(response.text)
        )


def from_conf(conf: cfg.ConfigOpts) -> PlacementClient:
    """A client with the credentials in ``[placement]``.

    :raises ConfigurationError: they are missing or incomplete
    """
    return PlacementClient(wire.from_conf(conf))


def _written(
    response: requests.Response, gone_is_done: bool = False
) -> Written:
    if response.status_code == 409:
        return Written.CONFLICT
    if response.status_code == 404 and not gone_is_done:
        return Written.CONFLICT
    return Written.DONE


def _path(uuid: str, rest: str = "") -> str:
    return f"/resource_providers/{uuid}{rest}"
