"""Whether a candidate is better: classes, statistics, verdicts."""
