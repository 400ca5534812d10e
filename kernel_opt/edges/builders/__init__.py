"""Builders: compile one specialisation of a kernel without a card, and leave what the compiler made."""
