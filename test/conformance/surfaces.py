"""Surface measures of seeded masks, computed by DeepMind's surface-distance package, as JSON.

    python3 test/conformance/surfaces.py > test/conformance/surfaces.json

surfaces.test.ts draws the same masks. What the package has infinite or not at all is null.
"""

import json
import math

import numpy

numpy.Inf = numpy.inf  # The package asks for a name that NumPy 2 no longer has.
import surface_distance  # noqa: E402
from surface_distance import lookup_tables  # noqa: E402

CASES = 200
# No distance is as long as one of these: rounding decides nothing.
TOLERANCES = [0.53, 2.03]
AREA_SPACINGS = [[1.0, 1.0, 1.0], [0.7, 1.3, 3.1]]
LENGTH_SPACINGS = [[1.0, 1.0], [0.6, 2.7]]


class Generator:
    """A linear congruential generator; the upper 16 bits of each number are taken."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return (self.state >> 16) % limit


def draw_case(number):
    """Two masks and their spacing: noise of any density, balls that overlap or do not, thin plates."""
    draw = Generator(number + 1)
    axes = 2 + number % 2
    shape = [1 + draw.below(9 if axes == 3 else 17) for _ in range(axes)]
    spacing = [(1 + draw.below(40)) / 10 for _ in range(axes)]
    masks = [draw_noise(draw, shape) if number % 4 < 2 else draw_ball(draw, shape) for _ in range(2)]
    return masks, spacing


def draw_noise(draw, shape):
    percent = draw.below(101)
    inside = [draw.below(100) < percent for _ in range(math.prod(shape))]
    return numpy.array(inside, dtype=bool).reshape(shape)


def draw_ball(draw, shape):
    centre = [draw.below(length) for length in shape]
    radius = draw.below(6)
    squares = sum((index - at) ** 2 for index, at in zip(numpy.indices(shape), centre))
    return squares <= radius * radius


def finite(value):
    return float(value) if numpy.isfinite(value) else None


def measure(masks, spacing):
    predicted, truth = masks
    if not predicted.any() or not truth.any():
        return None
    found = surface_distance.compute_surface_distances(truth, predicted, spacing)
    sizes = [found["surfel_areas_gt"], found["surfel_areas_pred"]]
    distances = [found["distances_gt_to_pred"], found["distances_pred_to_gt"]]
    moments = sum(float(numpy.sum(d * s)) for d, s in zip(distances, sizes))
    return {
        "hausdorff": finite(surface_distance.compute_robust_hausdorff(found, 100)),
        # Where exactly 95 % are reached, sums that are rounded say so or not: the second number takes it as reached.
        "hausdorff95": [
            finite(surface_distance.compute_robust_hausdorff(found, percent)) for percent in (95, 95 - 1e-9)
        ],
        # The package has the means of both directions; this is the mean over both surfaces.
        "assd": moments / sum(float(numpy.sum(s)) for s in sizes),
        "means": [finite(mean) for mean in surface_distance.compute_average_surface_distance(found)],
        "surfaceDice": [
            finite(surface_distance.compute_surface_dice_at_tolerance(found, tolerance)) for tolerance in TOLERANCES
        ],
    }


def main():
    areas = [
        {"spacing": s, "sizes": lookup_tables.create_table_neighbour_code_to_surface_area(s).tolist()}
        for s in AREA_SPACINGS
    ]
    lengths = [
        {"spacing": s, "sizes": lookup_tables.create_table_neighbour_code_to_contour_length(s).tolist()}
        for s in LENGTH_SPACINGS
    ]
    cases = [measure(*draw_case(number)) for number in range(CASES)]
    lines = ",\n".join(f"    {json.dumps(case)}" for case in cases)
    tables = ",\n".join(f"    {json.dumps(table)}" for table in areas + lengths)
    print(f'{{\n  "elements": [\n{tables}\n  ],\n  "cases": [\n{lines}\n  ]\n}}')


if __name__ == "__main__":
    main()
