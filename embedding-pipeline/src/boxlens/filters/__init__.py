"""What people write as a filter, parsed into typed conditions: field by field, and the filter language."""
