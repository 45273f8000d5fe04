"""HTTP, and nothing but HTTP: one file per URL. What they decide is decided in oauth/ and people/."""
