# SPDX-License-Identifier: Apache-2.0

"""The way to Placement: credentials, endpoint, timeout."""

from __future__ import annotations

import logging
from typing import Any
from typing import Protocol

from keystoneauth1 import adapter as ksa_adapter
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import loading
from oslo_config import cfg
import requests

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.placement import answers


class Wire(Protocol):
    """What requests are sent with: a keystoneauth adapter, or around it."""

    def request(
        self, url: str, method: str, **kwargs: Any
    ) -> requests.Response: ...


def from_conf(conf: cfg.ConfigOpts) -> ksa_adapter.Adapter:
    """An adapter with the credentials in ``[placement]``.

    :raises ConfigurationError: they are missing or incomplete
    """
    # It warns of what is an error here and gets its sentence below.
    logging.getLogger("stevedore.named").setLevel(logging.ERROR)
    try:
        # Again, because only now it is known whether auth_section names
        # another group.
        loading.register_auth_conf_options(conf, "placement")
        auth = loading.load_auth_from_conf_options(conf, "placement")
        if auth is None:
            raise conf_.ConfigurationError(
                "[placement] auth_type is not set; give the file that "
                "nova-compute is started with as --config-file"
            )
        session = loading.load_session_from_conf_options(
            conf, "placement", auth=auth
        )
        if session.timeout is None:
            session.timeout = conf_.DEFAULT_TIMEOUT
        return loading.load_adapter_from_conf_options(
            conf,
            "placement",
            session=session,
            auth=auth,
            raise_exc=False,
            client_name="nova-vfio-compat",
        )
    except cfg.Error as error:
        raise conf_.configuration_error(error) from error
    except ksa_exceptions.ClientException as error:
        raise conf_.ConfigurationError(
            "the credentials in [placement] are incomplete, set them as for "
            f"nova-compute: {answers.one_line(str(error))}"
        ) from error
