"""Searching around a network without training it again: what can be made of it, which of it is worth keeping, how sure.

The parts here are pure: candidates, the Pareto set, intervals. What runs, prices and writes them is `evsnn search`.
"""
