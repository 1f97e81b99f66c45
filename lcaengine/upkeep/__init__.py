"""Keeping rules: tests beside them, lint with the background, differences, impact, life cycle, scaffold."""
