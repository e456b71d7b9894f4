"""What is run beside the kernel.  One imports the next: machine <- grader <- course <- checks."""
