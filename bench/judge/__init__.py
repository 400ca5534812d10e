"""Plays the judge and other rules against simulated and recorded noise, and prints what each gets right."""
