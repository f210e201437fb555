"""What the user names as input: files, their heads, how they are cut into tasks."""
