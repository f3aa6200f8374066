"""Who is who: user_ids, access tokens and the keys that they are checked with."""
