"""What other services may ask a portal with a person's access token: one file per URL."""
