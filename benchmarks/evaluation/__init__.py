"""What detection is worth on real mail: tenants, attacks, the engine and what it is compared with. See `evaluate`."""
