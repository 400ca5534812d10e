"""The nouns: frozen values that every other layer speaks of."""
