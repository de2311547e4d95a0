# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import shutil

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import offered
from tests import golden
from tests.trees import ap
from tests.unit.host import base
from tests.unit.host import listing

NAME = f"ap_matrix/{ap.TYPE}"
MDEV, MDEV2 = (
    f"mdev_{uuid.replace('-', '_')}_matrix"
    for uuid in (base.UUID, base.UUID2)
)
DOMAINS = ("0004", "0047", "00ab")


class ApTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        ap.add_matrix(self.host, {"05": "CEX7C", "06": "CEX7C", "0a": "CEX8P"})

    def cards(self, name: str = MDEV) -> str | None:
        """Return what the class of an mdev says of its adapters."""
        state = self.one_class(name).state
        assert state is not None
        return state.get("cards")

    def test_class(self) -> None:
        """It cannot migrate, without a problem, and shows what it is."""
        ap.add_mdev(
            self.host, base.UUID, adapters=("05", "0a"), domains=DOMAINS,
            control_domains=("0004",),
        )
        found = self.devices()
        item = found[MDEV]
        (one,) = item.classes
        self.assertEqual("ap_matrix", item.parent)
        self.assertEqual("vfio_ap_mdev", item.bound)
        self.assertEqual((), item.problems)
        self.assertEqual("ap", one.family)
        self.assertIs(codes.Evidence.RULE, one.evidence)
        self.assertIs(codes.Code.DRIVER_CANNOT_MIGRATE, one.reason)
        state = {"device_api": "vfio-ap", "type": "vfio_ap-passthrough"}
        self.assertEqual({**state, "cards": "CEX7C,CEX8P"}, one.state)
        self.assertEqual((), one.accepts)
        self.assertEqual(("control_domains", "matrix"), one.unverified)
        # One that is made next has no adapters yet.
        self.assertEqual(state, found[NAME].classes[0].state)
        self.assertEqual("vfio_ap", found[NAME].driver)

    def test_equal_ones_do_not_migrate(self) -> None:
        """What is equal in all that can be seen is a no all the same."""
        ap.add_mdev(
            self.host, base.UUID, adapters=("05",), domains=DOMAINS
        )
        found = self.one_class(MDEV)
        verdict = acceptance.judge(found, found)
        self.assertIs(codes.Outcome.INCOMPATIBLE, verdict.outcome)
        self.assertIs(codes.Code.DRIVER_CANNOT_MIGRATE, verdict.code)

    def test_numbers_are_no_part_of_a_class(self) -> None:
        """Each mdev has queues of its own, and not a class of its own."""
        ap.add_mdev(
            self.host, base.UUID, adapters=("05",), domains=("0004",)
        )
        ap.add_mdev(
            self.host, base.UUID2, adapters=("05", "06"),
            domains=("0047", "00ab"), control_domains=("0047",),
        )
        found = self.devices()
        self.assertEqual(found[MDEV].classes, found[MDEV2].classes)

    def test_matrix(self) -> None:
        """Whole queues, adapters alone, domains alone, and nothing."""
        for adapters, domains, expected in (
            (("05", "0a"), DOMAINS, "CEX7C,CEX8P"),
            (("0a",), (), "CEX8P"),
            ((), DOMAINS, None),
            ((), (), None),
        ):
            ap.add_mdev(
                self.host, base.UUID, adapters=adapters, domains=domains
            )
            self.assertEqual(expected, self.cards())
            shutil.rmtree(self.host.path(base.UUID))

    def test_an_adapter_that_is_off(self) -> None:
        """What the guest sees at this moment is not what it gets."""
        ap.add_mdev(
            self.host, base.UUID, adapters=("05", "0a"), domains=DOMAINS,
            offline=("0a",),
        )
        self.assertEqual("CEX7C,CEX8P", self.cards())

    def test_largest_matrix(self) -> None:
        """As many queues as fit into a page are read."""
        ap.add_mdev(
            self.host, base.UUID, adapters=("05", "06"),
            domains=[f"{number:04x}" for number in range(255)],
        )
        self.assertEqual("CEX7C", self.cards())

    def test_what_cannot_be_read_leaves_the_no(self) -> None:
        """A missing or malformed file hides the state, and is no problem."""
        ap.add_mdev(
            self.host, base.UUID, adapters=("05",), domains=DOMAINS
        )
        matrix = self.host.path(base.UUID) / "matrix"
        card = self.host.sys / "devices/ap/card05/type"
        for path, values in (
            (matrix, ("05.4\n", "05.0004 \n", "none\n", "5.0004\n", "\xe9")),
            (card, ("CEX7C 1\n", "", "cex7c\n")),
        ):
            good = path.read_text()
            for value in (*values, None):
                if value is None:
                    path.unlink()
                else:
                    self.write(str(path), value)
                item = self.devices()[MDEV]
                self.assertIsNone(item.classes[0].state, repr(value))
                self.assertIs(
                    codes.Code.DRIVER_CANNOT_MIGRATE, item.classes[0].reason
                )
                self.assertEqual((), item.problems)
            self.write(str(path), good)
        self.assertEqual("CEX7C", self.cards())

    def test_nova_does_not_offer_it(self) -> None:
        """Nova makes mdevs of PCI functions, and of virtual ones it names."""
        found = self.devices(offered.Offered(mdev_types={ap.TYPE: []}))
        self.assertFalse(found[NAME].offered)

    def test_golden(self) -> None:
        """Ids, and what an operator sees, do not change by accident."""
        ap.add_mdev(
            self.host, base.UUID, adapters=("05", "0a"), domains=DOMAINS
        )
        ap.add_mdev(
            self.host, base.UUID2, adapters=("06",), domains=("0006",)
        )
        golden.check_classes(
            self, "ap.json", golden.classes("matrix", self.scan().devices)
        )
        listing.check(self, self.root, "ap")
