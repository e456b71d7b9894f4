"""Tests of what tests the grader."""
