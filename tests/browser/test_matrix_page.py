# SPDX-License-Identifier: Apache-2.0

"""The page of ``matrix --html`` in a real Chromium."""

from __future__ import annotations

import datetime
import os
import pathlib
import shutil
import tempfile
import typing

from oslotest import base
from playwright import sync_api

from nova_vfio_compat.cli import matrix_html
from nova_vfio_compat.cli import published
from nova_vfio_compat.cli import relations
from tests.unit.cli import fleets
from tests.unit.placement import samples

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
# None of it is about the page: no sandbox for root, no word to the outside.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)
#: a folder for pictures to look at
PICTURES = os.environ.get("NOVA_VFIO_COMPAT_PICTURES")


class PageTestCase(base.BaseTestCase):
    """A page of its own per test, and everything that went wrong on it."""

    browser: sync_api.Browser

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        assert chromium, "there is no Chromium to test with"
        playwright = sync_api.sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = playwright.chromium.launch(
            executable_path=chromium, args=list(FLAGS)
        )
        cls.addClassCleanup(cls.browser.close)

    def open(
        self,
        fleet: published.Fleet,
        theme: typing.Literal["light", "dark"] = "light",
        width: int = 1400,
    ) -> sync_api.Page:
        """The page of a fleet, as a reader opens it from a file."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = pathlib.Path(folder.name) / "fleet.html"
        file.write_text(
            matrix_html.page(fleet, relations.Relations(fleet), NOW),
            encoding="utf-8",
        )
        context = self.browser.new_context(
            color_scheme=theme, viewport={"width": width, "height": 1000}
        )
        self.addCleanup(context.close)
        page = context.new_page()
        self.trouble: list[str] = []
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda line: self.trouble.append(line.text))
        self.requests: list[str] = []
        page.on("request", lambda one: self.requests.append(one.url))
        page.goto(file.as_uri())
        return page

    def picture(self, page: sync_api.Page, name: str) -> None:
        """Take one if somebody wants to look at it."""
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)

    def assert_quiet(self) -> None:
        """Nothing was refused, nothing failed, nothing else was loaded."""
        self.assertEqual([], self.trouble)
        self.assertEqual(1, len(self.requests))


class PageTest(PageTestCase):
    def test_opens_without_network(self) -> None:
        """It shows every fleet and asks for no other file."""
        for name, fleet in (
            ("small", fleets.small()),
            ("upgrading", fleets.upgrading()),
            ("large", fleets.large()),
        ):
            for theme in ("light", "dark"):
                page = self.open(
                    fleet, typing.cast(typing.Any, theme)
                )
                self.assertEqual(
                    len(fleet.classes),
                    page.locator("table.matrix tbody tr").count(),
                )
                self.picture(page, f"{name}-{theme}")
                self.assert_quiet()

    def test_what_hosts_wrote_is_text(self) -> None:
        """A host's name and an attribute's value run nothing."""
        page = self.open(fleets.upgrading())
        page.get_by_role("button", name="psid=</script>").first.click()
        self.assertIn(fleets.EVIL_VALUE, page.locator("dialog").inner_text())
        self.assertIn(fleets.EVIL_HOST, page.locator("dialog").inner_text())
        self.assertEqual(0, page.locator("img").count())
        self.assertEqual("VFIO devices: who can go where", page.title())
        self.assert_quiet()

    def test_a_cell_opens_its_reasons(self) -> None:
        """A click shows verdict, code and the attribute that differs."""
        page = self.open(fleets.small())
        page.get_by_role("button", name="1 to 2: incompatible").click()
        dialog = page.get_by_role("dialog", name="1 → 2: incompatible")
        self.assertIn("mismatch: firmware", dialog.inner_text())
        differing = dialog.locator("tr.differs")
        self.assertEqual(1, differing.count())
        for word in ("firmware", "28.41.1000", "28.43.1000"):
            self.assertIn(word, differing.inner_text())
        self.picture(page, "reason")
        dialog.get_by_role("button", name="Show 2 → 1").click()
        self.assertIn("2 → 1", page.locator("#detail-title").inner_text())
        page.keyboard.press("Escape")
        self.assertFalse(page.locator("dialog").is_visible())
        self.assert_quiet()

    def test_keyboard(self) -> None:
        """Tab reaches a table once, arrows its cells, Enter a reason."""
        page = self.open(fleets.small())
        page.get_by_label("Filter").focus()
        focused = "document.activeElement.getAttribute('aria-label') || ''"
        for _ in range(12):
            page.keyboard.press("Tab")
            if " to " in page.evaluate(focused):
                break
        self.assertEqual("1 to 1: compatible", page.evaluate(focused))
        page.keyboard.press("ArrowRight")
        self.assertEqual("1 to 2: incompatible", page.evaluate(focused))
        page.keyboard.press("Enter")
        self.assertTrue(page.get_by_role("dialog").is_visible())
        page.keyboard.press("Escape")
        # Back where the reader was.
        self.assertEqual("1 to 2: incompatible", page.evaluate(focused))
        page.keyboard.press("ArrowRight")
        self.assertEqual("1 to 2: incompatible", page.evaluate(focused))
        page.keyboard.press("Tab")
        self.assertNotIn(" to ", page.evaluate(focused))
        self.assert_quiet()

    def filtered(self, page: sync_api.Page, words: str) -> list[str]:
        """Type into the filter; the classes whose hosts are left."""
        page.get_by_label("Filter").fill(words)
        page.wait_for_function(
            "words => document.getElementById('found').dataset.words"
            " === words",
            arg=words,
        )
        return [
            item.inner_text().split("\n")[0]
            for item in page.locator("details.class:visible").all()
        ]

    def test_filter_by_host(self) -> None:
        """A host's name leaves its classes and those they concern."""
        page = self.open(fleets.large())
        left = self.filtered(page, "cmp0000.")
        self.assertEqual(7, len(left))
        self.assertEqual(
            "7 of 33 classes, hosts: 1", page.locator("#found").inner_text()
        )
        self.assertEqual(
            [1] * 7,
            [
                group.locator("li:not([hidden])").count()
                for group in page.locator("details.class:visible").all()
            ],
        )
        self.picture(page, "filtered")
        page.keyboard.press("Escape")
        self.assertEqual(
            33, page.locator("details.class:visible").count()
        )
        self.assert_quiet()

    def test_filter_by_attribute(self) -> None:
        """A value leaves the classes that have it, with all their hosts."""
        page = self.open(fleets.small())
        (left,) = self.filtered(page, "28.43")
        self.assertIn("28.43.1000", left)
        self.assertEqual(
            1, page.locator("table.matrix tbody tr:visible").count()
        )
        self.assertEqual([], self.filtered(page, "no such thing"))
        self.assertIn("0 of 2", page.locator("#found").inner_text())
        self.assert_quiet()

    def test_needs_attention(self) -> None:
        """Stranded, one-way, stale and missing are told at the top."""
        page = self.open(fleets.upgrading())
        for kind, words in (
            ("stranded", "gamma"), ("oneway", "2.1.0"),
            ("stale", "epsilon"), ("missing", "zeta"),
        ):
            notice = page.locator(f'.notice[data-kind="{kind}"]')
            self.assertIn(words, notice.inner_text())
        self.assertFalse(page.locator("#attention > .fine").is_visible())
        calm = self.open(
            fleets.fleet(*[
                (name, (samples.nic(),)) for name in ("a", "b")
            ])
        )
        self.assertTrue(calm.locator("#attention > .fine").is_visible())

    def test_narrow_window(self) -> None:
        """On a small screen the tables scroll, the page does not."""
        page = self.open(fleets.large(300), width=420)
        self.picture(page, "narrow")
        self.assertEqual(
            [420, 420],
            page.evaluate(
                "[document.documentElement.scrollWidth, innerWidth]"
            ),
        )
