"""minio-proxy: the one door to the picture bytes of Boxlens."""
