"""Recipes, a file a kind of attack. A new one touches one file here and one of wordings."""
