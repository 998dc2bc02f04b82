"""Topics that are born, become one or two, and rest."""
