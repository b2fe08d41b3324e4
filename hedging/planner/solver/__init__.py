"""The programme solved: relaxation, rounding, pairs, branch and bound, value at risk, the closest plan."""
