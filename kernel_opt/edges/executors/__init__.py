"""Who carries out measuring sessions: worker processes on this host, or jobs of a cluster's scheduler."""
