"""Live sessions in Redis: counted rep by rep, sealed at the finish, cleared once saved."""
