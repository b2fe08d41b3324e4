"""Why the plan is what it is: what binds, prices of limits, drivers, joint feasibility, remarks."""
