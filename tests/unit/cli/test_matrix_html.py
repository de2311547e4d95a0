# SPDX-License-Identifier: Apache-2.0

"""The page of ``matrix --html``, as far as a parser of HTML can tell."""

from __future__ import annotations

import datetime
from html import parser
import json
import re
from typing import Any

from oslotest import base

from nova_vfio_compat.cli import matrix_html
from nova_vfio_compat.cli import published
from nova_vfio_compat.cli import relations
from tests.unit.cli import fleets
from tests.unit.placement import samples

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
VOID = {"meta", "input"}


class Page(parser.HTMLParser):
    """The elements of a page, and the text in each kind of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {}
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.text.setdefault(tag, []).append(data)

    def named(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            attrs for name, attrs in self.elements
            if name == tag and wanted.items() <= attrs.items()
        ]


class PageTest(base.BaseTestCase):
    def page(self, fleet: published.Fleet, *relaxed: str) -> Page:
        known = relations.Relations(fleet, frozenset(relaxed))
        self.source = matrix_html.page(fleet, known, NOW, relaxed)
        page = Page(self.source)
        self.assertEqual(([], []), (page.wrong, page.open))
        return page

    def data(self) -> dict[str, Any]:
        """What the page's script works on."""
        (found,) = re.findall(
            r'<script type="application/json" id="fleet">(.*?)</script>',
            self.source,
        )
        document: dict[str, Any] = json.loads(found)
        return document

    def test_needs_no_network(self) -> None:
        """Nothing is loaded, and the policy would not let it."""
        page = self.page(fleets.upgrading())
        for _, attrs in page.elements:
            self.assertFalse({"src", "href", "srcset"} & attrs.keys())
        (policy,) = page.named(
            "meta", **{"http-equiv": "Content-Security-Policy"}
        )
        self.assertTrue(
            str(policy["content"]).startswith("default-src 'none'")
        )
        self.assertNotIn("unsafe", str(policy["content"]))
        self.assertNotIn("url(", "".join(page.text["style"]))

    def test_what_hosts_wrote_is_escaped(self) -> None:
        """Names and values make no element and no attribute."""
        page = self.page(fleets.upgrading())
        tags = {tag for tag, _ in page.elements}
        self.assertNotIn("img", tags)
        self.assertEqual(2, len(page.named("script")))
        for _, attrs in page.elements:
            self.assertFalse(
                [name for name in attrs if name.startswith("on")]
            )
        self.assertIn(fleets.EVIL_HOST, "".join(page.text["li"]))
        values = [
            one["state"]["psid"] for one in self.data()["classes"]
            if one["state"] and "psid" in one["state"]
        ]
        self.assertIn(fleets.EVIL_VALUE, values)

    def test_markers_in_values(self) -> None:
        """A value that looks like a place of the template stays a value."""
        name = "@@script@@"
        page = self.page(fleets.fleet((name, (samples.nic(),))))
        self.assertIn(name, "".join(page.text["li"]))

    def test_cells_tell_direction(self) -> None:
        """A way that exists in one direction only is marked and named."""
        page = self.page(fleets.upgrading())
        labels = {
            str(attrs.get("aria-label")) for attrs in page.named("button")
        }
        self.assertIn("1 to 2: compatible, no way back", labels)
        self.assertIn("2 to 1: incompatible", labels)
        self.assertIn("1 to 1: compatible", labels)

    def test_attention(self) -> None:
        """What needs somebody is told, and nothing where all is well."""
        page = self.page(fleets.upgrading())
        self.assertEqual(
            ["stranded", "oneway", "missing", "stale"],
            [
                attrs["data-kind"]
                for attrs in page.named("details", **{"class": "notice"})
            ],
        )
        calm = self.page(fleets.fleet(
            ("a", (samples.nic(),)), ("b", (samples.nic(),))
        ))
        self.assertEqual([], calm.named("details", **{"class": "notice"}))

    def test_controls_have_names(self) -> None:
        """Whatever can be used is a real control with a name."""
        page = self.page(fleets.large(60))
        self.assertEqual(1, len(page.named("label", **{"for": "filter"})))
        for attrs in page.named("table"):
            self.assertTrue(attrs["aria-label"])
        for attrs in page.named("button"):
            self.assertEqual("button", attrs["type"])
        for attrs in page.named("button", tabindex="-1"):
            self.assertTrue(attrs["aria-label"])

    def test_script_gets_every_pair(self) -> None:
        """The verdict of every ordered pair is there once."""
        self.page(fleets.upgrading())
        data = self.data()
        verdicts = [
            [data["verdicts"][index]["verdict"] for index in row]
            for row in data["pairs"]
        ]
        self.assertEqual([6] * 6, list(map(len, verdicts)))
        self.assertEqual("compatible", verdicts[0][1])
        self.assertEqual("incompatible", verdicts[1][0])
        self.assertLess(len(data["verdicts"]), 36)

    def test_relaxed_comparisons_are_told(self) -> None:
        """A reader sees what the verdicts leave out."""
        page = self.page(fleets.small(), "mlx5:firmware")
        self.assertIn("mlx5:firmware", "".join(page.text["footer"]))
        self.assertEqual("compatible", self.data()["verdicts"][0]["verdict"])

    def test_a_large_fleet_stays_small(self) -> None:
        """Thousands of hosts are a page that a browser opens at once."""
        self.page(fleets.large())
        self.assertLess(len(self.source), 1_000_000)

    def test_no_reports(self) -> None:
        """A fleet that has published nothing is a page as well."""
        page = self.page(published.Fleet((), {}, ("alpha",)))
        self.assertIn("alpha", "".join(page.text["li"]))
