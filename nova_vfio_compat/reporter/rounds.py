# SPDX-License-Identifier: Apache-2.0

"""One round of the service: look, publish, and say how it went."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import gc
import logging
import threading
import time

from oslo_config import cfg

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import errors as host_errors
from nova_vfio_compat.host import tree as tree_
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import report as report_
from nova_vfio_compat.placement import wire
from nova_vfio_compat.reporter import backoff
from nova_vfio_compat.reporter import conditions
from nova_vfio_compat.reporter import line
from nova_vfio_compat.reporter import metrics
from nova_vfio_compat.reporter import publisher
from nova_vfio_compat.reporter import scanner

LOG = logging.getLogger(__name__)

#: seconds between two questions whether nova-compute has made its node
NODE_INTERVAL = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class Setup:
    """What a configuration comes to.

    :ivar way: how requests are sent to Placement
    :ivar rest: gives back its connections, until the next request
    """

    conf: cfg.ConfigOpts
    tree: tree_.HostTree
    way: wire.Wire
    rest: Callable[[], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """What to do in a round.

    :ivar verify: ask Placement even if nothing has changed here
    :ivar setup: use this from now on
    """

    verify: bool
    setup: Setup | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """How a round went.

    :ivar good: the report is published
    :ivar ready: nova-compute may be started
    :ivar status: in a sentence
    :ivar retry: seconds after which to try again, if not good
    :ivar hold: and not earlier, whatever happens on the host
    """

    good: bool
    ready: bool
    status: str
    retry: float = 0.0
    hold: bool = False


class Rounds:
    """Does the rounds; in one thread, whichever.

    :ivar figures: what has happened
    :ivar pulse: when it last moved on
    """

    def __init__(self, setup: Setup, stopping: threading.Event) -> None:
        self.figures = metrics.Figures()
        self.pulse = line.Pulse()
        self._stopping = stopping
        self._condition = conditions.Condition()
        self._lines = conditions.Lines()
        self._told = False
        self._use(setup)

    def _use(self, setup: Setup) -> None:
        options = setup.conf.vfio_compat
        self._setup = setup
        self._metrics = metrics.File(options.metrics_file)
        self._backoff = backoff.Backoff(
            options.retry_interval, options.max_retry_interval
        )
        way = line.Line(
            setup.way, self.figures, self.pulse, self._stopping
        )
        self._publisher = publisher.Publisher(
            setup.conf,
            setup.tree,
            client_.PlacementClient(way),
            way.sleep,
        )

    def run(self, job: Job) -> Result:
        """Do a round.

        :raises Stopped: the service ends
        """
        self.pulse.beat()
        if job.setup is not None:
            self._use(job.setup)
        failure: Exception | None = None
        try:
            result = self._round(job.verify)
        except line.Stopped:
            raise
        except Exception as error:
            failure = error
        if failure is not None:
            # Not in the handler, where oslo.log repeats the exception.
            self.figures.failures += 1
            result = self._failed(failure)
            failure = None
        # A connection of each host, unused for minutes, is a burden for
        # Placement; and one that it has closed meanwhile looks like a fault.
        self._setup.rest()
        self.figures.healthy = result.good
        self._metrics.write(self.figures)
        # A scan's parts hold each other, and an exception and its frames
        # do, with the sockets in them. So few objects are made between two
        # rounds that Python would collect them after hours.
        gc.collect()
        return result

    def _round(self, verify: bool) -> Result:
        begin = time.monotonic()
        looked = scanner.look(self._setup.conf, self._setup.tree)
        self.pulse.beat()
        self.figures.scans += 1
        self.figures.scan_seconds = time.monotonic() - begin
        self.figures.devices = metrics.count(looked.found.devices)
        scanner.warn(self._lines.new(looked.lines))
        report = looked.report(self._setup.conf)
        outcome = self._publisher.publish(report, verify)
        self._backoff.reset()
        if outcome.checked:
            self.figures.published = time.time()
        self._tell(outcome, report)
        self._condition.good("The report is published again")
        return Result(
            good=True,
            ready=True,
            status=f"The report of {outcome.node.name} is published: "
            f"{len(report.classes)} classes, {len(report.devices)} devices",
        )

    def _tell(
        self, outcome: publisher.Outcome, report: report_.Report
    ) -> None:
        change = outcome.change
        if change is None or (self._told and not change.any):
            return
        self._told = True
        if change.any:
            self.figures.publishes += 1
        LOG.info("%s", scanner.summary(outcome.node.name, report, change))

    def _failed(self, error: Exception) -> Result:
        if isinstance(error, errors.GaveUp) and error.cause is not None:
            error = error.cause
        kind = type(error).__name__
        match error:
            case errors.NoComputeNode():
                text = f"{error}; waiting for it".replace(
                    "start nova-compute first or", "start nova-compute, or"
                )
                self._condition.bad(kind, text, logging.INFO)
                # nova-compute is started after this service: whoever
                # waited for the other would wait for ever.
                return Result(
                    good=False, ready=True, status=text, hold=True,
                    retry=self._backoff.next(longest=NODE_INTERVAL),
                )
            case errors.TooManyClasses() | host_errors.HostError():
                # Nothing of Placement's: the next event may mend it.
                self._condition.bad(kind, str(error), logging.ERROR)
                hold = False
            case errors.Transient():
                self._condition.bad(kind, str(error), logging.WARNING)
                hold = True
            case errors.PlacementError() | conf_.ConfigurationError():
                self._condition.bad(kind, str(error), logging.ERROR)
                hold = True
            case _:
                self._condition.bad(
                    kind,
                    "the reporter has met something unexpected, please "
                    f"report it as a bug; it goes on: {error!r}",
                    logging.ERROR,
                    bug=error,
                )
                hold = True
        asked = getattr(error, "retry_after", 0.0)
        return Result(
            good=False, ready=False, status=str(error), hold=hold,
            retry=self._backoff.next(asked),
        )
