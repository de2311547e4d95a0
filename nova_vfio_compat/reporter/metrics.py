# SPDX-License-Identifier: Apache-2.0

"""The reporter's figures, for the textfile collector of node_exporter.

https://github.com/prometheus/node_exporter#textfile-collector
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
import dataclasses
import logging

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.reporter import conditions

LOG = logging.getLogger(__name__)

_PREFIX = "nova_vfio_compat_reporter_"


@dataclasses.dataclass(slots=True)
class Figures:
    """What has happened since the reporter was started.

    :ivar published: Unix time at which Placement was last known to have
        the report of the host; 0: never
    :ivar healthy: whether nothing is in the way of publishing
    :ivar publishes: writes of a report
    :ivar conflicts: writes that Placement refused with 409
    :ivar failures: attempts to look or to publish that came to nothing
    :ivar scans: looks at the host
    :ivar scan_seconds: what the last one took
    :ivar devices: what Nova can hand out, by verdict and reason
    """

    published: float = 0.0
    healthy: bool = False
    publishes: int = 0
    conflicts: int = 0
    failures: int = 0
    scans: int = 0
    scan_seconds: float = 0.0
    devices: Counter[tuple[str, str]] = dataclasses.field(
        default_factory=Counter
    )


def count(
    devices: Iterable[device_.Device],
) -> Counter[tuple[str, str]]:
    """How many devices can migrate (yes, no, unknown), and why not."""
    found: Counter[tuple[str, str]] = Counter()
    for device in devices:
        if not device.offered:
            continue
        if not device.classes:
            found["unknown", codes.Code.NO_SOURCE.value] += 1
        # A type whose mdevs differ counts with each.
        for one in device.classes:
            if one.reason is None:
                found["yes", ""] += 1
            else:
                verdict = "unknown" if one.reason.is_unknown else "no"
                found[verdict, one.reason.value] += 1
    return found


class File:
    """A file that is always whole, or of earlier.

    :param path: None: nothing is ever written
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._broken = conditions.Condition()

    def write(self, figures: Figures) -> None:
        """Replace the file; a disk that is full costs a line in the log."""
        if not self._path:
            return
        why = ""
        try:
            _write(self._path, figures)
        except OSError as error:
            why = error.strerror or repr(error)
        if why:
            self._broken.bad(
                "write",
                f"the metrics cannot be written to {self._path}; see "
                f"[vfio_compat] metrics_file: {why}",
                logging.WARNING,
            )
        else:
            self._broken.good("The metrics are written again")


def _write(path: str, figures: Figures) -> None:
    # Only here: most hosts have no such file.
    import prometheus_client

    registry = prometheus_client.CollectorRegistry()

    def gauge(name: str, text: str, value: float) -> None:
        prometheus_client.Gauge(
            _PREFIX + name, text, registry=registry
        ).set(value)

    def counter(name: str, text: str, value: float) -> None:
        prometheus_client.Counter(
            _PREFIX + name, text, registry=registry
        ).inc(value)

    gauge(
        "last_publish_timestamp_seconds",
        "When Placement was last known to have the report; 0: never.",
        figures.published,
    )
    gauge(
        "healthy",
        "1 if nothing is in the way of publishing.",
        figures.healthy,
    )
    gauge("scan_seconds", "What the last scan took.", figures.scan_seconds)
    counter("scans", "Looks at the host.", figures.scans)
    counter("publishes", "Writes of a report.", figures.publishes)
    counter(
        "conflicts", "Writes that Placement refused with 409.",
        figures.conflicts,
    )
    counter(
        "failures", "Attempts that came to nothing.", figures.failures
    )
    devices = prometheus_client.Gauge(
        _PREFIX + "devices",
        "What Nova can hand out, by whether it can migrate, and why not.",
        ("verdict", "reason"),
        registry=registry,
    )
    for (verdict, reason), number in figures.devices.items():
        devices.labels(verdict, reason).set(number)
    prometheus_client.write_to_textfile(path, registry)
