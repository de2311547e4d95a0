# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import tempfile

from oslo_config import cfg
from oslo_config import generator
from oslotest import base

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.placement import wire


class ConfTestCase(base.BaseTestCase):
    def _load(self, text: str) -> cfg.ConfigOpts:
        file = tempfile.NamedTemporaryFile("w", suffix=".conf")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        conf = cfg.ConfigOpts()
        conf_.load(conf, [], "prog", [file.name])
        return conf

    def test_the_defaults(self) -> None:
        """An empty file is a running host that offers nothing."""
        conf = self._load("")

        self.assertEqual("/", conf.vfio_compat.host_root)
        self.assertEqual(32, conf.vfio_compat.max_classes)
        self.assertEqual("last_resort", conf.vfio_compat.unknown)
        self.assertIsNone(conf.vfio_compat.compute_node)
        self.assertEqual([], conf.pci.device_spec)
        self.assertEqual([], conf.devices.enabled_mdev_types)
        self.assertEqual("placement", conf.placement.service_type)
        self.assertEqual(
            ["internal", "public"], conf.placement.valid_interfaces
        )

    def test_what_nova_reads_is_read_alike(self) -> None:
        """Old names of Nova's options and its groups per type count."""
        conf = self._load("""
[pci]
passthrough_whitelist = {"vendor_id": "15b3"}
device_spec = {"vendor_id": "8086"}
[devices]
enabled_vgpu_types = nvidia-35,nvidia-36
[vgpu_nvidia-35]
device_addresses = 0000:84:00.0,0000:85:00.0
[mdev_nvidia-36]
mdev_class = CUSTOM_GPU
""")

        self.assertIn('{"vendor_id": "8086"}', conf.pci.device_spec)
        self.assertEqual(
            ["0000:84:00.0", "0000:85:00.0"],
            conf["mdev_nvidia-35"].device_addresses,
        )
        self.assertEqual("VGPU", conf["mdev_nvidia-35"].mdev_class)
        self.assertEqual("CUSTOM_GPU", conf["mdev_nvidia-36"].mdev_class)
        self.assertEqual([], conf["mdev_nvidia-36"].device_addresses)

    def test_a_bad_file_is_one_sentence(self) -> None:
        """What oslo.config complains of comes as one line."""
        error = self.assertRaises(
            conf_.ConfigurationError, self._load, "[pci\nx"
        )

        self.assertNotIn("\n", str(error))

    def test_a_file_that_is_none(self) -> None:
        """A directory and bytes that are no text are named, on one line."""
        folder = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, folder)
        with tempfile.NamedTemporaryFile("wb", suffix=".conf") as file:
            file.write(b"[DEFAULT]\nhost = \xff\n")
            file.flush()
            for name in (folder, file.name):
                for args in (
                    [], ["--config-file", name], [f"--config-file={name}"]
                ):
                    error = self.assertRaises(
                        conf_.ConfigurationError,
                        conf_.load,
                        cfg.ConfigOpts(),
                        args,
                        "prog",
                        None if args else [name],
                    )
                    self.assertIn(name, str(error))
                    self.assertNotIn("\n", str(error))

    def test_every_value_of_ours_is_looked_at(self) -> None:
        """A bad value is refused by whoever reads the file, used or not."""
        for line in ("unknown = maybe", "max_classes = x"):
            error = self.assertRaises(
                conf_.ConfigurationError,
                self._load,
                f"[vfio_compat]\n{line}\n",
            )
            self.assertIn(line.split()[0], str(error))
            self.assertNotIn("LocationInfo", str(error))

    def test_an_auth_section_of_its_own(self) -> None:
        """Credentials may be in another group, as for Nova."""
        conf = self._load("""
[placement]
auth_section = shared
timeout = 7
[shared]
auth_type = admin_token
endpoint = http://127.0.0.1:1
token = admin
""")

        adapter = wire.from_conf(conf)

        self.assertEqual("http://127.0.0.1:1", adapter.get_endpoint())
        self.assertEqual(7.0, adapter.session.timeout)

    def test_no_request_waits_for_ever(self) -> None:
        """Without a timeout in nova.conf there is one all the same."""
        conf = self._load("""
[placement]
auth_type = admin_token
endpoint = http://127.0.0.1:1
token = admin
""")

        session = wire.from_conf(conf).session

        self.assertEqual(conf_.DEFAULT_TIMEOUT, session.timeout)

    def test_the_sample_has_our_options_only(self) -> None:
        """Nova's sample has Nova's options."""
        self.assertEqual(
            {"vfio_compat", "placement"},
            {group for group, _opts in conf_.list_opts()},
        )
        names = {opt.dest for opt in conf_.list_opts()[0][1]}
        self.assertEqual(
            {
                "compute_node", "exempt_hosts", "host_root", "max_classes",
                "max_retry_interval", "metrics_file", "retry_interval",
                "scan_interval",
                "mode", "relax", "unknown",
            },
            names,
        )

    def test_the_sample_can_be_generated(self) -> None:
        """oslo-config-generator finds and understands every option."""
        conf = cfg.ConfigOpts()
        generator.register_cli_opts(conf)
        with tempfile.NamedTemporaryFile("r") as file:
            conf(
                [
                    *("--namespace", "nova_vfio_compat"),
                    *("--output-file", file.name),
                ],
                default_config_files=[],
            )
            generator.generate(conf)
            text = file.read()

        self.assertIn("[vfio_compat]", text)
        self.assertIn("#unknown = last_resort", text)
        self.assertIn("#auth_type", text)

    def test_our_options_fit_into_a_configuration_of_nova(self) -> None:
        """In nova-scheduler only [vfio_compat] is registered."""
        conf = cfg.ConfigOpts()
        conf_.register_opts(conf)
        conf_.register_opts(conf)
        conf([], default_config_files=[])

        self.assertNotIn("placement", conf)
        self.assertEqual("last_resort", conf.vfio_compat.unknown)
