"""Lava Processes of our own and the models that run them.

Nothing else may stand in this folder: Lava executes every file beside a Process class when it looks for its model.
"""
