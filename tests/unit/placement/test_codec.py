# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import dataclasses
import datetime

import hypothesis
from hypothesis import strategies
from oslotest import base

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import report as report_
from tests.unit.placement import samples

DAY = datetime.date(2026, 11, 22)

REPORT = samples.report_with(
    pci_0000_81_00_0=samples.nic(),
    pci_0000_81_00_1=samples.nic("28.44.1036"),
    mtty_mtty=samples.vgpu(),
)


class EncodeTestCase(base.BaseTestCase):
    def test_the_names_are_an_interface(self) -> None:
        """The names are exactly those that other releases read."""
        class_ = samples.plain()
        report = samples.report_with(pci_0000_81_00_0=class_)
        report = dataclasses.replace(report, seen=frozenset({"20261122"}))

        text = (
            "PMRGE5LTEI5CE4DDNERCYITFOZUWIZLOMNSSEORCOJ2WYZJCFQRGMYLNNFWHS"
            "IR2EJYGG2JCFQRHEZLBONXW4IR2EJYGYYLJNZPXMZTJN5PXAY3JEIWCE5TPMN"
            "QWE5LMMFZHSIR2GF6Q"
        )
        self.assertEqual(
            b'{"bus":"pci","evidence":"rule","family":"pci",'
            b'"reason":"plain_vfio_pci","vocabulary":1}',
            class_.canonical(),
        )
        self.assertEqual(
            {
                "CUSTOM_VFIO1_REPORT",
                "CUSTOM_VFIO1_SEEN_20261122",
                f"CUSTOM_VFIO1_CLASS_{class_.id}",
                f"CUSTOM_VFIO1_DEF_{class_.id}_1_1_{text}",
                "CUSTOM_VFIO1_DEV_PCI_0000_81_00_0_0",
            },
            codec.encode(report),
        )

    def test_functions_of_a_bus_share_a_name(self) -> None:
        """The bits say which; another class or another bus is apart."""
        old, new = samples.plain(), samples.nic()
        report = samples.report_with(
            **dict.fromkeys(
                ("pci_0000_08_00_4", "pci_0000_08_00_6", "pci_0000_08_04_3"),
                old,
            ),
            pci_0000_08_00_5=new,
            pci_10000_08_00_4=old,
            mtty_mtty=old,
        )
        k = {id_: k for k, id_ in enumerate(sorted(report.classes))}

        names = {
            name.removeprefix("CUSTOM_VFIO1_")
            for name in codec.encode(report)
            if name.startswith("CUSTOM_VFIO1_DEV")
        }

        self.assertEqual(
            {
                f"DEVS_PCI_0000_08_800000050_{k[old.id]}",
                f"DEV_PCI_0000_08_00_5_{k[new.id]}",
                f"DEV_PCI_10000_08_00_4_{k[old.id]}",
                f"DEV_MTTY_MTTY_{k[old.id]}",
            },
            names,
        )
        self.assertEqual(report, codec.decode(codec.encode(report)))

    def test_names_are_legal(self) -> None:
        """Placement takes the names: characters and length."""
        for name in codec.encode(REPORT):
            self.assertRegex(name, r"^CUSTOM_[A-Z0-9_]{1,248}$")

    def test_decoding_gives_back_what_was_encoded(self) -> None:
        """What a host says is what everybody reads."""
        report = dataclasses.replace(
            REPORT, seen=frozenset({"20261122", "20261121"})
        )

        self.assertEqual(report, codec.decode(codec.encode(report)))

    def test_an_empty_report_is_a_report(self) -> None:
        """A host without devices says that it has been looked at."""
        names = codec.encode(samples.report_with())

        self.assertEqual({codec.REPORT}, names)
        self.assertTrue(codec.decode(names).present)
        self.assertFalse(codec.decode([]).present)

    def test_the_largest_class_can_be_published(self) -> None:
        """A class at the limit of its size survives the way."""
        class_ = dataclasses.replace(
            samples.plain(),
            exposed={f"x{number}": "y" * 980 for number in range(8)},
        )
        report = samples.report_with(mtty_mtty=class_)

        self.assertGreater(len(class_.canonical()), 7900)
        self.assertEqual(report, codec.decode(codec.encode(report)))


    @hypothesis.settings(deadline=None)
    @hypothesis.given(
        devices=strategies.dictionaries(
            strategies.one_of(
                strategies.builds(
                    "PCI_{}_{:02X}_{:02X}_{}".format,
                    strategies.sampled_from(("0000", "0001", "10000")),
                    strategies.integers(8, 9),
                    strategies.integers(0, 33),
                    strategies.integers(0, 8),
                ),
                strategies.from_regex(
                    r"(PCI_0000_08|MTTY|[0-9A-Z]{1,4})(_[0-9A-F]{1,4}){0,4}",
                    fullmatch=True,
                ).map(report_.device_name),
            ),
            strategies.sets(
                strategies.sampled_from(sorted(REPORT.classes)), min_size=1
            ).map(frozenset),
            max_size=40,
        )
    )
    def test_any_devices_come_back(
        self, devices: dict[str, frozenset[str]]
    ) -> None:
        """No name of a device is taken for another's, or for a class."""
        report = dataclasses.replace(REPORT, devices=devices)

        names = codec.encode(report)

        self.assertEqual(report, codec.decode(names))
        self.assertTrue(all(len(name) <= 255 for name in names))


class NamesTestCase(base.BaseTestCase):
    def test_names_for_queries(self) -> None:
        """A scheduler asks with the names that reporters write."""
        self.assertEqual("CUSTOM_VFIO1_SEEN_20261122", codec.seen_trait(DAY))
        self.assertEqual(
            "PCI_0000_81_00_2", codec.device_trait_name("pci_0000_81_00.2")
        )
        id_ = samples.plain().id
        self.assertEqual(id_, codec.class_id(codec.class_trait(id_)))
        self.assertIsNone(codec.class_id("CUSTOM_VFIO1_CLASS_1"))
        self.assertTrue(
            codec.definition_traits(samples.plain())[0].startswith(
                codec.definition_prefix(id_)
            )
        )
