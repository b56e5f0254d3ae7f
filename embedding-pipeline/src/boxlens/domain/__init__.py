"""The words of Boxlens as frozen values, Protocols and errors: one file a noun."""
