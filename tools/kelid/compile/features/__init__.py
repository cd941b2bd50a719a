"""What features.yml asks for: one module a topic. ``parts`` gathers them."""
