"""What the networks of photographs learn from: photographs and captions by set, canvases, features, names."""
