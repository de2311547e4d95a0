# SPDX-License-Identifier: Apache-2.0

"""Whatever is read: it is understood, or it is the one exception."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies as st
from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.compat import alternative
from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import errors
from nova_vfio_compat.placement import codec
from tests.unit.compat import strategies

law = strategies.law
classes = strategies.classes()
texts = strategies.texts


class UntrustedText(base.BaseTestCase):
    @law
    @hypothesis.given(st.binary(max_size=200) | texts.map(str.encode))
    def test_bytes(self, data: bytes) -> None:
        """Any bytes are a class or the one exception."""
        try:
            found = compat.DeviceClass.from_canonical(data)
        except compat.ParseError as error:
            self.assertTrue(str(error))
        else:
            self.assertEqual(data, found.canonical())

    @law
    @hypothesis.given(classes, st.data())
    def test_damaged_bytes(
        self, one: compat.DeviceClass, data: st.DataObject
    ) -> None:
        """A class with a byte changed is another class or the exception."""
        good = one.canonical()
        place = data.draw(st.integers(0, len(good) - 1))
        bad = bytearray(good)
        bad[place] = data.draw(st.integers(0, 255))
        try:
            found = compat.DeviceClass.from_canonical(bytes(bad))
        except compat.ParseError:
            return
        self.assertEqual(bytes(bad), found.canonical())
        self.assertEqual(bytes(bad) == good, found.id == one.id)

    @law
    @hypothesis.given(
        st.lists(
            st.text(max_size=20)
            | st.from_regex(r"CUSTOM_VFIO1_[A-Z]{3,5}_[A-Z2-7_0-9]{0,40}")
        ),
        st.data(),
    )
    def test_names(self, names: list[str], data: st.DataObject) -> None:
        """Any names are a report, and what is wrong with them is in it."""
        one = data.draw(classes)
        traits = list(codec.definition_traits(one))
        left = data.draw(st.lists(st.sampled_from(traits)))
        found = codec.decode([*names, *left, codec.class_trait(one.id)])
        self.assertEqual(
            set(left) == set(traits), one.id in found.classes
        )

    @law
    @hypothesis.given(
        st.dictionaries(st.sampled_from(strategies.NAMES), texts, max_size=3),
        st.booleans(),
    )
    def test_templates(self, raw: dict[str, str], extended: bool) -> None:
        """Any texts are templates that can be matched, or the exception."""
        try:
            items = attributes.normalise_templates(raw, extended)
        except compat.ParseError as error:
            message, *shown = str(error).split("\n")
            self.assertTrue(message)
            if shown:
                self.assertEqual("^", shown[-1].strip())
            return
        self.assertEqual(
            items, attributes.normalise_templates(items, extended)
        )
        alternative.Alternative(items, extended).mismatches(raw)

    @law
    @hypothesis.given(st.dictionaries(texts, texts, max_size=4))
    def test_states(self, raw: dict[str, str]) -> None:
        """Any texts are a state, or the exception; twice is as once."""
        try:
            state = attributes.normalise_state(raw)
        except errors.ParseError:
            return
        self.assertEqual(state, attributes.normalise_state(state))
        attributes.check(state)
