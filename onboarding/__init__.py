"""A tenant's way from registered to active: sources, store, steps, gates, activation, database, command line."""
