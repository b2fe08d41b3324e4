"""What a plan comes to: values, as text, HTML and JSON. Imports no stage of the planner."""
