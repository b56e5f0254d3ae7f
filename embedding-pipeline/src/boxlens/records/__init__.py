"""What the object store knows of every image beside its bytes: enough to make the index again without any network."""
