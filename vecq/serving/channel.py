"""Messages between the supervisor and a worker, which may carry the descriptor of an index file."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

MOST_BYTES = 1 << 16


def channel() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a channel that keeps the boundaries of messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(end: socket.socket, message: dict[str, Any], descriptor: int | None = None) -> bool:
    """Send a message; return False if the other end is gone."""
    content = json.dumps(message).encode()
    try:
        socket.send_fds(end, [content], [] if descriptor is None else [descriptor])
    except OSError:
        return False
    return True


def receive(end: socket.socket) -> tuple[dict[str, Any], int | None] | None:
    """Wait for a message; None if the other end is gone."""
    try:
        content, descriptors, _, _ = socket.recv_fds(end, MOST_BYTES, 1)
    except OSError:
        return None
    if not content:
        return None
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return json.loads(content), descriptors[0] if descriptors else None
