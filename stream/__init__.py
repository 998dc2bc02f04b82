"""Records in, records out, nothing lost and nothing twice."""
