# SPDX-License-Identifier: Apache-2.0

"""What every source must do, as tests.

A package that adds a family tells how a host with its devices looks, and
gets the tests::

    class AcmeContract(source_contract.SourceContract, unittest.TestCase):
        source = acme.AcmeSource
        devices = ("0000:81:00.1",)
        host_driver = "acme"
        vfio_driver = "acme_vfio_pci"

        def write_host(self, root):
            host = host_files.HostFiles(root)
            ...
"""

from __future__ import annotations

import dataclasses
import pathlib
import re

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import loader
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.testing import changing
from nova_vfio_compat.testing import contract_base
from nova_vfio_compat.testing import contract_files
from nova_vfio_compat.testing import host_files

_ONE_DEVICE = {
    "a PCI address": r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]",
    "a libvirt name": r"pci_[0-9a-f]{4}_[0-9a-f]{2}_[0-9a-f]{2}_[0-7]",
    "a uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "a MAC address": r"[0-9a-f]{2}(:[0-9a-f]{2}){5}",
    "a GUID": r"[0-9a-f]{4}(:[0-9a-f]{4}){3}",
}
_SERIAL = re.compile(r"(.*_)?(serial|serial_number|uuid|guid|unique_id)")


class SourceContract(contract_files.FileTests):
    """A mix-in for a ``TestCase``."""

    def test_says_what_it_is(self) -> None:
        """Family, rule and attributes are told to operators."""
        source = self.source()
        self.assertRegex(source.family, r"\A[a-z0-9][a-z0-9_.-]{0,63}\Z")
        self.assertIsInstance(source.evidence, codes.Evidence)
        self.assertTrue(self.source.__doc__, "the docstring is the rule")
        known = {**source.mandatory, **source.optional}
        self.assertEqual(
            len(known), len(source.mandatory) + len(source.optional),
            "an attribute is mandatory or optional",
        )
        for name, version in source.since.items():
            self.assertIn(name, known)
            self.assertIn(version, range(2, source.vocabulary + 1))

    def test_claims_its_own(self) -> None:
        """The devices of the family are claimed, and no others."""
        self.assertEqual(set(self.devices), self.look().claimed())
        if self.source.generic:
            return
        _write_strangers(self.root)
        look = self.look()
        self.assertGreater(len(look.candidates), len(self.devices))
        self.assertEqual(set(self.devices), look.claimed())

    def test_is_asked(self) -> None:
        """A scan with nothing but this source describes the devices."""
        found = scan.scan(
            host_tree.HostTree(self.root), sources=[self.source()]
        )
        self.assertEqual((), found.problems)
        families = {
            one.family for item in found.devices for one in item.classes
        }
        self.assertIn(self.source().family, families)

    def test_can_be_loaded(self) -> None:
        """An entry point finds the source and makes it without arguments."""
        entries, _ = loader.load()
        self.assertIn(
            self.source, [type(item.source) for item in entries],
            f"no entry point in {loader.NAMESPACE}; is the package installed?",
        )

    def test_same_answer(self) -> None:
        """Who asks again gets the same class."""
        for name, found in self.classes():
            again = self.answer(name)
            self.assertEqual(found, again)

    def test_canonical(self) -> None:
        """A class comes out of its canonical JSON as it went in."""
        for _, found in self.classes():
            self.assertEqual(
                found,
                device_class.DeviceClass.from_canonical(found.canonical()),
            )

    def test_accepts_itself(self) -> None:
        """A device can load what it writes."""
        for name, found in self.classes():
            if found.reason is not None:
                continue
            # Equal classes are not compared.
            other = dataclasses.replace(
                found, unverified=(*found.unverified, "contract")
            )
            verdict = acceptance.judge(found, other)
            self.assertIs(
                codes.Outcome.COMPATIBLE, verdict.outcome,
                f"{name}: {verdict}",
            )

    def test_attributes(self) -> None:
        """Every attribute of a class is told of, mandatory ones are there."""
        source = self.source()
        known = {*source.mandatory, *source.optional, "device_api"}
        for name, found in self.classes():
            if found.state is None:
                continue
            has = contract_base.values(found)
            if not self.open_vocabulary:
                self.assertEqual(
                    set(), set(found.state) - known,
                    f"{name}: add them to mandatory or optional",
                )
            self.assertEqual(
                set(), source.mandatory.keys() - has.keys(),
                f"{name}: these are mandatory",
            )
            self.assertIn("device_api", found.state)

    def test_nothing_of_one_device(self) -> None:
        """No class tells one device from another of the same kind."""
        serials = {
            text
            for path in self.root.rglob("*")
            if _SERIAL.fullmatch(path.name) and path.is_file()
            for text in [path.read_text(errors="replace").strip()]
            if len(text) > 3
        }
        for name, found in self.classes():
            text = found.canonical().decode().lower()
            for what, pattern in _ONE_DEVICE.items():
                self.assertIsNone(
                    re.search(rf"(?<![0-9a-f]){pattern}(?![0-9a-f])", text),
                    f"{name} has {what} in its class: {text}",
                )
            for serial in serials:
                self.assertNotIn(serial.lower(), text)

    def test_place(self) -> None:
        """The same devices elsewhere are of the same classes."""
        target = self.root.parent / "moved"
        changing.move(self.root, target)
        look = self.look(target)
        for name, found in self.classes():
            self.assertEqual(
                found, look.answer(changing.moved_name(name)), name
            )

    def test_driver_cycle(self) -> None:
        """Which driver is bound right now changes nothing."""
        host = host_files.HostFiles(self.root)
        driver = self.vfio_driver
        if driver is None:
            return
        for name in self.devices:
            if name in self.never:
                continue
            expected = self.answer(name)
            for bound in (self.host_driver, None, driver, None):
                host.bind(name, bound, override=bound == driver)
                self.assertEqual(
                    expected, self.answer(name), f"{name} under {bound}"
                )

    def test_use(self) -> None:
        """Guests that come and go change nothing."""
        before = {
            name: self.answer(name) for name in self.devices
            if name not in self.never
        }
        changing.use(self.root)
        self.use_host(self.root)
        for name, expected in before.items():
            self.assertEqual(expected, self.answer(name), name)


def _write_strangers(root: pathlib.Path) -> None:
    """Add devices of families that nobody has."""
    host = host_files.HostFiles(root)
    pf, vf = "0000:ee:00.0", "0000:ee:00.1"
    host.function(pf, 0x1234, 0x0001, driver="stranger")
    host.function(vf, 0x1234, 0x0002, driver="stranger")
    host.virtual(pf, vf)
    host.function("0000:ee:1f.0", 0x1234, 0x0003, driver="vfio-pci")
    parent = host.path(pf)
    kind = parent / "mdev_supported_types/stranger-1"
    for name, text in {
        "device_api": "vfio-pci", "available_instances": "1", "name": "one"
    }.items():
        host.write(kind / name, text)
    host.link("sys/class/mdev_bus/" + pf, parent)
    uuid = "eeeeeeee-0000-4000-8000-000000000001"
    host.link(parent / uuid / "mdev_type", kind)
    host.link("sys/bus/mdev/devices/" + uuid, parent / uuid)
