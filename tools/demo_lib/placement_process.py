# SPDX-License-Identifier: Apache-2.0
"""A process with the real Placement: ``-m demo_lib.placement_process FD``.

Reads placement.conf in $OS_PLACEMENT_CONFIG_DIR and serves on the listening
socket that it inherits as file descriptor FD. It ends when its standard
input does, so that it cannot outlive a demo that was killed, unless the word
``keep`` came first.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

from placement import wsgi
import waitress


def _end_with_parent() -> None:
    if sys.stdin.readline().strip() != "keep":
        os._exit(0)


def main() -> None:
    """Serve until told to stop."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    listening = socket.socket(fileno=int(sys.argv[1]))
    # One thread: SQLite has one writer, and the demo has few clients.
    waitress.serve(
        wsgi.init_application(), sockets=[listening], threads=1, _quiet=True
    )


if __name__ == "__main__":
    main()
