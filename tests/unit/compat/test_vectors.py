# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator
import json
import pathlib
from typing import Any

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import neutral
from tests.oracle import rules
from tests.oracle import texts

FOLDER = pathlib.Path(__file__).parents[2] / "data" / "vectors"
_ANSWERS = {
    "compatible": rules.Answer.YES,
    "conditional": rules.Answer.NO,
    "incompatible": rules.Answer.NO,
    "unknown": rules.Answer.UNKNOWN,
}


def _files() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(FOLDER.glob("*.json")):
        yield path.name, json.loads(path.read_text(encoding="ascii"))


def _for_oracle(document: dict[str, Any]) -> rules.Device:
    evidence = document.get("evidence", "operator")
    state, silent = document["state"], None
    if state is None:
        code = codes.Code.of(document["reason"])
        silent = (
            rules.Answer.UNKNOWN if code.is_unknown else rules.Answer.NO
        )
    return rules.Device(
        "mdev",
        "declared" if evidence == "declared" else "ours",
        None if state is None else texts.state_of(_encoded(state)),
        tuple(map(_encoded, document.get("accepts", [state] * bool(state)))),
        silent=silent,
        settable=frozenset(document.get("settable", ())),
    )


def _encoded(items: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in items.items()}


class VectorsTest(base.BaseTestCase):
    def test_verdicts(self) -> None:
        """Every stated and derived verdict of the mails comes out."""
        count = 0
        for name, vectors in _files():
            classes = {
                key: neutral.from_document(document)
                for key, document in vectors["classes"].items()
            }
            for item in vectors["verdicts"]:
                found = compat.judge(
                    classes[item["from"]], classes[item["to"]]
                )
                self.assertEqual(
                    (item["verdict"], item.get("set", {})),
                    (found.outcome.value, dict(found.to_set)),
                    f"{name}: {item} {found}",
                )
                count += 1
        self.assertGreater(count, 75)

    def test_oracle(self) -> None:
        """The oracle, which knows only the rules, says the same."""
        for name, vectors in _files():
            devices = {
                key: _for_oracle(document)
                for key, document in vectors["classes"].items()
            }
            for item in vectors["verdicts"]:
                ours, theirs = devices[item["from"]], devices[item["to"]]
                self.assertIs(
                    _ANSWERS[item["verdict"]],
                    rules.answer(ours, theirs),
                    f"{name}: {item}",
                )
                if "set" in item:
                    self.assertIn(
                        item["set"], rules.settings(ours, theirs)
                    )

    def test_form(self) -> None:
        """The files have what their description promises."""
        for name, vectors in _files():
            self.assertEqual(
                {"shape", "source", "author", "classes", "verdicts", "open"},
                set(vectors), name,
            )
            self.assertTrue(
                vectors["source"].startswith("https://lore.kernel.org/all/")
            )
            used = set()
            for item in vectors["verdicts"]:
                self.assertLessEqual(
                    {"from", "to", "verdict", "stated", "why"}, set(item)
                )
                self.assertLessEqual(
                    set(item),
                    {"from", "to", "verdict", "stated", "why", "set"},
                )
                self.assertIn(item["verdict"], _ANSWERS)
                used |= {item["from"], item["to"]}
            self.assertEqual(set(vectors["classes"]), used, name)
