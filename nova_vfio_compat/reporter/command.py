# SPDX-License-Identifier: Apache-2.0

"""The command line of the reporter."""

from __future__ import annotations

from collections.abc import Sequence
import contextlib
import datetime
import importlib.metadata
import logging
import signal
import sys

from oslo_config import cfg
from oslo_log import log

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import errors as host_errors
from nova_vfio_compat.host import offered
from nova_vfio_compat.host import tree as tree_
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import render
from nova_vfio_compat.placement import wire
from nova_vfio_compat.reporter import compute_node
from nova_vfio_compat.reporter import daemon
from nova_vfio_compat.reporter import events
from nova_vfio_compat.reporter import notify
from nova_vfio_compat.reporter import rounds
from nova_vfio_compat.reporter import scanner
from nova_vfio_compat.reporter import wakeup

LOG = logging.getLogger(__name__)

PROG = "nova-vfio-compat-reporter"

_CLI_OPTS = [
    cfg.BoolOpt(
        "once",
        default=False,
        help="Look at the host, publish what has changed, and end.",
    ),
    cfg.BoolOpt(
        "dry-run",
        default=False,
        help="Print what would be published; write nothing.",
    ),
    cfg.StrOpt(
        "root",
        metavar="DIR",
        help="Directory that holds the host's file system; overrides "
        "[vfio_compat] host_root.",
    ),
]


def run(argv: Sequence[str]) -> int:
    """Run the command; returns its exit code."""
    try:
        conf = _configure(argv)
        if conf.once or conf.dry_run:
            return _report(conf)
        return _serve(argv, conf)
    except cfg.Error as error:
        return _failed(conf_.configuration_error(error), 2)
    except conf_.ConfigurationError as error:
        return _failed(error, error.exit_code)
    except (host_errors.NotAHostTree, host_errors.ConfigError) as error:
        return _failed(error, 2)
    except errors.PlacementError as error:
        return _failed(error, error.exit_code)
    except host_errors.HostError as error:
        return _failed(error, 1)


def _configure(argv: Sequence[str]) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    log.register_options(conf)
    conf.register_cli_opts(_CLI_OPTS)
    conf_.load(conf, argv, PROG)
    if conf.once or conf.dry_run:
        # The files are nova-compute's. Somebody has typed this command, or
        # a timer has run it: both look at stderr.
        for name in ("log_config_append", "log_dir", "log_file"):
            conf.set_override(name, None)
        for name in ("use_journal", "use_syslog", "use_eventlog"):
            if name in conf:
                conf.set_override(name, False)
        conf.set_override("use_stderr", True)
    try:
        log.setup(conf, PROG, _version())
    except (OSError, log.LogConfigError) as error:
        raise conf_.ConfigurationError(
            "the log cannot be written; correct log_dir, log_file or "
            f"log_config_append, or run as the user of nova-compute: {error}"
        ) from None
    return conf


def _report(conf: cfg.ConfigOpts) -> int:
    tree = tree_.HostTree(conf.root or conf.vfio_compat.host_root)
    client = client_.from_conf(conf)
    report = scanner.report(conf, tree)
    client.check_version()
    node = compute_node.find(conf, tree, client)
    today = datetime.datetime.now(datetime.UTC).date()
    if conf.dry_run:
        _print_plan(publish.plan(client, node, report, today))
        return 0
    change = publish.publish(client, node, report, today)
    LOG.info("%s", scanner.summary(node.name, report, change))
    return 0


def _serve(argv: Sequence[str], first: cfg.ConfigOpts) -> int:
    """Run until a signal ends it."""
    confs = [first]

    def load() -> rounds.Setup:
        return _setup(confs.pop() if confs else _configure(argv))

    service = daemon.Daemon(load, notify.Notifier(), events.HostEvents())
    with contextlib.closing(service), wakeup.signals(
        service.wakeup,
        {
            signal.SIGTERM: service.stop,
            signal.SIGINT: service.stop,
            signal.SIGHUP: service.reload,
        },
    ):
        service.run()
    return 0


def _setup(conf: cfg.ConfigOpts) -> rounds.Setup:
    """What a configuration comes to; whatever is wrong with it is said."""
    if not conf.debug:
        # It warns each time of what is said here once.
        logging.getLogger("keystoneauth").setLevel(logging.ERROR)
    offered.Offered.from_conf(conf)
    way = wire.from_conf(conf)
    return rounds.Setup(
        conf,
        tree_.HostTree(conf.root or conf.vfio_compat.host_root),
        way,
        way.session.session.close,
    )


def _print_plan(change: publish.Change) -> None:
    if change.before is None:
        print(
            f"Would create the resource provider {change.provider.name} "
            f"({change.provider.uuid})."
        )
    if not change.any:
        print("Nothing would change.")
        return
    print("Would change:")
    before = codec.decode(change.before or ())
    for line in render.difference(before, codec.decode(change.after)):
        print(f"  {line}")
    print("Traits:")
    for name in sorted(change.removed):
        print(f"  - {name}")
    for name in sorted(change.added):
        print(f"  + {name}")


def _failed(error: Exception, exit_code: int) -> int:
    text = " ".join(str(error).split()).rstrip(".")
    print(f"{PROG}: {text}.", file=sys.stderr)
    return exit_code


def _version() -> str:
    try:
        return importlib.metadata.version("nova-vfio-compat")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
