"""Connectathons: scenarios played by systems that speak over the wire, recorded, judged, and shown."""

from careloom.connectathon.run import Run
from careloom.connectathon.scenario import Scenario
from careloom.connectathon.scenario_file import load_scenario

__all__ = ["Run", "Scenario", "load_scenario"]
