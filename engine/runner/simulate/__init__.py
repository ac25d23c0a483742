"""Simulate: journeys lived through by people who do not exist, by the real runner, gate and couriers, on days that fly.

What stands for the outside world is people (`people`), what they do (`world`) and the channels their messages go by
(`outside`). `observer` reads what left and judges it by books of its own, without asking the gate.
"""
