"""A tenant's way from registered to active: sources, store, steps, gates, activation, database, command line."""

import detection  # noqa: F401 - before anything imports numpy: it says how numpy shall sort
