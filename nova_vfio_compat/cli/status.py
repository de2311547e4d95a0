# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat-status upgrade check``: is everything set up?"""

from __future__ import annotations

from collections.abc import Sequence
import sys

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.cli import status_fleet
from nova_vfio_compat.cli import status_settings

PROG = "nova-vfio-compat-status"


class Checks(upgradecheck.UpgradeCommands):
    """Each check is a line of the table, with one sentence on what to do."""

    display_title = "nova-vfio-compat"

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._fleet = status_fleet.Fleet(conf)

    def _placement(self) -> upgradecheck.Result:
        return self._fleet.placement()

    def _reports(self) -> upgradecheck.Result:
        return self._fleet.reports()

    def _left_over(self) -> upgradecheck.Result:
        return self._fleet.left_over()

    def _options(self) -> upgradecheck.Result:
        return status_settings.options(self._conf)

    def _filter(self) -> upgradecheck.Result:
        return status_settings.scheduler_filter(self._conf)

    def _migration(self) -> upgradecheck.Result:
        return status_settings.migration(self._conf)

    _upgrade_checks = (
        ("Options", _options),
        ("Placement", _placement),
        ("Reports", _reports),
        ("Left-over reports", _left_over),
        ("Scheduler filter", _filter),
        ("Nova's migration settings", _migration),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``nova-vfio-compat-status``.

    :returns: 0 if all is well, 1 for warnings, 2 if something must be put
        right, also the configuration itself; 255 for a bug
    """
    conf = cfg.ConfigOpts()
    upgradecheck.register_cli_options(conf, Checks(conf))
    status_settings.register_opts(conf)
    try:
        conf_.load(conf, list(sys.argv[1:] if argv is None else argv), PROG)
    except conf_.ConfigurationError as error:
        print(f"{PROG}: {error}.", file=sys.stderr)
        return int(upgradecheck.Code.FAILURE)
    # Where it looks for --json.
    upgradecheck.CONF = conf
    return int(upgradecheck.run(conf))


if __name__ == "__main__":
    sys.exit(main())
