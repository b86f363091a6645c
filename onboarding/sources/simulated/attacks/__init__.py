"""Labelled attacks: one recipe a kind, sent with the same headers as any other mail from outside."""
