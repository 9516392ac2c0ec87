"""
How far a feature of the kernel may be from Qlib's engine, by family; 0 is bit for bit.

Sums of 32-bit prices and volumes are exact in 64 bits on both sides. Squares and products are not: pandas and
Qlib carry them through the whole history by adding and taking away, the kernel makes them anew for each
window. What is left is the last bit of a 32-bit number near 1, and for correlations of calm days pandas' own
rounding.
"""

TOLERANCE = {"STD": 2e-7, "RSQR": 2e-7, "VSTD": 2e-7, "WVMA": 2e-7, "CORR": 2e-5, "CORD": 2e-5}


def tolerance_of(feature: str) -> float:
    """Return the largest difference allowed, of values above 1 as a share of the value."""
    return TOLERANCE.get(feature.rstrip("0123456789"), 0.0)
