# SPDX-License-Identifier: Apache-2.0

"""Every option of the project, and those of Nova's that it reads.

The reporter and the commands read the file that Nova's own services are
started with and must not import Nova, so Nova's options are registered here a
second time, with Nova's names, types and defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
import pathlib
import re
from typing import Any

from keystoneauth1 import loading
from oslo_config import cfg
from oslo_config import types

GROUP = cfg.OptGroup(
    "vfio_compat",
    title="Compatibility of VFIO devices on live migration",
    help="Read by nova-vfio-compat-reporter on compute hosts and by "
    "VfioCompatFilter in nova-scheduler.",
)

REPORTER_OPTS = [
    cfg.StrOpt(
        "host_root",
        default="/",
        help="Directory that holds the file system of the described host: "
        "its ``sys``, ``proc``, ``lib/modules``, ``etc/os-release``, "
        "``etc/nova/vfio-compat.d`` and ``usr/share/nvidia``. To be changed "
        "only where the reporter runs in a container that has the host "
        "mounted.",
    ),
    cfg.StrOpt(
        "compute_node",
        help="Name of this host's compute node in Placement, as the "
        "hypervisor gives it. Default: the node whose uuid is in Nova's "
        "``compute_id`` file (next to the configuration files or in "
        "``[DEFAULT] state_path``); without such a file ``[DEFAULT] host`` "
        "if it is set, the FQDN, then the host name.",
    ),
    cfg.IntOpt(
        "max_classes",
        default=32,
        min=1,
        max=999,
        help="More classes of devices than this on one host are a mistake: "
        "the reporter then refuses to publish and the last good report "
        "stays.",
    ),
    cfg.IntOpt(
        "scan_interval",
        default=300,
        min=1,
        max=3600,
        help="Seconds, give or take a tenth, between two looks at the host "
        "and at what is published of it. The reporter follows the events of "
        "the kernel as well; this is for what fires none.",
    ),
    cfg.FloatOpt(
        "retry_interval",
        default=2.0,
        min=0.01,
        help="Seconds until the reporter tries again after a failure; they "
        "double with each that follows, and are shortened at random by up "
        "to a half. A Retry-After of Placement goes first.",
    ),
    cfg.FloatOpt(
        "max_retry_interval",
        default=300.0,
        min=0.01,
        help="Seconds that ``retry_interval`` grows to.",
    ),
    cfg.StrOpt(
        "metrics_file",
        help="File, ending in ``.prom``, that the reporter keeps its figures "
        "in, for the textfile collector of Prometheus' node_exporter. Its "
        "directory must be writable for the reporter, also under systemd's "
        "``ProtectSystem=`` (``ReadWritePaths=``). Default: none.",
    ),
]

SCHEDULER_OPTS = [
    cfg.StrOpt(
        "mode",
        default="enforce",
        choices=[
            ("enforce", "hosts that cannot take the devices are left out"),
            ("audit", "they are logged, and nothing is changed"),
            ("off", "nothing is looked at"),
        ],
        mutable=True,
        help="What the filter does with its answers. A flavor's extra spec "
        "``vfio_compat:mode`` goes first.",
    ),
    cfg.StrOpt(
        "unknown",
        default="last_resort",
        choices=[
            (
                "last_resort",
                "kept only if no host is known to take the devices",
            ),
            ("reject", "never chosen"),
            ("accept", "treated like a host that can take the devices"),
        ],
        mutable=True,
        help="What to do with hosts of which it cannot be told whether they "
        "can take the instance's devices, for example because they have "
        "published no report.",
    ),
    cfg.ListOpt(
        "relax",
        default=[],
        item_type=types.String(
            regex=r"[a-z0-9_]+:(exposed:)?[A-Za-z0-9_.-]+\Z",
        ),
        mutable=True,
        sample_default=[],
        help="Attributes that are left out of every comparison, as "
        "``family:attribute``, or ``family:exposed:attribute`` for what the "
        "guest sees of a PCI function: for example ``mlx5:firmware``. Such "
        "an attribute is named as unverified in every verdict. A device "
        "that cannot migrate at all still does not.",
    ),
    cfg.ListOpt(
        "exempt_hosts",
        default=[],
        item_type=types.String(),
        mutable=True,
        help="Names of hosts that are never rejected, with ``*`` and ``?``: "
        "for hosts whose devices cannot be reported.",
    ),
]

_DEFAULT_OPTS = [
    cfg.StrOpt("host"),
    # Nova's own default is its source directory; every package sets this.
    cfg.StrOpt("state_path", default="/var/lib/nova"),
]

_PCI_OPTS = [
    cfg.MultiStrOpt(
        "device_spec",
        default=[],
        deprecated_opts=[
            cfg.DeprecatedOpt("passthrough_whitelist", group="pci"),
            cfg.DeprecatedOpt("pci_passthrough_whitelist", group="DEFAULT"),
        ],
    ),
]

_DEVICES_OPTS = [
    cfg.ListOpt(
        "enabled_mdev_types",
        default=[],
        deprecated_name="enabled_vgpu_types",
    ),
]

#: how long one request may take where ``[placement] timeout`` is not set;
#: keystoneauth would wait for ever
DEFAULT_TIMEOUT = 60.0

# What oslo.config says of the place of a value; only the file helps.
_LOCATION = re.compile(r"LocationInfo\(location=.*?, detail='(.*?)'\)")

# Which versions are supported is known by the code, not by the operator.
_ADAPTER_VERSION_OPTS = ("version", "min_version", "max_version")


class ConfigurationError(Exception):
    """The configuration must be changed; one sentence says how."""

    #: of a command that ends with it
    exit_code = 2


def _adapter_opts() -> list[cfg.Opt]:
    opts = [
        opt
        for opt in loading.get_adapter_conf_options(include_deprecated=False)
        if opt.dest not in _ADAPTER_VERSION_OPTS
    ]
    cfg.set_defaults(
        opts,
        valid_interfaces=["internal", "public"],
        service_type="placement",
    )
    return opts


class _Ignored(types.String):
    """The type of an option that keystoneauth reads and nobody can set."""

    def __call__(self, value: Any) -> Any:
        return None


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register ``[vfio_compat]``; safe on Nova's own configuration too."""
    conf.register_group(GROUP)
    conf.register_opts(REPORTER_OPTS, group=GROUP)
    conf.register_opts(SCHEDULER_OPTS, group=GROUP)


