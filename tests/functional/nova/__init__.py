# SPDX-License-Identifier: Apache-2.0
"""The filter inside the real Nova, with the real Placement in process.

Nova's own functional test classes and fixtures are in its wheel; they start
nova-api, conductor, scheduler and computes in one process, on SQLite and a
fake libvirt.
"""
