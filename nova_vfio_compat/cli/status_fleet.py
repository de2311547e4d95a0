# SPDX-License-Identifier: Apache-2.0

"""What ``upgrade check`` asks Placement."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import datetime
import functools

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import listing
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import removal

# Nova's trait of its own root providers (os_traits).
_COMPUTE_NODE = "COMPUTE_NODE"
# Hosts named in a sentence.
_EXAMPLES = 5

_Check = Callable[["Fleet"], upgradecheck.Result]


def _needs_placement(check: _Check) -> _Check:
    """Turn an error of Placement into the result of a check."""

    @functools.wraps(check)
    def checked(self: Fleet) -> upgradecheck.Result:
        if self.failed:
            return upgradecheck.Result(
                upgradecheck.Code.WARNING,
                "Not checked: Placement cannot be asked, see above.",
            )
        try:
            return check(self)
        except (conf_.ConfigurationError, errors.PlacementError) as error:
            self.failed = True
            text = str(error)
            return upgradecheck.Result(
                upgradecheck.Code.FAILURE, f"{text[:1].upper()}{text[1:]}."
            )

    return checked


class Fleet:
    """The checks that talk to Placement.

    :ivar failed: whether it could not be asked, so that nobody tries again
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self.failed = False

    @_needs_placement
    def placement(self) -> upgradecheck.Result:
        """The credentials work and the API is new enough."""
        client = client_.from_conf(self._conf)
        client.check_version()
        # Anybody may ask for the version; this takes credentials.
        client.trait_names(codec.SEEN_PREFIX)
        return upgradecheck.Result(
            upgradecheck.Code.SUCCESS,
            "The credentials work and Placement has microversion %d.%d."
            % client_.MICROVERSION,
        )

    @_needs_placement
    def reports(self) -> upgradecheck.Result:
        """Every compute node has a report that schedulers believe."""
        client = client_.from_conf(self._conf)
        nodes = client.providers_with(_COMPUTE_NODE)
        found = {item.provider.uuid: item for item in listing.hosts(client)}
        today = datetime.datetime.now(datetime.UTC).date()
        missing, stale = [], []
        for node in nodes:
            report = found.get(provider.report_provider_uuid(node.uuid))
            if report is None:
                missing.append(node.name)
            elif not report.is_fresh(today):
                stale.append(node.name)
        if not missing and not stale:
            return upgradecheck.Result(
                upgradecheck.Code.SUCCESS,
                f"All {len(nodes)} compute nodes have a report of the last "
                "days.",
            )
        parts = []
        if stale:
            parts.append(
                f"{len(stale)} of {len(nodes)} compute nodes have a report "
                f"that was not renewed for more than {listing.FRESH_DAYS} "
                f"days, which counts as unknown: {_some(stale)}; see why "
                "nova-vfio-compat-reporter does not run or publish there."
            )
        if missing:
            parts.append(
                f"{len(missing)} of {len(nodes)} compute nodes have no "
                f"report: {_some(missing)}; run nova-vfio-compat-reporter "
                "there, unless they have no VFIO devices."
            )
        return upgradecheck.Result(
            upgradecheck.Code.WARNING, " ".join(parts)
        )

    @_needs_placement
    def left_over(self) -> upgradecheck.Result:
        """No compute node has left its report behind."""
        gone = removal.reports(client_.from_conf(self._conf)).gone
        if not gone:
            return upgradecheck.Result(
                upgradecheck.Code.SUCCESS,
                "Every report belongs to a compute node.",
            )
        return upgradecheck.Result(
            upgradecheck.Code.WARNING,
            f"{len(gone)} reports are of compute nodes that are gone: "
            f"{_some(map(removal.host, gone))}; remove them with "
            "nova-vfio-compat report prune.",
        )


def _some(names: Iterable[str]) -> str:
    """A few of some names, and how many more there are."""
    listed = list(names)
    text = ", ".join(listed[:_EXAMPLES])
    more = len(listed) - _EXAMPLES
    return f"{text} and {more} more" if more > 0 else text
