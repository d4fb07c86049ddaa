"""How Hypothesis draws what the papers say "for all" about; initialisations are never drawn here.

    arguments        bad arguments, refused by name and value
    magnitudes       positive numbers, evenly on a logarithmic scale
    architectures    widths, depths, output dimensions
    radii            τ, from the first units that flip
    inputs           φ-separated unit-norm inputs, as names and sizes
    recipes          attacks and where they aim
    configurations   all sizes of a case, and the cases of a claim

Every strategy builds validity in, refuses bad arguments when it is called, and shrinks to the hard small
case that its docstring names.
"""

from lemmata.strategies.architectures import architectures, hidden_widths, output_dimensions
from lemmata.strategies.configurations import cases, configurations
from lemmata.strategies.inputs import Inputs, inputs
from lemmata.strategies.magnitudes import magnitudes
from lemmata.strategies.radii import flipping_radius, radii
from lemmata.strategies.recipes import recipes

__all__ = [
    "Inputs",
    "architectures",
    "cases",
    "configurations",
    "flipping_radius",
    "hidden_widths",
    "inputs",
    "magnitudes",
    "output_dimensions",
    "radii",
    "recipes",
]
