"""Lists of residents and staff, as other systems hand them out: read, held against who is known, and followed."""
