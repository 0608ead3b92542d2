"""What the benchmarks of servers share: servers as processes of their own, and a client that costs little."""
