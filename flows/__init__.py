"""Prefect only: flows, tasks, artifacts and the local server. Thin: each task calls one function of `onboarding`."""
