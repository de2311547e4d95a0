# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import textwrap

import hypothesis
from hypothesis import strategies
from oslotest import base

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import knowledge_entry
from nova_vfio_compat.host import knowledge_file

PATH = "etc/nova/vfio-compat.d/10-site.yaml"
GOOD = """\
  - match: {vendor: 10de}
    state: {ecc_mode: on}
"""
# Pieces that make texts which nearly are files.
PIECES = (
    "devices:", "\n", "  ", "- ", "match: ", "state: ", "{", "}", "[", "]",
    "driver: x", "a: b", "&a", "*a", "!!set", "!!python/object:a.b", "? ",
    ": ", "'", '"', "\\UFFFFFFFF", "%YAML 9.9", "---", "...", "<<: ", "|",
    ">", "\t", "\x00", "\xe9", "\ud800", "#", ",", "\r", "0", "verified: ",
)


def parse(
    text: str | bytes,
) -> tuple[
    tuple[knowledge_entry.Entry, ...], tuple[errors.DescribeError, ...]
]:
    data = text if isinstance(text, bytes) else text.encode()
    return knowledge_file.parse(PATH, data)


def entries(text: str) -> tuple[knowledge_entry.Entry, ...]:
    """Parse entries that have no mistakes."""
    found, problems = parse(f"devices:\n{text}")
    assert not problems, str(problems)
    return found


