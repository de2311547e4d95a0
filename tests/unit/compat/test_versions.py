# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import versions

Code = codes.Code


class VersionsTest(base.BaseTestCase):
    def test_verdicts_of_the_mailing_list(self) -> None:
        """The pairs whose verdict Sean Mooney stated come out so."""
        self.assertIsNone(versions.refusal("2.0.1", "2.1.1"))
        self.assertIs(Code.MINOR_NEWER, versions.refusal("2.1.1", "2.0.1"))
        self.assertIs(Code.MAJOR_DIFFERS, versions.refusal("2.0.0", "3.0.0"))
        self.assertIsNone(versions.refusal("2.0.1", "2.0.0"))

    def test_major_alone(self) -> None:
        """A version without a minor number has minor 0."""
        self.assertIsNone(versions.refusal("2", "2.0.7"))
        self.assertIs(Code.MINOR_NEWER, versions.refusal("2.1", "2"))

    def test_numbers_not_digits(self) -> None:
        """Minor versions are compared as numbers."""
        self.assertIsNone(versions.refusal("1.9.0", "1.10.0"))
        self.assertIs(Code.MINOR_NEWER, versions.refusal("1.10", "1.9"))

    def test_other_texts_are_never_guessed(self) -> None:
        """What is no plain release is accepted only if it is equal."""
        for text in ("v1", "1.0rc1", "1!1.0", "1.0+x", "", "1..0", "9" * 99):
            self.assertIsNone(versions.major_minor(text))
            self.assertIsNone(versions.refusal(text, text))
            self.assertIs(Code.MISMATCH, versions.refusal(text, "1.0"))
            self.assertIs(Code.MISMATCH, versions.refusal("1.0", text))
