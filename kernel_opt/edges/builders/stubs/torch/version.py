"""A build for AMD cards, as the programs that are compiled here expect."""

hip = "0"
cuda = None
