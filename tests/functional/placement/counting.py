# SPDX-License-Identifier: Apache-2.0

"""Counts requests to Placement, and which of them failed how."""

from __future__ import annotations

import collections
import dataclasses
import re
import threading
from typing import Any

import requests

from nova_vfio_compat.placement import wire

_QUERY = re.compile(r"\?.*")
# What differs between requests that mean the same.
_NAME = re.compile(r"[0-9a-f-]{36}|(?<=^/traits/).+")


class Counter:
    """What many clients count, in many threads.

    :ivar requests: how many there were
    :ivar failed: the answers from 400 on and the lost ones, by kind
    """

    def __init__(self) -> None:
        self.requests = 0
        self.failed: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()

    def add(self, method: str, url: str, failure: str | None) -> None:
        """Count a request, and why it failed if it did."""
        with self._lock:
            self.requests += 1
            if failure is not None:
                path = _NAME.sub("{}", _QUERY.sub("", url))
                self.failed[f"{failure} to {method} {path}"] += 1


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """A way to Placement whose requests are counted."""

    wire: wire.Wire
    counter: Counter

    def request(
        self, url: str, method: str, **kwargs: Any
    ) -> requests.Response:
        try:
            response = self.wire.request(url, method, **kwargs)
        except Exception as error:
            self.counter.add(method, url, type(error).__name__)
            raise
        self.counter.add(method, url, _failure(response))
        return response


def _failure(response: requests.Response) -> str | None:
    if response.status_code < 400:
        return None
    # The same status for a provider and for a name that is not there.
    what = "no such trait" if "No such trait" in response.text else ""
    return f"{response.status_code} {what}".rstrip()


def show(title: str, counts: collections.Counter[str]) -> None:
    """Print them, the most frequent first."""
    print(f"{title}: {counts.total()}")
    for text, count in counts.most_common():
        print(f"{count:8} {text}")
