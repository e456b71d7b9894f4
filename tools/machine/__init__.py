"""The machine that the kernel runs on: what it is made from, how it is started and watched."""
