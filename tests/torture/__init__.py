"""Writers, rotations and kills for as long as one likes, then exact totals: `python -m tests.torture --minutes 10`."""
