"""Among plans of nearly the same cost: fewest legs, standard structure, most liquid, no disguised trade."""
