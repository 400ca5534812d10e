"""Readers of compiled code: what the compiler left says how a kernel will sit on a card, before it runs."""
