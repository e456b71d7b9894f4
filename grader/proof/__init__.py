"""Tests the grader itself, which marks without any of this."""