class KnowledgeFileTest(base.BaseTestCase):
    def assert_fault(
        self, text: str | bytes, line: int, *words: str, good: int = 0
    ) -> None:
        """The text has one mistake, in this line, told with these words."""
        found, problems = parse(text)
        self.assertEqual(1, len(problems), str(problems))
        self.assertEqual(f"{PATH}:{line}", problems[0].path)
        for word in words:
            self.assertIn(word, problems[0].detail)
        self.assertEqual(good, len(found))

    def assert_bad_entry(self, text: str, line: int, *words: str) -> None:
        """A bad entry costs itself and neither of its neighbours.

        :param line: counted from the entry's first
        """
        entry = textwrap.indent(textwrap.dedent(text).strip(), "    ")
        self.assert_fault(
            f"devices:\n{GOOD}  - {entry.strip()}\n{GOOD}",
            3 + line, *words, good=2,
        )

    def test_everything(self) -> None:
        """An entry has all that was written, at its place."""
        (found,) = entries("""\
  - match:
      driver: nvidia*
      type: NVIDIA A40-4Q
      address: 0000:8A:*
      vendor: 0x10DE
      device: 2235
      family: nvidia
    state: {ecc_mode: on, numa: 2}
    accepts:
      numa: "{n:set:2,4}"
    dirty_tracking: true
    verified: [guest_driver]
    comment: from the ticket
""")
        self.assertEqual(
            knowledge_entry.Entry(
                f"{PATH}:2",
                knowledge_entry.Match(
                    "nvidia*", "NVIDIA A40-4Q", "0000:8a:*", "10de", "2235",
                    "nvidia",
                ),
                {"ecc_mode": "on", "numa": "2"},
                {"ecc_mode": "on", "numa": "{n:set:2,4}"},
                True,
                frozenset({"guest_driver"}),
                "from the ticket",
            ),
            found,
        )

    def test_values_are_what_is_written(self) -> None:
        """Nothing becomes a number or a boolean on the way."""
        (found,) = entries("""\
  - match: {device: 0101}
    state: {a: on, b: 1.10, c: 0x10, d: 010, e: "2", f: 2026-11-22}
""")
        self.assertEqual("0101", found.match.device)
        self.assertEqual(
            ["on", "1.10", "0x10", "010", "2", "2026-11-22"],
            list(found.state.values()),
        )

    def test_nothing_said(self) -> None:
        """A file of comments only is empty and no mistake."""
        for text in ("", "# devices:\n", "---\n# \xe9\n", "\ufeff"):
            self.assertEqual(((), ()), parse(text))

    def test_comments_in_any_language(self) -> None:
        """What only people read may have any character."""
        (found,) = entries("""\
  - match: {driver: a}  # \xe9
    verified: [b]
    comment: "\xe9"
""")
        self.assertEqual("\\xe9", found.comment)

    def test_no_yaml(self) -> None:
        """What is no YAML is told with the line where it ends to be."""
        self.assert_fault("devices:\n  - match: {a\nb: c\n", 3, "no YAML")
        self.assert_fault("devices:\n\t- a\n", 2, "no YAML", "\\t")
        self.assert_fault(b"devices:\n  - \xff\n", 2, "0xff", "ASCII")
        self.assert_fault("devices:\n  - a\x00\n", 2, "0x00")
        for digits in ("FFFFFFFF", "00110000"):
            self.assert_fault(f'devices: "\\U{digits}"', 1, "no YAML")

    def test_no_devices(self) -> None:
        """A file must be a mapping with a list of devices."""
        self.assert_fault("- a\n", 1, "expected a mapping", "devices")
        self.assert_fault("models: []\n", 1, "devices is missing")
        self.assert_fault("devices: 3\n", 1, "expected a list")
        self.assert_fault("devices:\n", 1, "expected a list", "nothing")

    def test_two_documents(self) -> None:
        """A second document is not left out without a word."""
        self.assert_fault(
            f"devices:\n{GOOD}---\ndevices:\n{GOOD}", 4, "second document"
        )

    def test_unknown_key_of_a_file(self) -> None:
        """A key that has no meaning does not cost the entries."""
        self.assert_fault(
            f"version: 1\ndevices:\n{GOOD}", 1, "'version'", good=1
        )

    def test_twice(self) -> None:
        """A key that is there twice is a mistake, with both lines."""
        self.assert_fault(
            f"devices:\n{GOOD}devices:\n{GOOD}", 1,
            "devices is there twice, in lines 1 and 4",
        )
        self.assert_bad_entry(
            """
            match: {driver: a}
            state:
              b: x
              c: y
              b: x
            """,
            2, "b is there twice, in lines 6 and 8",
        )

    def test_alias(self) -> None:
        """An alias is refused: nothing unfolds."""
        found, problems = parse("""\
devices:
  - &all
    match: {driver: a}
    verified: [b]
  - *all
  - match: {driver: a}
    state: {<<: *all}
""")
        self.assertEqual((), found)
        self.assertEqual(
            [f"{PATH}:{line}" for line in (2, 5, 7)],
            [problem.path for problem in problems],
        )
        self.assertIn("anchor", problems[0].detail)
        self.assertIn("alias", problems[1].detail)

    def test_tag(self) -> None:
        """A tag is refused: nothing is made but texts."""
        self.assert_bad_entry(
            """
            match: {driver: !!python/name:os.system a}
            verified: [b]
            """,
            1, "tags",
        )

    def test_deep(self) -> None:
        """Nesting without end ends."""
        self.assert_bad_entry("[" * 50 + "]" * 50, 1, "deep")

    def test_shape(self) -> None:
        """Each mistake in the form of an entry is told in its own line."""
        for text, line, *words in (
            ("hello", 1, "expected a mapping", "'hello'"),
            ("state: {a: b}", 1, "match is missing"),
            ("match: {driver: a}", 1, "nothing is said", "verified"),
            ("match: {}\nverified: [a]", 1, "match: is empty"),
            ("match: {drivr: a}\nverified: [a]", 1, "'drivr'", "driver"),
            ("match: {vendor: 10d}\nverified: [a]", 1, "vendor", "'10d'"),
            ("match: {driver: a}\nstate:\n  a:", 3, "a: expected a text"),
            ("match: {driver: a}\nstate:\n  A: b", 3, "'A' is no name"),
            ("match: {driver: a}\nstate:\n  a: \xe9", 3, "'\\xe9'", "ASCII"),
            ("match: {driver: a}\nstate:\n  a: '{b'", 3, "braces"),
            ("match: {driver: a}\nstate: [a]", 2, "expected a mapping"),
            ("match: {driver: a}\nverified:\n- a\n- A", 4, "'A'"),
            ("match: {driver: a}\ndirty_tracking: no", 2, "write true"),
            ("match: {driver: a}\nverified: [a]\naccepts: {a: b}", 1,
             "accepts"),
            ("match: {driver: a}\nverified: [a]\nnote: b", 3, "'note'"),
            ("? {a: b}\n: c", 1, "key"),
        ):
            with self.subTest(text):
                self.assert_bad_entry(text, int(line), *map(str, words))

    def test_meaning(self) -> None:
        """Attributes and templates that cannot be are told in their line."""
        for lines, line, *words in (
            ("  serial: 1", 3, "serial", "remove it"),
            ("  mdev_type: a", 3, "type: a"),
            ("  a: b\naccepts:\n  c: d", 5, "c is not in state"),
            ("  a: b\naccepts:\n  a: '{x'", 5, "never closed"),
            ("  a: b\naccepts:\n  a: '{x:min:b}'", 5, "integer"),
            ("  a: b\naccepts:\n  a: c", 5, "own b"),
        ):
            with self.subTest(lines):
                self.assert_bad_entry(
                    f"match: {{driver: a}}\nstate:\n{lines}",
                    int(line), *map(str, words),
                )

    def test_order(self) -> None:
        """Mistakes are told from the first line to the last."""
        _, problems = parse("""\
devices:
  - match: {vendr: 15b3}
    verified: [a]
  - *b
  - match: {vendor: 15b3}
other: 1
""")
        self.assertEqual(
            [f"{PATH}:{line}" for line in (2, 4, 5, 6)],
            [problem.path for problem in problems],
        )

    def test_no_flood(self) -> None:
        """Thousands of mistakes in one file are a few lines of a log."""
        _, problems = parse("devices:\n" + "  - x\n" * 1000)
        self.assertEqual(knowledge_file.MAX_FAULTS + 1, len(problems))
        self.assertIn("980 more", problems[-1].detail)

    @hypothesis.settings(deadline=None, max_examples=300)
    @hypothesis.given(
        strategies.lists(strategies.sampled_from(PIECES), max_size=40)
    )
    def test_no_text_raises(self, pieces: list[str]) -> None:
        """Whatever a file holds, there is a line for what is wrong."""
        data = "".join(pieces).encode("utf-8", "surrogatepass")
        for start in (b"", b"devices:\n  - "):
            for problem in parse(start + data)[1]:
                self.assertRegex(problem.path, r":[0-9]+\Z")
                self.assertTrue(problem.brief.isascii())
