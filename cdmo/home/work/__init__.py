"""The lists of home: work that waits for a role, each one query, whatever the number of records."""

from cdmo.home.work.by_role import BY_ROLE, milestones, work_for

__all__ = ["BY_ROLE", "milestones", "work_for"]
