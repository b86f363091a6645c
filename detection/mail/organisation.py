"""Whose mail it is: the tenant's own domains, which decide what is inside and what is outside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Organisation:
    """A tenant as mail sees it.

    `domains` are lower-case ASCII; a subdomain of an own domain is own as well (`lists.acme.com` of `acme.com`).
    """

    domains: frozenset[str]

    def owns(self, domain: str) -> bool:
        """Whether mail of this domain is the organisation's own.

        >>> Organisation(frozenset({"acme.com"})).owns("lists.acme.com")
        True
        >>> Organisation(frozenset({"acme.com"})).owns("notacme.com")
        False
        """
        while domain:
            if domain in self.domains:
                return True
            _, _, domain = domain.partition(".")
        return False
