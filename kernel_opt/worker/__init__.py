"""The program that spends the GPU time, on the host that has the card: standard library only."""
