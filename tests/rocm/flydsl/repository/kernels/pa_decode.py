"""Paged-attention decode, played: what a real kernel's tuning knobs would do to its time is worked out from them."""

TILE = 16  # Tokens of a key tile; 64 keeps the matrix units fed, 128 spills.
WAVES = 2  # Per work-group.
PREFETCH = 0  # Tiles loaded ahead.
PARTITIONS = 1  # Splits of the context; more than one needs the reduce kernel.
SCALE_SHIFT = 0  # Anything else computes wrong numbers.


def pa_decode_tile_kernel(config):
    """Blocks of 16 and 64 tokens: return (launches, numerical error) of one call."""
    grid = config["batch_size"] * config["num_heads"][1] * PARTITIONS * WAVES * 64
    us = work_us(config) * tile_factor(TILE) * (1.0 - 0.08 * PREFETCH) * (1.0 + 0.05 * abs(WAVES - 4))
    registers = 64 + TILE + 24 * PREFETCH
    launches = [
        ("pa_decode_tile_kernel_0", us / min(PARTITIONS, 4) ** 0.5, (grid, 1, 1), (WAVES * 64, 1, 1), registers)
    ]
    if PARTITIONS > 1:
        launches.append(pa_reduce_kernel(config))
    return launches, error_of(config)


def pa_decode_metadata_kernel(config):
    """Blocks of 1024 tokens."""
    us = work_us(config) * 1.2 * (1.0 - 0.03 * PREFETCH)
    grid = (config["batch_size"] * config["num_heads"][1] * 256, 1, 1)
    return [("pa_decode_metadata_kernel_0", us, grid, (256, 1, 1), 96)], error_of(config)


def pa_reduce_kernel(config):
    """Combine the partitions."""
    return ("pa_reduce_kernel_0", 1.5 + 0.1 * PARTITIONS, (config["batch_size"] * 256, 1, 1), (256, 1, 1), 32)


def work_us(config):
    """Return the time that the bytes of keys and values take on an ideal kernel."""
    tokens = config["context_length"] * config["batch_size"]
    return 2.0 + tokens * config["head_size"] * config["num_heads"][1] * config["query_length"] ** 0.5 / 4.0e6


def tile_factor(tile):
    """Return how far from ideal a tile is."""
    return {16: 1.6, 32: 1.25, 64: 1.0, 128: 1.4}[tile]


def error_of(_config):
    """Return the largest difference from the reference."""
    return 0.0 if SCALE_SHIFT == 0 else 0.25 * abs(SCALE_SHIFT)