def register_placement_opts(conf: cfg.ConfigOpts) -> None:
    """Register ``[placement]`` as Nova does."""
    loading.register_session_conf_options(conf, "placement")
    loading.register_auth_conf_options(conf, "placement")
    conf.register_opts(_adapter_opts(), group="placement")
    for name in _ADAPTER_VERSION_OPTS:
        conf.register_opt(cfg.Opt(name, type=_Ignored()), group="placement")


def register_nova_opts(conf: cfg.ConfigOpts) -> None:
    """Register what is read of Nova's options, outside Nova's processes."""
    conf.register_opts(_DEFAULT_OPTS)
    conf.register_opts(_PCI_OPTS, group="pci")
    conf.register_opts(_DEVICES_OPTS, group="devices")
    register_placement_opts(conf)


def register_mdev_types(conf: cfg.ConfigOpts) -> None:
    """Register ``[mdev_<type>]`` of every enabled type.

    To be called when the files have been read: the groups depend on
    ``[devices] enabled_mdev_types``.
    """
    for name in conf.devices.enabled_mdev_types:
        conf.register_opts(
            [
                cfg.ListOpt(
                    "device_addresses",
                    default=[],
                    item_type=types.String(),
                    deprecated_group=f"vgpu_{name}",
                ),
                cfg.StrOpt(
                    "mdev_class",
                    default="VGPU",
                    regex=r"^(VGPU|CUSTOM_[A-Z0-9_]+)$",
                    max_length=255,
                ),
            ],
            group=f"mdev_{name}",
        )


def load(
    conf: cfg.ConfigOpts,
    args: Sequence[str],
    prog: str,
    files: Sequence[str] | None = None,
) -> None:
    """Read Nova's configuration into ``conf``.

    :param conf: with the options of the command line registered
    :param args: the command line, with ``--config-file`` if at all
    :param prog: name of the command; ``/etc/nova/<prog>.conf`` is read
        after ``/etc/nova/nova.conf``
    :param files: instead of those two
    :raises ConfigurationError: a file is missing or cannot be read, or a
        value of ``[vfio_compat]`` cannot be used, whoever uses it
    """
    register_opts(conf)
    register_nova_opts(conf)
    try:
        conf(
            list(args),
            project="nova",
            prog=prog,
            default_config_files=list(files) if files else None,
        )
        register_mdev_types(conf)
        # oslo.config looks at a value when somebody asks for it.
        for opt in (*REPORTER_OPTS, *SCHEDULER_OPTS):
            conf[GROUP.name][opt.dest]
    except cfg.Error as error:
        raise configuration_error(error) from None
    except OSError as error:
        raise ConfigurationError(
            f"the configuration file {error.filename} cannot be read, "
            f"correct it and try again: {error.strerror}"
        ) from None
    except UnicodeDecodeError as error:
        name = _not_text([
            *(files or ()),
            *(arg.rpartition("=")[2] for arg in args),
            *cfg.find_config_files("nova", prog),
        ])
        raise ConfigurationError(
            f"the configuration file {name} cannot be used, correct it and "
            f"try again: it is not {error.encoding.upper()} text"
        ) from None


def _not_text(names: Sequence[str]) -> str:
    """The first file that is no text; oslo.config does not say which."""
    for name in names:
        try:
            pathlib.Path(name).expanduser().read_text()
        except UnicodeDecodeError:
            return name
        except OSError:
            continue
    return ""


def configuration_error(error: cfg.Error) -> ConfigurationError:
    """What oslo.config has to say, as one sentence."""
    text = " ".join(str(error).split()).rstrip(".")
    text = _LOCATION.sub(r"\1", text)
    return ConfigurationError(
        f"the configuration cannot be used, correct it and try again: {text}"
    )


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """For oslo-config-generator: our options and ``[placement]``."""
    return [
        (GROUP.name, [*REPORTER_OPTS, *SCHEDULER_OPTS]),
        (
            "placement",
            [
                *loading.get_session_conf_options(),
                *loading.get_auth_common_conf_options(),
                *loading.get_auth_plugin_conf_options("v3password"),
                *_adapter_opts(),
            ],
        ),
    ]
