# SPDX-License-Identifier: Apache-2.0

"""What the tests of an operator's knowledge share."""

from __future__ import annotations

from nova_vfio_compat import compat
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import knowledge
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base as sources_base
from tests.unit.host import base

VF = "0000:81:00.2"
STATE = {"device_api": "vfio-pci", "type": "a"}
CLASS = compat.DeviceClass(
    family="test",
    bus="pci",
    evidence=codes.Evidence.RULE,
    state=STATE,
    accepts=(STATE, {"type": "b"}),
    unverified=("ecc_mode", "p2p"),
)
SUBJECT = knowledge.Subject(
    "mlx5_vfio_pci", ("a", "Type A"), (VF, base.PF, "Card_1"), "15b3", "101e",
    "test",
)


class KnowledgeTestCase(base.HostTestCase):
    def say(self, text: str, name: str = "10-site.yaml") -> None:
        """Write entries into a file of the operator."""
        self.write(f"{knowledge.FOLDER}/{name}", f"devices:\n{text}")

    def load(self) -> knowledge.Knowledge:
        return knowledge.Knowledge.load(host_tree.HostTree(self.root))

    def apply(
        self, found: compat.DeviceClass = CLASS
    ) -> compat.DeviceClass:
        """What the operator's files make of a class, without a mistake."""
        known = self.load()
        result = known.apply(found, SUBJECT)
        self.assertEqual((), known.problems)
        return result

    def subject(self, name: str) -> knowledge.Subject:
        """What can be matched of a function, an mdev or a type."""
        tree = host_tree.HostTree(self.root).once()
        broken: list[errors.ReadError] = []
        functions = pci.functions(tree, broken)
        mediated = mdev.Mediated(tree, functions, broken)
        found: dict[str, sources_base.Candidate] = {
            **functions,
            **{item.uuid: item for item in mediated.mdevs},
            **{item.id: item for item in mediated.types.values()},
        }
        ctx = context.Context(tree, functions)
        return knowledge.Subject.of(found[name], ctx, CLASS)
