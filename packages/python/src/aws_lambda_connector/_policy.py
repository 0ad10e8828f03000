"""The destinations that the component may reach."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from aws_lambda_connector.exceptions import InvalidInputError

# For each partition, the prefix of its regions, its DNS suffix, and its suffix of dual-stack endpoints.
_PARTITIONS = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    # All others.
    ("", "amazonaws.com", "api.aws"),
]
# A text of another form could name a different service: `lambda-fips.s3.amazonaws.com` is a bucket of S3.
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+", re.ASCII)
_PORTS = {"http": 80, "https": 443}

# These addresses serve a machine's own credentials to any process on it.
_PROHIBITED = [
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local: the metadata of most clouds, containers on ECS and EKS
        "100.100.100.200/32",  # Alibaba Cloud
        "168.63.129.16/32",  # Azure's platform
        "fe80::/10",  # link-local
        "fd00:ec2::/32",  # EC2
        "fd20:ce::254/128",  # Google Cloud
    )
]

_FORM = (
    "write HOST, HOST:PORT, or an http or https URL without a user name; an IPv4 address must be four decimal numbers, "
    "and link-local addresses and those of metadata services are prohibited"
)

# A scheme, a host in lower case or an address, and a port.
Destination = tuple[str, str, int]


def lambda_hosts(region_name: str) -> list[str]:
    """The URLs of a region's Lambda endpoints: standard, FIPS and dual-stack. A text that is not a region has none."""
    return _hosts("lambda", region_name)


def sts_hosts(region_name: str) -> list[str]:
    """The URLs of a region's STS endpoints, likewise."""
    return _hosts("sts", region_name)


def _hosts(service: str, region: str) -> list[str]:
    if len(region) > 63 or not _REGION.fullmatch(region):
        return []
    _, dns, dual_stack = next(partition for partition in _PARTITIONS if region.startswith(partition[0]))
    return [f"https://{service}{fips}.{region}.{suffix}" for suffix in (dns, dual_stack) for fips in ("", "-fips")]


class Policy:
    """An allow-list. A request to any other destination is refused before it leaves the process."""

    def __init__(self, allowed: Iterable[str]) -> None:
        if isinstance(allowed, str):
            raise TypeError("allowed_hosts must be a sequence of hosts, not one str")
        self._allowed = frozenset(destination for text in allowed for destination in _destinations(text))

    def allows(self, scheme: str, authority: str) -> bool:
        """Whether a request may leave. A destination that cannot be read is refused."""
        try:
            host, port = _split(authority)
            return (scheme, host, _PORTS[scheme] if port is None else port) in self._allowed
        except (KeyError, ValueError):
            return False


def _destinations(text: str) -> list[Destination]:
    """Reads `HOST`, `HOST:PORT` or a URL. Its path does not count."""
    if not isinstance(text, str):
        raise TypeError("allowed_hosts must contain texts")
    try:
        scheme, authority = None, text
        if "://" in text:
            url = urlsplit(text)
            scheme, authority = url.scheme.lower(), url.netloc
            _PORTS[scheme]
        host, port = _split(authority)
    except (KeyError, ValueError):
        # The text is not repeated, because a URL may contain a password.
        raise InvalidInputError.of("allowed_hosts", f"contains a text that is not a destination; {_FORM}") from None
    schemes = [scheme] if scheme else ["http", "https"]
    return [(scheme, host, _PORTS[scheme] if port is None else port) for scheme in schemes]


def _split(authority: str) -> tuple[str, int | None]:
    """The host in its canonical form, and the port. Raises `ValueError` for anything that may be read in two ways."""
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.?)(?::([0-9]{1,5}))?", authority, re.ASCII)
    if match is None:
        raise ValueError("not a destination")
    host, port = match[1].lower(), int(match[2]) if match[2] else None
    if host.startswith("["):
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.IPv6Address(host[1:-1])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
    elif re.search(r"(^|\.)([0-9]+|0x\w*)\.?$", host):
        # Resolvers read a name whose last label is a number as an IPv4 address, also `0xa9.16689662` and
        # `2852039166`. Only the usual form is allowed.
        address = ipaddress.IPv4Address(host)
    else:
        return host, port
    if _is_prohibited(address) or any(_is_prohibited(embedded) for embedded in _embedded(address)):
        raise ValueError("a link-local address or that of a metadata service")
    return str(address), port


def _is_prohibited(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _PROHIBITED if network.version == address.version)


def _embedded(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that a translator or a tunnel reads from an IPv6 address.

    The connector has the same list, in `src/aws/endpoint/address.rs`.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return []
    octets = address.packed
    last = octets[12:]
    found: list[bytes] = []
    if octets[:12] in (bytes(12), bytes(10) + b"\xff\xff", bytes(8) + b"\xff\xff\0\0"):
        # IPv4-compatible, IPv4-mapped and IPv4-translated.
        found = [last]
    elif octets[:12] == b"\0\x64\xff\x9b" + bytes(8):
        # NAT64 with the well-known prefix (RFC 6052).
        found = [last]
    elif octets[:6] == b"\0\x64\xff\x9b\0\1":
        # NAT64 with a prefix of the local network (RFC 8215), of any length that RFC 6052 defines. These skip
        # the ninth octet.
        rest = octets[6:8] + octets[9:13]
        found = [rest[:4], rest[1:5], rest[2:6], last]
    elif octets[:2] == b"\x20\x02":
        # 6to4.
        found = [octets[2:6]]
    elif octets[:4] == b"\x20\x01\0\0":
        # Teredo (RFC 4380): the server, and the client with every bit inverted.
        found = [octets[4:8], bytes(octet ^ 0xFF for octet in last)]
    elif octets[8:12] in (b"\0\0\x5e\xfe", b"\2\0\x5e\xfe"):
        # ISATAP (RFC 5214).
        found = [last]
    return [ipaddress.IPv4Address(part) for part in found]
