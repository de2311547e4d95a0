# SPDX-License-Identifier: Apache-2.0

"""Inputs that a fuzzer makes up, guided by the code that they reach.

``laws`` says what must hold for every input. A ``fuzz_*`` module hands the
inputs of atheris to one law; ``run`` starts them. What was found once is kept
in ``tests/data/fuzz``, and the unit tests replay it without atheris.
"""
