"""A file is a rule: it exports `look(source)`, which yields a finding for each line that breaks it."""
