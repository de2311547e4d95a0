# SPDX-License-Identifier: Apache-2.0

"""The command line of the reporter."""

from __future__ import annotations

from collections.abc import Sequence
import datetime
import importlib.metadata
import logging
import sys

from oslo_config import cfg
from oslo_log import log

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import errors as host_errors
from nova_vfio_compat.host import tree as tree_
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import render
from nova_vfio_compat.reporter import compute_node
from nova_vfio_compat.reporter import scanner

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
        return _report(conf)
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
    if not (conf.once or conf.dry_run):
        raise conf_.ConfigurationError(
            "running as a service is not supported yet; give --once to "
            "publish now or --dry-run to see what would be published"
        )
    # The files are nova-compute's. Somebody has typed this command, or a
    # timer has run it: both look at stderr.
    for name in ("log_config_append", "log_dir", "log_file"):
        conf.set_override(name, None)
    for name in ("use_journal", "use_syslog", "use_eventlog"):
        if name in conf:
            conf.set_override(name, False)
    conf.set_override("use_stderr", True)
    log.setup(conf, PROG, _version())
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
    LOG.info(
        "The report of compute node %(node)s %(what)s (classes: "
        "%(classes)d, devices: %(devices)d, traits added: %(added)d, "
        "removed: %(removed)d).",
        {
            "what": "was published" if change.any else "is unchanged",
            "node": node.name,
            "classes": len(report.classes),
            "devices": len(report.devices),
            "added": len(change.added),
            "removed": len(change.removed),
        },
    )
    return 0


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
