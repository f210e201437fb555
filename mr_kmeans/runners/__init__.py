"""What is special to one mrjob runner."""
