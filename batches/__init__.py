"""Making it: facility, materials and genealogy, deviations, identity, manufacture."""
