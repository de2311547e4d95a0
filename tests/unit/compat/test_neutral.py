# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.compat import neutral
from tests.unit.compat import examples


class NeutralTest(base.BaseTestCase):
    def assert_refused(self, text: str, message: str = "") -> None:
        error = self.assertRaises(compat.ParseError, neutral.loads, text)
        self.assertIn(message, str(error))

    def test_defaults(self) -> None:
        """What is plain may be left out."""
        found = neutral.loads(
            '{"state": {"device_type": "vfio_pci", "mdev_type": "t"}}'
        )
        state = {"device_api": "vfio-pci", "type": "t"}
        self.assertEqual(
            compat.DeviceClass(
                family="migration", bus="mdev",
                evidence=compat.Evidence.OPERATOR,
                state=state, accepts=(state,),
            ),
            found,
        )

    def test_canonical_is_neutral(self) -> None:
        """What canonical() gives is read as the same class."""
        for one in (examples.UUID1, examples.function(), examples.declared(
            {"type": "t"}
        )):
            text = one.canonical().decode()
            self.assertEqual(one, neutral.loads(text))
            self.assertEqual(
                one, neutral.loads(json.dumps(json.loads(text), indent=4))
            )

    def test_newer_reasons(self) -> None:
        """A reason of a newer release is named in the error."""
        self.assert_refused(
            '{"state": null, "reason": "bored"}', "unknown reason 'bored'"
        )

    def test_what_is_silent(self) -> None:
        """Null and the empty list say that there is nothing."""
        for text, code in (
            ('{"state": null}', compat.Code.NO_STATE),
            ("{}", compat.Code.NO_STATE),
            ('{"state": {"a": "1"}, "accepts": []}',
             compat.Code.ACCEPTS_NOTHING),
            ('{"state": null, "reason": "unreadable"}',
             compat.Code.UNREADABLE),
            ('{"state": {"a": "1"}, "accepts": [], "reason": null}',
             compat.Code.ACCEPTS_NOTHING),
        ):
            self.assertIs(code, neutral.loads(text).reason)

    def test_own_kinds(self) -> None:
        """An operator may use every kind of variable, a kernel not."""
        text = '{"state": {"a": "1"}, "accepts": [{"a": "{x:any}"}]'
        self.assertEqual(
            ({"a": "{x:any}"},), neutral.loads(text + "}").accepts
        )
        self.assert_refused(
            text + ', "evidence": "declared"}', "{x:any}"
        )

    def test_no_class(self) -> None:
        """Everything else is the one exception."""
        for text in (
            "", "[]", "null", "1", "[" * 60000, "1" * 60000,
            '{"state": []}', '{"state": {"a": 1}}', '{"accepts": {}}',
            '{"state": {"a": "1"}, "accepts": [1]}',
            '{"state": {"a": "1"}, "accepts": ["a"]}',
            '{"state": {"a": "{"}}', '{"evidence": []}', '{"extra": 1}',
            '{"state": {"a": "1"}, "settable": "a"}',
            '{"family": null}',
        ):
            self.assert_refused(text)
        self.assert_refused(" " * 65537, "longer than 65536")

    def test_place(self) -> None:
        """A mistake in the JSON is shown with a caret."""
        error = self.assertRaises(
            compat.ParseError, neutral.loads, '{"bus": "pci",\n "state" {}}'
        )
        self.assertEqual(
            "Expecting ':' delimiter\n     \"state\" {}}\n             ^",
            str(error),
        )
