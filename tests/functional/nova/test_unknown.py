# SPDX-License-Identifier: Apache-2.0
"""What happens to hosts of which too little is known."""

from __future__ import annotations

from tests.functional.nova import vf


class TestUnknown(vf.VfFleet):
    """``[vfio_compat] unknown`` decides about hosts that do not report."""

    UNKNOWN = None

    def set_unknown(self, unknown: str) -> None:
        """Set the option in the running scheduler."""
        self.flags(unknown=unknown, group="vfio_compat")

    def test_last_resort(self) -> None:
        """An unreported host is kept only if no host is known good."""
        self.start("src", "28.43.1000")
        self.start("silent", None, preferred=True)
        self.start("same", "28.43.1000")
        server = self.boot("src")
        self.assertEqual("same", self.live_migrate(server))
        self.report("src", "28.45.1000")
        self.report("same", "28.41.1000")
        self.assertEqual("silent", self.live_migrate(server))

    def test_reject(self) -> None:
        """An unreported host is refused."""
        self.start("src", "28.43.1000")
        self.start("silent", None)
        self.set_unknown("reject")
        server = self.boot("src")
        self.assert_refused(server)
        self.assertNotEqual([], self.logged(" INFO ", "silent", "no_report"))

    def test_accept(self) -> None:
        """An unreported host is as good as one that is known good."""
        self.start("src", "28.43.1000")
        self.start("silent", None, preferred=True)
        self.start("same", "28.43.1000")
        self.set_unknown("accept")
        server = self.boot("src")
        self.assertEqual("silent", self.live_migrate(server))

    def test_unknown_source(self) -> None:
        """A source that does not report makes every destination unknown."""
        self.start("silent", None)
        self.start("dst", "28.43.1000")
        self.set_unknown("reject")
        server = self.boot("silent")
        self.assert_refused(server)
        self.set_unknown("last_resort")
        self.assertEqual("dst", self.live_migrate(server))

    def test_known_bad_is_not_unknown(self) -> None:
        """The last resort does not bring back hosts that are known bad."""
        self.start("src", "28.43.1000")
        self.start("other", "28.41.1000", preferred=True)
        self.start("silent", None)
        server = self.boot("src")
        self.assertEqual("silent", self.live_migrate(server))

    def test_stale(self) -> None:
        """A report that was not renewed for three days says nothing."""
        self.start("src", "28.43.1000")
        self.start("dst", None)
        self.report("dst", "28.43.1000", age=3)
        self.set_unknown("reject")
        server = self.boot("src")
        self.assert_refused(server)
        self.assertNotEqual([], self.logged(" INFO ", "dst", "stale_report"))
        self.report("dst", "28.43.1000")
        self.assertEqual("dst", self.live_migrate(server))
