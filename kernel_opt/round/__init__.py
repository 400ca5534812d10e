"""One round: the only place where rules meet edges."""
