# SPDX-License-Identifier: Apache-2.0

"""Classes as people and other programs write them, in JSON.

The same keys as in the canonical form, and what is plain may be left out::

    {
      "bus": "mdev",
      "state": {"mdev_type": "i915-GVTg_V5_4", "aggregator": "2"},
      "accepts": [
        {"mdev_type": "i915-GVTg_V5_{n:int:2,4}", "aggregator": "{n}/2"}
      ],
      "settable": ["aggregator"]
    }

Names of attributes may be those of any mail, values in any case and
spelling. Without ``accepts`` a device accepts what it writes; an empty list
says that it accepts nothing, and ``"state": null`` that it writes nothing
or does not say. Without ``evidence`` it is the word of an operator, who may
use every kind of variable.
"""

from __future__ import annotations

import json
from typing import Any

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors

#: characters that a document may have
MAX_LENGTH = 65536

_DEFAULTS = {
    "family": "migration",
    "bus": "mdev",
    "evidence": codes.Evidence.OPERATOR.value,
    "vocabulary": 1,
}


def loads(text: str) -> device_class.DeviceClass:
    """The class that a JSON text describes.

    :raises ParseError: it describes none
    """
    if len(text) > MAX_LENGTH:
        raise errors.ParseError(f"longer than {MAX_LENGTH} characters")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1]
        raise errors.ParseError(error.msg, line, error.colno - 1) from None
    except (ValueError, RecursionError):
        raise errors.ParseError("not the JSON of a class") from None
    return from_document(document)


def from_document(document: object) -> device_class.DeviceClass:
    """The class that a parsed JSON document describes.

    :raises ParseError: it describes none
    """
    if not isinstance(document, dict):
        raise errors.ParseError("expected a JSON object")
    full: dict[str, Any] = {**_DEFAULTS, **document}
    extended = full["evidence"] != codes.Evidence.DECLARED.value
    state, accepts = full.get("state"), full.get("accepts")
    if state is not None:
        full["state"] = attributes.normalise_state(_attributes(state))
    if isinstance(accepts, list):
        full["accepts"] = [
            attributes.normalise_templates(_attributes(items), extended)
            for items in accepts
        ]
    if full.get("reason") is None:
        full.pop("reason", None)
        if state is None:
            full["reason"] = codes.Code.NO_STATE.value
        elif accepts == []:
            full["reason"] = codes.Code.ACCEPTS_NOTHING.value
    return device_class.from_document(full)


def _attributes(document: object) -> dict[str, str]:
    if not isinstance(document, dict) or not all(
        isinstance(item, str) for item in document.values()
    ):
        raise errors.ParseError("expected attributes with texts")
    return document
