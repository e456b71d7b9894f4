"""The course: how it is published lab by lab, and how a student takes the next lab."""
