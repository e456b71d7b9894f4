"""Marks a lab: builds a stage, boots it, reads its serial log, and says why."""
