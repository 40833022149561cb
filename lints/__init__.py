"""The house rules that no bought linter knows. A rule is a file in `rules/`; `python -m lints` runs them all."""
