"""Two real hosts, a real guest and a client on this machine alone, handed out as an ordinary pair file."""
