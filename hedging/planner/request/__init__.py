"""What is asked of a plan, checked: target, limits, view, outcomes, effort, scenarios."""
