"""Where notifications may go: names are judged early, addresses at each connection."""

import socket

import pytest

from careloom.model.errors import CareloomError, ForbiddenError, InvalidError
from careloom.notify.endpoints import EndpointPolicy, guarded_socket

PUBLIC_ONLY = EndpointPolicy()
LOOPBACK = EndpointPolicy.of(["127.0.0.1"])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://receiver.example/hook",
        "/hook",
        "",
        "https://",
        "https://user:password@receiver.example/hook",
        "https://receiver.example/hook#part",
        "https://receiver.example/a hook",
        "https://receiver.example/hook\r\nX: y",
        "https://receiver.example:notaport/hook",
        "http://receiver.example/hook",
        "https://127.0.0.1/hook",
        "https://10.0.0.8/hook",
        "https://192.168.1.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://[fe80::1]/hook",
        "https://0.0.0.0/hook",
        "https://224.0.0.1/hook",
    ],
)
def test_an_endpoint_that_can_never_be_right_is_refused(url: str) -> None:
    with pytest.raises(CareloomError, match="endpoint"):
        PUBLIC_ONLY.check_url(url)


def test_a_public_https_endpoint_is_accepted() -> None:
    PUBLIC_ONLY.check_url("https://receiver.example:8443/hook?tenant=north")


def test_http_to_an_address_the_operator_named_is_accepted() -> None:
    LOOPBACK.check_url("http://127.0.0.1:8081/hook")


def test_naming_one_address_does_not_open_its_neighbours() -> None:
    with pytest.raises(ForbiddenError, match=r"127\.0\.0\.2"):
        LOOPBACK.check_url("http://127.0.0.2:8081/hook")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254"])
def test_no_socket_is_made_for_a_private_address_whatever_its_name_was(address: str) -> None:
    make = guarded_socket(PUBLIC_ONLY)
    with pytest.raises(ForbiddenError, match="its name leads to") as refused:
        make((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)))
    assert address not in str(refused.value), "whoever made the subscription is told, and could look names up"


@pytest.mark.parametrize("address", ["fec0::1", "::ffff:10.1.2.3", "2002:7f00:1::1", "64:ff9b::7f00:1", "::127.0.0.1"])
def test_a_private_address_is_refused_in_whatever_ipv6_dress(address: str) -> None:
    with pytest.raises(ForbiddenError):
        PUBLIC_ONLY.check_url(f"https://[{address}]/hook")


def test_a_link_local_address_with_a_zone_is_refused() -> None:
    make = guarded_socket(PUBLIC_ONLY)
    with pytest.raises(ForbiddenError):
        make((socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", 443, 0, 2)))


def test_what_is_no_network_is_refused_by_name() -> None:
    with pytest.raises(InvalidError, match="localhost"):
        EndpointPolicy.of(["localhost"])
