"""Checkpoints read as tensors only: safetensors files and the zip files of torch, whatever pickle they hold."""
