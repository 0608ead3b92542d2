"""The hub on HTTP: its port, its processes, and what they keep to on the wire.

What is served is put together in `careloom.app`; who asks for it on the command line is `careloom.cli.serve`.
"""
