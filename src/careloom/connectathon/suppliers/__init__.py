"""Simulated suppliers' systems: separate processes, each with its own storage and its own style.

They know nothing of the hub but its address, and nothing of each other.
"""
