"""The live state of workouts in Redis: counted here rep by rep, frozen at the finish, cleared once it is saved."""
