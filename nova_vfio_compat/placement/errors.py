# SPDX-License-Identifier: Apache-2.0

"""What can go wrong with Placement; each text is one sentence to act on."""

from __future__ import annotations


class PlacementError(Exception):
    """Nothing could be read or written; ``str()`` says what to do."""

    #: of a command that ends with it
    exit_code = 1


class Transient(PlacementError):
    """It may work on the next attempt.

    Of a write it is not known whether Placement has done it: the answer was
    lost or was an error of the server. Whoever catches it must read again
    before deciding.

    :ivar retry_after: seconds for which the server wants to be left alone
    """

    retry_after: float = 0.0


class Unreachable(Transient):
    """No connection, or no answer in time."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "Placement cannot be reached; check that it runs and that the "
            f"[placement] options lead to it: {detail}"
        )


class ServerFailed(Transient):
    """The server answered with 5xx, or that it gets too many requests."""

    def __init__(
        self, status: int, request: str, retry_after: float = 0.0
    ) -> None:
        super().__init__(
            f"Placement failed with HTTP {status} on {request}; its own log "
            "has the cause"
        )
        self.retry_after = retry_after


class Refused(PlacementError):
    """Keystone or Placement does not let this user in."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "access was denied; the user in [placement] needs valid "
            f"credentials and the role service or admin: {detail}"
        )


class NotPlacement(PlacementError):
    """Whoever answers there, it is not a Placement that can be used."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "what answers is not Placement; check [placement] "
            f"endpoint_override, region_name and service_type: {detail}"
        )


class Unsupported(PlacementError):
    """A Placement that is too old."""

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(
            f"Placement offers its API up to version {found} and {needed} "
            "is needed; upgrade it to 2022.1 (Yoga) or later"
        )


class UnexpectedAnswer(PlacementError):
    """An answer that the protocol does not know."""

    def __init__(self, status: int, request: str, detail: str) -> None:
        super().__init__(
            f"Placement answered HTTP {status} to {request}, which should "
            f"not happen; please report it as a bug: {detail}"
        )


class NoComputeNode(PlacementError):
    """Placement does not know the compute node (yet)."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Placement has no compute node {what}; start nova-compute first "
            "or set [vfio_compat] compute_node to the node's name"
        )


class NoReport(PlacementError):
    """Somebody asks for a report that is not there."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"no report of a host {host} is published; run "
            "nova-vfio-compat-reporter --once there, or see host list for "
            "the names"
        )


class NothingToWithdraw(PlacementError):
    """This host's report cannot be found from its compute node."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "report withdraw takes back the report of a compute node that "
            f"exists, and report prune those of nodes that are gone: {why}"
        )


class NameTaken(PlacementError):
    """The report provider's name belongs to somebody else."""

    def __init__(self, name: str, uuid: str, why: str) -> None:
        super().__init__(
            f"the resource provider {uuid} has the name {name} and is not "
            f"a report left over from an earlier node ({why}); rename or "
            "delete it"
        )


class TooManyClasses(PlacementError):
    """A host with more classes than an operator expects."""

    def __init__(self, found: int, limit: int) -> None:
        super().__init__(
            f"the host has {found} classes of devices and [vfio_compat] "
            f"max_classes is {limit}; nothing was published and the last "
            "report stays"
        )


class GaveUp(PlacementError):
    """Every attempt to write met something else.

    :ivar cause: the error that the last one ended with, if it was one
    """

    def __init__(
        self, attempts: int, last: str, cause: Transient | None = None
    ) -> None:
        super().__init__(
            f"the report could not be written in {attempts} attempts, and "
            f"what was published before stays; the last one ended with: "
            f"{last}"
        )
        self.cause = cause
