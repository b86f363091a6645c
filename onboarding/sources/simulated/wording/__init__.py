"""What people write: templates with slots, by language and topic."""
