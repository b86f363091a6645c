"""Providers of mail, simulated over HTTP on this machine: their interface, their limits, and what goes wrong with them.

`organisation` is whose mail it is and how it changes; `faults` what goes wrong; `limits` what a provider allows;
`server` puts an application on a port. `graph` is Microsoft Graph, `gmail` Gmail. Nothing in here knows Gatehouse's own sources.
"""
