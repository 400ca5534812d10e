"""A run as one self-contained page, for a browser, a phone or paper."""
