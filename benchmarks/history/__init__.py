"""What the history costs: results made and approved with its triggers and without."""
