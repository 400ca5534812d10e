"""The scripted repository's own test is a benchmark to be run by the daemon, not by pytest."""

collect_ignore_glob = ["repository/*"]
