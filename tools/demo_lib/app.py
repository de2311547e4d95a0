# SPDX-License-Identifier: Apache-2.0
"""The demo: sets up a small cloud, migrates in it, and cleans up."""

from __future__ import annotations

import argparse
import pathlib
import shutil
import signal
import tempfile
import time
import traceback
from typing import NoReturn

from demo_lib import errors
from demo_lib import fleet
from demo_lib import keep
from demo_lib import machine
from demo_lib import nova_conf
from demo_lib import output
from demo_lib import reporters
from demo_lib import scenarios
from demo_lib import show
from demo_lib import world as worlds

_TAIL = 8


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/demo",
        description="Publishes a fleet of made-up hosts to a real Placement"
        " and lets Nova's real scheduler find destinations for live"
        " migrations. Nothing outside a temporary folder is touched.",
        epilog="Exit status: 0 if every decision was as expected, 1 if not"
        " or if something failed, 2 for wrong usage.",
    )
    parser.add_argument(
        "--keep", action="store_true",
        help="leave Placement running and the folder in place, and print"
        " commands to look around",
    )
    return parser.parse_args()


def _stop(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _introduce(world: worlds.World) -> None:
    output.section("1. This machine")
    machine.scan()

    output.section("2. A cloud in %s" % world.folder)
    world.start_placement()
    world.add_hosts()
    reports = world.report()
    world.start_nova()
    output.line()
    output.table(("HOST", "DEVICES", "WHAT IS SPECIAL"), [
        (
            "" if index else host.name,
            device.describe(),
            "" if index else host.note,
        )
        for host in fleet.FLEET for index, device in enumerate(host.devices)
    ])
    output.line()
    output.prose(
        "gpu: a vGPU type and the version of its state. Its maker is"
        " invented; the driver publishes migration/ as the sysfs proposal of"
        " 2020 has it. nic: PSID and firmware of a card, as mlx5 shows them."
    )
    output.line()
    output.line("The reporter on gpu-bad-1 says:")
    for text in reporters.messages(reports["gpu-bad-1"]):
        output.prose(text, 4)
    output.line()
    output.line("What switches the filter on, in the scheduler's nova.conf:")
    for text in nova_conf.FILTER.splitlines():
        output.line(text, 4)


def _migrate(world: worlds.World) -> int:
    """Run every scenario; how many came out wrong."""
    hosts = dict(fleet.BY_NAME)
    wrong = 0
    output.section("3. Live migrations")
    for number, scenario in enumerate(scenarios.SCENARIOS, 1):
        output.line()
        output.line(output.paint(
            "[%d] %s" % (number, scenario.title), "bold"
        ), 0)
        if scenario.upgraded:
            hosts[scenario.upgraded.name] = scenario.upgraded
            world.upgrade(scenario.upgraded)
        decision = world.migrate(
            hosts[scenario.source], "guest-%d" % number
        )
        if not show.show(scenario, decision, hosts):
            wrong += 1
    return wrong


def _demo(world: worlds.World) -> int:
    begun = time.monotonic()
    _introduce(world)
    wrong = _migrate(world)
    output.section("4. Result")
    total = len(scenarios.SCENARIOS)
    text = "%d of %d decisions were as expected, in %.0f s." % (
        total - wrong, total, time.monotonic() - begun
    )
    output.line(output.paint(text, "red" if wrong else "green"))
    return 1 if wrong else 0


def _explain(error: BaseException) -> int:
    """Say in few lines what went wrong; the exit status."""
    if isinstance(error, SystemExit):
        return int(error.code or 0)
    output.line()
    if isinstance(error, KeyboardInterrupt):
        output.line("Interrupted.", 0)
        return 130
    if not isinstance(error, errors.DemoError):
        place = traceback.extract_tb(error.__traceback__)[-1]
        error = errors.DemoError("%s: %s (%s:%s)" % (
            type(error).__name__, error, place.filename, place.lineno
        ))
    output.line("The demo failed: %s" % error, 0)
    if error.log is not None and error.log.exists():
        lines = error.log.read_text(errors="replace").splitlines()
        # Whoever wants the places in the code has the log with --keep.
        said = [
            text for text in lines
            if text[:1].strip() and not text.startswith("Traceback")
        ]
        for text in said[-_TAIL:]:
            output.line(text)
    return 1


def _clean_up(world: worlds.World, leave_folder: bool) -> None:
    # A second Ctrl-C must not leave half of it behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if world.placement is not None:
        world.placement.stop()
    if leave_folder:
        output.line("Its files are left in %s." % world.folder, 0)
    else:
        shutil.rmtree(world.folder, ignore_errors=True)


def main() -> int:
    """Run the demo; its exit status."""
    arguments = _arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        folder = tempfile.mkdtemp(prefix="nova-vfio-compat-demo.")
    except OSError as error:
        return _explain(error)
    world = worlds.World(pathlib.Path(folder))
    try:
        status = _demo(world)
        if arguments.keep:
            keep.keep(world)
            return status
    except BaseException as error:
        status = _explain(error)
    _clean_up(world, leave_folder=arguments.keep)
    return status
