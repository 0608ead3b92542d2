"""What the benchmark of notifications is made of: hubs, what lies in their record, and a judge of its own."""
