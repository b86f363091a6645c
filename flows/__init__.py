"""Prefect only: flows, tasks, artifacts and the local server. Thin: each task calls one function of `onboarding`."""

import detection  # noqa: F401 - before anything imports numpy: it says how numpy shall sort
