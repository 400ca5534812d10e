"""Stand-ins for packages that a compiler asks for types only; first on its path where the real ones are absent."""
