"""Pages of the house itself: records of records, finding, one's own account."""
