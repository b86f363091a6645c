"""Where alerts may be sent: over TLS or to this machine, and without secrets in the address."""

from __future__ import annotations

import pytest

from onboarding.database.tenants import TenantError
from onboarding.registration import checked_webhook


@pytest.mark.parametrize(
    "url", ["https://hooks.acme.example/gatehouse?team=1", "http://127.0.0.1:9000/", "http://[::1]:9000/x"]
)
def test_an_address_that_is_good_is_kept_as_it_is(url: str) -> None:
    assert checked_webhook(f" {url} ") == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.acme.example/", "unencrypted"),
        ("http://127.0.0.1.evil.example/", "unencrypted"),
        ("ftp://hooks.acme.example/", "no web address"),
        ("hooks.acme.example", "no web address"),
        ("https:///path", "no web address"),
        ("https://user:word@hooks.acme.example/", "no user or password"),
        ("https://hooks.acme.example/#x", "behind #"),
        ("https://hooks.acme.example:99999/", "not an address"),
        ("https://hooks.acme.example/\n", ""),
        ("https://hooks.acme.example/a b", "not an address"),
        ("", "no web address"),
    ],
)
def test_others_are_refused_with_the_reason(url: str, why: str) -> None:
    if why:
        with pytest.raises(TenantError, match=why):
            checked_webhook(url)
    else:
        assert "\n" not in checked_webhook(url)
