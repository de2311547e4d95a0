# SPDX-License-Identifier: Apache-2.0
"""The package and the oracle judge the same random devices."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import logging
import pathlib
import random

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.cli import main
from nova_vfio_compat.compat import attributes
from nova_vfio_compat.host import device
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree
from tests import oracle
from tests.fleets import hosts
from tests.fleets import own_rules
from tests.fleets import workspace
from tests.oracle import fleet
from tests.oracle import host as oracle_host
from tests.oracle import rules
from tests.oracle import texts

HOSTS = 50
RULES = 60
COMPARISONS = 12
_ANSWERS = {
    compat.Outcome.COMPATIBLE: fleet.Answer.YES,
    compat.Outcome.INCOMPATIBLE: fleet.Answer.NO,
    # Nothing in Nova sets attributes of a destination.
    compat.Outcome.CONDITIONAL: fleet.Answer.NO,
    compat.Outcome.UNKNOWN: fleet.Answer.UNKNOWN,
}


def _answer(source: device.Device,
            destination: device.Device) -> fleet.Answer:
    """The package's answer for two devices: all their classes must fit."""
    answers = {
        _ANSWERS[compat.judge(one, other).outcome]
        for one in source.classes for other in destination.classes}
    for worst in (fleet.Answer.NO, fleet.Answer.UNKNOWN):
        if worst in answers:
            return worst
    return fleet.Answer.YES


class RandomPairsTestCase(base.BaseTestCase):
    """Thousands of pairs of devices from random host trees."""

    def test_package_and_oracle_agree(self) -> None:
        """Every ordered pair of random devices gets the oracle's answer."""
        with workspace.random_trees() as (seed, root):
            rng = random.Random(seed)
            pool = []
            for index in range(HOSTS):
                folder = root / str(index)
                hosts.build(rng, folder, tuple(
                    rng.choice(hosts.VGPU + hosts.VF) for _ in range(2)))
                pool += self._rows(folder)
            differ = []
            answers = []
            for ours, theirs in pool:
                for our_other, their_other in pool:
                    expected = fleet.pairing(theirs.ways, their_other.ways)
                    actual = _answer(ours, our_other)
                    answers.append(expected)
                    if actual is not expected:
                        differ.append((
                            ours.name, our_other.name, expected, actual,
                            ours.classes, our_other.classes))
            self.assertEqual([], differ[:3], "%d of %d pairs differ" % (
                len(differ), len(answers)))
            for answer in fleet.Answer:
                self.assertIn(answer, answers)

    def _rows(self, folder: pathlib.Path) -> list[
            tuple[device.Device, oracle_host.Row]]:
        theirs = oracle_host.read(folder)
        ours = {}
        for row in scan.scan(tree.HostTree(folder)).devices:
            name = row.name
            if row.kind == "mdev-type" and name not in theirs:
                name += "/%s" % row.type
            if row.kind != "pf":
                ours[name] = row
        self.assertEqual(sorted(theirs), sorted(ours), str(folder))
        return [(ours[name], theirs[name]) for name in sorted(ours)]


