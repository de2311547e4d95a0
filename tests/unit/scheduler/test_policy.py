# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pathlib
import tempfile
import types
from unittest import mock

from nova.objects import flavor
from oslo_config import cfg
from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat import conf as conf_
from nova_vfio_compat.scheduler import decision
from nova_vfio_compat.scheduler import pairing
from nova_vfio_compat.scheduler import policy

Outcome = compat.Outcome


def judged(**outcomes: Outcome) -> list[policy.Judged]:
    """Hosts by name, with what was found of each."""
    return [
        (
            types.SimpleNamespace(host=name),
            decision.HostAnswer(pairing.Answer(outcome)),
        )
        for name, outcome in outcomes.items()
    ]


def names(found: list[policy.Judged]) -> list[str]:
    return [host.host for host, _ in found]


class ReadTest(base.BaseTestCase):
    def read(
        self, text: str = "", extra_specs: dict[str, str] | None = None
    ) -> policy.Policy:
        """What holds with this in [vfio_compat] of nova.conf."""
        spec = types.SimpleNamespace(
            flavor=flavor.Flavor(name="m1", extra_specs=extra_specs or {})
        )
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "nova.conf")
            path.write_text(f"[vfio_compat]\n{text}\n")
            conf = cfg.ConfigOpts()
            conf_.register_opts(conf)
            conf(["--config-file", str(path)])
            with mock.patch.object(policy, "CONF", conf):
                return policy.read(spec)

    def test_defaults(self) -> None:
        """An empty file means what the options' help says."""
        self.assertEqual(policy.Policy(), self.read())

    def test_configured(self) -> None:
        """Every option counts."""
        self.assertEqual(
            policy.Policy(
                "audit",
                "reject",
                frozenset({"mlx5:firmware", "mlx5:exposed:bars"}),
                ("lab*", "cmp01"),
            ),
            self.read(
                "mode = audit\nunknown = reject\n"
                "relax = mlx5:firmware, mlx5:exposed:bars\n"
                "exempt_hosts = lab*,cmp01"
            ),
        )

    def test_mistyped(self) -> None:
        """A value that cannot be used raises nothing on a live migration."""
        self.assertEqual(
            policy.Policy(),
            self.read(
                "mode = enforced\nunknown = maybe\nrelax = firmware"
            ),
        )

    def test_flavor(self) -> None:
        """A flavor's mode goes first; one that does not exist is ignored."""
        for asked, mode in (
            ("audit", "audit"), ("off", "off"), ("enforced", "enforce")
        ):
            with self.subTest(asked):
                found = self.read(extra_specs={policy.EXTRA_SPEC: asked})
                self.assertEqual(mode, found.mode)


class KeptTest(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.hosts = judged(
            good=Outcome.COMPATIBLE,
            dark=Outcome.UNKNOWN,
            bad=Outcome.INCOMPATIBLE,
            almost=Outcome.CONDITIONAL,
        )

    def kept(self, unknown: str, *exempt: str, skip: str = "") -> list[str]:
        hosts = [item for item in self.hosts if item[0].host != skip]
        return names(
            policy.Policy(unknown=unknown, exempt=exempt).kept(hosts)
        )

    def test_unknown(self) -> None:
        """Unknown hosts stay, go, or stay where nothing better is there."""
        self.assertEqual(["good", "dark"], self.kept("accept"))
        self.assertEqual(["good"], self.kept("reject"))
        self.assertEqual(["good"], self.kept("last_resort"))
        self.assertEqual(["dark"], self.kept("last_resort", skip="good"))

    def test_conditional_is_no(self) -> None:
        """Nothing in Nova sets attributes, so what needs it is left out."""
        self.assertNotIn("almost", self.kept("accept"))

    def test_exempt(self) -> None:
        """An exempt host stays, in its place."""
        self.assertEqual(["good", "bad"], self.kept("reject", "b?d"))

    def test_exempt_is_not_known_good(self) -> None:
        """An exempt host does not take the last resort from the others."""
        self.assertEqual(["good", "dark"], self.kept("last_resort", "good"))

    def test_nothing_known(self) -> None:
        """Without any answer only "reject" leaves hosts out."""
        hosts = [host for host, _ in self.hosts]
        for policy_, expected in (
            (policy.Policy(unknown="last_resort"), hosts),
            (policy.Policy(unknown="reject"), []),
            (policy.Policy("audit", "reject"), hosts),
            (policy.Policy(unknown="reject", exempt=("good",)), hosts[:1]),
        ):
            with self.subTest(policy_):
                self.assertEqual(expected, policy_.without_answers(hosts))
