"""The simulated organisation: a company's mail made up on demand, for demonstration, tests and load."""

from onboarding.sources.simulated.options import Options, parse_uri
from onboarding.sources.simulated.source import SimulatedSource

__all__ = ["Options", "SimulatedSource", "parse_uri"]
