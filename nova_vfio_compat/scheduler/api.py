# SPDX-License-Identifier: Apache-2.0

"""The few reads of Placement that the filter makes.

All go through Nova's own report client: its credentials, its time-outs.
Every failure is one exception.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
from typing import Any
from urllib import parse

from keystoneauth1 import exceptions as ks_exc
from nova.scheduler.client import report

from nova_vfio_compat.compat import codes
from nova_vfio_compat.placement import provider
from nova_vfio_compat.scheduler import errors

#: required=in:A,B
VERSION = "1.39"

# Names in one request. uwsgi's default buffer of 4 KiB holds the query twice
# (REQUEST_URI and QUERY_STRING), the token and what proxies add; a name takes
# 46 bytes. Measured with a Fernet token's length: 33 names pass. More than
# that is an error at best: uwsgi as a plain HTTP socket leaves the query out
# instead, and Placement answers with every provider there is.
BATCH = 24
# How often traits are read that change while they are.
_READS = 3


def _get(url: str, absent: Any = None) -> Any:
    """The body of an answer; ``absent``, if given, instead of a 404."""
    try:
        response = report.report_client_singleton().get(url, version=VERSION)
        status = response.status_code
        body = response.json() if status == 200 else response.text
    except (ks_exc.ClientException, OSError, ValueError) as error:
        raise errors.CannotDecide(
            codes.Code.PLACEMENT_FAILED, f"GET {url}: {error}"
        ) from error
    if status == 200:
        return body
    # 404: of a provider that is there, see provider_traits.
    if status in (400, 404) and "No such trait" in body:
        raise errors.UnknownTrait(url)
    if status == 404 and absent is not None:
        return absent
    raise errors.CannotDecide(
        codes.Code.PLACEMENT_FAILED,
        f"GET {url}: HTTP {status}: {body[:200]}",
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Provider:
    """A resource provider as Placement lists it."""

    uuid: str
    name: str
    generation: int
    root: str


def _strange(url: str, what: str) -> errors.CannotDecide:
    return errors.CannotDecide(
        codes.Code.PLACEMENT_FAILED, f"GET {url}: the answer has no {what}"
    )


def _names(url: str, absent: Any = None) -> list[str]:
    """The names of traits in an answer."""
    try:
        found = _get(url, absent)["traits"]
        if all(isinstance(name, str) for name in found):
            return list(found)
    except (KeyError, TypeError):
        pass
    raise _strange(url, "list of traits")


def _providers(url: str) -> list[Provider]:
    """The resource providers in an answer."""
    try:
        return [
            Provider(
                str(item["uuid"]),
                str(item["name"]),
                int(item["generation"]),
                str(item["root_provider_uuid"]),
            )
            for item in _get(url)["resource_providers"]
        ]
    except (KeyError, TypeError, ValueError):
        raise _strange(url, "list of resource providers") from None


def allocations(consumer: str) -> dict[str, dict[str, int]]:
    """Provider uuid to resources that the consumer holds on it."""
    url = f"/allocations/{consumer}"
    body = _get(url)
    try:
        return {
            uuid: dict(item["resources"])
            for uuid, item in body["allocations"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _strange(url, "allocations") from None


def tree(provider_uuid: str) -> list[Provider]:
    """All providers of the tree that this provider is in."""
    return _providers(f"/resource_providers?in_tree={provider_uuid}")


def provider_traits(provider_uuid: str) -> list[str]:
    """The traits of a report provider; none if it does not exist.

    On PostgreSQL Placement misses a name that is deleted between its two
    statements and answers as if there were no provider; it is asked again.
    """
    url = f"/resource_providers/{provider_uuid}/traits"
    for _ in range(_READS):
        try:
            return _names(url, absent={"traits": []})
        except errors.UnknownTrait:
            continue
    raise errors.CannotDecide(
        codes.Code.PLACEMENT_FAILED,
        f"GET {url}: names of traits vanish while they are read",
    )


def trait_names(prefix: str) -> list[str]:
    """Every trait name that Placement knows with this prefix."""
    return _names(f"/traits?name=startswith:{prefix}")


def existing_traits(names: Iterable[str]) -> list[str]:
    """Those of the names that Placement knows."""
    return _names(f"/traits?name=in:{','.join(sorted(names))}")


def report_providers(
    any_of: Iterable[str], fresh: Iterable[str] = ()
) -> dict[str, int]:
    """The report providers that have one of some traits.

    :param any_of: trait names; a provider has at least one of them
    :param fresh: trait names; it has at least one of these as well
    :returns: provider uuid to its generation
    :raises UnknownTrait: one of the names does not exist
    """
    found: dict[str, int] = {}
    names = sorted(any_of)
    for start in range(0, len(names), BATCH):
        query = [("required", "in:" + ",".join(names[start:start + BATCH]))]
        if fresh:
            query.append(("required", "in:" + ",".join(sorted(fresh))))
        url = "/resource_providers?" + parse.urlencode(query, safe=":,")
        # A line for each host of the fleet, so no object is made of it.
        try:
            found.update(
                (str(item["uuid"]), int(item["generation"]))
                for item in _get(url)["resource_providers"]
                # Anybody may give our traits to a provider: only the name
                # tells a report.
                if item["name"].startswith(provider.NAME_PREFIX)
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _strange(url, "list of resource providers") from None
    return found
