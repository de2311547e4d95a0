# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import inspect
import json
import pathlib
import re

from oslotest import base

from nova_vfio_compat.host import loader

CITED = pathlib.Path(__file__).parents[2] / "tools/kernel_rules/cited.json"


class CitedTest(base.BaseTestCase):
    def test_list(self) -> None:
        """The list names families that there are, and a real release."""
        document = json.loads(CITED.read_text())
        sources, problems = loader.load()
        self.assertEqual((), problems)
        names = {item.source.family for item in sources}
        parts = document["definitions"] + document["absent"]
        rules = {rule for item in parts for rule in item["rules"]}
        self.assertEqual(set(), rules - names)
        self.assertLessEqual(
            {"hisi_acc", "mlx5", "mtty", "pds", "qat", "virtio", "xe"}, rules)
        for item in document["definitions"]:
            self.assertRegex(item["digest"], "^[0-9a-f]{32}$")
        self.assertRegex(document["release"], r"^[0-9]+\.[0-9]+\.[0-9]+$")

    def test_what_docstrings_cite(self) -> None:
        """Functions that a rule names as its reference are in the list."""
        document = json.loads(CITED.read_text())
        listed = {
            (rule, item["name"]) for item in document["definitions"]
            for rule in item["rules"]}
        cited = set()
        for item in loader.load()[0]:
            text = inspect.getdoc(type(item.source)) or ""
            _, _, reference = text.partition("Reference:")
            for word in re.findall(r"[^\s,;]+", reference):
                name = word.rstrip(".")
                if "_" in name and "/" not in name and "." not in name:
                    cited.add((item.source.family, name))
        self.assertGreater(len(cited), 15)
        self.assertEqual(set(), cited - listed)
