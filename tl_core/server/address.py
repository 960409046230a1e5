"""Where a server is found in its own network."""

from __future__ import annotations

import ipaddress
import socket

_TOWARDS = (
    "192.0.2.1",  # reserved for documentation: leads nowhere, but the way out of here
    "10.42.0.2",  # without a way out: the networks of hotspots that Linux,
    "192.168.137.2",  # Windows
    "192.168.2.2",  # and macOS open themselves
)


def lan_address() -> str | None:
    """Return this machine's address in the local network, or None without a network.

    Connecting a UDP socket only asks the system from where a packet would go; none is sent.
    """
    for target in _TOWARDS:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))
            except OSError:
                continue
            address: str = probe.getsockname()[0]
        if not is_local(address):
            return address
    return None


def is_local(host: str) -> bool:
    """Tell whether an address leads to the machine itself, so that no other can use it."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
