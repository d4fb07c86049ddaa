"""Sweeps, statistics, checks of trained networks, reports and the command line.

Imports `model` and `claims`, never `strategies`. Start with `cli.py`: it lists the commands.
"""
