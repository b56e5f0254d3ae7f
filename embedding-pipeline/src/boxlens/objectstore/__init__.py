"""The client of minio-proxy, where picture bytes live."""
