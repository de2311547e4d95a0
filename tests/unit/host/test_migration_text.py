# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base as oslo_base

from nova_vfio_compat import compat
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host.sources import migration_text
from tests import trees
from tests.unit.host import base

MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"
HOME = f"sys/devices/pci0000:00/{base.GPU}/{base.UUID}"
SELF = "".join(f"{name}={value}\n" for name, value in base.SELF.items())

# Yan Zhao, 29 July 2020.
ONE_FILE = """\
SELF:
\tdevice_type=pci
\tdevice_id=8086591d
\tmdev_type=i915-GVTg_V5_2
\taggregator=1
\tpv_mode="none+ppgtt+context"
\tinterface_version=3
COMPATIBLE:
\tdevice_type=pci
\tdevice_id=8086591d
\tmdev_type=i915-GVTg_V5_{val1:int:1,2,4,8}
\taggregator={val1}/2
\tpv_mode={val2:string:"none+ppgtt","none+context","none+ppgtt+context"}
\tinterface_version={val3:int:2,3}
COMPATIBLE:
\tdevice_type=pci
\tdevice_id=8086591d
\tmdev_type=i915-GVTg_V5_{val1:int:1,2,4,8}
\taggregator={val1}/2
\tpv_mode=""
\tinterface_version=1
"""


class BlocksTest(oslo_base.BaseTestCase):
    def test_empty_lines(self) -> None:
        """Blocks without a line above them are told apart by empty ones."""
        self.assertEqual(
            [("", {"a": "1", "b": "2"}), ("", {"a": "3"})],
            migration_text.blocks("\n a = 1\nb=2\n\n \t\na=3\n\n"),
        )
        self.assertEqual([], migration_text.blocks("\n"))

    def test_headers(self) -> None:
        """Blocks may have empty lines between them as well."""
        self.assertEqual(
            [("SELF:", {"a": "1"}), ("COMPATIBLE:", {"b": "2=2"})],
            migration_text.blocks("SELF:\na=1\n\n\n COMPATIBLE: \nb=2=2"),
        )

    def test_quotes(self) -> None:
        """A value in quotes is what they enclose, and no more."""
        self.assertEqual(
            [("", {"a": "", "b": "x y", "c": '{s:string:"d"}'})],
            migration_text.blocks('a=""\nb="x y"\nc={s:string:"d"}'),
        )

    def test_refused(self) -> None:
        """What is no such file is refused, with its line."""
        for text, line in (
            ("a", "a"), ("=1", "=1"), ("a=1\nOTHER:", "OTHER:"),
            ("a=1\na=1", "a=1"), ('a="', 'a="'), ('a="b" "c"', 'a="b" "c"'),
            ('a=""  # absent', 'a=""  # absent'),
            ("COMPATIBLE:", "COMPATIBLE:"),
            ("SELF:\nCOMPATIBLE:\na=1", "SELF:"),
            ("SELF:\na=1\n\nb=2", "b=2"), ("a=1\nSELF:\nb=2", "a=1"),
        ):
            error = self.assertRaises(
                compat.ParseError, migration_text.blocks, text
            )
            self.assertEqual(line, error.text, text)


class TextTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})
        self.host.mdev(base.UUID, parent=base.GPU, type=base.GVT)

    def test_second_proposal(self) -> None:
        """self and compatible may be files with a line per attribute."""
        self.write(f"{HOME}/migration/self", SELF + "aggregator=2\n")
        self.write(
            f"{HOME}/migration/compatible",
            "type=i915-GVTg_V5_{val1:int:2,4,8}\naggregator={val1}/2\n\n"
            "type=i915-GVTg_V4_1\n",
        )
        found = self.one_class(MDEV)
        self.assertEqual({**base.SELF, "aggregator": "2"}, found.state)
        self.assertEqual(
            (
                {
                    "aggregator": "{val1}/2",
                    "type": "i915-GVTg_V5_{val1:int:2,4,8}",
                },
                {"type": "i915-GVTg_V4_1"},
            ),
            found.accepts,
        )
        self.assertIs(codes.Evidence.DECLARED, found.evidence)

    def test_same_class_in_both_forms(self) -> None:
        """The form of the files is no part of a class."""
        self.write(f"{HOME}/migration/self", SELF)
        self.write(f"{HOME}/migration/compatible", "COMPATIBLE:\n" + SELF)
        self.write(f"{HOME}/migration/compatible1", f"type={base.GVT}")
        self.host.mdev(
            base.UUID2, parent=base.GPU, type=base.GVT,
            migration=trees.Migration(
                base.SELF, [base.SELF, {"type": base.GVT}]
            ),
        )
        self.assertEqual(
            self.one_class(MDEV),
            self.one_class(MDEV.replace("1001", "1002")),
        )

    def test_one_file(self) -> None:
        """The form of 29 July, with the verdicts that its author stated."""
        self.write(f"{HOME}/migration_compatible", ONE_FILE)
        self.host.mdev(base.UUID2, parent=base.GPU, type=base.GVT)
        self.write(
            HOME.replace("1001", "1002") + "/migration_compatible",
            "SELF:\n\tdevice_type=pci\n\tdevice_id=8086591d\n"
            "\tmdev_type=i915-GVTg_V5_4\n\taggregator=2\n"
            "\tinterface_version=1\nCOMPATIBLE:\n\tdevice_type=pci\n"
            "\tdevice_id=8086591d\n"
            "\tmdev_type=i915-GVTg_V5_{val1:int:1,2,4,8}\n"
            "\taggregator={val1}/2\n\tinterface_version=1\n",
        )
        one, other = (
            self.one_class(name)
            for name in (MDEV, MDEV.replace("1001", "1002"))
        )
        self.assertEqual(
            "none+ppgtt+context", (one.state or {})["pv_mode"]
        )
        self.assertIs(
            compat.Outcome.COMPATIBLE, compat.judge(other, one).outcome
        )
        self.assertIs(
            compat.Outcome.INCOMPATIBLE, compat.judge(one, other).outcome
        )

    def test_function_without_a_type(self) -> None:
        """In that form a function needs no type, an mdev does."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        text = "SELF:\ndevice_api=vfio-pci\nsoftware_version=1\n"
        self.write(
            f"sys/bus/pci/devices/{base.PF}/virtfn0/migration_compatible",
            text,
        )
        self.write(f"{HOME}/migration_compatible", text)
        found = self.one_class("pci_0000_81_00_2")
        self.assertEqual(
            {"device_api": "vfio-pci", "software_version": "1"}, found.state
        )
        self.assertEqual("15b3", found.exposed["vendor"])
        self.assertIs(codes.Code.ACCEPTS_NOTHING, found.reason)
        self.assert_unknown(
            MDEV, codes.Code.MISSING_ATTRIBUTE, "has no type"
        )

    def test_no_self(self) -> None:
        """Without what it writes a device is a destination only."""
        self.write(
            f"{HOME}/migration_compatible", "COMPATIBLE:\ntype=a\n"
        )
        found = self.one_class(MDEV)
        self.assertIs(codes.Code.NO_STATE, found.reason)
        self.assertEqual(({"type": "a"},), found.accepts)

    def test_malformed(self) -> None:
        """What cannot be understood shows the file and the line."""
        path = f"{HOME}/migration_compatible"
        for text, words in (
            ("type=a\n", ["SELF:", path]),
            (f"SELF:\n{SELF}SELF:\n{SELF}", ["SELF:", path]),
            (f"SELF:\n{SELF}nonsense\n", ["nonsense", path]),
            (f"SELF:\n{SELF}COMPATIBLE:\ntype={{a}}\n", ["{a}", path]),
            (f"SELF:\n{SELF}a={{\n", ["a: ", path]),
            (f"SELF:\n{SELF}" + "COMPATIBLE:\na=1\n" * 65,
             ["64 alternatives"]),
            ("x" * 70000, [path]),
            ("SELF:\n" + "".join(f"a{n}=1\n" for n in range(65)),
             ["64 attributes", path]),
        ):
            self.write(path, text)
            self.assert_unknown(MDEV, codes.Code.MALFORMED, *words)

    def test_malformed_files(self) -> None:
        """The files of the second proposal have no other's lines."""
        for self_text, compatible in (
            (SELF + "\n" + SELF, "a=1"), ("", "a=1"),
            ("COMPATIBLE:\n" + SELF, "a=1"), (SELF, "SELF:\na=1"),
        ):
            self.write(f"{HOME}/migration/self", self_text)
            self.write(f"{HOME}/migration/compatible", compatible)
            self.assert_unknown(MDEV, codes.Code.MALFORMED, "/migration/")

    def test_two_forms_at_once(self) -> None:
        """A directory beside a file is refused, not passed over."""
        self.write(f"{HOME}/migration/self", SELF)
        self.write(f"{HOME}/migration/compatible/type", base.GVT)
        self.assert_unknown(
            MDEV, codes.Code.MALFORMED, "migration/compatible", "no file"
        )

    def test_folder_goes_before_the_file(self) -> None:
        """The later form counts where a device has both."""
        self.write(f"{HOME}/migration_compatible", ONE_FILE)
        self.write(f"{HOME}/migration/self", SELF)
        self.assertEqual(base.SELF, self.one_class(MDEV).state)
