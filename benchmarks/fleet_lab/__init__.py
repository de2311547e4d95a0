# SPDX-License-Identifier: Apache-2.0

"""A fleet of any size for the benchmarks: a real Placement, a real Nova.

Placement runs under uwsgi; Nova's scheduler runs in this process, without a
message queue. Rows that all hosts have alike are copied straight into the
databases, because ten thousand hosts would take an hour otherwise; what is
in the rows is what Nova's and our own code write for one host.
"""
