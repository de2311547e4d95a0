# SPDX-License-Identifier: Apache-2.0

"""The few reads of Placement that the filter makes.

All go through Nova's own report client: its credentials, its time-outs.
Every failure is one exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib import parse

from keystoneauth1 import exceptions as ks_exc
from nova.scheduler.client import report

from nova_vfio_compat.compat import codes
from nova_vfio_compat.placement import provider
from nova_vfio_compat.scheduler import errors

#: required=in:A,B
VERSION = "1.39"

# The query string of one request: uwsgi's default buffer is 4 KiB and a
# class trait takes some 45 bytes of it.
BATCH = 64


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
    if status == 404 and absent is not None:
        return absent
    if status == 400 and "No such trait" in body:
        raise errors.UnknownTrait(url)
    raise errors.CannotDecide(
        codes.Code.PLACEMENT_FAILED,
        f"GET {url}: HTTP {status}: {body[:200]}",
    )


def _list(body: Any, key: str, url: str) -> list[Any]:
    found = body.get(key) if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise errors.CannotDecide(
            codes.Code.PLACEMENT_FAILED,
            f"GET {url}: the answer has no list of {key}",
        )
    return found


def allocations(consumer: str) -> dict[str, dict[str, int]]:
    """Provider uuid to resources that the consumer holds on it."""
    url = f"/allocations/{consumer}"
    body = _get(url)
    try:
        return {
            uuid: dict(item["resources"])
            for uuid, item in body["allocations"].items()
        }
    except (KeyError, TypeError, AttributeError):
        raise errors.CannotDecide(
            codes.Code.PLACEMENT_FAILED,
            f"GET {url}: the answer has no allocations",
        ) from None


def tree(provider_uuid: str) -> list[dict[str, Any]]:
    """All providers of the tree that this provider is in."""
    url = f"/resource_providers?in_tree={provider_uuid}"
    return _list(_get(url), "resource_providers", url)


def provider_traits(provider_uuid: str) -> list[str]:
    """The traits of a report provider; none if it does not exist."""
    url = f"/resource_providers/{provider_uuid}/traits"
    return _list(_get(url, absent={"traits": []}), "traits", url)


def trait_names(prefix: str) -> list[str]:
    """Every trait name that Placement knows with this prefix."""
    url = f"/traits?name=startswith:{prefix}"
    return _list(_get(url), "traits", url)


def existing_traits(names: Iterable[str]) -> list[str]:
    """Those of the names that Placement knows."""
    url = f"/traits?name=in:{','.join(sorted(names))}"
    return _list(_get(url), "traits", url)


def report_providers(
    any_of: Iterable[str], fresh: Iterable[str] = ()
) -> dict[str, int]:
    """The report providers that have one of some traits.

    :param any_of: trait names; a provider has at least one of them
    :param fresh: trait names; it has at least one of these as well
    :returns: provider uuid to its generation
    :raises UnknownTrait: one of the names does not exist
    """
    found = {}
    names = sorted(any_of)
    for start in range(0, len(names), BATCH):
        query = [("required", "in:" + ",".join(names[start:start + BATCH]))]
        if fresh:
            query.append(("required", "in:" + ",".join(sorted(fresh))))
        url = "/resource_providers?" + parse.urlencode(query, safe=":,")
        for item in _list(_get(url), "resource_providers", url):
            # Anybody may give our traits to a provider: only the name
            # tells a report.
            if str(item.get("name", "")).startswith(provider.NAME_PREFIX):
                found[str(item["uuid"])] = int(item["generation"])
    return found