class RandomRulesTestCase(base.BaseTestCase):
    """Devices whose rule uses this project's own kinds of variables."""

    def _both(
            self, evidence: compat.Evidence, state: dict[str, str],
            accepts: list[dict[str, str]], settable: tuple[str, ...] = ()
            ) -> tuple[compat.DeviceClass, rules.Device] | None:
        """One device for the package and for the oracle, if it is one."""
        raw = tuple(
            {name: text.encode() for name, text in one.items()}
            for one in accepts)
        try:
            for one in raw:
                texts.expansions(one, {})
            theirs = rules.Device("pci", "random", texts.state_of(
                {name: text.encode() for name, text in state.items()}), raw,
                settable=frozenset(settable))
        except texts.Bad:
            self.assertRaises(
                compat.ParseError, self._class, evidence, state, accepts)
            return None
        return self._class(evidence, state, accepts, settable), theirs

    def _class(
            self, evidence: compat.Evidence, state: dict[str, str],
            accepts: list[dict[str, str]], settable: tuple[str, ...] = ()
            ) -> compat.DeviceClass:
        return compat.DeviceClass(
            family="random", bus="pci", evidence=evidence, settable=settable,
            state=attributes.normalise_state(state),
            accepts=tuple(
                attributes.normalise_templates(one, extended=True)
                for one in accepts))

    def test_package_and_oracle_agree(self) -> None:
        """Every ordered pair of random rules gets the oracle's answer."""
        with workspace.random_trees() as (seed, _):
            rng = random.Random(seed)
            pool: list[tuple[compat.DeviceClass, rules.Device]] = []
            while len(pool) < RULES:
                state = own_rules.state(rng)
                both = self._both(
                    rng.choice((
                        compat.Evidence.RULE, compat.Evidence.OPERATOR,
                        compat.Evidence.INFERRED)),
                    state,
                    [own_rules.alternative(rng, state)
                     for _ in range(rng.randint(1, 3))],
                    own_rules.settable(rng))
                if both is not None:
                    pool.append(both)
            answers = []
            told = 0
            for ours, theirs in pool:
                for our_other, their_other in pool:
                    # Their evidence is part of the classes that are equal.
                    if ours != our_other and theirs == their_other:
                        continue
                    expected = rules.answer(theirs, their_other)
                    answers.append(expected)
                    found = compat.judge(ours, our_other)
                    settings = rules.settings(
                        theirs, their_other
                        ) if expected is rules.Answer.NO else []
                    told += bool(settings)
                    if (_ANSWERS[found.outcome] is not expected
                            or not self._tells(found, settings)):
                        self.fail("%r %r %s %s %r" % (
                            ours, our_other, expected, settings, found))
            self.assertTrue(told)
            for answer in (rules.Answer.YES, rules.Answer.NO):
                self.assertGreater(answers.count(answer), RULES)

    def _tells(self, found: compat.Verdict,
               settings: list[dict[str, str]]) -> bool:
        """Whether a verdict says the least that has to be set."""
        if found.outcome is not compat.Outcome.CONDITIONAL:
            return not settings
        return (dict(found.to_set) in settings
                and len(found.to_set) == min(map(len, settings)))

    def test_what_is_no_template(self) -> None:
        """The oracle refuses the same texts, and kernels may declare none."""
        for text in own_rules.BAD:
            self.assertIsNone(self._both(
                compat.Evidence.RULE, {"type": "t"}, [{"a": text}]), text)
        for text in ("{x:any}", "{x:min:1}", "{x:set:a}", "{x:version:1}"):
            self.assertRaises(
                texts.Bad, texts.expansions, {"a": text.encode()})
            self.assertRaises(
                compat.ParseError, self._class, compat.Evidence.DECLARED,
                {"type": "t"}, [{"a": text}])


class CompareTestCase(base.BaseTestCase):
    """``compare`` on random host trees."""

    def test_compare_and_oracle_agree(self) -> None:
        """Rows, verdicts and exit code are what the oracle expects."""
        with workspace.random_trees() as (seed, root):
            rng = random.Random(seed)
            for index in range(COMPARISONS):
                # Two hosts of one kind: else nothing ever fits.
                model = rng.choice(hosts.VGPU + hosts.VF)
                rows = []
                for side in ("source", "destination"):
                    folder = root / str(index) / side
                    hosts.build(rng, folder, (model,))
                    rows.append(oracle_host.read(folder))
                expected = {
                    (ours.name, theirs.name): fleet.pairing(
                        ours.ways, theirs.ways).value
                    for ours in rows[0].values()
                    for theirs in rows[1].values()}
                code, found = self._compare(root / str(index))
                self.assertEqual(expected, found, str(root / str(index)))
                placed = {source for (source, _), answer in expected.items()
                          if answer == "yes"}
                self.assertEqual(0 if placed == set(rows[0]) else 1, code)

    def _compare(self, folder: pathlib.Path) -> tuple[
            int, dict[tuple[str, str], str]]:
        words = {outcome.value: answer.value
                 for outcome, answer in _ANSWERS.items()}
        root_logger = logging.getLogger()
        handlers, level = list(root_logger.handlers), root_logger.level
        out, err = io.StringIO(), io.StringIO()
        with (contextlib.redirect_stdout(out),
              contextlib.redirect_stderr(err)):
            code = main.main([
                "compare", "-f", "json", str(folder / "source"),
                str(folder / "destination")])
        # Each run of the command adds handlers to the process.
        root_logger.handlers = handlers
        root_logger.setLevel(level)
        return code, {
            (row["Source"], row["Destination"]): words[row["Verdict"]]
            for row in json.loads(out.getvalue())}


class OracleTestCase(base.BaseTestCase):
    """The oracle is worth something only if it stands alone."""

    def test_imports_nothing_from_the_package(self) -> None:
        """No module of the oracle or the trees imports the package."""
        folder = pathlib.Path(oracle.__file__).parent
        for path in [*folder.glob("*.py"),
                     *folder.parent.joinpath("trees").glob("*.py")]:
            for node in ast.walk(ast.parse(path.read_text())):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                for name in names:
                    self.assertNotEqual(
                        "nova_vfio_compat", name.split(".")[0], str(path))
