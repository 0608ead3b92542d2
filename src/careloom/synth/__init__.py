"""Made-up clinical records in the shape of British ones, for benchmarks and rehearsals; the same for the same seed."""

from careloom.synth.population import PROFILES, population

__all__ = ["PROFILES", "population"]
