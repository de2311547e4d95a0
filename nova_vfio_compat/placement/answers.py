# SPDX-License-Identifier: Apache-2.0

"""What Placement, or whoever answers in its place, sends back."""

from __future__ import annotations

import datetime
from email import utils
import re
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
import requests

from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import provider

# Of a server's text that ends up in one of ours.
_MAX_DETAIL = 300
# In what requests and urllib3 say about their pools and retries.
_ERRNO = re.compile(r"\[Errno -?[0-9]+\] [^\"')]+")


def shortened(text: str, limit: int) -> str:
    """``text``, cut where it is too long for a message."""
    return text if len(text) <= limit else f"{text[:limit - 3]}..."


def one_line(text: str) -> str:
    """A text of somebody else as a part of a sentence of ours."""
    return shortened(" ".join(text.split()).rstrip("."), _MAX_DETAIL)


def lost(error: ksa_exceptions.ClientException) -> errors.PlacementError:
    """What it means that keystoneauth has no answer to give."""
    detail = one_line(str(error))
    match error:
        case ksa_exceptions.SSLError():
            return errors.NotPlacement(
                f"{detail} (certificates are checked with [placement] cafile)"
            )
        case ksa_exceptions.HttpServerError():
            # Keystone's: Placement's own answers do not come as exceptions.
            return errors.Unreachable(f"Keystone failed: {detail}")
        case (
            ksa_exceptions.ConnectionError()
            | ksa_exceptions.DiscoveryFailure()
        ):
            return errors.Unreachable(_without_pool(str(error)))
        case ksa_exceptions.CatalogException():
            return errors.NotPlacement(detail)
        case _:
            return errors.Refused(detail)


def _without_pool(text: str) -> str:
    what, pool, rest = text.partition(": HTTP")
    why = _ERRNO.search(rest) if pool else None
    return one_line(f"{what}: {why[0]}" if why else what)


def retry_after(response: requests.Response) -> float:
    """For how many seconds the server wants to be left alone; 0: no word."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = utils.parsedate_to_datetime(text)
        left = until - datetime.datetime.now(datetime.UTC)
    except (TypeError, ValueError):
        # No date, or one without a time zone.
        return 0.0
    return max(left.total_seconds(), 0.0)


def document(response: requests.Response) -> dict[str, Any]:
    """The JSON object in a response.

    :raises NotPlacement: there is none
    """
    try:
        found = response.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise errors.NotPlacement(
            f"HTTP {response.status_code} with {one_line(response.text)!r}"
        )
    return found


def misses_trait(response: requests.Response) -> bool:
    """Whether a 404 is about a trait, and the provider may well exist.

    Placement reads the ids of a provider's traits first and their names
    then. Where the second statement of a transaction sees what others have
    written since the first (PostgreSQL, not MySQL), the name may be deleted
    in between; ``get_traits_by_provider_id`` in Placement's
    ``objects/trait.py``.
    """
    return "No such trait" in response.text


def newest_version(body: dict[str, Any]) -> tuple[int, ...]:
    """The newest microversion in the version document."""
    try:
        return max(
            tuple(int(part) for part in item["max_version"].split("."))
            for item in body["versions"]
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise errors.NotPlacement(
            "its version document is something else"
        ) from None


def provider_of(body: dict[str, Any]) -> provider.Provider:
    """A provider."""
    try:
        return provider.Provider(
            uuid=str(body["uuid"]),
            name=str(body["name"]),
            generation=int(body["generation"]),
            parent=body.get("parent_provider_uuid"),
        )
    except (KeyError, TypeError, ValueError):
        raise errors.NotPlacement("a provider without its fields") from None


def providers(body: dict[str, Any]) -> list[provider.Provider]:
    """A list of providers."""
    found = body.get("resource_providers")
    if not isinstance(found, list):
        raise errors.NotPlacement("a list of providers is missing")
    return [provider_of(item) for item in found]


def provider_traits(body: dict[str, Any]) -> provider.ProviderTraits:
    """The traits of a provider with their generation."""
    try:
        generation = int(body["resource_provider_generation"])
    except (KeyError, TypeError, ValueError):
        raise errors.NotPlacement("traits without a generation") from None
    return provider.ProviderTraits(generation, frozenset(names(body)))


def names(body: dict[str, Any]) -> list[str]:
    """A list of traits."""
    found = body.get("traits")
    if not isinstance(found, list):
        raise errors.NotPlacement("a list of traits is missing")
    return [str(name) for name in found]
